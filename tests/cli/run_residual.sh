# A residual before: the rounded sum is what is normalized, and what backward takes.
npy make x.npy f16 2,3 1,2,3,2048,5,6
npy make r.npy f16 2,3 0,0,0,1,0,0
npy make dy.npy f16 2,3 1,0,0,0,0,1
poise run layer_norm x.npy -o y.npy --residual r.npy --sum sum.npy
poise run layer_norm sum.npy -o same.npy
poise run layer_norm sum.npy --dy dy.npy --dx dx.npy
poise run layer_norm x.npy -o without.npy --residual r.npy
npy show sum.npy y.npy dx.npy
cmp y.npy same.npy && cmp y.npy without.npy && echo the same
code poise run layer_norm x.npy -o z.npy --sum z2.npy
code poise run layer_norm x.npy --dy dy.npy --dx z.npy --residual r.npy
npy make short.npy f16 2,2 0,0,0,0
code poise run layer_norm x.npy -o z.npy --residual short.npy
ls -A
