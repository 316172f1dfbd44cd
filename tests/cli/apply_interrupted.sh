# A hundred gigabytes without a byte on the disk take longer than the interrupt to come.
npy large large.npy u8 100000,1000000
timeout --preserve-status --signal INT 0.2 poise apply --preset half large.npy -o y.npy 2>/dev/null
status=$?
# Once it reads it also says so, however long it took to start.
poise stats large.npy --channel-axis none -o s.json &
until readlink /proc/$!/fd/* | grep -qF large.npy || ! kill -0 $!; do sleep 0.01; done 2>/dev/null
kill -TERM $!
wait $!
echo $?
ls -A
exit $status
