"""Standard input for a program that is run twice.

A file is wound back. What comes through a pipe is passed on to the first run while it arrives (a
program that doesn't read it must not have to wait for its end) and kept for the second.

What was typed at a terminal is not kept. The second run has the same terminal, but in the background,
where the system stops it when it reads (see `program_terminal`): so this is noticed.
"""

from __future__ import annotations

import os
import select
import stat
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import BinaryIO

from ..errors import ProgramError
from .program_terminal import is_our_terminal

__all__ = ["ProgramInput"]

_PIECE_BYTES = 65536


class ProgramInput:
    """What both runs read. `first` and `second` give a file descriptor, or `subprocess.DEVNULL`."""

    def __init__(self, descriptor: int | None, *, is_read_twice: bool) -> None:
        self._descriptor = descriptor
        self._kept: BinaryIO | None = None
        self._start: int | None = None
        self._is_lost = False
        self._is_terminal = False
        if descriptor is None:
            return
        try:
            mode = os.fstat(descriptor).st_mode
        except OSError:  # closed
            self._descriptor = None
            return
        self._is_terminal = os.isatty(descriptor)
        if stat.S_ISREG(mode):
            self._start = os.lseek(descriptor, 0, os.SEEK_CUR)
        elif is_read_twice and not stat.S_ISCHR(mode):
            self._kept = _temporary_file()

    def __enter__(self) -> ProgramInput:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._kept is not None:
            self._kept.close()

    @property
    def is_lost(self) -> bool:
        """Whether what the first run read could not be kept for the second."""
        return self._is_lost

    @property
    def is_missing(self) -> bool:
        """Whether the second run has no terminal, and nothing would notice that it wants one."""
        return self._is_terminal and not self._is_ours

    @property
    def _is_ours(self) -> bool:
        return self._descriptor is not None and is_our_terminal(self._descriptor)

    @contextmanager
    def first(self) -> Iterator[int]:
        """For the first run, while the context lasts."""
        if self._descriptor is None:
            yield subprocess.DEVNULL
        elif self._kept is None:
            yield self._descriptor
        else:
            with _passed_on(self._descriptor, self._keep) as descriptor:
                yield descriptor

    @contextmanager
    def second(self) -> Iterator[int]:
        """For the second run: the same from its start."""
        if self._descriptor is None or self.is_missing:
            yield subprocess.DEVNULL
        elif self._kept is not None:
            self._kept.seek(0)
            yield self._kept.fileno()
        else:
            if self._start is not None:
                os.lseek(self._descriptor, self._start, os.SEEK_SET)
            yield self._descriptor

    def _keep(self, data: bytes) -> None:
        """Keep `data` for the second run."""
        if self._kept is None or self._is_lost:
            return
        try:
            self._kept.write(data)
            self._kept.flush()
        except OSError:  # no space
            self._is_lost = True


def _temporary_file() -> BinaryIO:
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise ProgramError(
            f"there is nowhere to keep it for the second run: {error.strerror or error}",
            target="standard input",
            hint="set TMPDIR, or run it once with --no-count",
        ) from error


@contextmanager
def _passed_on(source: int, keep: Callable[[bytes], None]) -> Iterator[int]:
    """A pipe into which a thread writes what comes from `source`; `keep` gets it too."""
    read_end, write_end = os.pipe()
    stop_read_end, stop_write_end = os.pipe()
    os.set_blocking(write_end, False)
    thread = threading.Thread(
        target=_pass_on, args=(source, write_end, stop_read_end, keep), daemon=True
    )
    thread.start()
    try:
        yield read_end
    finally:
        os.close(stop_write_end)
        thread.join()
        os.close(read_end)
        os.close(stop_read_end)


def _pass_on(source: int, destination: int, stop: int, keep: Callable[[bytes], None]) -> None:
    """Until `source` ends, nobody reads any more, or the other end of `stop` is closed."""
    waiting = b""
    try:
        while True:
            readers = [stop] if waiting else [stop, source]
            readable, writable, _ = select.select(readers, [destination] if waiting else [], [])
            if stop in readable:
                return
            if source in readable:
                waiting = os.read(source, _PIECE_BYTES)
                if not waiting:
                    return
                keep(waiting)
            elif writable:
                with suppress(BlockingIOError):
                    waiting = waiting[os.write(destination, waiting) :]
    except OSError:  # the reader is gone, or our standard input is
        return
    finally:
        os.close(destination)
