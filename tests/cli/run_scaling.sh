npy make x.npy f32 2,2,2 0,2,10,30,4,6,50,70
npy make mean.npy f32 2 3,40
npy make std.npy f32 2 2,10
npy make bytes.npy u8 1,1,4 0,51,204,255
for technique in zscore minmax symmetric; do
  poise run $technique x.npy -o $technique.npy --save-stats $technique.npz
  poise run $technique x.npy -o $technique.image.npy --per image --channel-axis -1
  poise run $technique x.npy -o $technique.pixel.npy --per pixel
  npy show $technique.npy $technique.npz $technique.image.npy $technique.pixel.npy
done
poise run zscore x.npy -o given.npy --mean mean.npy --std std.npy
poise run minmax x.npy -o signed.npy --low -1 --high 1
poise run minmax x.npy -o limits.npy --min mean.npy --max mean.npy
poise run preset bytes.npy -o half.npy --preset half
poise run preset bytes.npy -o mnist.npy --preset mnist --save-stats preset.npz
npy show given.npy signed.npy limits.npy half.npy mnist.npy preset.npz
