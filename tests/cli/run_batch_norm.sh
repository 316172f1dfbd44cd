npy make x.npy f32 2,2,2,2 arange
npy make old_mean.npy f32 2 0,0
npy make old_var.npy f32 2 1,1
npy make gamma.npy f32 2 1,2
npy make beta.npy f32 2 0,10
poise run batch_norm x.npy -o y.npy --running-mean old_mean.npy --running-var old_var.npy --save-stats s.npz
npy show y.npy s.npz
poise run batch_norm x.npy -o affine.npy --gamma gamma.npy --beta beta.npy --save-stats affine.npz
npy show affine.npy affine.npz
poise run batch_norm x.npy -o evaluated.npy --mode evaluation --running-mean old_mean.npy --running-var old_var.npy
poise run batch_norm x.npy -o frozen.npy --mode frozen --running-mean old_mean.npy --running-var old_var.npy
cmp evaluated.npy frozen.npy && npy show frozen.npy
poise run batch_norm x.npy -o untracked.npy --mode evaluation --track-running false && cmp untracked.npy y.npy
poise run batch_norm x.npy -o axes.npy --channel-axes 1,2 --save-stats axes.npz
npy show axes.npy axes.npz
poise run batch_norm x.npy -o axis.npy --channel-axis 1 && cmp axis.npy y.npy
