"""``dis --run``: executes the target in child processes and puts what became of it into the facts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..features import HAS_PROCESS_GROUPS
from ..safe_text import escape
from . import print_warning

if TYPE_CHECKING:
    from ..bytecode.facts import CodeObject
    from ..bytecode.program_run import ProgramRun, RunRequest
    from ..bytecode.pyc_target import PycTarget
    from ..bytecode.targets import SourceTarget
    from ..render.json_envelope import Json

__all__ = ["run_target"]

_OWN_OPTIONS = frozenset(
    ("--json", "--html", "--width", "--lines", "--warmup", "--no-count", "--timeout", "--explain")
)
"""Options of ours that are often put behind ``--run``, where they are the program's."""


def run_target(
    target: SourceTarget | PycTarget, args: argparse.Namespace, *, optimize: int
) -> tuple[Sequence[CodeObject], list[Json], Json, int]:
    """The facts with the run in them, warnings, the run for JSON, and the program's exit status."""
    if not HAS_PROCESS_GROUPS:
        raise UsageError("--run needs a POSIX system", hint="all other views work here")
    from ..bytecode import program_run
    from ..bytecode.pyc_target import PycTarget
    from ..bytecode.specialisation import apply_run
    from ..render.json_envelope import warning

    if isinstance(target, PycTarget):
        raise UsageError("a .pyc file is not run", hint="name the source it was made from")
    swallowed = [argument for argument in args.run if argument in _OWN_OPTIONS]
    if swallowed:
        print_warning(
            f"{', '.join(swallowed)} behind --run goes to the program: --run must be the last option"
        )
    roots, compiler_warnings = target.facts(optimize=optimize)
    result = program_run.run_target(_request(target, args, optimize))
    warnings = []
    for code, text in result.program.warnings:
        print_warning(escape(text))
        warnings.append(warning(code, text))
    warnings += [
        warning("compiler", f"{target.filename}:{found.line}: {found.message}")
        for found in compiler_warnings
    ]
    roots = tuple(apply_run(root, result) for root in roots)
    return roots, warnings, _document(result.program), _exit_code(result.program)


def _request(target: SourceTarget, args: argparse.Namespace, optimize: int) -> RunRequest:
    from ..bytecode.program_run import RunRequest

    calls = args.warmup is not None
    if calls and (target.selector is None or target.selector.startswith("/")):
        raise UsageError("--warmup calls a function", hint="name one, as in file.py::function")
    if calls and target.filename == "<stdin>":
        raise UsageError("--warmup can't import standard input", hint="give a file")
    return RunRequest(
        kind="import" if calls else target.kind,
        source=target.data,
        filename=target.filename,
        module_name=target.module_name,
        # a module is found as `python -m` finds it, not from where it happens to lie
        search_path="" if calls and target.kind != "script" else None,
        is_package=target.is_package,
        args=() if calls else tuple(args.run),
        function=target.selector if calls else None,
        warmup=args.warmup or 1,
        call_args=tuple(args.run) if calls else (),
        optimize=optimize,
        count=not args.no_count,
        timeout_seconds=args.timeout,
        stdin=None if target.filename == "<stdin>" else 0,
    )


def _exit_code(program: ProgramRun) -> int:
    """The program's own, as a shell has it: 128 and the signal's number if one ended it.

    124 after a timeout, as ``timeout(1)`` has it.
    """
    if program.is_timed_out:
        return 124
    status = program.exit_status
    return status if status >= 0 else 128 - status


def _document(program: ProgramRun) -> Json:
    return {
        "kind": program.kind,
        "argv": list(program.argv),
        "function": program.function,
        "call_count": program.call_count,
        "run_count": program.run_count,
        "exit_status": program.exit_status,
        "counting_exit_status": program.counting_exit_status,
        "durations_ns": list(program.durations_ns),
        "is_seen": program.is_seen,
        "is_counted": program.is_counted,
        "is_complete": program.is_complete,
    }
