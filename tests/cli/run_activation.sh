# The way back through an activation: relu asks for y, gelu for what went into it.
npy make x.npy f64 2,4 1,2,3,6,-1,0,5,2
npy make r.npy f64 2,4 0,0.5,-1,100,0,-100,0,0
npy make g.npy f32 4 1,2,1,1
npy make b.npy f32 4 0,1,0,0
npy make dy.npy f64 2,4 1,1,1,1,1,1,1,1
poise run layer_norm x.npy -o y.npy --activation gelu --gamma g.npy --beta b.npy --residual-after r.npy
poise run layer_norm x.npy --dy dy.npy --activation gelu --gamma g.npy --beta b.npy --residual-after r.npy \
  --dx dx.npy --dgamma dg.npy --dbeta db.npy --dresidual dr.npy
npy show y.npy dx.npy dg.npy db.npy dr.npy
code poise run layer_norm x.npy --dy dy.npy --activation relu --dx z.npy
poise run layer_norm x.npy -o relu.npy --activation relu
poise run layer_norm x.npy --dy dy.npy --activation relu --y relu.npy --dresidual gate.npy
npy show gate.npy
code poise run layer_norm x.npy -o z.npy --dresidual z2.npy
npy make half.npy f16 2,4 0,0,0,0,0,0,0,0
code poise run layer_norm x.npy --dy dy.npy --activation silu --residual-after half.npy --dx z.npy
ls -A
