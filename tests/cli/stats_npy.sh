# Channels of floats; NaN and infinities are left out, counted and named.
npy make x.npy f32 3,3 1,2,3,nan,2,inf,3,2,5
poise stats x.npy -o s.json
poise -q stats x.npy --json | head -12
npy make i.npy u8 2,2,2 0,255,10,20,30,40,255,0
poise stats i.npy --channel-axis 1
poise stats i.npy --channel-axis none
npy make h.npy bf16 2 1,3
poise stats h.npy --void2-is-bf16
