#!/usr/bin/env python3
"""The documentation is true: its example is the one that is compiled, its commands run, its table is the technique
table, its diffs stand in the tree, the tests it names exist and its links lead somewhere."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("POISE_SOURCE_DIR", pathlib.Path(__file__).resolve().parent.parent))
BUILD = pathlib.Path(os.environ.get("POISE_BUILD_DIR", ROOT / "build/release"))
POISE = pathlib.Path(os.environ.get("POISE", BUILD / "poise"))
IMAGES = pathlib.Path("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz")

checks = 0
findings = []


def expect(holds, finding):
    global checks
    checks += 1
    if not holds:
        findings.append(finding)


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name, info):
    """The fenced blocks of a document whose fence says `info`."""
    return re.findall(rf"^```{info}\n(.*?)^```$", text(name), re.M | re.S)


def output(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


def check_example():
    source, = blocks("README.md", "cpp")
    expect(source == text("examples/quickstart.cpp"), "README.md: its C++ block is not examples/quickstart.cpp")
    printed = output(BUILD / "examples/quickstart")
    expect(printed in blocks("README.md", "text"), f"README.md: no text block is what quickstart prints:\n{printed}")
    for part in blocks("docs/choosing.md", "cpp"):
        expect(part in text("examples/images.cpp"), "docs/choosing.md: its C++ block is not in examples/images.cpp")


def check_table():
    table = output(POISE, "list", "--markdown")
    expect(table in text("README.md"), "README.md: the technique table is not what poise list --markdown prints")


def check_commands():
    """Runs the shell blocks of the README in an empty folder, where the data they name is installed."""
    if not IMAGES.exists():
        return print("docs: the commands of README.md are not run, dataset-fashion-mnist is not installed")
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "bin").mkdir()
        os.symlink(POISE.resolve(), pathlib.Path(folder) / "bin/poise")
        path = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"}
        for script in blocks("README.md", "sh"):
            if "poise " not in script:
                continue
            run = subprocess.run(["bash", "-euc", script], cwd=folder, env=path, capture_output=True, text=True)
            expect(run.returncode == 0, f"README.md: exit {run.returncode} of\n{script}{run.stderr}")


def check_diffs(name):
    """Every hunk's lines follow each other in the file that it names, as added."""
    for block in blocks(name, "diff"):
        path = re.search(r"^\+\+\+ b/(\S+)$", block, re.M).group(1)
        after = [line[1:] for line in block.splitlines() if line[:1] in "+ " and not line.startswith("+++")]
        expect("\n".join(after) + "\n" in text(path), f"{name}: its diff is not what stands in {path}")


def check_tests_named(name):
    tests = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").glob("*_test.cpp")))
    known = {f"{suite}.{test}" for suite, test in re.findall(r"^(?:TYPED_)?TEST(?:_[FP])?\((\w+),\s*(\w+)\)", tests, re.M)}
    for named in re.findall(r"`(?:\w+/)?([A-Z]\w+)(?:/\d+)?\.([A-Z]\w+)`", text(name)):
        expect(".".join(named) in known, f"{name}: names a test that is not there, {'.'.join(named)}")


def check_packages():
    for package in re.findall(r"^(?:run|test|all) +(\S+)$", text("tools/packages"), re.M):
        expect(f"`{package}`" in text("docs/dependencies.md"), f"docs/dependencies.md: does not say why {package}")


def check_links():
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]):
        prose = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", prose):
            expect((path.parent / target).exists(), f"{path.name}: a link to {target}, which is not there")


def main():
    for needed in (POISE, BUILD / "examples/quickstart"):
        if not shutil.which(str(needed)):
            print(f"skipped: not built: {needed.name}")
            sys.exit(77)
    check_example()
    check_table()
    check_commands()
    check_diffs("docs/adding_a_technique.md")
    for name in ("docs/numerics.md", "docs/adding_a_technique.md"):
        check_tests_named(name)
    check_packages()
    check_links()
    print(*findings, sep="\n", end="\n" if findings else "")
    print(f"docs: {checks} checks, {len(findings)} findings")
    sys.exit(1 if findings else 0)


main()
