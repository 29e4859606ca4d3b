"""Audits caches that are known to be true, deep, and counts what is called `differs` or worse.

    python tests/bytecode/pyc_no_false_differs.py [--every N] [FOLDER ...]

A child process with another hash seed compiles the standard library and the installed packages (or the
folders given) into a mirrored tree, at all three levels of optimisation; then they are audited with and
without the short cut for bodies that are equal byte for byte. Exit code 1 if anything isn't valid.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyinternals.bytecode import pyc_recompile
from pyinternals.bytecode.pyc_audit import pyc
from pyinternals.bytecode.pyc_findings import PycState

FOLDERS = tuple(dict.fromkeys(sysconfig.get_path(name) for name in ("stdlib", "purelib")))

COMPILE = """
import os, py_compile, sys, warnings
warnings.simplefilter("ignore")
for level, path in (line.split(" ", 1) for line in sys.stdin.read().splitlines()):
    try:
        py_compile.compile(path, doraise=True, optimize=int(level))
    except (py_compile.PyCompileError, ValueError, UnicodeError):
        pass  # samples of bad source
"""


@dataclass
class Count:
    """What was audited, and what was found."""

    states: Counter[PycState] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)


def sources(folders: Sequence[str], every: int = 1) -> list[str]:
    """Paths of the sources in `folders`, one in `every`."""
    paths = {
        str(path)
        for folder in folders
        for path in Path(folder).rglob("*.py")
        if path.is_file() and "\n" not in str(path)
    }
    return sorted(paths)[::every]


def compile_apart(paths: Sequence[str], prefix: Path, *, no_columns: bool = False) -> None:
    """Write the caches of `paths` below `prefix`, by a process with a hash seed of its own."""
    lines = "\n".join(f"{level} {path}" for level in (0, 1, 2) for path in paths)
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(prefix), "PYTHONHASHSEED": "20212"}
    options = ["-X", "no_debug_ranges"] if no_columns else []
    subprocess.run(
        [sys.executable, *options, "-c", COMPILE],
        input=lines.encode("utf-8", "surrogateescape"),
        env=environment,
        check=True,
    )


def audit(prefix: Path) -> Count:
    """Audit everything below `prefix`."""
    count = Count()
    for finding in pyc(prefix, deep=True, pycache_prefix=str(prefix)).findings:
        count.states[finding.state] += 1
        if finding.state is not PycState.VALID:
            count.complaints.append(f"{finding.path}: {finding.state}, {finding.reason}")
            for difference in finding.differences:
                count.complaints += [f"  {difference.identity}: {p}" for p in difference.parts]
        # an unrecorded column is a note; anything else says that nothing was compared
        count.complaints += [
            f"{finding.path}: {note}" for note in finding.notes if note.startswith("not ")
        ]
    return count


def audit_without_short_cut(prefix: Path) -> Count:
    """`audit`, comparing record by record even where the bytes are equal."""
    same_bytes = pyc_recompile.is_same_body
    pyc_recompile.is_same_body = lambda *_: False
    try:
        return audit(prefix)
    finally:
        pyc_recompile.is_same_body = same_bytes


def counts(folders: Sequence[str], every: int) -> Iterator[tuple[str, Count]]:
    """The audit, both ways, of the caches of `folders`."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = Path(folder)
        compile_apart(sources(folders, every), prefix)
        yield "as usual", audit(prefix)
        yield "record by record", audit_without_short_cut(prefix)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="compile one source in N")
    parser.add_argument("folders", nargs="*", default=FOLDERS, metavar="FOLDER")
    args = parser.parse_args()
    bad = 0
    for way, count in counts(args.folders, args.every):
        for complaint in count.complaints[:40]:
            print(complaint)
        states = ", ".join(f"{number:,} {state}" for state, number in count.states.items())
        print(f"{sys.version.split()[0]}, {way}: {states}", flush=True)
        bad += len(count.complaints)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
