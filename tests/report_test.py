#!/usr/bin/env python3
"""The report page: well-formed, alone, small, true to the statistics files, whatever names they hold."""

import json
import pathlib
import tempfile

from report_page import check_alone, check_numbers, expect, finish, poise, tree, words

HOSTILE = '"><script src=//evil.example/x.js>alert(1)</script>&amp;<img src=x onerror=alert(2)>\'\u202e.npy'


def make_npy(path, width, values):
    """An npy file of bytes, rows of `width`."""
    header = repr({"descr": "|u1", "fortran_order": False, "shape": (len(values) // width, width)}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(values))


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
        check_alone(folder / "r.html")
        root = tree(folder / "r.html")
        check_numbers(root, files)
        title = words(root.find("body/h1"))
        expect(HOSTILE[:60] in title, f"the name is lost: {title}")
        verdict = words(root.find(".//section[@id='verdict']"))
        expect("drift, a distance of" in verdict, f"no verdict: {verdict}")
        expect(len(root.findall(".//svg")) == 3 * 2 + 3, "histograms of three channels, and before and after")
        again = folder / "again.html"
        poise("report", *files, "-o", again)
        expect(again.read_text() == text, "not the same page twice")
        # One file, floats, and what is refused.
        poise("report", files[1], "-o", folder / "one.html")
        one = tree(folder / "one.html")
        expect("nothing stands out" in words(one), "no verdict of one file")
        poise("apply", "--stats", files[1], folder / "test.npy", "-o", folder / "y.npy")
        poise("stats", folder / "y.npy", "-o", folder / "y.json")
        poise("report", files[1], folder / "y.json", "-o", folder / "mixed.html")
        mixed = tree(folder / "mixed.html")
        expect("cannot be compared" in words(mixed), "integers and floats compared")
        poise("report", files[0], "-o", folder / "r.html", code=4)
        poise("report", folder / "none", "-o", folder / "n.html", code=5)
        poise("report", folder / "test.npy", "-o", folder / "n.html", code=3)
        expect(not (folder / "n.html").exists(), "a page of nothing")


finish("report", main)
