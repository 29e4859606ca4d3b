"""Starts one child of ``dis --run``, waits for it, reads its report.

Request and report are files of `marshal` data in a directory of our own: the program keeps its
standard streams and finds no file descriptor that it did not expect.

The child has a process group of its own, so that a timeout or an interrupt reaches whatever it
started. Only where its standard input is a terminal it shares ours, or it couldn't read from it.
"""

from __future__ import annotations

import marshal
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ProgramError
from ..safe_text import escape, shorten

if TYPE_CHECKING:
    from .program_run import RunRequest

__all__ = ["Ended", "ProgramChild"]

GRACE_SECONDS = 3.0
"""How long an interrupted program may take to end by itself."""
RUN_CHILD = Path(__file__).with_name("run_child.py")


class Ended(NamedTuple):
    """One run of the child."""

    status: int
    duration_ns: int
    manner: str
    """``end``: by itself; ``timeout`` or ``interrupt``: because we or the user wished so."""
    report: dict[str, Any] | None
    """None if it never came to that."""


class ProgramChild:
    """Starts the child, waits for it, reads its report."""

    def __init__(self, request: RunRequest, directory: Path, clock: Callable[[], int]) -> None:
        self.request = request
        self.directory = directory
        self.clock = clock
        self.environment, self.restored = _environment(request)
        self.command = [*_interpreter(request), str(RUN_CHILD)]

    def run(self, purpose: str, stdin: int, output: int) -> Ended:
        """Run it to ``look`` or to ``count``. Raises `ProgramError` if it could not begin."""
        request_path = self.directory / f"{purpose}.request"
        report_path = self.directory / f"{purpose}.report"
        request_path.write_bytes(self._request(report_path, is_counting=purpose == "count"))
        started_ns = self.clock()
        status, manner = self._run([*self.command, str(request_path)], stdin, output)
        duration_ns = self.clock() - started_ns
        report = _read_report(report_path)
        if report is not None and report["failure"] is not None:
            message, hint = report["failure"]
            target = self.request.function or self.request.module_name
            raise ProgramError(shorten(message), target=escape(target), hint=escape(hint))
        return Ended(status, duration_ns, manner, report)

    def _request(self, report_path: Path, *, is_counting: bool) -> bytes:
        request = self.request
        content = {
            "kind": request.kind,
            "source": request.source,
            "filename": request.filename,
            "module_name": request.module_name,
            "is_package": request.is_package,
            "search_path": request.search_path,
            "args": list(request.args),
            "function": request.function,
            "warmup": request.warmup,
            "call_args": marshal.dumps([_literal(text) for text in request.call_args]),
            "optimize": request.optimize,
            "count": is_counting,
            "record": str(report_path),
            "environment": self.restored,
        }
        return marshal.dumps(content)

    def _run(self, command: list[str], stdin: int, output: int) -> tuple[int, str]:
        """The exit status, and how it came to an end."""
        shares_our_group = stdin >= 0 and os.isatty(stdin)
        try:
            process = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=output,
                stderr=output,
                env=self.environment,
                process_group=None if shares_our_group else 0,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise ProgramError(
                f"can't be run: {reason[0].lower()}{reason[1:]}", target=escape(command[0])
            ) from error
        group = None if shares_our_group else process.pid
        manner = "end"
        try:
            try:
                process.wait(self.request.timeout_seconds)
            except subprocess.TimeoutExpired:
                manner = "timeout"
                _send(process, group, signal.SIGINT)
            except KeyboardInterrupt:
                manner = "interrupt"
                if group is not None:  # else the terminal sent it to the child too
                    _send(process, group, signal.SIGINT)
            if manner != "end":
                _wait_a_little(process, is_raising=manner == "interrupt")
        finally:
            if manner != "end" or process.poll() is None:
                _send(process, group, signal.SIGKILL)
            process.wait()
        return process.returncode, manner


def _wait_a_little(process: subprocess.Popen[bytes], *, is_raising: bool) -> None:
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        if is_raising:
            raise KeyboardInterrupt from None


def _send(process: subprocess.Popen[bytes], group: int | None, number: signal.Signals) -> None:
    """Send a signal to the child and, where it has a group of its own, to all in it."""
    if group is None:
        process.send_signal(number)
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _read_report(path: Path) -> dict[str, Any] | None:
    """What the child wrote; None if it never came to that."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    report: dict[str, Any] = marshal.loads(data)
    return report


def _literal(text: str) -> Any:
    import ast

    try:
        return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text


def _interpreter(request: RunRequest) -> list[str]:
    """This interpreter and the options it was started with."""
    if not sys.executable:
        raise ProgramError(
            "this interpreter doesn't know its own path", hint="run it as python -m pyinternals"
        )
    # what multiprocessing starts its children with
    options: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    if request.optimize >= 0:
        options = [option for option in options if not option.startswith("-O")]
        options += ["-" + "O" * request.optimize] if request.optimize else []
    return [sys.executable, *options]


def _environment(request: RunRequest) -> tuple[dict[str, str], dict[str, str | None]]:
    """The child's environment, and what it is to change back before the program sees it."""
    environment = dict(os.environ)
    restored: dict[str, str | None] = {}
    if sys.flags.ignore_environment:
        return environment, restored
    if "PYTHONHASHSEED" not in environment:
        restored["PYTHONHASHSEED"] = None
        environment["PYTHONHASHSEED"] = str(int.from_bytes(os.urandom(4), "big") or 1)
    if request.optimize >= 0 and "PYTHONOPTIMIZE" in environment:
        restored["PYTHONOPTIMIZE"] = environment.pop("PYTHONOPTIMIZE")
    return environment, restored
