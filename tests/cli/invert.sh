# apply, undone: the same bytes.
npy make x.npy u8 4,2 0,10,20,10,41,10,255,10
poise -q stats x.npy -o s.json --split train >summary
for method in zscore minmax symmetric; do
  poise -q apply --stats s.json --method $method x.npy -o y.npy --force
  poise invert --stats s.json --method $method y.npy -o $method.npy
  npy show $method.npy
done
for preset in half cifar10; do
  npy make x.npy u8 2,3 0,10,20,10,41,255
  poise -q apply --preset $preset x.npy -o y.npy --force
  poise invert --preset $preset --dtype uint8 y.npy -o $preset.npy
  npy show $preset.npy
done
npy make deep.npy u16 3,2 0,65535,256,7,60000,9
poise -q stats deep.npy --channel-axis 1 -o deep.json --split train >summary
poise -q apply --stats deep.json deep.npy -o y.npy --force
poise invert --stats deep.json y.npy -o deep16.npy
npy show deep16.npy
poise invert --stats s.json --dtype f64 zscore.npy -o z.npy
npy make y.npy f32 2,2 0,1,-1,2
poise invert --stats s.json --dtype f64 y.npy -o raw.npy
poise invert --preset half y.npy -o half.npy --force
npy show raw.npy half.npy
code poise invert --stats s.json y.npy -o raw.npy
code poise invert --preset imagenet y.npy -o z.npy
code poise invert --preset half --method minmax y.npy -o z.npy
code poise invert --preset half --eps 1 y.npy -o z.npy
code poise invert y.npy -o z.npy
ls -A
