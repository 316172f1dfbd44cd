# A gigabyte without a byte on the disk takes longer to read than the interrupt to come; how far the command has got by
# then is not known, and so not what it says.
npy large large.npy u8 1,1,1000000000
timeout --foreground --preserve-status --signal INT 0.1 poise run zscore large.npy -o y.npy --save-stats stats 2>/dev/null
status=$?
ls -A
exit $status
