npy make x.npy f32 2,4 1,3,100,200,1,2,3,6
poise run layer_norm x.npy -o y.npy --lengths 2,4 --eps 0 --save-stats s.npz
npy show y.npy s.npz
poise run layer_norm x.npy -o keep.npy --lengths 2,4 --masked keep
npy show keep.npy
code poise run layer_norm x.npy -o refused.npy --lengths 2,5
code poise run layer_norm x.npy -o refused.npy --lengths 2,
