"""Between us and a child of ``dis --run``: the request goes there, the report comes back.

Through a pair of connected sockets, because nothing that a program does to files reaches them: no
directory that it can clear, no limit on the size of files (RLIMIT_FSIZE). The child's end has a high
number and is not passed on to what the program executes.
"""

from __future__ import annotations

import fcntl
import marshal
import selectors
import socket
from types import TracebackType
from typing import Any, NamedTuple

__all__ = ["Channel", "Report"]

_PIECE_BYTES = 1 << 18
_HIGH_NUMBERS = (1000, 200, 20, 3)
"""Where the child's end is put, so that the program's own files get the numbers that they would have.
The first one that the limit on open files allows."""


class Report(NamedTuple):
    """What came back from the child."""

    content: dict[str, Any] | None
    """None if it gave none."""
    failure: str | None
    """The exception that kept it from making one."""
    has_begun: bool
    """Whether it came as far as the program's start."""


class Channel:
    """Sends `request` and receives the report, in pieces, while the child runs."""

    def __init__(self, request: bytes) -> None:
        self._unsent = memoryview(request)
        self._pieces: list[bytes] = []
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._theirs = _with_high_number(theirs)
        self._socket.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def __enter__(self) -> Channel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._selector.close()
        self._socket.close()
        self._theirs.close()

    @property
    def child_descriptor(self) -> int:
        """What the child has to inherit."""
        return self._theirs.fileno()

    def begin(self) -> None:
        """The child has inherited its end, now it is the only one that has it."""
        self._theirs.close()

    @property
    def is_open(self) -> bool:
        """Whether the child still has its end."""
        return bool(self._selector.get_map())

    def exchange(self, timeout_seconds: float) -> None:
        """Send or receive what can be within that time; return as soon as something was."""
        for key, events in self._selector.select(timeout_seconds):
            if events & selectors.EVENT_READ and not self._receive():
                self._selector.unregister(key.fileobj)
            elif events & selectors.EVENT_WRITE:
                self._send()

    def report(self) -> Report:
        """What has come, once the child has ended."""
        while self.is_open and self._receive():
            pass
        data = b"".join(self._pieces)
        has_begun, data = data.startswith(b"+"), data[1:]
        if data.startswith(b"!"):
            return Report(None, data[1:].decode(), has_begun)
        try:
            return Report(marshal.loads(data), None, has_begun)
        except (EOFError, ValueError, TypeError):  # there is none, or it was ended while it wrote
            return Report(None, None, has_begun)

    def _receive(self) -> bool:
        """Receive a piece; whether there can be more."""
        try:
            piece = self._socket.recv(_PIECE_BYTES)
        except OSError:  # nothing more in it, or a child that ended without reading
            piece = b""
        self._pieces.append(piece)
        return bool(piece)

    def _send(self) -> None:
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent[:_PIECE_BYTES]) :]
        except OSError:  # the child has gone
            self._unsent = self._unsent[:0]
        if not self._unsent:
            self._selector.modify(self._socket, selectors.EVENT_READ)
            try:
                self._socket.shutdown(socket.SHUT_WR)
            except OSError:
                return


def _with_high_number(end: socket.socket) -> socket.socket:
    for number in _HIGH_NUMBERS:
        try:
            return socket.socket(fileno=fcntl.fcntl(end.fileno(), fcntl.F_DUPFD_CLOEXEC, number))
        except OSError:  # above the limit
            continue
    return end.dup()
