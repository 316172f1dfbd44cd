npy make x.npy f32 4,4 arange
head -c 100 x.npy >cut_header.npy
head -c 150 x.npy >cut_data.npy
(cat x.npy && echo more) >long.npy
sed 's/(4, 4)/(9999999999, 4)/' x.npy >lying.npy
sed 's/(4, 4)/(9223372036854775807, 4)/' x.npy >overflowing.npy
sed 's/(4, 4)/(-4, 4) /' x.npy >negative.npy
sed 's/<f4/<i4/' x.npy >integers.npy
sed "s/'<f4'/'|O' /" x.npy >objects.npy
sed 's/descr/dexcr/' x.npy >keys.npy
head -c 8 x.npy >magic.npy
: >nothing.npy
echo text >text.npy
for file in cut_header cut_data long lying overflowing negative integers objects keys magic nothing text; do
  code poise run layer_norm $file.npy -o y.npy
done
code poise run layer_norm x.npy -o y.npy --gamma cut_data.npy
ls y.npy
