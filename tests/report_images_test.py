#!/usr/bin/env python3
"""The report of folders of images: every section true to the statistics file, and pictures only of what was measured."""

import functools
import json
import math
import pathlib
import shutil
import subprocess
import tempfile

import image_folder
from report_page import check_alone, check_numbers, expect, finish, pictures, poise, tree, words

SECTIONS = ["verdict", "provenance", "compared", "numbers-0", "numbers-1", "histograms", "normalization", "presets",
            "sizes-0", "sizes-1", "classes-0", "outliers-0", "failures-0", "classes-1", "outliers-1", "failures-1"]
NO_XML = {ord(c): "\ufffd" for c in map(chr, range(32))} | {0x202E: "\ufffd"}


def shown(name, most):
    """A name as the page shows it."""
    text = name.translate(NO_XML)
    return text if len(name.encode()) <= most else name.encode()[:most].decode("utf-8", "ignore").translate(NO_XML) + "..."


def section(root, name):
    return root.find(f".//section[@id='{name}']")


def close(cell, value, digits):
    return float(cell.get("data-value")) == value and abs(float(cell.text) - value) <= 0.51 * 10 ** (1 - digits) * abs(value)


def check_presets(root, data):
    rows = {words(row.find("th")): row.findall("td") for row in section(root, "presets").findall(".//tr")[1:]}
    expect({"imagenet", "cifar10", "cifar10-historic", "clip", "half", "01"} <= set(rows), f"presets {list(rows)}")
    channels = data["channels"]
    for row, mean, std in (("this data", lambda c: c["unit"]["mean"], lambda c: c["unit"]["std"]),
                           ("this data, averaged", lambda c: c["estimators"]["unit"]["image_mean"],
                            lambda c: c["estimators"]["unit"]["mean_of_std"]),
                           ("this data, root of averaged", lambda c: c["estimators"]["unit"]["image_mean"],
                            lambda c: c["estimators"]["unit"]["sqrt_mean_var"])):
        for cell, value in zip(rows[row], [*map(mean, channels), *map(std, channels)], strict=False):
            expect(close(cell, value, 6), f"{row}: {cell.get('data-key')} is {cell.get('data-value')}, not {value}")
    expect("not the std of the values" in words(rows["this data, averaged"][-1]), "averaged, but not said to be")
    expect("mean of per-image std" in words(rows["imagenet"][-1]), "imagenet's std is not said to be averaged")
    expect(words(rows["this data"][6]) == "0 \u00b1 1, 0 \u00b1 1, 0 \u00b1 1", "own numbers do not normalize")
    red = channels[0]["unit"]
    expected = f"{(red['mean'] - 0.485) / 0.229:.3g} \u00b1 {red['std'] / 0.229:.3g}"
    expect(words(rows["imagenet"][6]).split(", ")[0] == expected, f"scaled by imagenet: not {expected}")


def check_samples(root, index, data):
    rows = section(root, f"classes-{index}").findall(".//tr")[1:]
    for row, one in zip(rows, data["classes"]["list"], strict=True):
        expect(words(row.find("th")) == shown(one["name"], 60), f"class {words(row.find('th'))}")
        cells = row.findall("td[@data-key]")
        expect(int(cells[0].get("data-value")) == one["samples"], f"samples of {one['name']}")
        for cell, mean in zip(cells[1:], one["mean"], strict=True):
            expect(close(cell, mean / 255, 6), f"mean of {one['name']}: {cell.get('data-value')} not {mean / 255}")
    cards = section(root, f"outliers-{index}").findall(".//figure")
    outliers = [o for kind in ("darkest", "brightest", "flattest") for o in data["outliers"][kind]]
    for card, one in zip(cards, outliers, strict=True):
        expect(words(card.find(".//bdi")) == shown(one["name"], 60), f"sample {one['name']}")
        for span in card.findall(".//span"):
            expect(close(span, one[span.get("data-key")], 4), f"{span.get('data-key')} of {one['name']}")
    rows = section(root, f"failures-{index}").findall(".//tr")[1:]
    for row, one in zip(rows, data["samples"]["failures"], strict=True):
        name, wrong = map(words, row.findall("td"))
        expect(name == shown(one["name"], 160) and wrong == "[png] the file ends early (at byte 41)", f"{name}: {wrong}")
    sizes = section(root, f"sizes-{index}")
    for height, width, images in data["sizes"]["height_width_images"]:
        expect(f"{width} x {height}{images}" in words(sizes), f"no {images} images of {width} x {height}")
    bars = [int(text.text) for text in sizes.findall(".//svg")[1].findall("text")[1::2]]
    expect(bars == [count for count in data["sizes"]["aspects"] if count], f"aspects {bars}")


@functools.cache
def mean_of(folder, picture):
    """As Poise itself reads it."""
    (folder / "one.png").write_bytes(picture)
    channels = json.loads(poise("stats", folder / "one.png", "--json").stdout)["channels"]
    return sum(channel["mean"] for channel in channels) / len(channels)


def check_pictures(folder, root, files):
    for index, data in enumerate(files):
        shown_pictures = pictures(section(root, f"outliers-{index}"))
        outliers = [one for kind in ("darkest", "brightest", "flattest") for one in data["outliers"][kind]]
        for (name, picture), one in zip(shown_pictures, outliers, strict=True):
            expect(name == shown(one["name"], 60), f"the picture of {name} where {one['name']} is due")
            expect(abs(mean_of(folder, picture) - one["mean"] * 255 / data["scale"]) < 1.5, f"another picture than {one['name']}")


def check_page(folder):
    files = [folder / "train.json", folder / "test.json"]
    for path in files:
        poise("stats", path.stem, "-o", path, "--split", path.stem, "--samples", "--on-corrupt", "skip", folder=folder)
    poise("report", *files, "-o", folder / "r.html", folder=folder)
    check_alone(folder / "r.html")
    root = tree(folder / "r.html")
    expect([s.get("id") for s in root.iter("section")] == SECTIONS, f"sections {[s.get('id') for s in root.iter('section')]}")
    check_numbers(root, files)
    verdict = words(section(root, "verdict"))
    for text in ("drift, a distance of", "Most in red: the mean moved by", "1 sample is in both",
                 "2 of 17 samples could not be read", "2 of 7 samples could not be read"):
        expect(text in verdict, f"the verdict lacks '{text}': {verdict}")
    data = [json.loads(path.read_text()) for path in files]
    check_presets(root, data[0])
    for index, one in enumerate(data):
        check_samples(root, index, one)
    check_pictures(folder, root, data)
    return data


def check_per_pixel(folder):
    """The mean and the deviation of each place are pictures: of a set of one image, itself and black."""
    image_folder.png(folder / "alone/one.png", 30, 20, lambda x, y: (x * 8, y * 12, 200))
    poise("stats", "alone", "-o", "alone.json", "--per", "pixel", folder=folder)
    poise("report", "alone.json", "-o", "alone.html", folder=folder)
    check_alone(folder / "alone.html")
    root = tree(folder / "alone.html")
    means = [mean_of(folder, picture) for _, picture in pictures(section(root, "pixels-0"))]
    one = json.loads(poise("stats", "alone", "--json", folder=folder).stdout)["channels"]
    expect(means == [sum(channel["mean"] for channel in one) / 3, 0], f"means {means}")
    expect("1800 of 1800 values are constant" in words(root), "no warning of constants")


def check_missing_pictures(folder):
    """What a page says where it shows none."""

    def page(statistics, *options):
        poise("report", statistics, "-o", folder / "missing.html", "--force", *options, folder=folder)
        check_alone(folder / "missing.html")
        root = tree(folder / "missing.html")
        return len(pictures(root)), words(section(root, "outliers-0"))

    count, _ = page("train.json", "--no-thumbnails")
    expect(count == 0, "pictures that were not wanted")
    poise("stats", "test", "-o", "bare.json", "--on-corrupt", "skip", "--reproducible", folder=folder)
    count, text = page("bare.json")
    expect(count == 0 and "do not say where the data is" in text, text)
    # Another image where one was: its picture would be a lie.
    shutil.copy(folder / "test/drawn/1.png", folder / "test/drawn/0.png")
    count, text = page("test.json")
    expect(count == 12 and "Pictures of 1 of these samples are missing: the data is not what it was" in text, text)
    (folder / "test").rename(folder / "moved")
    count, text = page("test.json")
    expect(count == 0 and "no data at test" in text, text)
    # Statistics by a stranger do not reach out of the folder that they name, nor wait at a pipe.
    (folder / "test").mkdir()
    text = (folder / "test.json").read_text().replace('"drawn/', '"../moved/drawn/').replace('"animals/', '"../moved/animals/')
    (folder / "far.json").write_text(text)
    count, text = page("far.json")
    expect(count == 0, "a picture from elsewhere")
    (folder / "test").rmdir()
    subprocess.run(["mkfifo", folder / "test"], check=True)
    count, text = page("test.json")
    expect(count == 0 and "no data at test" in text, text)


def check_containers(folder):
    """The same pictures out of an archive; those of arrays by their index."""
    subprocess.run(["tar", "czf", "train.tar.gz", "train"], cwd=folder, check=True)
    poise("stats", "train.tar.gz", "-o", "tar.json", "--on-corrupt", "skip", folder=folder)
    poise("report", "tar.json", "-o", "tar.html", folder=folder)
    check_pictures(folder, tree(folder / "tar.html"), [json.loads((folder / "tar.json").read_text())])
    shapes = {"grey.npy": (7, 20, 30), "first.npy": (7, 3, 20, 30), "last.npy": (7, 20, 30, 3), "rows.npy": (7, 30),
              "wide.npy": (7, 20, 30)}
    for name, shape in shapes.items():
        values = bytes((i // 600 * 19 + i % 71) % 256 for i in range(1800 * 7))
        size = math.prod(shape) * (2 if name == "wide.npy" else 1)
        header = repr({"descr": "<u2" if name == "wide.npy" else "|u1", "fortran_order": False, "shape": shape}).encode()
        header += b" " * (-(len(header) + 11) % 64) + b"\n"
        (folder / name).write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + values[:size])
        axis = {"first.npy": "1", "last.npy": "3"}.get(name, "none")
        poise("stats", name, "-o", f"{name}.json", "--channel-axis", axis, folder=folder)
        poise("report", f"{name}.json", "-o", f"{name}.html", folder=folder)
        root = tree(folder / f"{name}.html")
        if name == "rows.npy":
            expect("the samples are no images" in words(root), "pictures of rows")
        else:
            check_pictures(folder, root, [json.loads((folder / f"{name}.json").read_text())])


def check_size(folder, data):
    """Whatever statistics hold, the page is small."""
    data["samples"]["failures"] = [{"name": f"{i:04}" + '"' * 5000, "error": "&" * 5000} for i in range(1000)]
    data["samples"]["failed"], data["samples"]["seen"] = 1000, data["samples"]["used"] + 1000
    data["source"]["name"] = "<" * 100_000
    data["source"]["format"] = data["source"]["images"]["decoder"] = '"' * 10_000
    one = data["classes"]["list"][0]
    data["classes"]["list"] = [one | {"name": f"{i:05}" + "'" * 300} for i in range(10_000)]
    for kind in data["outliers"].values():
        for i, outlier in enumerate(kind):
            outlier["name"] = f"{i}" + "&" * 3000
    (folder / "vast.json").write_text(json.dumps(data))
    for count in (1, 2, 8):
        poise("report", *["vast.json"] * count, "-o", f"vast{count}.html", folder=folder)
        check_alone(folder / f"vast{count}.html")
    text = words(tree(folder / "vast1.html"))
    expect("more classes." in text and "more samples." in text, "what was left out is not counted")
    poise("report", *["vast.json"] * 9, "-o", "vast9.html", folder=folder, code=2)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        image_folder.make(folder)
        data = check_page(folder)
        check_containers(folder)
        check_per_pixel(folder)
        check_missing_pictures(folder)
        check_size(folder, data[0])


finish("report_images", main)
