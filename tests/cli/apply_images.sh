# Images as an array, scaled by their own statistics; both layouts, and what is no array.
mkdir set
printf 'P6 2 1 255\n\000\001\002\003\004\005' >set/a.ppm
printf 'P6 2 1 255\n\006\007\010\011\012\013' >set/b.ppm
poise -q stats set -o s.json --split train | sed -n 1,2p
poise apply --stats s.json set -o y.npy --split train
poise apply --stats s.json set -o last.npy --layout nhwc --split train
npy show y.npy last.npy
poise apply --preset half set -o grey.npy --mode grey
npy show grey.npy
poise apply --stats s.json set -o bf.npy --dtype bf16 --alpha drop --split train
printf 'P6 1 1 255\nabc' >set/c.ppm
code poise apply --stats s.json set -o no.npy
code poise apply --stats s.json set/a.ppm -o no.npy --layout chw
code poise apply --stats s.json y.npy -o no.npy --layout nhwc
ls
