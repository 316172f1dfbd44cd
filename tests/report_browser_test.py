#!/usr/bin/env python3
"""The report pages of arrays and images, with hostile names, in headless Chromium: nothing asked for but the page, no
console message. Exit 77 without Chromium."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from urllib.parse import urlsplit

import image_folder

SOURCE = pathlib.Path(os.environ.get("POISE_SOURCE_DIR", pathlib.Path(__file__).resolve().parent.parent))
POISE = os.path.realpath(os.environ.get("POISE", SOURCE / "build/release/poise"))
NPY = SOURCE / "tests/cli/npy"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def fail(message):
    print(f"report: {message}")
    sys.exit(1)


def browse(folder, page, *options):
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
               "--disable-background-networking", "--disable-component-update", "--disable-sync",
               f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", *options, page.as_uri()]
    environment = os.environ | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


def requested(log):
    """What the page asked for, by Chromium's own log."""
    events = json.loads(log.read_text())["events"]
    urls = {event["params"]["url"] for event in events if "url" in event.get("params", {})}
    # The browser's own, about its updates and accounts, are not the page's.
    own = (".google.com", ".googleapis.com")
    return {url for url in urls if not (urlsplit(url).hostname or "").endswith(own) and not url.startswith("data:")}


def check(folder, page, elements):
    """elements: how many of each the browser must see."""
    result = browse(folder, page, "--dump-dom", f"--log-net-log={folder / 'net.json'}")
    if result.returncode != 0 or "<h1>" not in result.stdout:
        fail(f"chromium: exit {result.returncode}: {result.stderr[-500:]}")
    for element, count in elements.items():
        if result.stdout.count(f"<{element}") != count:
            fail(f"the browser sees {result.stdout.count(f'<{element}')} {element}, not {count}")
    messages = [line for line in result.stderr.splitlines() if "CONSOLE" in line]
    if messages:
        fail(f"on the console: {messages}")
    others = requested(folder / "net.json") - {page.as_uri()}
    if others:
        fail(f"asked for {others}")


def check_images(folder):
    image_folder.make(folder)
    for split in ("train", "test"):
        command = [POISE, "-q", "stats", split, "-o", f"{split}.json", "--split", split, "--on-corrupt", "skip", "--force"]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)
    page = folder / "images.html"
    subprocess.run([POISE, "report", "train.json", "test.json", "-o", page], check=True, cwd=folder)
    # Of each class a bar and a colour; of six darkest, brightest and flattest images, and of five.
    check(folder, page, {"svg": 9 + 4 + 2 * 7, "img": 18 + 15, "script": 0})


def main():
    if not CHROMIUM:
        print("skipped: no chromium")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        hostile = "\"><img src=x.js><script src=https:%%evil.example%x.js>console.log('x')<%script>.npy"
        values = ",".join(str(i * i % 251) for i in range(300))
        for path in (hostile, "test.npy"):
            subprocess.run([NPY, "make", folder / path, "u8", "100,3", values], check=True)
        for path, split in ((hostile, "train"), ("test.npy", "test")):
            subprocess.run([POISE, "-q", "stats", folder / path, "-o", folder / f"{split}.json", "--split", split],
                           check=True, capture_output=True)
        text = (folder / "train.json").read_text().replace("%script", "/script").replace("%%evil.example%", "//evil.example/")
        (folder / "train.json").write_text(text)
        page = folder / "report.html"
        subprocess.run([POISE, "report", folder / "train.json", folder / "test.json", "-o", page], check=True)
        check(folder, page, {"svg": 9, "img": 0, "script": 0})
        check_images(folder)
    print("report: one request, no message")


main()
