#!/usr/bin/env python3
"""poise stats of the 60,000 images of Fashion-MNIST stays below 100 MB: memory does not grow with the data."""

import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
POISE = os.environ.get("POISE", ROOT / "build/release/poise")
DATA = pathlib.Path(os.environ.get("POISE_FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))
IMAGES = DATA / "train-images-idx3-ubyte.gz"
MOST_BYTES = 100 * 1000 * 1000


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def main():
    if os.environ.get("POISE_SANITIZE"):
        skip("sanitizers have memory of their own")
    if not IMAGES.exists():
        skip("dataset-fashion-mnist is not installed")
    with tempfile.TemporaryDirectory() as folder:
        command = [POISE, "stats", IMAGES, "-o", os.path.join(folder, "train.json")]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            # What this process alone had at most, of kibibytes.
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"memory: poise stats ended with {process.returncode}")
    peak, compute = usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime
    print(f"memory: {peak / 1e6:.1f} MB at most, {compute:.2f} s of compute")
    if peak > MOST_BYTES:
        sys.exit(f"memory: expected at most {MOST_BYTES / 1e6:.0f} MB")


main()
