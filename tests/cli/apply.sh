# The statistics of one part, applied to another.
npy make train.npy u8 4,2 0,10,20,10,40,10,60,10
npy make test.npy u8 2,2 30,10,60,12
poise -q stats train.npy -o s.json --split train >summary
for method in zscore minmax symmetric; do
  poise apply --stats s.json --method $method test.npy -o $method.npy
  npy show $method.npy
done
npy make x.npy f32 2,3,2 arange
poise apply --preset half x.npy -o half.npy
poise apply --preset imagenet --channel-axis 1 x.npy -o imagenet.npy --dtype f64
poise apply --preset 01 test.npy -o 01.npy --dtype f16
npy show half.npy imagenet.npy 01.npy
