# Three parts in any order and grouping are the whole.
npy make whole.npy u8 6,2 0,10,20,30,40,50,60,70,80,90,255,7
npy make a.npy u8 1,2 0,10
npy make b.npy u8 3,2 20,30,40,50,60,70
npy make c.npy u8 2,2 80,90,255,7
for x in whole a b c; do poise -q stats $x.npy -o $x.json --split train >summary; done
poise merge a.json b.json c.json -o abc.json
poise merge c.json a.json b.json -o cab.json --json >printed
poise merge b.json a.json -o ab.json >summary
poise merge c.json ab.json -o grouped.json >summary
cmp abc.json cab.json
cmp abc.json printed
cmp abc.json grouped.json
# The same but for the name and the run.
for x in abc whole; do sed '/"name"/d; /"run"/,$d' $x.json | tr -d ' ,}\n' >$x.text; done
cmp abc.text whole.text
code poise check abc.json whole.json
code poise merge a.json b.json a.json -o twice.json
code poise merge a.json -o abc.json
npy make f.npy f32 1,2 0,10
poise -q stats f.npy -o f.json --split train >summary
code poise merge a.json f.json -o mixed.json
code poise merge a.json none -o missing.json
code poise merge -o empty.json
ls -A
