"""The usual recipe for mean and std of a folder of images: every image as floats in [0, 1], sums of it and its square."""

import pathlib
import sys

import numpy as np
from PIL import Image

total, squares, count = np.zeros(3), np.zeros(3), 0
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    pixels = np.asarray(Image.open(path).convert("RGB")) / 255.0
    total += pixels.sum(axis=(0, 1))
    squares += (pixels**2).sum(axis=(0, 1))
    count += pixels.shape[0] * pixels.shape[1]
mean = total / count
print(mean, np.sqrt(squares / count - mean**2))
