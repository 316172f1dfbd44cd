# One thread and the scalar loops, so that the plan is the same on every machine.
export POISE_TARGET=scalar
poise explain batch_norm -j 1 --shape 4,3,2,2 --gamma --beta
poise explain batch_norm -j 1 --shape 4,3,2,2 --mode evaluation --running-mean --running-var
poise explain layer_norm -j 1 --shape 4,64
poise explain rms_norm -j 1 --shape 4,64 --dtype bf16 --y-dtype f32
poise explain instance_norm -j 1 --shape 4,3,5,5 --layout nhwc
poise explain group_norm -j 1 --shape 4,8,5,5 --groups 2
poise explain zscore -j 1 --shape 4,3,5,5 --dtype u8
poise explain zscore -j 1 --shape 4,3,5,5 --mean --std | grep -A 1 plan
poise explain minmax -j 1 --shape 4,3,5,5 --per image
poise explain symmetric -j 1 --shape 4,3,5,5 --per pixel
poise explain preset -j 1 --shape 4,3,5,5 --preset imagenet
# Bytes as decoders give them, to planes.
poise explain preset -j 1 --shape 4,3,5,5 --dtype u8 --layout nhwc --y-layout nchw | grep -A 1 -e problem -e plan
# Without a shape there is no plan; a shape far beyond memory has one.
poise explain group_norm
poise explain group_norm -j 1 --shape 1000000,256,56,56 | grep plan
