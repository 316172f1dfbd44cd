npy make x.npy f32 1,4,2 1,2,3,4,10,20,30,40
npy make gamma.npy f32 4 1,2,3,4
poise run group_norm x.npy -o y.npy --groups 2 --save-stats s.npz
poise run group_norm x.npy -o last.npy --groups 2 --channel-axis 2
poise run group_norm x.npy -o gamma.out.npy --groups 4 --gamma gamma.npy --beta gamma.npy
npy show y.npy s.npz last.npy gamma.out.npy
