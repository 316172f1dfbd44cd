# Colours of one image for another; 2x2 pixels as text.
echo "P3 2 2 255  10 20 30  50 60 70  90 100 110  130 140 150" >content.ppm
echo "P3 3 1 255  200 100 50  210 110 70  220 120 30" >style.ppm
poise transfer content.ppm style.ppm -o rgb.png --space rgb
poise transfer content.ppm style.ppm -o lab.png
poise transfer content.ppm style.ppm -o none.png --alpha 0
for x in rgb none; do poise -q transfer $x.png $x.png -o $x.same.png --alpha 0; cmp $x.png $x.same.png; done
echo "P2 2 2 255  1 1 2 2" >content.pgm
echo "P2 3 1 255  1 1 1" >style.pgm
poise transfer content.ppm style.ppm -o masked.png --content-mask content.pgm --style-mask style.pgm
code poise transfer content.ppm style.ppm -o rgb.png
code poise transfer content.ppm style.ppm -o x.png --alpha 2
code poise transfer content.ppm style.ppm -o x.png --space lab
code poise transfer content.ppm style.ppm -o x.png --style-mask style.pgm
code poise transfer content.ppm style.ppm -o x.png --content-mask style.pgm --style-mask style.pgm
head -c 20 content.ppm >cut.ppm
code poise transfer cut.ppm style.ppm -o x.png
code poise transfer content.ppm none -o x.png
: >empty
code poise transfer content.ppm empty -o x.png
ls -A
