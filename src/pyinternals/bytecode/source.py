"""Python source as the compiler sees it: bytes, their encoding (PEP 263), lines.

Lines end where the tokenizer ends them (LF, CR LF, CR), not where `str.splitlines` does: a form feed or
U+2028 inside a line would shift every number after it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from ..errors import NotPython, SourceError, TargetNotFound, TargetTooLarge, TargetUnreadable
from ..safe_text import escape
from ..units import format_bytes

__all__ = ["SourceText", "cached_source", "decode_source", "parse_source", "read_source_bytes"]

LARGEST_SOURCE_BYTES = 16 * 1024 * 1024
"""Compiling takes about a hundred times the size of the source in memory."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SourceText:
    """The text of one source file."""

    filename: str
    lines: tuple[str, ...]
    """Without their line ends; ``lines[0]`` is line 1."""

    def line(self, number: int | None) -> str | None:
        """Line `number`, counted from 1; None where there is none."""
        if number is None or not 0 < number <= len(self.lines):
            return None
        return self.lines[number - 1]


def parse_source(data: bytes | str, filename: str) -> SourceText:
    """The lines of `data`; undecodable bytes are kept as surrogate escapes."""
    text = data if isinstance(data, str) else decode_source(data)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return SourceText(filename=filename, lines=tuple(text.removesuffix("\n").split("\n")))


def decode_source(data: bytes) -> str:
    """`data` as text, by its byte order mark or coding cookie, else UTF-8."""
    head = b"\n".join(data.split(b"\n", 2)[:2])
    if b"coding" not in head:
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    import io
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding, "surrogateescape")
    except (SyntaxError, LookupError, UnicodeError):
        return data.decode("utf-8", "surrogateescape")


def read_source_bytes(path: str, *, largest_bytes: int = LARGEST_SOURCE_BYTES) -> bytes:
    """The bytes of the file at `path`, which must look like source.

    Raises `TargetNotFound`, `TargetUnreadable`, `NotPython` (a directory, a device, a binary) or
    `TargetTooLarge`.
    """
    shown = escape(path)
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise NotPython("is a directory", target=shown, hint="name one .py file in it")
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISFIFO(status.st_mode):
            raise NotPython("is not a regular file", target=shown, hint="name a .py file")
        with open(path, "rb") as file:
            data = file.read(largest_bytes + 1)
    except FileNotFoundError as error:
        raise TargetNotFound("no such file", target=shown, hint=_near_files(path)) from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise TargetUnreadable(reason[0].lower() + reason[1:], target=shown) from error
    if len(data) > largest_bytes:
        raise too_large(max(status.st_size, len(data)), largest_bytes, shown)
    check_is_text(data, shown)
    return data


def too_large(size_bytes: int, largest_bytes: int, shown: str) -> TargetTooLarge:
    """The error for source over the limit."""
    return TargetTooLarge(
        f"{format_bytes(size_bytes)} of source is over the limit of {format_bytes(largest_bytes)}",
        target=shown,
        hint="raise it with --max-bytes",
    )


def check_is_text(data: bytes, shown: str) -> None:
    """Raise `NotPython` where `data` is a binary, and say which kind if its first bytes tell."""
    if b"\0" not in data and not data.startswith(_BINARY_MAGICS):
        return
    if data.startswith(b"\x7fELF"):
        raise NotPython("is an ELF binary", target=shown, hint="machine code has no bytecode")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError(
            "looks like UTF-16, which Python source can't be in",
            target=shown,
            hint="convert it to UTF-8",
        )
    if data[2:4] == b"\r\n":
        raise NotPython(
            "is a .pyc file, compiled code", target=shown, hint="name the .py file it was made from"
        )
    raise NotPython("is a binary file", target=shown, hint="name a file of Python source")


_BINARY_MAGICS = (b"\x7fELF", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")


def _near_files(path: str) -> str:
    from difflib import get_close_matches

    folder = os.path.dirname(path) or "."
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return f"no directory {escape(folder)} either"
    own = os.path.basename(path)
    if own in names:
        return "it is a link that leads nowhere"
    if "::" not in own and ":" in own and own.partition(":")[0] in names:
        return f"for a name in the file write {escape(path.replace(':', '::', 1))}"
    near = get_close_matches(own, names, n=3, cutoff=0.7)
    return (
        f"did you mean {' or '.join(escape(name) for name in near)}?" if near else "check the path"
    )


def cached_source(
    filename: str, module_globals: dict[str, object] | None = None
) -> SourceText | None:
    """The source of a live object's file, through `linecache`; None where it can't be had.

    It is today's text: if the file changed after it was imported, lines and code don't belong together.
    """
    import linecache

    try:
        lines = linecache.getlines(filename, module_globals)
    except (UnicodeError, ValueError):  # 3.11, 3.12: a name that no file can have
        return None
    if not lines:
        return None
    return SourceText(filename=filename, lines=tuple(line.rstrip("\r\n") for line in lines))
