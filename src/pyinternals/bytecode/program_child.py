"""Starts one child of ``dis --run``, waits for it, reads its report.

Request and report go through a `Channel`: the program keeps its standard streams and finds no more
than one file descriptor that it did not expect, with a high number.

The child has a process group of its own, so that a timeout, an interrupt or our own end reaches
whatever it started. `program_terminal` says how it reads a terminal nevertheless.
"""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ProgramError
from ..safe_text import escape, shorten
from .program_channel import Channel
from .program_signals import NotedSignals
from .program_terminal import Terminal
from .program_wait import ProgramWait

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
    """``end``: by itself; ``timeout`` or ``interrupt``: because we or the user wished so;
    ``terminal``: because it wanted the terminal and could not have it."""
    report: dict[str, Any] | None
    """None if it never came to that."""
    failure: str | None
    """The exception that kept it from making a report."""


class ProgramChild:
    """Starts the child, waits for it, reads its report."""

    def __init__(
        self, request: RunRequest, signals: NotedSignals, clock: Callable[[], int]
    ) -> None:
        self.request = request
        self.signals = signals
        self.clock = clock
        self.environment, self.restored = _environment(request)
        self.command = [*_interpreter(request), str(RUN_CHILD)]

    def run(self, purpose: str, stdin: int, output: int) -> Ended:
        """Run it to ``look`` or to ``count``. Raises `ProgramError` if it could not begin."""
        is_counting = purpose == "count"
        started_ns = self.clock()
        with (
            Channel(self._request(is_counting=is_counting)) as channel,
            Terminal(is_lent=not is_counting) as terminal,
        ):
            process = self._start(channel.child_descriptor, stdin, output)
            wait = ProgramWait(
                process,
                channel,
                self.signals,
                terminal,
                timeout_seconds=self.request.timeout_seconds,
                grace_seconds=GRACE_SECONDS,
            )
            channel.begin()
            manner = wait.until_end()
            duration_ns = self.clock() - started_ns
            report = channel.report()
        if self.signals.ending is not None:
            raise SystemExit(128 + self.signals.ending)
        if manner == "end" and not report.has_begun:
            raise ProgramError(
                f"ended with status {process.returncode} before it came to the program",
                target=escape(self.command[0]),
                hint="its own start-up failed: what it wrote may say why",
            )
        if report.content is not None and report.content["failure"] is not None:
            message, hint = report.content["failure"]
            target = self.request.function or self.request.module_name
            raise ProgramError(shorten(message), target=escape(target), hint=escape(hint))
        return Ended(process.returncode, duration_ns, manner, report.content, report.failure)

    def _request(self, *, is_counting: bool) -> bytes:
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
            "environment": self.restored,
        }
        return marshal.dumps(content)

    def _start(self, channel: int, stdin: int, output: int) -> subprocess.Popen[bytes]:
        command = [*self.command, str(channel)]
        try:
            return subprocess.Popen(
                command,
                stdin=stdin,
                stdout=output,
                stderr=output,
                env=self.environment,
                pass_fds=(channel,),
                process_group=0,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise ProgramError(
                f"can't be run: {reason[0].lower()}{reason[1:]}", target=escape(command[0])
            ) from error


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
