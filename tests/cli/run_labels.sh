npy make x.npy f32 1,2,4 1,3,10,30,2,2,5,9
npy make labels.npy u8 1,1,4 0,0,1,1
poise run instance_norm x.npy -o y.npy --labels labels.npy --label-count 2 --eps 0 --save-stats s.npz
npy show y.npy s.npz
npy make dy.npy f32 1,2,4 1,0,2,0,1,0,0,1
poise run instance_norm x.npy --dy dy.npy --labels labels.npy --dx dx.npy --dgamma dgamma.npy
npy show dx.npy dgamma.npy
npy make style.npy f32 1,2,5 0,2,100,200,300,1,2,3,4,5
npy make style_labels.npy u8 1,1,5 1,1,0,0,0
poise run adaptive_instance_norm x.npy -o a.npy --style style.npy --labels labels.npy --style-labels style_labels.npy --eps 0
npy show a.npy
code poise run instance_norm x.npy -o refused.npy --labels labels.npy --label-count 1
npy make no_ones.npy u8 1,1,5 0,0,0,0,0
code poise run adaptive_instance_norm x.npy -o refused.npy --style style.npy --labels labels.npy --style-labels no_ones.npy
