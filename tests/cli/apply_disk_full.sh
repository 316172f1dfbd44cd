# 8-bit data grows fourfold: the input fits the limit, the output does not.
npy make x.npy u8 64,64 0
ulimit -f 8
poise stats x.npy -o s.json >summary
poise apply --preset half x.npy -o y.npy
status=$?
ls -A
exit $status
