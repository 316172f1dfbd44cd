#!/usr/bin/env python3
"""poise stats in bounded memory: 60,000 images below 100 MB, photos of 12 megapixels below 300 MB whatever their number,
and bombs, which claim or hold far more than their files, refused below 100 MB."""

import gzip
import os
import pathlib
import struct
import subprocess
import sys
import tarfile
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
POISE = os.environ.get("POISE", ROOT / "build/release/poise")
DATA = pathlib.Path(os.environ.get("POISE_FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))
IMAGES = DATA / "train-images-idx3-ubyte.gz"


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def measure(what, path, code, most_mb):
    """poise stats of path ends with this exit code, and its process had at most so much memory."""
    with tempfile.TemporaryDirectory() as folder:
        command = [POISE, "stats", path, "-o", os.path.join(folder, "s.json")]
        environment = dict(os.environ, POISE_THREADS="2")
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment) as process:
            message = process.stderr.read().decode()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    peak, compute = usage.ru_maxrss * 1024 / 1e6, usage.ru_utime + usage.ru_stime
    print(f"memory: {what}: {peak:.1f} MB at most, {compute:.2f} s of compute")
    if process.returncode != code:
        sys.exit(f"memory: {what}: expected exit {code}, got {process.returncode}: {message}")
    if peak > most_mb:
        sys.exit(f"memory: {what}: expected at most {most_mb} MB")


def png(width, height, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tar_header(name, size):
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.USTAR_FORMAT)


def npy_header(shape):
    text = repr({"descr": "|u1", "fortran_order": False, "shape": shape}).encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def photos(folder):
    width, height = 4000, 3000
    rows = zlib.compress((b"\x01" + bytes(range(240)) * 50) * height, 1)
    image = png(width, height, rows)
    for i in range(8):
        (folder / f"{i}.png").write_bytes(image)


def bombs(folder):
    zeros = bytes(1 << 20)
    with gzip.open(folder / "full.tar.gz", "wb", 1) as file:  # an image of 600 MB, in truth
        file.write(tar_header("a.png", 600 << 20))
        for _ in range(600):
            file.write(zeros)
        file.write(bytes(1024))
    with gzip.open(folder / "cut.tar.gz", "wb") as file:  # one of 500 MB that is not there
        file.write(tar_header("a.png", 500 << 20) + b"\x89PNG\r\n\x1a\n" + bytes(4096))
    (folder / "wide.png").write_bytes(png(2**31 - 1, 2**31 - 1, zlib.compress(zeros)))
    (folder / "wide.pgm").write_bytes(b"P5 99999999 99999999 255\n" + zeros)
    (folder / "claims.npy").write_bytes(npy_header((1 << 40,)) + zeros)
    with gzip.open(folder / "claims.npy.gz", "wb") as file:
        file.write(npy_header((1 << 40,)) + zeros)
    (folder / "claims.idx").write_bytes(bytes([0, 0, 8, 2]) + struct.pack(">II", 2**31, 2**31) + zeros)


def main():
    if os.environ.get("POISE_SANITIZE"):
        skip("sanitizers have memory of their own")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "photos").mkdir()
        photos(folder / "photos")
        measure("8 photos of 12 megapixels", folder / "photos", 0, 300)
        (folder / "bombs").mkdir()
        bombs(folder / "bombs")
        for bomb in sorted((folder / "bombs").iterdir()):
            measure(bomb.name, bomb, 3, 100)
    if not IMAGES.exists():
        skip("the images: dataset-fashion-mnist is not installed")
    measure("60,000 images of 28 x 28", IMAGES, 0, 100)


main()
