npy make x.npy f32 2,2,4 1,2,3,4,10,20,30,40,0,0,0,1,5,5,5,5
npy make old_mean.npy f64 2 0,0
npy make old_var.npy f64 2 1,1
poise run instance_norm x.npy -o y.npy --running-mean old_mean.npy --running-var old_var.npy --momentum 0.5 --save-stats s.npz
npy show y.npy s.npz
poise run instance_norm x.npy -o e.npy --mode evaluation --running-mean old_mean.npy --running-var old_var.npy --eps 0
npy show e.npy
