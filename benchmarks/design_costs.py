"""The costs behind two decisions in docs/architecture.md.

::

    python benchmarks/design_costs.py [--runs N | --smoke]

How long it takes to make 10,000 instructions as named tuples and as frozen dataclasses, and to show
10,000 rows of five columns with print, with our palette, and with rich.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, make_dataclass
from time import process_time_ns

from rich.console import Console
from rich.table import Table
from rich.text import Text
from side_by_side import Row, table

from pyinternals.bytecode.facts import Instruction
from pyinternals.render.output import write_lines
from pyinternals.render.palette import ansi_palette

COUNT = 10_000

STYLES = ("dis.offset", "dis.depth", "dis.label", "dis.opname", "dis.argrepr")

FrozenInstruction = make_dataclass(
    "FrozenInstruction", Instruction._fields, frozen=True, slots=True, kw_only=True
)

VALUES = dict.fromkeys(Instruction._fields)
POSITIONAL = tuple(VALUES.values())
CELLS = [(str(2 * row), "3", "L1", "LOAD_FAST", "name") for row in range(COUNT)]


def named_tuples() -> None:
    for _ in range(COUNT):
        Instruction(*POSITIONAL)


def frozen_dataclasses() -> None:
    for _ in range(COUNT):
        FrozenInstruction(**VALUES)


def printed() -> None:
    stream = io.StringIO()
    for cells in CELLS:
        print(*cells, file=stream)


def painted() -> None:
    write_lines(_painted_rows(), io.StringIO())


def _painted_rows() -> Iterator[str]:
    palette = ansi_palette("256")
    marks = [palette.marks(style) for style in STYLES]
    (o1, c1), (o2, c2), (o3, c3), (o4, c4), (o5, c5) = marks
    for a, b, c, d, e in CELLS:
        yield f"{o1}{a}{c1} {o2}{b}{c2} {o3}{c}{c3} {o4}{d}{c4} {o5}{e}{c5}"


def rich_texts() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    for cells in CELLS:
        console.print(Text.assemble(*((f"{cell} ", "cyan") for cell in cells)))


def rich_table() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    whole = Table("offset", "depth", "label", "opname", "argument")
    for cells in CELLS:
        whole.add_row(*cells)
    console.print(whole)


GROUPS: tuple[tuple[tuple[str, Callable[[], None]], ...], ...] = (
    (
        (f"make {COUNT:,} named tuples", named_tuples),
        (f"make {COUNT:,} frozen dataclasses", frozen_dataclasses),
    ),
    (
        (f"show {COUNT:,} rows: print", printed),
        (f"show {COUNT:,} rows: our palette, coloured", painted),
        (f"show {COUNT:,} rows: rich Text", rich_texts),
        (f"show {COUNT:,} rows: rich Table", rich_table),
    ),
)


def best_ns(job: Callable[[], None], runs: int) -> int:
    """The least CPU time of `runs` calls."""
    times = []
    for _ in range(runs):
        start = process_time_ns()
        job()
        times.append(process_time_ns() - start)
    return min(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each (5)")
    parser.add_argument("--smoke", action="store_true", help="one run of each")
    args = parser.parse_args()
    assert [field.name for field in fields(FrozenInstruction)] == list(Instruction._fields)
    for group in GROUPS:
        times = [best_ns(job, 1 if args.smoke else args.runs) for _, job in group]
        rows = [
            Row(cells=(name, f"{time / 1e6:.1f}", f"{time / times[0]:.1f}"))
            for (name, _), time in zip(group, times, strict=True)
        ]
        print(table(("job", "CPU ms", "ratio"), rows), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
