npy make x.npy f32 2,2,2 arange
npy make old.npy f32 2 1,1
poise run batch_norm x.npy -o y.npy --running-mean old.npy --running-var old.npy --save-stats stats
npy show stats/*.npy
# A folder that exists takes new files, and keeps its own.
code poise run batch_norm x.npy -o again.npy --save-stats stats
poise run batch_norm x.npy -o again.npy --save-stats stats --force
ls . stats
