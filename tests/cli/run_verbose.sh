export POISE_TARGET=scalar
npy make x.npy f32 2,4,8 $(seq -s, 64)
poise -v run group_norm x.npy -o a.npy --groups 2 -j 1
poise run group_norm x.npy -o b.npy --groups 2 -v --threads 1
poise -q run group_norm x.npy -o c.npy --groups 2
cmp a.npy b.npy && cmp a.npy c.npy && ls
