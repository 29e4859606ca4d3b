"""Runs a program in child processes to see what the interpreter makes of its bytecode.

Twice: the first run *looks* (nothing is installed in the program; at its end its code objects are
read), the second *counts* instructions, which keeps them from being specialised. The first run's
output goes to our standard error, the second one's nowhere. Both read the same standard input, and
hash strings alike.

A child reports at its end (see `program_child` and `run_child`). What ends a process without its
exit handlers (`os._exit`, `os.exec*`, a crash, a signal) loses the report, and
`ProgramRun.warnings` says so.

Where we are ended ourselves (SIGTERM, SIGHUP, SIGQUIT) the program is ended first. That can't be done
for SIGKILL, nor where `run_target` is not called in the main thread.
"""

from __future__ import annotations

import fcntl
import math
import os
import subprocess
import time
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import UsageError
from .compilation import compile_source
from .program_child import Ended, ProgramChild
from .program_input import ProgramInput
from .program_signals import NotedSignals
from .program_warnings import (
    RunWarning,
    warnings_of_copies,
    warnings_of_count,
    warnings_of_disagreement,
    warnings_of_look,
)
from .run_record import run_record
from .specialisation import RunRecord

__all__ = [
    "CodePath",
    "ProgramRun",
    "RunRequest",
    "RunResult",
    "RunWarning",
    "run_target",
]

CodePath = tuple[int, ...]
"""Where a code object is in its module: an index in `co_consts` for each level, () at the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Which program to run, and how."""

    kind: str
    """How Python would start it: ``script``, ``module`` (``-m``), ``code`` (``-c``), or ``import``:
    import the source as a module, then call `function`."""
    source: bytes
    filename: str
    """A script's as the user gave it (``sys.argv[0]``); ``<stdin>`` if it has none."""
    module_name: str = "__main__"
    """The module to import, or to run with ``-m``."""
    is_package: bool = False
    """Whether `source` is the ``__init__`` of a package."""
    search_path: str | None = None
    """``sys.path[0]``. None: what Python would put there; for ``import`` the directory that the
    module is found from."""
    args: tuple[str, ...] = ()
    """``sys.argv[1:]``."""
    function: str | None = None
    """``import`` only: the qualified name to call once the module is imported."""
    warmup: int = 1
    """How often to call it."""
    call_args: tuple[str, ...] = ()
    """What to call it with: Python literals; what is none is passed as the text it is."""
    optimize: int = -1
    """0, 1 or 2, as `compile` has it; -1 for this interpreter's own level."""
    count: bool = True
    """Whether to run it a second time and count."""
    timeout_seconds: float | None = None
    """How long each run may take, more than 0. It is then interrupted as by Ctrl-C; killed if that
    fails."""
    stdin: int | None = 0
    """File descriptor of what the program reads; None for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRun:
    """How the runs of a program went."""

    kind: str
    """As in `RunRequest`."""
    argv: tuple[str, ...]
    """The program's ``sys.argv`` at its start."""
    function: str | None
    call_count: int
    """How often `function` was to be called."""
    exit_status: int
    """Of the looking run; negative is the signal that ended it, as in `subprocess`."""
    counting_exit_status: int | None
    """Of the counting run; None if there was none."""
    durations_ns: tuple[int, ...]
    """Wall time of each run, the start of the interpreter included (`time.perf_counter_ns`)."""
    is_timed_out: bool
    """Whether the looking run was ended because it took longer than it may."""
    is_seen: bool
    """Whether the looking run gave its report."""
    is_counted: bool
    """Whether the counting run gave its report."""
    is_complete: bool
    """Whether all counts are exact; if not, some or all of them are lower bounds."""
    warnings: tuple[RunWarning, ...]

    @property
    def run_count(self) -> int:
        """How often the program was run."""
        return len(self.durations_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came out of running a program, for `specialisation.apply_run`."""

    program: ProgramRun
    root: types.CodeType
    """The module's code object as we compiled it, which the child did too."""
    records: Mapping[CodePath, RunRecord]
    """One for each code object in `root`; empty if both reports were lost."""


class _Counted(NamedTuple):
    """The counting run, where there was one, and what is to be said of it."""

    run: Ended | None
    report: dict[str, Any] | None
    """None if nothing can be made of it."""
    warnings: list[RunWarning]
    problems: list[str]
    """Why no count is exact."""


def run_target(
    request: RunRequest, *, output: int = 2, clock: Callable[[], int] = time.perf_counter_ns
) -> RunResult:
    """Run the program, twice if it is to be counted, and gather what became of its bytecode.

    The program's standard output and error go to the file descriptor `output`; nowhere if that
    can't be written to.

    Raises `SourceError` if the source doesn't compile, and `ProgramError` if it can't be started or
    its function can't be called. A Ctrl-C goes to the program; if it ends by that, what it did so
    far is returned with a warning, else `KeyboardInterrupt` is raised. No child is left in any
    case.
    """
    _check(request)
    root = compile_source(request.source, request.filename, optimize=request.optimize).code
    with (
        NotedSignals() as signals,
        _writable(output) as descriptor,
        ProgramInput(request.stdin, is_read_twice=request.count) as program_input,
    ):
        child = ProgramChild(request, signals, clock)
        with program_input.first() as stdin:
            looked = child.run("look", stdin, descriptor)
        counted = _count(request, child, looked, program_input)
    records = _records(root, looked.report, counted)
    copies = [] if counted.problems else _names_of_copies(root, records)
    warnings = (
        *warnings_of_look(looked, request),
        *counted.warnings,
        *(
            RunWarning("count-incomplete", f"counts are lower bounds: {text}")
            for text in counted.problems
        ),
        *warnings_of_copies(copies),
        *warnings_of_disagreement(records),
    )
    program = ProgramRun(
        kind=request.kind,
        argv=(_first_argument(request), *request.args),
        function=request.function,
        call_count=request.warmup if request.function is not None else 0,
        exit_status=looked.status,
        counting_exit_status=counted.run.status if counted.run is not None else None,
        durations_ns=tuple(run.duration_ns for run in (looked, counted.run) if run is not None),
        is_timed_out=looked.manner == "timeout",
        is_seen=looked.report is not None,
        is_counted=counted.report is not None,
        is_complete=not counted.problems and not copies,
        warnings=warnings,
    )
    return RunResult(program=program, root=root, records=records)


def _check(request: RunRequest) -> None:
    if request.function is not None and request.kind != "import":
        raise UsageError(
            "only a function of an imported module can be called", target=request.function
        )
    seconds = request.timeout_seconds
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise UsageError(f"a timeout of {seconds:g} seconds makes no sense", hint="more than 0")


@contextmanager
def _writable(descriptor: int) -> Iterator[int]:
    """`descriptor`, or one of the null device if it is closed or can't be written to."""
    try:
        os.write(descriptor, b"")  # a full device objects to that too
    except OSError:
        opened = os.open(os.devnull, os.O_WRONLY)
        # not among the standard descriptors, where a closed one would seem to be open
        nowhere = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, 3)
        os.close(opened)
        try:
            yield nowhere
        finally:
            os.close(nowhere)
    else:
        yield descriptor


def _first_argument(request: RunRequest) -> str:
    if request.kind == "code":
        return "-c"
    return (
        "-" if request.kind == "script" and request.filename.startswith("<") else request.filename
    )


def _count(
    request: RunRequest, child: ProgramChild, looked: Ended, program_input: ProgramInput
) -> _Counted:
    """The second run, unless the first one leaves no sense in it."""
    if not request.count:
        return _Counted(None, None, [], [])
    why = None
    if looked.manner != "end":
        why = "the first run was cut short"
    elif looked.report is None:
        why = "it would be lost as well"
    elif program_input.is_lost:
        why = "what came through standard input could not be kept"
    if why is not None:
        warning = RunWarning("count-lost", f"not run again to count: {why}")
        return _Counted(None, None, [warning], [])
    with program_input.second() as stdin:
        ended = child.run("count", stdin, subprocess.DEVNULL)
    warnings = warnings_of_count(ended, looked, request)
    if ended.manner != "end" or ended.report is None:
        return _Counted(ended, None, warnings, [])
    problems: list[str] = list(ended.report["problems"])
    if program_input.is_missing:
        problems.append("the counting run had no terminal to read from")
    return _Counted(ended, ended.report, warnings, problems)


def _code_objects(root: types.CodeType) -> Iterator[tuple[CodePath, types.CodeType]]:
    waiting: list[tuple[CodePath, types.CodeType]] = [((), root)]
    while waiting:
        path, code = waiting.pop()
        yield path, code
        for index, const in enumerate(code.co_consts):
            if isinstance(const, types.CodeType):
                waiting.append(((*path, index), const))


def _records(
    root: types.CodeType, seen: dict[str, Any] | None, counted: _Counted
) -> dict[CodePath, RunRecord]:
    if seen is None and counted.report is None:
        return {}
    records: dict[CodePath, RunRecord] = {}
    for path, code in _code_objects(root):
        executed, entered, is_copied = None, None, False
        if counted.report is not None:
            _, executed, entered, is_copied = counted.report["codes"][path]
        records[path] = run_record(
            code,
            specialised=seen["codes"][path][0] if seen is not None else None,
            executed=executed,
            entered=entered,
            is_complete=not counted.problems and not is_copied,
        )
    return records


def _names_of_copies(root: types.CodeType, records: Mapping[CodePath, RunRecord]) -> list[str]:
    """The code objects whose counts alone are not exact, in the order of the source."""
    found = [
        code
        for path, code in _code_objects(root)
        if path in records and not records[path].is_complete
    ]
    return [code.co_qualname for code in sorted(found, key=lambda code: code.co_firstlineno)]
