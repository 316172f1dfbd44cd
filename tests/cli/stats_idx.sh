# Two 2x3 images, plain and compressed: the same statistics and the same fingerprint.
printf '\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\3\0\1\2\3\4\5\6\7\10\11\12\377' >images
gzip -c images >images.gz
poise stats images -o s.json --split train --reproducible
poise stats images.gz -o z.json
cat s.json
grep -h fingerprint s.json z.json | sort -u | wc -l
