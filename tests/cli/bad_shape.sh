npy make x.npy f32 2,6,2 $(seq -s, 24)
npy make flat.npy f32 4 arange
npy make bytes.npy u8 2,6,2 $(seq -s, 24)
npy make short.npy f32 5 arange
npy make whole.npy u8 6 arange
npy make one.npy f32 1,6 arange
npy make single.npy f32 2,6,1 $(seq -s, 12)
npy make scalar.npy f32 "()" 5
npy make double.npy f64 2,2 arange
echo "groups"
code poise run group_norm x.npy -o y.npy --groups 4
code poise run group_norm x.npy -o y.npy --groups 12
code poise run group_norm x.npy -o y.npy --groups 0
code poise run group_norm x.npy -o y.npy --groups -2
echo "rank"
code poise run group_norm flat.npy -o y.npy --groups 1
code poise run instance_norm flat.npy -o y.npy
code poise run batch_norm flat.npy -o y.npy
code poise run zscore flat.npy -o y.npy
code poise run layer_norm scalar.npy -o y.npy
code poise run preset scalar.npy -o y.npy --channel-axis -1
echo "axes"
code poise run layer_norm x.npy -o y.npy --axes 3
code poise run layer_norm x.npy -o y.npy --axes -4
code poise run layer_norm x.npy -o y.npy --axes 1,-2
code poise run layer_norm x.npy -o y.npy --gamma-axes 7 --gamma short.npy
code poise run batch_norm x.npy -o y.npy --channel-axes 1,1
code poise run group_norm x.npy -o y.npy --channel-axis 0 --groups 1
code poise run group_norm x.npy -o y.npy --channel-axes 1,2
echo "operands"
code poise run batch_norm x.npy -o y.npy --gamma short.npy
code poise run batch_norm x.npy -o y.npy --gamma whole.npy
code poise run batch_norm x.npy -o y.npy --running-mean short.npy --running-var short.npy
code poise run layer_norm x.npy -o y.npy --beta short.npy
echo "types"
code poise run zscore x.npy -o y.npy --dtype f64
code poise run layer_norm double.npy -o y.npy --dtype f32
code poise run minmax bytes.npy -o y.npy --dtype u8
echo "one value a cell"
code poise run batch_norm one.npy -o y.npy
code poise run instance_norm single.npy -o y.npy
code poise run group_norm single.npy -o y.npy --groups 6
code poise run layer_norm single.npy -o y.npy --divisor sample
poise run layer_norm single.npy -o beta.npy && npy show beta.npy
ls
