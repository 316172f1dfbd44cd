#!/usr/bin/env python3
"""The report page: well-formed, alone, small, true to the statistics files, whatever names they hold."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

SOURCE = pathlib.Path(os.environ.get("POISE_SOURCE_DIR", pathlib.Path(__file__).resolve().parent.parent))
POISE = os.path.realpath(os.environ.get("POISE", SOURCE / "build/release/poise"))
HOSTILE = '"><script src=//evil.example/x.js>alert(1)</script>&amp;<img src=x onerror=alert(2)>\'\u202e.npy'
failures = []


def expect(condition, message):
    if not condition:
        failures.append(message)


def poise(*arguments, code=0):
    result = subprocess.run([POISE, "-q", *map(str, arguments)], capture_output=True, text=True)
    expect(result.returncode == code, f"poise {arguments[0]}: exit {result.returncode}: {result.stderr}")
    return result


def make_npy(path, width, values):
    """An npy file of bytes, rows of `width`."""
    header = repr({"descr": "|u1", "fortran_order": False, "shape": (len(values) // width, width)}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(values))


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


def check_alone(text, page):
    expect(len(text.encode()) < 300_000, f"{len(text.encode())} bytes")
    expect(not {"script", "img", "iframe", "link", "object", "base", "form", "a"} & set(page.tags), "an active tag")
    for tag, name, value in page.attributes:
        expect(not name.startswith("on"), f"{tag} has {name}")
        expect(name not in ("href", "src", "action", "style", "xlink:href"), f"{tag} has {name}={value}")
    expect("url(" not in text and "@import" not in text, "something to load")
    expect("http:" not in text and "https:" not in text, "an address")
    policy = [value for tag, name, value in page.attributes if tag == "meta" and name == "content"]
    expect(any("default-src 'none'" in value for value in policy), "no content security policy")
    expect(("html", "lang", "en") in page.attributes, "no language")
    pictures = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    expect(len(pictures) == page.tags.count("svg") and all(pictures), "a picture without a label")


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
                expect(abs(float(cell.text) - flat[key]) <= 1e-9 * abs(flat[key]), f"{key}: {cell.text} not {flat[key]}")
        for key in ("seen", "used", "skipped", "failed"):
            cell = root.findall(f".//td[@data-key='{key}']")[index]
            expect(int(cell.get("data-value")) == data["samples"][key], f"{key} of file {index}")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        hostile = folder / HOSTILE.replace("/", "%")
        make_npy(hostile, 3, [i * 7 % 256 for i in range(300)])
        make_npy(folder / "test.npy", 3, [i * 5 % 200 for i in range(150)])
        poise("stats", hostile, "-o", folder / "a.json", "--split", "train")
        poise("stats", folder / "test.npy", "-o", folder / "b.json", "--split", "test")
        # A name may also come from a file that someone else wrote.
        text = (folder / "a.json").read_text().replace(json.dumps(hostile.name, ensure_ascii=False), json.dumps(HOSTILE + "\x01\uffff"))
        (folder / "a.json").write_text(text)
        files = [folder / "a.json", folder / "b.json"]
        poise("report", *files, "-o", folder / "r.html")
        text = (folder / "r.html").read_text()
        check_alone(text, Page(text))
        root = ElementTree.fromstring(text.replace("<!DOCTYPE html>", ""))
        check_numbers(root, files)
        title = "".join(root.find("body/h1").itertext())
        expect(HOSTILE[:60] in title, f"the name is lost: {title}")
        verdict = "".join(root.find(".//section[@id='verdict']").itertext())
        expect("drift, a distance of" in verdict, f"no verdict: {verdict}")
        expect(len(root.findall(".//svg")) == 3 * 2 + 3, "histograms of three channels, and before and after")
        again = folder / "again.html"
        poise("report", *files, "-o", again)
        expect(again.read_text() == text, "not the same page twice")
        # One file, floats, and what is refused.
        poise("report", files[1], "-o", folder / "one.html")
        one = ElementTree.fromstring((folder / "one.html").read_text().replace("<!DOCTYPE html>", ""))
        expect("nothing stands out" in "".join(one.itertext()), "no verdict of one file")
        poise("apply", "--stats", files[1], folder / "test.npy", "-o", folder / "y.npy")
        poise("stats", folder / "y.npy", "-o", folder / "y.json")
        poise("report", files[1], folder / "y.json", "-o", folder / "mixed.html")
        mixed = ElementTree.fromstring((folder / "mixed.html").read_text().replace("<!DOCTYPE html>", ""))
        expect("cannot be compared" in "".join(mixed.itertext()), "integers and floats compared")
        poise("report", files[0], "-o", folder / "r.html", code=4)
        poise("report", folder / "none", "-o", folder / "n.html", code=5)
        poise("report", folder / "test.npy", "-o", folder / "n.html", code=3)
        expect(not (folder / "n.html").exists(), "a page of nothing")
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


if not os.access(POISE, os.X_OK):
    print(f"report: no command at {POISE}", file=sys.stderr)
    sys.exit(1)
main()
