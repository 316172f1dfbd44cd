# A sanitizer takes the whole address space for itself.
[ -z "$POISE_SANITIZE" ] || exit 77
npy large large.npy u8 1,1,2000000000
ulimit -v 1000000
poise run zscore large.npy -o y.npy
status=$?
ls -A
exit $status
