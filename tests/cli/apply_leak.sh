# Statistics of test data scale test data only.
npy make train.npy u8 3,1 0,10,20
npy make test.npy u8 2,1 5,15
npy make more.npy u8 1,1 6
for x in train test; do poise -q stats $x.npy -o $x.json --split $x >summary; done
poise -q stats test.npy -o unsaid.json >summary
poise apply --stats train.json test.npy -o y.npy --split test
poise apply --stats test.json test.npy -o same.npy
poise apply --stats test.json more.npy -o said.npy --split test
poise apply --stats unsaid.json train.npy -o unsaid.npy
code poise apply --stats test.json train.npy -o z.npy
code poise apply --stats test.json train.npy -o z.npy --split train
code poise apply --stats test.json test.npy -o z.npy --split train
code poise apply --stats test.json test.npy -o z.npy --split all
poise apply --stats test.json train.npy -o allowed.npy --split train --allow-leak
cat allowed.npy.leak.json
poise apply --stats train.json train.npy -o fine.npy --allow-leak
ls -A
