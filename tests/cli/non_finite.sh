# NaN and Inf stay in their cell.
npy make x.npy f32 3,4 1,2,nan,4,1,2,inf,4,1,2,3,4
npy make channels.npy f32 2,3,2 nan,1,inf,2,1,2,3,4,5,6,3,4
poise run layer_norm x.npy -o y.npy
poise run rms_norm x.npy -o rms.npy
poise run batch_norm channels.npy -o batch.npy
npy show y.npy rms.npy batch.npy
