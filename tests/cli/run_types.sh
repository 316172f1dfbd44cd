for type in f32 f64 f16 bf16; do
  npy make $type.npy $type 2,4 1,2,3,4,0,0,0,8
  poise run rms_norm $type.npy -o $type.y.npy --void2-is-bf16
  npy show $type.y.npy
done
poise run rms_norm bf16.npy -o wide.npy --dtype f32 --void2-is-bf16 && npy show wide.npy
npy make u8.npy u8 2,2 0,10,20,30
for type in f32 f16 bf16; do
  poise run zscore u8.npy -o u8.$type.npy --dtype $type && npy show u8.$type.npy
done
# '<V2' is two bytes of anything unless the user says that it is bfloat16.
code poise run rms_norm bf16.npy -o refused.npy
code poise run rms_norm f32.npy -o narrow.npy --dtype f16
code poise run rms_norm f32.npy -o refused.npy --dtype u8
code poise run rms_norm f32.npy -o refused.npy --dtype float
[ -e refused.npy ] || npy show narrow.npy
