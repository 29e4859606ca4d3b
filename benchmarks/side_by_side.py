"""Measures the CPU time of commands side by side: interleaved, best of N.

As a module: `measure` takes `Command`s and returns `Measurement`s. As a script it compares the
commands it is given with the first of them::

    python benchmarks/side_by_side.py [--runs N] "python -m dis x.py" "pyinternals dis x.py"

CPU time is user + system time of the child process as wait4(2) reports it: the whole command, from
exec to exit, and nothing of what else the machine was doing.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Command", "Measurement", "Row", "clean_environment", "measure", "table"]

SLOWING_VARIABLES = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
LOOKS_VARIABLES = ("NO_COLOR", "FORCE_COLOR", "COLUMNS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing to run. Its output goes to the null device, its errors to a file."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables to set on top of `clean_environment`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What the runs of one command took."""

    command: Command
    cpu_ns: tuple[int, ...]
    """User + system time of each run."""

    @property
    def best_ns(self) -> int:
        """The least: what the command takes when nothing disturbs it."""
        return min(self.cpu_ns)

    @property
    def best_ms(self) -> float:
        """`best_ns` in milliseconds."""
        return self.best_ns / 1e6

    @property
    def spread(self) -> float:
        """How far the median is above the least, as a share: how noisy the machine was."""
        middle = sorted(self.cpu_ns)[len(self.cpu_ns) // 2]
        return middle / self.best_ns - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table: cells, and whether the line is worth a second look."""

    cells: tuple[str, ...]
    is_bad: bool = False


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours without what slows a start down or changes what is printed, plus `extra`."""
    dropped = {*SLOWING_VARIABLES, *LOOKS_VARIABLES}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, **(extra or {})}


def measure(
    commands: Sequence[Command], *, runs: int, cwd: Path | None = None
) -> list[Measurement]:
    """Run each of `commands` `runs` times, in turns, after one run of each that doesn't count.

    Raises `RuntimeError` with the end of its errors when a command fails.
    """
    for command in commands:
        _cpu_ns(command, cwd)  # writes .pyc files, fills the page cache
    found: list[list[int]] = [[] for _ in commands]
    for _ in range(runs):
        for command, times in zip(commands, found, strict=True):
            times.append(_cpu_ns(command, cwd))
    return [
        Measurement(command=command, cpu_ns=tuple(times))
        for command, times in zip(commands, found, strict=True)
    ]


def _cpu_ns(command: Command, cwd: Path | None) -> int:
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            command.arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=clean_environment(command.environment),
            cwd=cwd,
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            errors.seek(0)
            last_words = errors.read().decode("utf-8", "replace").strip().splitlines()[-3:]
            raise RuntimeError(
                f"{shlex.join(command.arguments)} exited with {child.returncode}: "
                + " / ".join(last_words)
            )
    return round((usage.ru_utime + usage.ru_stime) * 1e9)


def table(heads: Sequence[str], rows: Sequence[Row]) -> str:
    """`rows` under `heads`: the first column to the left, the others to the right."""
    lines = [tuple(heads), *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    laid_out = []
    for line, is_bad in zip(lines, [False, *(row.is_bad for row in rows)], strict=True):
        first = line[0].ljust(widths[0])
        others = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        laid_out.append("  ".join((first, *others)) + ("  <-- over the limit" if is_bad else ""))
    return "\n".join(laid_out)


def main() -> int:
    """Compare the commands on the command line; without any, Python with and without ``site``."""
    parser = argparse.ArgumentParser(description="CPU time of commands, side by side.")
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help="a command line, quoted")
    parser.add_argument("--runs", type=int, default=9, metavar="N", help="runs of each (9)")
    parser.add_argument("--smoke", action="store_true", help="one run of each")
    args = parser.parse_args()
    python = shlex.quote(sys.executable)
    written = args.commands or [f"{python} -c pass", f"{python} -S -c pass"]
    commands = [Command(name=text, arguments=tuple(shlex.split(text))) for text in written]
    measurements = measure(commands, runs=1 if args.smoke else args.runs)
    first_ns = measurements[0].best_ns
    rows = [
        Row(
            cells=(
                found.command.name,
                f"{found.best_ms:.1f}",
                f"{found.spread:.0%}",
                f"{found.best_ns / first_ns:.2f}",
            )
        )
        for found in measurements
    ]
    print(table(("command", "CPU ms", "noise", "ratio"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
