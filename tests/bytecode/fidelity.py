"""Compares our reading of bytecode with the interpreter's own `dis`, over the whole standard library.

    python tests/bytecode/fidelity.py [--every N]

Prints the number of code objects and instructions compared, of differences (there should be none), and
how often the deepest stack we find equals ``co_stacksize``. Exit code 1 if anything differs.
"""

from __future__ import annotations

import argparse
import dis
import sys
import sysconfig
import types
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyinternals.bytecode.disassemble import code_object_fact
from pyinternals.bytecode.facts import CodeObject

STDLIB = Path(sysconfig.get_path("stdlib"))
JUMPS = {*dis.hasjrel, *dis.hasjabs}


@dataclass
class Comparison:
    """What was compared and what differed."""

    module_count: int = 0
    code_object_count: int = 0
    instruction_count: int = 0
    differences: list[str] = field(default_factory=list)
    depths: Counter[int] = field(default_factory=Counter)
    """co_stacksize minus the depth we find, by how often."""

    @property
    def depth_equal_share(self) -> float:
        return self.depths[0] / self.code_object_count

    @property
    def too_deep_count(self) -> int:
        return sum(count for spare, count in self.depths.items() if spare < 0)


def stdlib_codes(every: int = 1, start: int = 0) -> Iterator[types.CodeType]:
    """The modules of the standard library, compiled; those that are not meant to compile left out."""
    paths = sorted(path for path in STDLIB.rglob("*.py") if "site-packages" not in path.parts)
    for path in paths[start::every]:
        if not path.is_file():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                yield compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
            except (SyntaxError, ValueError):
                continue  # lib2to3's and test's samples of bad source


def compare_module(code: types.CodeType, comparison: Comparison) -> None:
    """Compare every code object in `code`."""
    comparison.module_count += 1
    for code_object in code_object_fact(code).walk():
        comparison.code_object_count += 1
        comparison.instruction_count += len(code_object)
        comparison.depths[code_object.stacksize - code_object.max_stack_depth] += 1
        for difference in differences(code_object):
            comparison.differences.append(
                f"{code_object.filename}:{code_object.first_line} {code_object.qualname}: {difference}"
            )


def differences(code_object: CodeObject) -> Iterator[str]:
    """What `dis` says otherwise of this one code object."""
    native = list(dis.get_instructions(code_object.code))
    ours = list(code_object)
    if len(native) != len(ours):
        yield f"{len(native)} instructions, ours {len(ours)}"
        return
    for expected, actual in zip(native, ours, strict=True):
        for name, one, other in _fields(expected, actual):
            if not _equal(one, other):
                yield f"offset {expected.offset} {expected.opname}: {name} {one!r}, ours {other!r}"
    table = [
        (entry.start, entry.end, entry.target, entry.depth, entry.lasti)
        for entry in dis._parse_exception_table(code_object.code)
    ]
    if table != [tuple(entry) for entry in code_object.exception_table]:
        yield f"exception table {table}, ours {code_object.exception_table}"


def _fields(expected: dis.Instruction, actual: Any) -> Iterator[tuple[str, Any, Any]]:
    for name in ("offset", "opname", "opcode", "arg", "argval"):
        yield name, getattr(expected, name), getattr(actual, name)
    yield "positions", tuple(expected.positions), tuple(actual.positions)
    if sys.version_info >= (3, 13):
        yield "start offset", expected.start_offset, actual.start_offset
        yield "jump target", expected.jump_target, actual.jump_target
        yield "line", expected.line_number, actual.line_number
    else:
        is_jump = expected.opcode in JUMPS
        yield "jump target", expected.argval if is_jump else None, actual.jump_target
        if expected.starts_line is not None:
            yield "line", expected.starts_line, actual.line_number
        yield "line", expected.positions.lineno, actual.line_number


def _equal(one: Any, other: Any) -> bool:
    """Equal and of one type, all the way down; NaN is equal to itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return one is other or one == other


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="compare one module in N")
    args = parser.parse_args()
    comparison = Comparison()
    for code in stdlib_codes(args.every):
        compare_module(code, comparison)
    for difference in comparison.differences[:20]:
        print(difference)
    print(
        f"{sys.version.split()[0]}: {comparison.module_count:,} modules, "
        f"{comparison.code_object_count:,} code objects, "
        f"{comparison.instruction_count:,} instructions: {len(comparison.differences)} differences; "
        f"stack depth equal for {comparison.depth_equal_share:.3%}, "
        f"too deep for {comparison.too_deep_count}"
    )
    return 1 if comparison.differences or comparison.too_deep_count else 0


if __name__ == "__main__":
    sys.exit(main())
