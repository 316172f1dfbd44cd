"""A folder of images for tests of the report: classes, sizes, JPEG and PNG, damage, and names that mean harm."""

import pathlib
import shutil
import struct
import zlib

PHOTOS = pathlib.Path(__file__).resolve().parent.parent / "docs/gallery"
# A folder, whose name is a class, and a file in it: their path is an element of HTML.
DAMAGED = ("<script>alert(1)<" + "/script>.png", "'\"\n\x1b[31m" + "x" * 200 + ".jpg")
DARKEST = "<script>alert(1)<" + "/\\\"><img src=x.js onerror=alert(2)>'\n\u202egnp.png"
BRIGHTEST = "&lt;b&gt;" + "w" * 200 + ".png"


def png(path, width, height, pixel):
    """pixel(x, y): red, green, blue."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(v for x in range(width) for v in pixel(x, y)) for y in range(height))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def make(root):
    """root/train and root/test, each with damaged images: a cat is in both, under two names."""
    for name in ("cats/chelsea.jpg", "cats/chelsea-rocket.jpg", "space/rocket.jpg", "space/astronaut.jpg",
                 "cups/coffee.jpg", "cups/coffee-rocket.jpg"):
        path = root / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PHOTOS / path.name, path)
    png(root / "train" / DARKEST, 40, 20, lambda x, y: (x // 20, 0, y // 10))
    png(root / "train" / "cups" / BRIGHTEST, 20, 60, lambda x, y: (255, 255 - x % 2, 255))
    png(root / "train/flat\u00e9.png", 300, 100, lambda x, y: (90, 90, 91))
    for i in range(6):
        png(root / f"train/drawn/{i}.png", 32 + 8 * i, 32, lambda x, y: ((x * 5 + i * 30) % 256, (y * 8) % 256, 128))
    for part in ("train", "test"):
        for name in DAMAGED:
            damaged = root / part / name
            damaged.parent.mkdir(parents=True, exist_ok=True)
            damaged.write_bytes((root / "train/drawn/5.png").read_bytes()[:60])
    for i in range(4):
        png(root / f"test/drawn/{i}.png", 40, 32, lambda x, y: ((x * 5 + i * 40) % 256, (y * 7) % 256, 128))
    (root / "test/animals").mkdir()
    shutil.copy(PHOTOS / "chelsea.jpg", root / "test/animals/another name.jpg")
