"""What reading .pyc files costs: headers of a big tree, and whole files beside ``marshal.loads``.

::

    python benchmarks/pyc_speed.py [--python PATH ...] [--runs N] [--check | --smoke]

For each interpreter: the time `pyinternals.pyc` takes over a tree of 10,000 caches and their sources, and
the CPU time of reading every cache of its standard library with `parse_pyc` over that of `marshal.loads`.
The caches are written into a temporary folder. Each interpreter needs pyinternals.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile

from side_by_side import Row, clean_environment, table

FILES = 10_000
HEADERS_LIMIT_S = 1.0
"""Wall time of auditing 10,000 files by their headers."""
READING_LIMIT = 10.0
"""CPU time of reading whole files over that of ``marshal.loads``."""

MAKE_TREE = """
import importlib.util, marshal, os, struct, sys
folder, count = sys.argv[1], int(sys.argv[2])
text = b"x = 1\\n"
body = marshal.dumps(compile(text, "x", "exec"))
for number in range(count):
    package = os.path.join(folder, f"package{number // 100}")
    os.makedirs(os.path.join(package, "__pycache__"), exist_ok=True)
    source = os.path.join(package, f"module{number % 100}.py")
    with open(source, "wb") as file:
        file.write(text)
    head = struct.pack("<3I", 0, int(os.stat(source).st_mtime), len(text))
    with open(importlib.util.cache_from_source(source), "wb") as file:
        file.write(importlib.util.MAGIC_NUMBER + head + body)
"""

AUDIT = """
import json, sys, time
from pyinternals import pyc
times = []
for _ in range(int(sys.argv[2])):
    begin, cpu = time.perf_counter(), time.process_time()
    audit = pyc(sys.argv[1])
    times.append((time.perf_counter() - begin, time.process_time() - cpu))
print(json.dumps({"files": audit.counts["valid"], "best": min(times)}))
"""

READ = """
import glob, importlib.util, json, marshal, os, sys, sysconfig, time, warnings
from pyinternals.bytecode.pyc_file import parse_pyc
warnings.simplefilter("ignore")
head = importlib.util.MAGIC_NUMBER + bytes(12)
bodies = []
stdlib = sysconfig.get_path("stdlib")
for path in sorted(glob.glob(os.path.join(stdlib, "**", "*.py"), recursive=True))[::int(sys.argv[2])]:
    if "site-packages" in path or "/test" in path:
        continue
    try:
        with open(path, "rb") as file:
            bodies.append(marshal.dumps(compile(file.read(), path, "exec", dont_inherit=True)))
    except (OSError, SyntaxError, ValueError):
        pass  # a dangling link, a sample of bad source
files = [head + body for body in bodies]
best = {}
for _ in range(int(sys.argv[1])):
    for name, read, inputs in (("ours", parse_pyc, files), ("native", marshal.loads, bodies)):
        begin = time.process_time()
        for data in inputs:
            read(data)
        best[name] = min(best.get(name, 1e9), time.process_time() - begin)
print(json.dumps({"files": len(files), "bytes": sum(map(len, files)), **best}))
"""


def ask(python: str, program: str, *arguments: object) -> str:
    """What `program` prints on `python`."""
    return subprocess.run(
        [python, "-c", program, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=clean_environment(),
        check=True,
    ).stdout


def headers_row(python: str, *, files: int, runs: int) -> Row:
    """Auditing a tree by headers."""
    with tempfile.TemporaryDirectory() as folder:
        ask(python, MAKE_TREE, folder, files)
        found = json.loads(ask(python, AUDIT, folder, runs))
    if found["files"] != files:
        raise RuntimeError(f"{found['files']} of {files} files are valid")
    wall, cpu = found["best"]
    return Row(
        cells=(
            f"headers of {files:,} files",
            f"{cpu * 1000:.0f}",
            f"{wall:.2f} s",
            f"{HEADERS_LIMIT_S:.2f} s",
        ),
        is_bad=wall > HEADERS_LIMIT_S,
    )


def reading_row(python: str, *, every: int, runs: int) -> Row:
    """Reading the standard library's caches whole."""
    found = json.loads(ask(python, READ, runs, every))
    ratio = found["ours"] / found["native"]
    return Row(
        cells=(
            f"{found['files']:,} files whole ({found['bytes'] / 2**20:.1f} MiB), over marshal.loads",
            f"{found['ours'] * 1000:.0f}",
            f"{ratio:.2f} x",
            f"{READING_LIMIT:.2f} x",
        ),
        is_bad=ratio > READING_LIMIT,
    )


def main() -> int:
    """Measure, print, and with ``--check`` exit with 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", action="append", metavar="PATH", help="interpreter (this one)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each (5)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is passed")
    parser.add_argument("--smoke", action="store_true", help="one small run, no judgement")
    args = parser.parse_args()
    over = 0
    for python in args.python or [sys.executable]:
        print(f"Python {ask(python, 'import sys; print(sys.version.split()[0])').strip()}")
        if args.smoke:
            rows = [
                headers_row(python, files=200, runs=1),
                reading_row(python, every=40, runs=1),
            ]
        else:
            rows = [
                headers_row(python, files=FILES, runs=args.runs),
                reading_row(python, every=1, runs=args.runs),
            ]
        print(table(("what", "CPU ms", "figure", "limit"), rows), end="\n\n")
        over += sum(row.is_bad for row in rows)
    if args.smoke:
        return 0
    print(f"{over} over the limit" if over else "all within the limits")
    return 1 if args.check and over else 0


if __name__ == "__main__":
    sys.exit(main())
