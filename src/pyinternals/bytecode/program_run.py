"""Runs a program in child processes to see what the interpreter makes of its bytecode.

Twice: the first run *looks* (nothing is installed in the program; at its end its code objects are
read), the second *counts* instructions, which keeps them from being specialised. The first run's
output goes to our standard error, the second one's nowhere. Both read the same standard input, and
hash strings alike.

A child reports at its end (see `program_child` and `run_child`). What ends a process without its
exit handlers (`os._exit`, `os.exec*`, a crash, a signal) loses the report, and
`ProgramRun.warnings` says so.
"""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UsageError
from ..units import format_duration, plural
from .compilation import compile_source
from .program_child import Ended, ProgramChild
from .program_input import ProgramInput
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
    """How long each run may take. It is then interrupted as by Ctrl-C; killed if that fails."""
    stdin: int | None = 0
    """File descriptor of what the program reads; None for nothing."""


class RunWarning(NamedTuple):
    """Something that makes the findings less than they look."""

    code: str
    """``run-lost``, ``count-lost``, ``count-incomplete``, ``runs-differ``, ``timeout`` or
    ``interrupted``."""
    message: str


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
    is_seen: bool
    """Whether the looking run gave its report."""
    is_counted: bool
    """Whether the counting run gave its report."""
    is_complete: bool
    """Whether the counts are exact; if not, they are lower bounds."""
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


def run_target(
    request: RunRequest, *, output: int = 2, clock: Callable[[], int] = time.perf_counter_ns
) -> RunResult:
    """Run the program, twice if it is to be counted, and gather what became of its bytecode.

    The program's standard output and error go to the file descriptor `output`.

    Raises `SourceError` if the source doesn't compile, and `ProgramError` if it can't be started or
    its function can't be called. A Ctrl-C goes to the program; if it ends by that, what it did so
    far is returned with a warning, else `KeyboardInterrupt` is raised. No child is left in any
    case.
    """
    if request.function is not None and request.kind != "import":
        raise UsageError(
            "only a function of an imported module can be called", target=request.function
        )
    root = compile_source(request.source, request.filename, optimize=request.optimize).code
    with (
        tempfile.TemporaryDirectory(prefix="pyinternals-") as directory,
        ProgramInput(request.stdin, is_read_twice=request.count) as program_input,
    ):
        child = ProgramChild(request, Path(directory), clock)
        with program_input.first() as stdin:
            looked = child.run("look", stdin, output)
        counted = _count(request, child, looked, program_input)
    warnings = [*_warnings_of_look(looked, request), *counted.warnings]
    seen = looked.report
    problems = counted.report["problems"] if counted.report is not None else []
    warnings += [
        RunWarning("count-incomplete", f"counts are lower bounds: {text}") for text in problems
    ]
    records = _records(root, seen, counted.report, is_complete=not problems)
    warnings += _disagreements(records)
    program = ProgramRun(
        kind=request.kind,
        argv=(_first_argument(request), *request.args),
        function=request.function,
        call_count=request.warmup if request.function is not None else 0,
        exit_status=looked.status,
        counting_exit_status=counted.run.status if counted.run is not None else None,
        durations_ns=tuple(run.duration_ns for run in (looked, counted.run) if run is not None),
        is_seen=seen is not None,
        is_counted=counted.report is not None,
        is_complete=not problems,
        warnings=tuple(warnings),
    )
    return RunResult(program=program, root=root, records=records)


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
        return _Counted(None, None, [])
    if looked.manner != "end" or looked.report is None:
        why = (
            "the first run was cut short" if looked.manner != "end" else "it would be lost as well"
        )
        return _Counted(None, None, [RunWarning("count-lost", f"not run again to count: {why}")])
    with program_input.second() as stdin:
        ended = child.run("count", stdin, subprocess.DEVNULL)
    report = ended.report
    warnings = []
    if ended.manner != "end":
        message = f"counting was {_manner_in_words(ended, request)}: no counts"
        warnings.append(RunWarning("count-lost", message))
        report = None
    elif report is None:
        message = f"no counts: when counting, the program {_loss_in_words(ended.status)}"
        warnings.append(RunWarning("count-lost", message))
    elif ended.status != looked.status:
        message = (
            f"the program ended with {_status_in_words(looked.status)}, but with "
            f"{_status_in_words(ended.status)} when counted: the counts may be of another course"
        )
        warnings.append(RunWarning("runs-differ", message))
    return _Counted(ended, report, warnings)


def _warnings_of_look(looked: Ended, request: RunRequest) -> list[RunWarning]:
    warnings = []
    if looked.manner != "end":
        kind = "timeout" if looked.manner == "timeout" else "interrupted"
        warnings.append(RunWarning(kind, f"the program was {_manner_in_words(looked, request)}"))
    if looked.report is None:
        message = (
            f"what the interpreter made of it is lost: the program {_loss_in_words(looked.status)}"
        )
        warnings.append(RunWarning("run-lost", message))
    return warnings


def _manner_in_words(ended: Ended, request: RunRequest) -> str:
    if ended.manner == "interrupt":
        return "interrupted"
    return f"stopped after {format_duration(int((request.timeout_seconds or 0) * 1e9))}"


def _status_in_words(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _loss_in_words(status: int) -> str:
    if status < 0:
        return f"was ended by {_status_in_words(status)} before it could report"
    return f"ended with {_status_in_words(status)} past its exit handlers (os._exit, os.exec*)"


def _disagreements(records: Mapping[CodePath, RunRecord]) -> list[RunWarning]:
    count = sum(record.contradiction_count for record in records.values())
    if not count:
        return []
    message = (
        f"{plural(count, 'instruction')} specialised in the first run but not executed in the "
        "counting run: the program does not do the same twice"
    )
    return [RunWarning("runs-differ", message)]


def _records(
    root: types.CodeType,
    seen: dict[str, Any] | None,
    counted: dict[str, Any] | None,
    *,
    is_complete: bool,
) -> dict[CodePath, RunRecord]:
    records: dict[CodePath, RunRecord] = {}
    if seen is None and counted is None:
        return records
    waiting: list[tuple[CodePath, types.CodeType]] = [((), root)]
    while waiting:
        path, code = waiting.pop()
        _, executed, entered = counted["codes"][path] if counted is not None else (None, None, None)
        records[path] = run_record(
            code,
            specialised=seen["codes"][path][0] if seen is not None else None,
            executed=executed,
            entered=entered,
            is_complete=is_complete,
        )
        for index, const in enumerate(code.co_consts):
            if isinstance(const, types.CodeType):
                waiting.append(((*path, index), const))
    return records
