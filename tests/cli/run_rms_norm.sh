npy make x.npy f64 2,4 1,2,2,4,0,0,0,8
npy make gamma.npy f64 4 1,2,3,4
poise run rms_norm x.npy -o y.npy --save-stats s.npz --eps 0
poise run rms_norm x.npy -o gamma.out.npy --gamma gamma.npy
npy show y.npy s.npz gamma.out.npy
