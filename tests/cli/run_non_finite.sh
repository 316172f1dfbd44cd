npy make x.npy f32 2,4 1,3,nan,inf,1,2,3,6
poise run layer_norm x.npy -o y.npy --eps 0
npy show y.npy
poise run layer_norm x.npy -o skip.npy --non-finite skip --eps 0 --save-stats s.npz
npy show skip.npy s.npz
code poise run layer_norm x.npy -o refused.npy --non-finite raise
code poise run layer_norm x.npy -o refused.npy --non-finite ignore
