# The vectors go from one call to the next through the statistics.
npy make w.npy f32 2,2 3,0,0,2
npy make u.npy f32 2 0.6,0.8
poise run spectral_norm w.npy -o y.npy --u u.npy --save-stats s
npy show y.npy s/u.npy s/v.npy s/sigma.npy
poise run spectral_norm w.npy -o again.npy --u s/u.npy --v s/v.npy --mode evaluation --save-stats t
cmp s/u.npy t/u.npy && cmp again.npy y.npy
poise run spectral_norm w.npy -o exact.npy --exact true --save-stats exact
npy show exact.npy exact/sigma.npy
npy make dy.npy f32 2,2 1,2,3,4
poise run spectral_norm w.npy --dy dy.npy --dx dx.npy --exact true
npy show dx.npy
poise run spectral_norm w.npy -o none.npy --iterations 0
