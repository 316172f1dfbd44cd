npy make x.npy f32 2,4 arange
code poise
code poise normalise x.npy
code poise run
code poise run groupnorm x.npy -o y.npy
code poise run group_norm x.npy
code poise run group_norm -o y.npy
code poise run group_norm x.npy extra.npy -o y.npy
code poise run group_norm x.npy -o y.npy --momentum 0.1
code poise run group_norm x.npy -o y.npy --groups four
code poise run group_norm x.npy -o y.npy --groups
code poise run group_norm x.npy -o y.npy --groups 2 --groups 4
code poise run group_norm x.npy -o y.npy --eps -1
code poise run layer_norm x.npy -o y.npy --axes 1,,2
code poise run layer_norm x.npy -o y.npy --divisor n
code poise run batch_norm x.npy -o y.npy --mode train
code poise run batch_norm x.npy -o y.npy --momentum 1.5
code poise run batch_norm x.npy -o y.npy --mode evaluation
code poise run minmax x.npy -o y.npy --low 1 --high 0
code poise run minmax x.npy -o y.npy --min x.npy
code poise run preset x.npy -o y.npy --preset cifar
code poise run layer_norm x.npy -o y.npy -j many
code poise run layer_norm x.npy -o y.npy -j -1
code poise list --json --markdown
ls
