"""Signals that reach us while a program runs: they are noted, and heeded where that is safe.

A handler that raised could do so between the start of a child and our knowing of it. So these only
take a note; `program_wait` looks at it many times a second. Nothing is done outside the main thread,
and nothing to a signal for which somebody else has a handler or which is ignored.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from types import FrameType, TracebackType
from typing import Any

__all__ = ["NotedSignals"]

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""End us by default. They end the program first, and then us."""


class NotedSignals:
    """While the context lasts, signals are noted. At its end we are ended by the one that asked."""

    def __init__(self) -> None:
        self._pending: deque[int] = deque()
        self._previous: dict[int, Any] = {}
        self.ending: int | None = None
        """The first one of `ENDING` that was taken."""

    def __enter__(self) -> NotedSignals:
        if threading.current_thread() is threading.main_thread():
            for number in (*ENDING, signal.SIGTSTP, signal.SIGINT):
                self._take_over(number)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            if signal.getsignal(number) == self._on_signal:
                signal.signal(number, handler)
        left = []
        while self._pending:
            left.append(self.take())
        if self.ending is not None:
            signal.raise_signal(self.ending)
            raise SystemExit(128 + self.ending)  # it is blocked
        if signal.SIGTSTP in left:
            signal.raise_signal(signal.SIGTSTP)
        if signal.SIGINT in left and error is None:
            raise KeyboardInterrupt

    def take(self) -> int | None:
        """The next signal that was noted."""
        if not self._pending:
            return None
        number = self._pending.popleft()
        if number in ENDING and self.ending is None:
            self.ending = number
        return number

    def stop_our_group(self) -> None:
        """Stop as Ctrl-Z does, with all that share our process group. Returns when continued.

        It has no effect where nobody could continue us (an orphaned process group).
        """
        if signal.SIGTSTP in self._previous:
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.killpg(os.getpgrp(), signal.SIGTSTP)
        if signal.SIGTSTP in self._previous:
            signal.signal(signal.SIGTSTP, self._on_signal)

    def _take_over(self, number: int) -> None:
        default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        if signal.getsignal(number) != default:
            return
        try:
            self._previous[number] = signal.signal(number, self._on_signal)
        except ValueError:  # a subinterpreter's main thread
            return

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._pending.append(number)
