npy make x.npy f32 2,3,4 arange
code poise stats x.npy -o s.json
code poise stats x.npy -o s.json --channel-axis 3
code poise stats x.npy -o s.json --channel-axis -1
code poise stats x.npy -o s.json --channel-axis c
code poise stats x.npy -o s.json --channel-axis 1 --split dev
npy make i.npy f32 0,2 ""
code poise stats i.npy -o s.json
printf 'no data set' >text
code poise stats text -o s.json
code poise stats none -o s.json
code poise stats . -o s.json
printf '\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\3\0\1\2\3' >cut
code poise stats cut -o s.json
gzip -c cut | head -c 20 >cut.gz
code poise stats cut.gz -o s.json
npy make b.npy bf16 2 1,3
code poise stats b.npy -o s.json
code poise stats x.npy -o none/s.json --channel-axis 1
echo old >s.json
code poise stats x.npy -o s.json --channel-axis 1
cat s.json
ls -A
