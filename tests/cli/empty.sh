# No samples: y is empty and the running statistics are what they were.
npy make x.npy f32 0,2,3 ""
npy make old.npy f32 2 5,7
poise run batch_norm x.npy -o y.npy --running-mean old.npy --running-var old.npy --save-stats s.npz
npy show y.npy
npy show s.npz | grep running
for technique in layer_norm rms_norm instance_norm zscore minmax symmetric preset; do
  code poise run $technique x.npy -o $technique.npy && npy show $technique.npy
done
code poise run group_norm x.npy -o group_norm.npy --groups 2 && npy show group_norm.npy
