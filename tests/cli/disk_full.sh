# The file size limit is the disk; both outputs must stay away, also the one that fits.
npy make x.npy f32 64,64 arange
ulimit -f 4
poise run layer_norm x.npy -o y.npy --save-stats s.npz
status=$?
ls -A
exit $status
