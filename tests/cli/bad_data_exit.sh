npy make x.npy f32 4,4 arange
head -c 150 x.npy >cut.npy
poise run layer_norm cut.npy -o y.npy
