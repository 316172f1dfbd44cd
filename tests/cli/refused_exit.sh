npy make x.npy f32 1,2 1,2
poise run layer_norm x.npy -o x.npy
