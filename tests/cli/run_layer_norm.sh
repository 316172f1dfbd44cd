npy make x.npy f32 2,2,3 1,2,3,4,5,6,7,8,9,10,11,30
npy make gamma.npy f32 3 1,2,3
npy make channel.npy f32 2 1,-1
poise run layer_norm x.npy -o last.npy --save-stats last.npz
poise run layer_norm x.npy -o both.npy --axes 1,2 --save-stats both.npz
poise run layer_norm x.npy -o gamma.out.npy --gamma gamma.npy --beta gamma.npy
poise run layer_norm x.npy -o channel.out.npy --axes -1,-2 --gamma-axes 1 --gamma channel.npy
poise run layer_norm x.npy -o options.npy --eps 0.5 --eps-place floor --divisor sample
npy show last.npy last.npz both.npy both.npz gamma.out.npy channel.out.npy options.npy
