npy make u.npy u8 2,2 0,10,20,30
npy make x.npy f32 2,2 0,10,20,30
npy make w.npy u8 2,3 0,10,20,30,40,50
npy make t.npy f32 1,3,2 arange
poise stats u.npy -o s.json >summary
code poise apply --stats s.json x.npy -o y.npy
code poise apply --stats s.json w.npy -o y.npy
code poise apply --stats s.json u.npy -o y.npy --method mean
code poise apply --stats s.json u.npy -o y.npy --dtype u8
code poise apply --stats s.json u.npy -o y.npy --dtype i16
code poise apply --stats s.json --preset half u.npy -o y.npy
code poise apply u.npy -o y.npy
code poise apply --preset none u.npy -o y.npy
code poise apply --preset half --method minmax u.npy -o y.npy
code poise apply --preset imagenet t.npy -o y.npy
code poise apply --preset imagenet --channel-axis 2 t.npy -o y.npy
code poise apply --stats none u.npy -o y.npy
code poise apply --stats u.npy u.npy -o y.npy
sed 's/"mean": 10.0/"mean": 11.0/' s.json >edited.json
code poise apply --stats edited.json u.npy -o y.npy
ls -A
echo old >y.npy
code poise apply --stats s.json u.npy -o y.npy
cat y.npy
code poise apply --stats s.json u.npy -o y.npy --force
npy show y.npy
