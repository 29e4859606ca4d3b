"""Waits for a child of ``dis --run`` and heeds what happens meanwhile.

The child ends, stops (Ctrl-Z, or because it wants the terminal), takes too long; we get a signal.
Whatever it is, no process of the child's group is left behind unless the program itself ended and
left it.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import time
from contextlib import suppress

from .program_channel import Channel
from .program_signals import NotedSignals
from .program_terminal import Terminal

__all__ = ["ProgramWait"]

_SHORTEST_PAUSE_SECONDS = 0.0005
_LONGEST_PAUSE_SECONDS = 0.05
"""How long a signal or a stop may wait. The end of the child doesn't: it closes the channel."""


class ProgramWait:
    """Waits for `process`, the leader of a process group."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        channel: Channel,
        signals: NotedSignals,
        terminal: Terminal,
        *,
        timeout_seconds: float | None,
        grace_seconds: float,
    ) -> None:
        self.process = process
        self.channel = channel
        self.signals = signals
        self.terminal = terminal
        self.grace_seconds = grace_seconds
        self.manner = "end"
        self.timeout_ends = math.inf
        if timeout_seconds is not None:
            self.timeout_ends = time.monotonic() + timeout_seconds
        self.grace_ends = math.inf

    def until_end(self) -> str:
        """Return how it came to an end, as `Ended.manner`.

        Raises `KeyboardInterrupt` if it has to be killed after a Ctrl-C.
        """
        pause = _SHORTEST_PAUSE_SECONDS
        try:
            # signals first: one that comes right behind SIGCONT finds a read that is being restarted,
            # and Python looks for it only when that ends
            while self._heed_signals() or not self._has_ended():
                self._heed_time()
                if self.channel.is_open:
                    self.channel.exchange(_LONGEST_PAUSE_SECONDS)
                else:  # so it is ending, most likely
                    self.channel.exchange(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        finally:
            if self.manner != "end" or self.process.returncode is None:
                self._send(signal.SIGKILL)
            self.process.wait()
            self.terminal.take_back(is_restored=self.manner != "end")
        if self.manner == "end" and self._was_interrupted_there():
            self.manner = "interrupt"
        return self.manner

    def _has_ended(self) -> bool:
        """Look, without waiting, whether it has ended or stopped."""
        try:
            process_id, status = os.waitpid(self.process.pid, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:  # somebody else has waited for it; `subprocess` takes that for 0
            self.process.returncode = 0
            return True
        if not process_id:
            return False
        if os.WIFSTOPPED(status):
            self._heed_stop(os.WSTOPSIG(status))
            return False
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return True

    def _heed_stop(self, number: int) -> None:
        if number not in (signal.SIGTTIN, signal.SIGTTOU):
            if self.terminal.is_away:  # Ctrl-Z
                self._suspend()
            return
        if self.manner in ("end", "interrupt") and self.terminal.lend(self.process.pid):
            self.manner = "end"  # after Ctrl-C: it does not end by it, it asks what to do
            self._send(signal.SIGCONT)
            return
        if self.manner == "end":
            self.manner = "terminal"
        self._send(signal.SIGKILL)

    def _heed_signals(self) -> bool:
        """Do what the next signal says; whether there was one."""
        number = self.signals.take()
        if number is None:
            return False
        if number == signal.SIGTSTP:
            self._suspend()
        elif number == signal.SIGINT and self.manner != "end":
            raise KeyboardInterrupt
        elif self.manner == "signal":  # asked twice
            self.grace_ends = time.monotonic()
        else:
            self._ask_to_end("interrupt" if number == signal.SIGINT else "signal", number)
        return True

    def _heed_time(self) -> None:
        now = time.monotonic()
        if self.manner == "end":
            if now >= self.timeout_ends:
                self._ask_to_end("timeout", signal.SIGINT)
        elif now >= self.grace_ends:
            if self.manner == "interrupt":
                raise KeyboardInterrupt
            self.grace_ends = math.inf
            self._send(signal.SIGKILL)

    def _ask_to_end(self, manner: str, number: int) -> None:
        self.manner = manner
        self.grace_ends = time.monotonic() + self.grace_seconds
        self._send(number)
        self._send(signal.SIGCONT)  # who is stopped does not hear

    def _suspend(self) -> None:
        """Stop, program and all, until we are continued."""
        stopped_at = time.monotonic()
        was_away = self.terminal.is_away
        self.terminal.take_back()
        self._send(signal.SIGTSTP)
        self.signals.stop_our_group()
        if was_away:
            self.terminal.lend(self.process.pid)
        self._send(signal.SIGCONT)
        pause = time.monotonic() - stopped_at
        self.timeout_ends += pause
        self.grace_ends += pause

    def _was_interrupted_there(self) -> bool:
        """Whether Ctrl-C ended it: while it has the terminal, it alone gets that."""
        return self.terminal.was_lent and self.process.returncode == -signal.SIGINT

    def _send(self, number: int) -> None:
        """Send a signal to all in the child's group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)
