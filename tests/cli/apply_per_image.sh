# Each image by its own statistics.
npy make x.npy u8 3,2,2 0,10,20,30,7,7,7,7,0,0,255,255
for method in zscore minmax symmetric; do
  poise apply --per image --method $method --channel-axis none x.npy -o $method.npy
done
poise apply --per image --method minmax --channel-axis 1 x.npy -o channels.npy
poise apply --per image --eps 0.01 --channel-axis none x.npy -o eps.npy
npy show zscore.npy minmax.npy symmetric.npy channels.npy eps.npy
code poise apply --per image x.npy -o y.npy
code poise apply --per image --channel-axis 0 x.npy -o y.npy
code poise apply --per pixel --channel-axis none x.npy -o y.npy
code poise apply --per image --preset half --channel-axis none x.npy -o y.npy
code poise apply --per image --eps 0.1 --method minmax --channel-axis none x.npy -o y.npy
code poise apply --per image --eps -1 --channel-axis none x.npy -o y.npy
code poise apply --per image --eps nan --channel-axis none x.npy -o y.npy
code poise apply --per image --dtype u8 --channel-axis none x.npy -o y.npy
ls -A
