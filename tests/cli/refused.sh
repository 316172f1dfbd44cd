npy make x.npy f32 1,2 1,2
npy make y.npy f32 1 5
npy make s.npz f32 1 5
code poise run layer_norm x.npy -o y.npy
code poise run layer_norm x.npy -o new.npy --save-stats s.npz
code poise run layer_norm x.npy -o new.npz --save-stats new.npz
npy show y.npy
poise run layer_norm x.npy -o y.npy --save-stats s.npz --force
npy show y.npy s.npz
# In place, and through a link, which stays one.
ln -s x.npy link.npy
poise run layer_norm x.npy -o link.npy --force
npy show x.npy
[ -L link.npy ] && ls -A
