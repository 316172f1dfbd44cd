npy large x.npy u8 64,64
ulimit -f 8
poise stats x.npy -o s.json
status=$?
ls -A
exit $status
