"""Reads .pyc files of any version: the header of all, the code of CPython 3.8-3.15.

Stands on Lib/importlib/_bootstrap_external.py (`_classify_pyc` and its neighbours), PEP 552 for the
header's three modes, and PEP 3147 for the folder the files live in. Nothing in a file is trusted: see
`marshal_reader`.
"""

from __future__ import annotations

import os
import stat
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from ..errors import NotPython, PycError, TargetNotFound, TargetUnreadable
from ..fact import Fact
from ..safe_text import escape
from ..units import format_bytes
from .code_record import CodeRecord
from .magic_numbers import MAGIC_SERIES, Maker, maker_of
from .marshal_limits import DEFAULT_LIMITS, Limits
from .marshal_reader import read_marshal

__all__ = [
    "PycFile",
    "PycHeader",
    "parse_pyc",
    "parse_pyc_header",
    "read_pyc",
    "read_pyc_header",
]

Mode = Literal["timestamp", "checked-hash", "unchecked-hash"]

LONGEST_HEADER_BYTES: Final = 16

_OPEN_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_HASH_BASED: Final = 1
_CHECK_SOURCE: Final = 2

_FIRST_WITH_SIZE: Final = 3210
"""3.3a1: the source's size joins its time (cpython#13645)."""
_FIRST_WITH_FLAGS: Final = 3392
"""3.7a4 (PEP 552)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PycHeader:
    """The first 8, 12 or 16 bytes of a .pyc file: who wrote it, and which source it was made from."""

    magic_number: int
    """The first two bytes; CPython raises it with every change of the bytecode."""
    implementation: str | None
    """``"cpython"`` or ``"pypy"``, by the magic number; None for a number that we don't know."""
    version: tuple[int, int] | None
    """The Python version, by the magic number."""
    is_prerelease: bool | None
    """Whether the number is an alpha's, a beta's or a release candidate's; None where that isn't known."""
    mode: Mode
    """What the importer compares the source with: its time and size, its hash, or nothing."""
    flags: int | None
    """The second word of the header since 3.7; None before."""
    source_mtime_s: int | None
    """Time of the source's last change, in seconds since 1970, modulo 2**32; None where a hash stands."""
    source_size_bytes: int | None
    """Size of the source, modulo 2**32; None where a hash stands, and before 3.3."""
    source_hash: str | None
    """Hash of the source (`importlib.util.source_hash`) in hexadecimal; None where time and size stand."""
    size_bytes: int
    """Length of the header: the code follows."""

    @property
    def python(self) -> str:
        """Who wrote the file, in words: ``"3.12"``, ``"PyPy 3.10"``, ``"unknown (magic number 99)"``."""
        version = ".".join(map(str, self.version)) if self.version else None
        if self.implementation == "pypy":
            return f"PyPy {version}" if version else f"PyPy (magic number {self.magic_number})"
        if version is None:
            return f"unknown (magic number {self.magic_number})"
        return f"{version} pre-release" if self.is_prerelease else version


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PycFile(Fact):
    """One .pyc file."""

    path: str
    header: PycHeader
    code: CodeRecord | None
    """The module's code; None where `note` says why."""
    size_bytes: int
    """Length of the file."""
    trailing_bytes: int | None
    """Bytes behind the code, which the importer ignores; None where the code isn't read."""
    object_count: int | None
    """Objects that marshal wrote, references included; None where the code isn't read."""
    reference_count: int | None
    """References among them; None where the code isn't read."""
    note: str | None = None
    """One sentence that says why the code isn't read."""


def read_pyc(
    path: str | os.PathLike[str],
    *,
    limits: Limits = DEFAULT_LIMITS,
    clock: Callable[[], float] = time.monotonic,
) -> PycFile:
    """Read the .pyc file at `path`, of whatever version, without running or trusting any of it.

    Raises `PycError` for content that is no .pyc file, is damaged, or passes one of the `limits`;
    `TargetNotFound`, `TargetUnreadable` or `NotPython` (a directory, a device) where there is no content.
    """
    name = os.fsdecode(path)
    data = _read_bytes(name, limits.file_bytes)
    return parse_pyc(data, path=name, limits=limits, clock=clock)


def read_pyc_header(path: str | os.PathLike[str]) -> PycHeader:
    """Read the header of the .pyc file at `path`, and no more of it. Raises as `read_pyc` does."""
    name = os.fsdecode(path)
    data = _read_bytes(name, LONGEST_HEADER_BYTES, whole=False)
    try:
        return parse_pyc_header(data)
    except PycError as error:
        error.target = escape(name)
        raise


def _read_bytes(path: str, largest_bytes: int, *, whole: bool = True) -> bytes:
    """The file's bytes, or with `whole` unset its first ones. A pipe or a device is never waited for."""
    shown = escape(path)
    try:
        number = os.open(path, _OPEN_FLAGS)
        try:
            status = os.fstat(number)
            if not stat.S_ISREG(status.st_mode):
                raise NotPython(
                    "is a directory" if stat.S_ISDIR(status.st_mode) else "is not a regular file",
                    target=shown,
                    hint="name a .pyc file",
                )
            if whole and status.st_size > largest_bytes:
                raise _too_large(status.st_size, largest_bytes, shown)
            return os.read(number, min(status.st_size, largest_bytes))
        finally:
            os.close(number)
    except FileNotFoundError as error:
        raise TargetNotFound("no such file", target=shown, hint="check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise TargetUnreadable(reason[0].lower() + reason[1:], target=shown) from error


def _too_large(size_bytes: int, largest_bytes: int, shown: str | None) -> PycError:
    return PycError(
        f"{format_bytes(size_bytes)} is over the limit of {format_bytes(largest_bytes)}",
        target=shown,
    )


def parse_pyc_header(data: bytes) -> PycHeader:
    """The header that `data` starts with; 16 bytes are enough. Raises `PycError` where there is none."""
    if len(data) < 4:
        raise PycError(f"is no .pyc file: {format_bytes(len(data))}" if data else "is empty")
    magic_number = data[0] | data[1] << 8
    if data[2:4] != b"\r\n":
        raise PycError(f"is no .pyc file: it starts with {data[:4]!r}, not with a magic number")
    maker = maker_of(magic_number)
    size_bytes = _header_size(magic_number, maker)
    if len(data) < size_bytes:
        raise PycError(f"ends within its header, after {len(data)} of {size_bytes} bytes")
    flags = mtime = source_size = source_hash = None
    mode: Mode = "timestamp"
    if size_bytes == 16:
        flags, mtime, source_size = struct.unpack_from("<3I", data, 4)
        if flags & ~(_HASH_BASED | _CHECK_SOURCE):
            raise PycError(f"has flags {flags:#x} in its header, which no version defines")
        if flags & _HASH_BASED:
            mode = "checked-hash" if flags & _CHECK_SOURCE else "unchecked-hash"
            source_hash = data[8:16].hex()
            mtime = source_size = None
    elif size_bytes == 12:
        mtime, source_size = struct.unpack_from("<2I", data, 4)
    else:
        (mtime,) = struct.unpack_from("<I", data, 4)
    return PycHeader(
        magic_number=magic_number,
        implementation=maker.implementation,
        version=maker.version,
        is_prerelease=maker.is_prerelease,
        mode=mode,
        flags=flags,
        source_mtime_s=mtime,
        source_size_bytes=source_size,
        source_hash=source_hash,
        size_bytes=size_bytes,
    )


def _header_size(magic_number: int, maker: Maker) -> int:
    """16 since 3.7, 12 since 3.3, 8 before; a writer that we don't know is taken for a new one."""
    if maker.version is None:
        return 16
    if maker.implementation == "cpython" and maker.version[0] == 3:
        return (
            16
            if magic_number >= _FIRST_WITH_FLAGS
            else 12
            if magic_number >= _FIRST_WITH_SIZE
            else 8
        )
    return 16 if maker.version >= (3, 7) else 12 if maker.version >= (3, 3) else 8


def parse_pyc(
    data: bytes,
    *,
    path: str = "<bytes>",
    limits: Limits = DEFAULT_LIMITS,
    clock: Callable[[], float] = time.monotonic,
) -> PycFile:
    """The .pyc file that consists of `data`. Raises `PycError`, and for no `data` anything else."""
    try:
        return _parse(data, path, limits, clock)
    except PycError as error:
        error.target = error.target or escape(path)
        raise


def _parse(data: bytes, path: str, limits: Limits, clock: Callable[[], float]) -> PycFile:
    if len(data) > limits.file_bytes:
        raise _too_large(len(data), limits.file_bytes, None)
    header = parse_pyc_header(data)
    version = header.version
    if version is None or not maker_of(header.magic_number).is_readable:
        return PycFile(
            path=path,
            header=header,
            code=None,
            size_bytes=len(data),
            trailing_bytes=None,
            object_count=None,
            reference_count=None,
            note=_why_unread(header),
        )
    contents = read_marshal(
        data, version=version, offset=header.size_bytes, limits=limits, clock=clock
    )
    if not isinstance(contents.value, CodeRecord):
        raise PycError(f"holds a {type(contents.value).__name__}, not code")
    return PycFile(
        path=path,
        header=header,
        code=contents.value,
        size_bytes=len(data),
        trailing_bytes=len(data) - contents.end,
        object_count=contents.object_count,
        reference_count=contents.reference_count,
    )


def _why_unread(header: PycHeader) -> str:
    """The sentence for a header whose code we don't read."""
    if header.implementation == "pypy":
        return "Only its header is read: PyPy's bytecode is not CPython's."
    readable = [series.version for series in MAGIC_SERIES if series.readable_from is not None]
    span = f"{readable[0][0]}.{readable[0][1]} to {readable[-1][0]}.{readable[-1][1]}"
    if header.version is None:
        return f"Only its header is read: we know no Python whose magic number is {header.magic_number}."
    if header.version > readable[-1]:
        return f"Only its header is read: code is read of Python {span}, and this is newer."
    if header.version < readable[0]:
        return f"Only its header is read: code is read of Python {span}, and this is older."
    return (
        f"Only its header is read: magic number {header.magic_number} is of a Python {header.version[0]}."
        f"{header.version[1]} in development, which lays code out in its own way."
    )
