npy make x.npy f32 4,4 arange
mkdir folder
code poise run layer_norm missing.npy -o y.npy
code poise run layer_norm folder -o y.npy
code poise run layer_norm x.npy/x.npy -o y.npy
code poise run layer_norm x.npy -o y.npy --gamma missing.npy
code poise run layer_norm x.npy -o missing/y.npy
code poise run layer_norm x.npy -o folder --force
code poise run layer_norm x.npy -o /dev/full --force
code poise run layer_norm x.npy -o y.npy --save-stats missing/stats
code poise run layer_norm x.npy -o y.npy --save-stats x.npy
code bash -c 'poise list >/dev/full'
find . | sort
