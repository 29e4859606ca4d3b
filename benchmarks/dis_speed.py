"""What ``pyinternals dis`` costs, beside ``python -m dis`` and pydisasm (package xdis).

::

    python benchmarks/dis_speed.py [--python PATH ...] [--runs N] [--check | --smoke]

For each interpreter: CPU time of the whole command on three big modules of its standard library,
and what ``import pyinternals`` and ``--help`` take over an interpreter that does nothing.
Each interpreter needs pyinternals, and xdis for the comparison with pydisasm.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from side_by_side import Command, Measurement, Row, clean_environment, measure, table

MODULES = ("typing.py", "argparse.py", "_pydecimal.py")

PLAIN_LIMIT = 1.3
"""CPU time of the plain listing over that of ``python -m dis``."""
COLOURED_LIMIT = 1.6
"""CPU time of the coloured listing over that of ``python -m dis``."""
PYDISASM_LIMIT = 1.0
"""CPU time of either over that of pydisasm: faster than it everywhere."""
IMPORT_LIMIT_MS = 15.0
"""CPU time of ``import pyinternals`` over that of ``pass``."""
HELP_LIMIT_MS = 45.0
"""CPU time of ``python -m pyinternals --help`` over that of ``pass``."""

COLOURED = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One figure, next to its limit where it has one."""

    what: str
    measurement: Measurement
    over: str = "-"
    """What it is compared with."""
    value: float | None = None
    unit: str = "x"
    limit: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether it passes its limit."""
        return self.value is not None and self.limit is not None and self.value > self.limit

    def row(self) -> Row:
        """The figure as a line of the table."""
        digits = 2 if self.unit == "x" else 1
        shown = [
            "-" if number is None else f"{number:z.{digits}f} {self.unit}"
            for number in (self.value, self.limit)
        ]
        return Row(
            cells=(
                self.what,
                f"{self.measurement.best_ms:.1f}",
                f"{self.measurement.spread:.0%}",
                self.over,
                *shown,
            ),
            is_bad=self.is_over,
        )


def dis_commands(python: str, path: Path, *, with_pydisasm: bool) -> dict[str, Command]:
    """The commands that are measured on the file at `path`, by name."""
    ours = (python, "-m", "pyinternals", "dis", str(path))
    pydisasm = (python, "-c", "from xdis.bin.pydisasm import main; main()", str(path))
    commands = [
        Command(name="python -m dis", arguments=(python, "-m", "dis", str(path))),
        Command(name="dis", arguments=ours),
        Command(name="dis, coloured", arguments=ours, environment=COLOURED),
        Command(name="dis --json", arguments=(*ours, "--json")),
    ]
    if with_pydisasm:
        commands.append(Command(name="pydisasm", arguments=pydisasm))
    return {command.name: command for command in commands}


def start_commands(python: str) -> dict[str, Command]:
    """The commands that show what a start takes, by name."""
    commands = [
        Command(name="pass", arguments=(python, "-c", "pass")),
        Command(name="import pyinternals", arguments=(python, "-c", "import pyinternals")),
        Command(name="pyinternals --help", arguments=(python, "-m", "pyinternals", "--help")),
    ]
    return {command.name: command for command in commands}


def dis_findings(module: str, found: dict[str, Measurement]) -> Iterator[Finding]:
    """The figures of one module: each command over ``python -m dis``, and ours over pydisasm."""
    native, pydisasm = found["python -m dis"], found.get("pydisasm")
    yield Finding(what=f"python -m dis {module}", measurement=native)
    limits = {"dis": PLAIN_LIMIT, "dis, coloured": COLOURED_LIMIT}
    for name in ("dis", "dis, coloured", "dis --json", "pydisasm"):
        if name not in found:
            continue
        yield Finding(
            what=f"{name} {module}" if name == "pydisasm" else f"pyinternals {name} {module}",
            measurement=found[name],
            over="dis",
            value=found[name].best_ns / native.best_ns,
            limit=limits.get(name),
        )
    if pydisasm is None:
        return
    for name in limits:
        yield Finding(
            what=f"pyinternals {name} {module}",
            measurement=found[name],
            over="pydisasm",
            value=found[name].best_ns / pydisasm.best_ns,
            limit=PYDISASM_LIMIT,
        )


def start_findings(found: dict[str, Measurement]) -> Iterator[Finding]:
    """What an import and ``--help`` take over an interpreter that does nothing."""
    nothing = found["pass"]
    yield Finding(what="python -c pass", measurement=nothing)
    limits = {"import pyinternals": IMPORT_LIMIT_MS, "pyinternals --help": HELP_LIMIT_MS}
    for name, limit_ms in limits.items():
        yield Finding(
            what=name,
            measurement=found[name],
            over="pass",
            value=found[name].best_ms - nothing.best_ms,
            unit="ms",
            limit=limit_ms,
        )


def ask(python: str, statement: str) -> str:
    """What `python` prints for `statement`."""
    return subprocess.run(
        [python, "-c", statement],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=clean_environment(),
        check=True,
    ).stdout.strip()


def why_no_pydisasm(python: str, path: Path) -> str | None:
    """Why pydisasm can't be compared with on this interpreter; None if it can."""
    command = dis_commands(python, path, with_pydisasm=True)["pydisasm"]
    tried = subprocess.run(
        command.arguments,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=clean_environment(),
        check=False,
    )
    if tried.returncode == 0 and len(tried.stdout.splitlines()) > 1000:
        return None
    last_words = (tried.stderr.strip() or tried.stdout.strip() or "no output").splitlines()[-1]
    return f"exit code {tried.returncode}, {last_words}"


def findings(python: str, *, runs: int) -> Iterator[Finding]:
    """Every figure of one interpreter."""
    stdlib = Path(ask(python, "import sysconfig; print(sysconfig.get_path('stdlib'))"))
    reason = why_no_pydisasm(python, stdlib / MODULES[0])
    if reason is not None:
        print(f"pydisasm left out: {reason}")
    with tempfile.TemporaryDirectory() as folder:  # where no name of ours can be found by accident
        cwd = Path(folder)
        for module in MODULES:
            commands = dis_commands(python, stdlib / module, with_pydisasm=reason is None)
            yield from dis_findings(module, _measured(commands, runs, cwd))
        yield from start_findings(_measured(start_commands(python), 3 * runs, cwd))


def _measured(commands: dict[str, Command], runs: int, cwd: Path) -> dict[str, Measurement]:
    measurements = measure(list(commands.values()), runs=runs, cwd=cwd)
    return dict(zip(commands, measurements, strict=True))


def main() -> int:
    """Measure, print, and with ``--check`` exit with 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", action="append", metavar="PATH", help="interpreter (this one)")
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="runs of each (7)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is passed")
    parser.add_argument("--smoke", action="store_true", help="one run of each, no judgement")
    args = parser.parse_args()
    over = 0
    for python in args.python or [sys.executable]:
        print(f"Python {ask(python, 'import platform; print(platform.python_version())')}")
        found = list(findings(python, runs=1 if args.smoke else args.runs))
        heads = ("command", "CPU ms", "noise", "over", "figure", "limit")
        print(table(heads, [finding.row() for finding in found]), end="\n\n")
        over += sum(finding.is_over for finding in found)
    if args.smoke:
        return 0
    print(f"{over} over the limit" if over else "all within the limits")
    return 1 if args.check and over else 0


if __name__ == "__main__":
    sys.exit(main())
