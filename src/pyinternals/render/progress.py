"""A progress bar on standard error, for work that takes longer than anybody likes to look at nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from .output import output_for

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["DelayedProgress"]

_PATIENCE_S = 1.0


class DelayedProgress:
    """A context whose `update` draws a bar once it has taken a second, on a terminal only.

    rich is imported at that moment, not before.
    """

    def __init__(
        self,
        label: str,
        stream: TextIO | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._label = label
        self._stream = stream
        self._clock = clock
        self._begin = clock()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._is_wanted = stream is not None and output_for(stream, environ=environ).is_terminal

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """`done` of `total` pieces of work are finished."""
        if not self._is_wanted:
            return
        if self._bar is None or self._task is None:
            if self._clock() - self._begin < _PATIENCE_S:
                return
            self._start(total)
        elif self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)

    def _start(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        # transient: what stays on the screen is the report
        self._bar = Progress(console=Console(file=self._stream), transient=True)
        self._task = self._bar.add_task(self._label, total=total)
        self._bar.start()
