"""Compares our reading of every version's .pyc files with that version's own `dis`.

    python tests/bytecode/any_version.py [--guest 3.9 ...] [--host PYTHON ...] [--every N]

For each guest (3.8-3.15, those that are found) its interpreter compiles its standard library and
says what its `dis` makes of it (`native_truth`); each host, an interpreter that has pyinternals, the
one that runs this by default, reads the same .pyc bytes. Compared are the code object's own fields,
offset, opname, arg, jump target, line, positions and names of each instruction, and the exception
table. Prints a line for each pair of guest and host. Exit code 1 if anything differs.
"""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import native_truth

from pyinternals.bytecode.disassemble import code_object_fact
from pyinternals.bytecode.facts import CodeObject
from pyinternals.bytecode.pyc_file import parse_pyc
from pyinternals.errors import PyInternalsError

sys.path.append(str(Path(__file__).parents[2] / "scripts"))
from interpreters import BYTECODE_VERSIONS, find_interpreter

TRUTH_SCRIPT = native_truth.__file__


@dataclass
class Comparison:
    """What was compared and what differed, of one guest on this host."""

    guest: tuple[int, int]
    interpreter: str
    module_count: int = 0
    code_object_count: int = 0
    instruction_count: int = 0
    failures: list[str] = field(default_factory=list)
    """Modules that could not be read, and why."""
    differences: list[str] = field(default_factory=list)
    depths: Counter[int] = field(default_factory=Counter)
    """co_stacksize minus the depth we find, by how often."""

    @property
    def depth_equal_share(self) -> float:
        return self.depths[0] / self.code_object_count

    @property
    def too_deep_count(self) -> int:
        return sum(count for spare, count in self.depths.items() if spare < 0)

    @property
    def is_fine(self) -> bool:
        return not (self.failures or self.differences or self.too_deep_count)

    def __str__(self) -> str:
        return (
            f"{dotted(self.guest)} on {sys.version.split()[0]}: {self.module_count:,} modules, "
            f"{self.code_object_count:,} code objects, {self.instruction_count:,} instructions: "
            f"{len(self.failures)} load failures, {len(self.differences)} differences; "
            f"stack depth equal for {self.depth_equal_share:.3%}, "
            f"too deep for {self.too_deep_count}"
        )


def dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def collect_truth(interpreter: str, output: Path, every: int = 1, start: int = 0) -> None:
    """Have a guest's interpreter write down what its `dis` says."""
    options = ["--every", str(every), "--start", str(start)]
    subprocess.run([interpreter, "-E", "-s", "-B", TRUTH_SCRIPT, str(output), *options], check=True)


def compare(guest: tuple[int, int], interpreter: str, truth: Path) -> Comparison:
    """Read what is in the file `truth` on this host."""
    comparison = Comparison(guest, interpreter)
    with truth.open("rb") as file:
        while file.peek(1):
            compare_module(*pickle.load(file), comparison)
    return comparison


def compare_module(path: str, data: bytes, digests: list[bytes], comparison: Comparison) -> None:
    """Compare every code object of a .pyc file."""
    comparison.module_count += 1
    try:
        root = code_object_fact(parse_pyc(data, path=path).code)
    except PyInternalsError as error:
        comparison.failures.append(str(error))
        return
    code_objects = list(root.walk())
    if len(code_objects) != len(digests):
        comparison.differences.append(f"{path}: {len(digests)} code objects, {len(code_objects)}")
        return
    for index, (code_object, digest) in enumerate(zip(code_objects, digests, strict=True)):
        comparison.code_object_count += 1
        comparison.instruction_count += len(code_object)
        comparison.depths[code_object.stacksize - code_object.max_stack_depth] += 1
        if native_truth.digest(our_rows(code_object)) != digest:
            shown = "\n    ".join(differing_rows(code_object, index, comparison.interpreter))
            comparison.differences.append(f"{path}: {code_object.qualname}\n    {shown}")


def our_rows(code_object: CodeObject) -> Iterator[tuple[Any, ...]]:
    """What `native_truth.native_rows` says, read by us."""
    yield native_truth.head_row(code_object.code)
    for ins in code_object:
        positions = None if ins.positions is None else tuple(ins.positions)
        value = native_truth.shown_value(ins)
        yield ins.offset, ins.opname, ins.arg, ins.jump_target, ins.line_number, positions, value
    for entry in code_object.exception_table:
        yield tuple(entry)


def differing_rows(code_object: CodeObject, index: int, interpreter: str) -> Iterator[str]:
    """The first rows that differ, the guest's first."""
    command = [interpreter, "-E", "-s", "-B", TRUTH_SCRIPT]
    command += ["--show", code_object.filename, str(index)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    pairs = zip_longest(answer.stdout.splitlines(), map(ascii, our_rows(code_object)))
    for native, ours in [pair for pair in pairs if pair[0] != pair[1]][:3]:
        yield f"{native}\n    ours {ours}"


def compare_here(guest: tuple[int, int], interpreter: str, truth: Path) -> bool:
    """Compare on this host, and print what came of it."""
    comparison = compare(guest, interpreter, truth)
    for line in [*comparison.failures, *comparison.differences][:20]:
        print(line)
    print(comparison, flush=True)
    return comparison.is_fine


def compare_on(host: str, guest: tuple[int, int], interpreter: str, truth: Path) -> bool:
    """Compare on another host, in a child."""
    command = [host, __file__, "--truth", str(truth), "--guest", dotted(guest)]
    return subprocess.run([*command, "--interpreter", interpreter], check=False).returncode == 0


def version_of(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--guest", type=version_of, nargs="+", default=BYTECODE_VERSIONS)
    parser.add_argument("--host", nargs="+", metavar="PYTHON", help="interpreters with pyinternals")
    parser.add_argument("--every", type=int, default=1, help="compare one module in N")
    parser.add_argument("--truth", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--interpreter", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.truth:
        return 0 if compare_here(args.guest[0], args.interpreter, args.truth) else 1
    is_fine = True
    with tempfile.TemporaryDirectory() as folder:
        for guest in args.guest:
            interpreter = find_interpreter(guest)
            if interpreter is None:
                print(f"no python{dotted(guest)} found: left out")
                continue
            truth = Path(folder, dotted(guest))
            collect_truth(interpreter, truth, args.every)
            for host in args.host or [sys.executable]:
                is_fine &= compare_on(host, guest, interpreter, truth)
            truth.unlink()
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
