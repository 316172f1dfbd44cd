# A hundred gigabytes without a byte on the disk take longer than the interrupt to come.
npy large large.npy u8 100000,1000000
timeout --preserve-status --signal INT 0.2 poise apply --preset half large.npy -o y.npy 2>/dev/null
status=$?
timeout --preserve-status --signal TERM 0.2 poise stats large.npy --channel-axis none -o s.json
echo $?
ls -A
exit $status
