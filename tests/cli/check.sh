# Drift and the same data twice are exit 1.
npy make a.npy u8 4,1 8,12,8,12
npy make b.npy u8 2,1 7,19
npy make c.npy u8 5,1 8,12,8,12,10
npy make f.npy f32 2,1 7,19
npy make w.npy u8 2,2 7,19,7,19
for x in a b c f w; do poise -q stats $x.npy -o $x.json >summary; done
code poise check a.json b.json
code poise check a.json c.json
code poise check a.json c.json --threshold 0.2
code poise check a.json a.json
code poise check a.json f.json
code poise check a.json w.json
code poise check a.json c.json --threshold 0
code poise check a.json
code poise check a.json none
code poise check a.json a.npy
npy make m.npy u8 2,20 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40
poise -q stats m.npy -o m.json >summary
poise check m.json m.json | tail -5
