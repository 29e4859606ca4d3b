"""A program on a terminal: it reads, Ctrl-C and Ctrl-Z work, and the terminal is given back."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from program_runs import DRIVER, TARGETS

if TYPE_CHECKING:
    from conftest import RunInTerminal

pytest.importorskip("termios", reason="there are no pseudo-terminals here")

CTRL_C, CTRL_Z = "\x03", "\x1a"
ASKS = "name = input('name? ')\nprint('hello', name)\n"
READY = "print('ready', flush=True)\n"
ENDLESS_CHILD = "[sys.executable, '-c', 'while True: pass']"


class Conversation:
    """A shell that runs `run_target` of a program as its foreground job, on a terminal."""

    def __init__(self, program: Path, environment: dict[str, str]) -> None:
        self.terminal, theirs = os.openpty()
        command = [sys.executable, TARGETS / "job_shell.py", sys.executable, "-c", DRIVER, program]
        self.shell = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "PYTHON_COLORS": "0", **environment},
            start_new_session=True,
        )
        os.close(theirs)
        self.unread = ""

    def read_to(self, text: str) -> None:
        """Wait until `text` is written."""
        while text not in self.unread:
            piece = self._read()
            assert piece, f"{text!r} was not written: {self.unread}"
        self.unread = self.unread.partition(text)[2]

    def read_to_end(self) -> str:
        """All that is written until nobody has the terminal open any more."""
        while self._read():
            pass
        self.shell.wait()
        return self.unread

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def interrupt(self, text: str) -> None:
        """Press Ctrl-C until `text` is written: what comes just before a read is not heeded by Python
        until that ends."""
        while text not in self.unread:
            self.type(CTRL_C)
            while text not in self.unread and select.select([self.terminal], [], [], 1)[0]:
                assert self._read(), f"{text!r} was not written: {self.unread}"

    def close(self) -> None:
        os.close(self.terminal)
        self.shell.kill()
        self.shell.wait()

    def _read(self) -> str:
        try:
            piece = os.read(self.terminal, 65536).decode().replace("\r\n", "\n")
        except OSError:  # what Linux says at the end
            return ""
        self.unread += piece
        return piece


class Shell:
    """Starts conversations about a program's text."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.started: list[Conversation] = []

    def __call__(self, source: str, **environment: str) -> Conversation:
        program = self.directory / "program.py"
        program.write_text(source)
        self.started.append(Conversation(program, environment))
        return self.started[-1]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    starts = Shell(tmp_path)
    yield starts
    for conversation in starts.started:
        conversation.close()


def result_in(text: str) -> list[object]:
    """Exit status, counts and warnings, as the driver prints them."""
    found: list[object] = json.loads(next(line for line in text.splitlines() if line[:1] == "["))
    return found


GIVEN_BACK = "ended with 0 and the terminal: True\n"


def test_a_program_reads_what_is_typed_and_is_not_asked_again(shell: Shell) -> None:
    session = shell(ASKS)
    session.read_to("name? ")
    session.type("Ada\n")
    written = session.read_to_end()

    assert "hello Ada\n" in written
    assert written.count("name?") == 0
    assert result_in(written) == [0, {}, ["count-lost"]]
    assert written.endswith(GIVEN_BACK)


def test_a_program_that_reads_the_terminal_past_its_standard_input_is_noticed(shell: Shell) -> None:
    session = shell("import getpass\nprint(getpass.getpass('secret? ')[::-1])\n")
    session.read_to("secret? ")
    session.type("word\n")
    written = session.read_to_end()

    assert "drow\n" in written
    assert result_in(written) == [0, {}, ["count-lost"]]
    assert written.endswith(GIVEN_BACK)


def test_a_program_that_does_not_read_is_counted_on_a_terminal(shell: Shell) -> None:
    written = shell("import sys\nprint(sys.stdin.isatty())\n").read_to_end()

    assert written.startswith("True\n")
    assert result_in(written) == [0, {"<module>": 1}, []]
    assert written.endswith(GIVEN_BACK)


@pytest.mark.parametrize("source", [ASKS.replace("name?", "ready"), READY + "while True: pass\n"])
def test_ctrl_c_reaches_the_program(shell: Shell, source: str) -> None:
    session = shell(source)
    session.read_to("ready")
    session.interrupt("KeyboardInterrupt")
    written = session.read_to_end()

    assert result_in(written) == [-2, {}, ["interrupted", "count-lost"]]
    assert written.endswith(GIVEN_BACK)


def test_a_program_may_take_ctrl_c_for_input(shell: Shell) -> None:
    session = shell("try:\n    input('ready')\nexcept KeyboardInterrupt:\n    input('sure? ')\n")
    session.read_to("ready")
    session.interrupt("sure? ")
    session.type("yes\n")
    written = session.read_to_end()

    exit_status, counts, warnings = result_in(written)
    assert (exit_status, counts) == (0, {})
    # pressed just before the terminal was lent, it has reached us too
    assert warnings in (["count-lost"], ["interrupted", "count-lost"])
    assert written.endswith(GIVEN_BACK)


@pytest.mark.parametrize("has_terminal", [True, False])
def test_ctrl_z_stops_us_and_the_program_until_we_are_continued(
    shell: Shell, has_terminal: bool
) -> None:
    first = "input('first? ')\n" if has_terminal else ""
    session = shell(f"{first}{READY}print('then', input())\n")
    if has_terminal:
        session.read_to("first? ")
        session.type("\n")
    session.read_to("ready\n")
    session.type(CTRL_Z)
    session.read_to("stopped by SIGTSTP\n")
    session.type("fg\n")
    session.type("again\n")
    written = session.read_to_end()

    assert "then again\n" in written
    assert result_in(written)[0] == 0
    assert written.endswith(GIVEN_BACK)


@pytest.mark.parametrize("reads", ["", "input('now? ')\n"])
def test_a_timeout_ends_all_that_was_started_and_gives_the_terminal_back(
    shell: Shell, reads: str
) -> None:
    session = shell(
        f"import subprocess, sys\nchild = subprocess.Popen({ENDLESS_CHILD})\n{reads}child.wait()\n",
        TIMEOUT_SECONDS="0.5",
    )
    # the terminal is open for as long as anybody has it
    written = session.read_to_end()

    assert result_in(written) == [-2, {}, ["timeout", "count-lost"]]
    assert written.endswith(GIVEN_BACK)


def test_the_terminal_s_modes_are_restored_after_a_timeout(shell: Shell) -> None:
    session = shell(
        "import signal, time, tty\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "tty.setraw(0)\nwhile True: pass\n",
        TIMEOUT_SECONDS="0.5",
    )
    written = session.read_to_end()

    assert result_in(written)[0] == -9
    assert "\n" in written.replace("\r\n", "\n")
    assert written.endswith(GIVEN_BACK)


def test_a_terminal_that_is_not_ours_leaves_the_counts_in_doubt(
    run_in_terminal: RunInTerminal, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys\nprint(sys.stdin.isatty())\n")
    session = run_in_terminal([sys.executable, "-c", DRIVER, program])

    assert session.output.startswith("True\r\n")
    assert result_in(session.output) == [0, {"<module>": 1}, ["count-incomplete"]]
