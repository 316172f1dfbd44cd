# What stats printed and wrote, again.
npy make x.npy f32 3,3 1,2,3,nan,2,inf,3,2,5
poise stats x.npy -o s.json 2>noted | tee said
poise show s.json 2>notes | cmp - said
cmp notes noted
poise show s.json --json | cmp - s.json
code poise show none
code poise show x.npy
code poise show
sed 's/"count": 2/"count": 3/' s.json >edited.json
code poise show edited.json
