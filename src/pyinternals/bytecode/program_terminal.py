"""Lends the controlling terminal to a program that asks for it, and takes it back.

The program has a process group of its own, which is not the terminal's foreground group. A process
that reads the terminal, or changes its modes, from there is stopped by SIGTTIN or SIGTTOU
(``termios(3)``, tcsetpgrp(3)). That shows what it wants; it is given the terminal and continued.
Until then Ctrl-C is ours to pass on, and a pager behind us in a pipeline stays in the foreground.
"""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

__all__ = ["Terminal", "is_our_terminal"]


def is_our_terminal(descriptor: int) -> bool:
    """Whether it is our controlling terminal: only that one stops who reads in the background."""
    try:
        os.tcgetpgrp(descriptor)
    except OSError:
        return False
    return True


class Terminal:
    """Our controlling terminal, where there is one. It is ours again when the context ends."""

    def __init__(self, *, is_lent: bool) -> None:
        self._descriptor: int | None = None
        self._borrower: int | None = None
        self._modes: Any = None
        self.was_lent = False
        if is_lent:
            with suppress(OSError):
                self._descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.take_back()
        if self._descriptor is not None:
            os.close(self._descriptor)

    @property
    def is_away(self) -> bool:
        """Whether somebody has it now."""
        return self._borrower is not None

    def lend(self, group: int) -> bool:
        """Make `group` its foreground group, if it is ours to give. Whether that group has it."""
        if self._descriptor is None:
            return False
        try:
            if os.tcgetpgrp(self._descriptor) not in (os.getpgrp(), group):
                return False  # we are in the background ourselves
            if self._modes is None:
                self._modes = termios.tcgetattr(self._descriptor)
            with _allowed_in_the_background():
                os.tcsetpgrp(self._descriptor, group)
        except (OSError, termios.error):
            return False
        self._borrower = group
        self.was_lent = True
        return True

    def take_back(self, *, is_restored: bool = False) -> None:
        """Be its foreground group again; with its modes as they were if they are to be restored."""
        descriptor, borrower = self._descriptor, self._borrower
        if descriptor is None or borrower is None:
            return
        self._borrower = None
        with suppress(OSError, termios.error), _allowed_in_the_background():
            foreground = os.tcgetpgrp(descriptor)
            if foreground != borrower and _has_members(foreground):
                return  # the shell has taken it
            os.tcsetpgrp(descriptor, os.getpgrp())
            if is_restored:
                termios.tcsetattr(descriptor, termios.TCSADRAIN, self._modes)
            # who is in a pipeline with us and wanted it meanwhile was stopped
            os.killpg(os.getpgrp(), signal.SIGCONT)


def _has_members(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _allowed_in_the_background() -> Iterator[None]:
    """With SIGTTOU blocked, a background group may change the terminal too."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
