"""What the tests of the report share: the command, and the checks that every page must pass."""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

SOURCE = pathlib.Path(os.environ.get("POISE_SOURCE_DIR", pathlib.Path(__file__).resolve().parent.parent))
POISE = os.path.realpath(os.environ.get("POISE", SOURCE / "build/release/poise"))
PICTURE = "data:image/png;base64,"
failures = []


def expect(condition, message):
    if not condition:
        failures.append(message)


def poise(*arguments, code=0, folder=None):
    result = subprocess.run([POISE, "-q", *map(str, arguments)], capture_output=True, text=True, cwd=folder)
    expect(result.returncode == code, f"poise {arguments[0]}: exit {result.returncode}: {result.stderr}")
    return result


def finish(name, main):
    if not os.access(POISE, os.X_OK):
        print(f"{name}: no command at {POISE}", file=sys.stderr)
        sys.exit(1)
    main()
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


def tree(path):
    """The page, which is also well-formed XML."""
    return ElementTree.fromstring(path.read_text(encoding="utf-8").replace("<!DOCTYPE html>", ""))


def words(element):
    return "".join(element.itertext())


def pictures(root):
    """The embedded pictures as bytes, by the name in their alt."""
    return [(img.get("alt"), base64.b64decode(img.get("src")[len(PICTURE):], validate=True)) for img in root.iter("img")]


class Page(HTMLParser):
    """Tags, attributes and text as a browser would see them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.words.append(data)


def check_alone(path):
    """Small, inert, and in need of nothing else."""
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    size = len(re.sub(PICTURE + "[A-Za-z0-9+/=]*", "", text).encode())
    expect(size < 300_000, f"{path.name}: {size} bytes without pictures")
    expect(not {"script", "iframe", "link", "object", "base", "form", "a"} & set(page.tags), "an active tag")
    for tag, name, value in page.attributes:
        expect(not name.startswith("on"), f"{tag} has {name}")
        if (tag, name) == ("img", "src"):
            expect(value.startswith(PICTURE), f"a picture from {value[:40]}")
            continue
        expect(name not in ("href", "src", "srcset", "action", "style", "xlink:href"), f"{tag} has {name}={value}")
    expect("url(" not in text and "@import" not in text, "something to load")
    expect("http:" not in text and "https:" not in text, "an address")
    policy = [value for tag, name, value in page.attributes if tag == "meta" and name == "content"]
    expect(any("default-src 'none'" in value for value in policy), "no content security policy")
    expect(("html", "lang", "en") in page.attributes, "no language")
    charts = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    hidden = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-hidden")]
    expect(len(charts) + len(hidden) == page.tags.count("svg") and all(charts), "a chart without a label")
    expect(page.tags.count("img") == len([name for tag, name, _ in page.attributes if (tag, name) == ("img", "alt")]),
           "a picture without a name")


def check_numbers(root, files):
    for index, path in enumerate(files):
        data = json.loads(path.read_text())
        table = root.find(f".//table[@data-file='{index}']")
        for row, channel in zip(table.findall("tr")[1:], data["channels"], strict=True):
            flat = {key: channel[key] for key in ("count", "mean", "std", "std_sample", "min", "max")}
            flat |= {f"unit.{key}": channel["unit"][key] for key in ("mean", "std")}
            flat |= {f"quantiles.{q}": channel["quantiles"][q] for q in ("0.01", "0.5", "0.99")}
            flat |= {"share_low": channel["share_of_0"], "share_high": channel["share_of_255"]}
            seen = {cell.get("data-key"): cell for cell in row.findall("td[@data-key]")}
            expect(set(seen) == set(flat), f"cells {set(seen) ^ set(flat)}")
            for key, cell in seen.items():
                expect(float(cell.get("data-value")) == flat[key], f"{key}: {cell.get('data-value')} not {flat[key]}")
                off = 1e-5 if key.startswith("share") else 1e-9
                expect(abs(float(cell.text) - flat[key]) <= off * abs(flat[key]), f"{key}: {cell.text} not {flat[key]}")
        for key in ("seen", "used", "skipped", "failed"):
            cell = root.findall(f".//td[@data-key='{key}']")[index]
            expect(int(cell.get("data-value")) == data["samples"][key], f"{key} of file {index}")
