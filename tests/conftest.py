"""What tests of the command line share: a real child process, and a real terminal."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

# A shell that starts us in the background lets us ignore these, and our children with us.
for _number, _handler in (
    (signal.SIGINT, signal.default_int_handler),
    (getattr(signal, "SIGQUIT", signal.SIGTERM), signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)

_TERMINAL_VARIABLES = frozenset(
    {
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "COLORTERM",
        "COLUMNS",
        "FORCE_COLOR",
        "LINES",
        "NO_COLOR",
        "TERM",
        "TTY_COMPATIBLE",
        "TTY_INTERACTIVE",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A child process that has ended. Bytes that aren't UTF-8 are surrogate escapes."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalSession:
    """A child process that has ended, and everything it wrote to its terminal, as it wrote it."""

    returncode: int
    output: str


class RunCli(Protocol):
    """``run_cli("dis", "file.py")``."""

    def __call__(
        self,
        *arguments: str | Path,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 60,
    ) -> Finished:
        """Run it; `env` is added to a clean environment, no `stdin` means an empty one."""


class RunInTerminal(Protocol):
    """``run_in_terminal([sys.executable, "-m", "pyinternals", "dis", "file.py"], columns=100)``."""

    def __call__(
        self,
        command: Sequence[str | Path],
        *,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 60,
    ) -> TerminalSession:
        """Run it on a terminal of this size; `env` is added to a clean environment."""


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without what changes Python's ways or a report's looks, plus `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _TERMINAL_VARIABLES and not name.startswith("PYTHON")
    }
    return {**kept, **(extra or {})}


@pytest.fixture
def run_cli(tmp_path: Path) -> RunCli:
    """Run ``python -m pyinternals`` in a child process, by default in the test's own folder."""

    def run(
        *arguments: str | Path,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 60,
    ) -> Finished:
        given = stdin.encode("utf-8", "surrogateescape") if isinstance(stdin, str) else stdin
        finished = subprocess.run(
            [sys.executable, "-m", "pyinternals", *map(str, arguments)],
            input=given or b"",
            capture_output=True,
            env=clean_environment(env),
            cwd=cwd or tmp_path,
            timeout=timeout,
            check=False,
        )
        return Finished(
            returncode=finished.returncode,
            stdout=finished.stdout.decode("utf-8", "surrogateescape"),
            stderr=finished.stderr.decode("utf-8", "surrogateescape"),
        )

    return run


@pytest.fixture
def run_in_terminal(tmp_path: Path) -> RunInTerminal:
    """Run a command on a pseudo-terminal: its input, output and errors are all that terminal."""
    termios = pytest.importorskip("termios", reason="there are no pseudo-terminals here")

    def run(
        command: Sequence[str | Path],
        *,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 60,
    ) -> TerminalSession:
        ours, theirs = os.openpty()
        try:
            termios.tcsetwinsize(theirs, (rows, columns))
            with subprocess.Popen(
                [str(part) for part in command],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env=clean_environment({"TERM": "xterm-256color", **(env or {})}),
                cwd=cwd or tmp_path,
                start_new_session=True,
            ) as child:
                os.close(theirs)
                theirs = -1
                try:
                    written = _read_to_end(ours, time.monotonic() + timeout)
                except TimeoutError:
                    child.kill()
                    raise
                returncode = child.wait(timeout)
        finally:
            os.close(ours)
            if theirs >= 0:
                os.close(theirs)
        return TerminalSession(
            returncode=returncode, output=written.decode("utf-8", "surrogateescape")
        )

    return run


def _read_to_end(terminal: int, deadline: float) -> bytes:
    """Everything written to the other end of `terminal` until its last holder closes it."""
    chunks = []
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError(f"still running; so far it wrote {b''.join(chunks)!r}")
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # Linux says EIO where other systems say end of file
            chunk = b""
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
