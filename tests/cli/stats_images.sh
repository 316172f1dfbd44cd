# A folder of images and the same as archives; damage, kinds, shards.
mkdir -p set/cat set/dog
printf 'P6 2 1 255\nabcdef' >set/cat/1.ppm
printf 'P6 1 2 255\nghijkl' >set/cat/2.ppm
printf 'P6 2 2 255\nmnopqrstuvwx' >set/dog/1.ppm
echo text >set/notes.txt
poise stats set -o s.json --reproducible --samples
tar cf set.tar -C set --sort=name cat dog notes.txt
gzip -k set.tar
poise -q stats set.tar.gz | sed -n 1,4p
poise -q stats set/cat set/dog -o two.json --mode grey --per all --estimator mean-of-std
for i in 1 2 3; do poise -q stats set -o part$i.json --shard $i/3 --reproducible --samples | sed -n 2p; done
poise -q stats set -o again.json -j 7 --reproducible --samples >all
cmp s.json again.json
# Damage is named, all of it, and nothing is written.
printf 'P6 2 2 255\nmn' >set/dog/cut.ppm
: >set/empty.png
code poise stats set -o bad.json
ls bad.json
poise stats set --on-corrupt skip --json --reproducible | sed -n '/^  "samples"/,/^  }/p'
mv set/empty.png "$(printf 'set/\033[2Jempty\177.png')"
code poise stats set
rm -f set/dog/cut.ppm set/*empty*
printf 'P5 1 1 255\na' >set/grey.pgm
code poise stats set
code poise stats set --mode rgb --per pixel
code poise stats set --shard 4/3
code poise stats set --mode blue
code poise stats set/notes.txt
mkdir none
code poise stats none
