# 8-bit data grows fourfold: the input fits the limit, the output does not.
npy large x.npy u8 64,64
ulimit -f 8
poise apply --preset half x.npy -o y.npy
status=$?
ls -A
exit $status
