# Test images that are also training images, under other names and in other containers, are found by their content.
mkdir -p train/cat train/dog test
printf 'P6 2 1 255\nabcdef' >train/cat/1.ppm
printf 'P6 1 2 255\nghijkl' >train/cat/2.ppm
printf 'P6 2 2 255\nmnopqrstuvwx' >train/dog/1.ppm
printf 'P6 2 1 255\naceg~z' >test/apart.ppm
printf 'P6\n# Another header, the same pixels.\n1 2\n255\nghijkl' >test/renamed.ppm
for x in train test; do poise -q stats $x -o $x.json --split $x --samples >summary; done
code poise check train.json test.json
code poise check train.json test.json --threshold 9 --json
tar cf test.tar test/renamed.ppm
poise -q stats test.tar -o tar.json --samples >summary
code poise check train.json tar.json | tail -2
# Without the hashes of single samples only the whole is compared.
poise -q stats train test -o whole.json >summary
code poise check whole.json train.json | tail -2
# What is not in both.
rm test/renamed.ppm
poise -q stats test -o test.json --samples --force >summary
code poise check train.json test.json --threshold 9 | tail -1
# Constants that differ are infinitely far, which JSON has no number for.
printf 'P6 1 1 255\nabc' >test/apart.ppm
printf 'P6 1 1 255\nacc' >constant.ppm
poise -q stats test -o test.json --samples --force >summary
poise -q stats constant.ppm -o constant.json --samples >summary
code poise check test.json constant.json --json | sed -n '/channels/,$p'
