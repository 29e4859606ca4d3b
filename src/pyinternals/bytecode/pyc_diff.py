"""What differs between two .pyc files: the header, the encoding, paths, line tables, or the code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ..errors import NotPython
from ..fact import Fact
from .compare import CodeDifference, compare
from .marshal_reader import DEFAULT_LIMITS, Limits
from .pyc_code import pyc_code_object
from .pyc_file import PycFile, PycHeader, parse_pyc, read_pyc
from .record_difference import Aspect, RecordDifference, record_differences

__all__ = ["HeaderDifference", "PycDifference", "diff_pycs", "recorded_time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderDifference:
    """One thing that two headers say differently."""

    name: str
    """``magic number``, ``mode``, ``source time``, ``source size``, ``source hash``, ``flags``."""
    left: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PycDifference(Fact):
    """Two .pyc files beside each other."""

    left: PycFile
    right: PycFile
    header: tuple[HeaderDifference, ...]
    is_body_same: bool
    """Whether everything behind the headers is equal, byte for byte."""
    records: tuple[RecordDifference, ...] | None
    """The code objects that aren't the same; None where the code of one file isn't read."""
    code: CodeDifference | None
    """The instructions, aligned; None where the code is the same or isn't read."""

    @property
    def is_identical(self) -> bool:
        """Whether the files are equal, byte for byte."""
        return self.is_body_same and not self.header

    @property
    def differs_in(self) -> tuple[str, ...]:
        """What differs, of ``header``, ``code``, ``line tables``, ``paths``, ``encoding``, ``body``.

        ``encoding`` is what marshal leaves to chance, and is named if nothing else explains the bytes:
        which objects are references or interned, the order of sets. ``body`` is bytes that can't be read.
        """
        return tuple(self._differs_in())

    def _differs_in(self) -> Iterator[str]:
        if self.header:
            yield "header"
        if self.is_body_same:
            return
        if self.records is None:
            yield "body"
            return
        aspects = frozenset().union(*(record.aspects for record in self.records))
        yield from (aspect.value for aspect in Aspect if aspect in aspects)
        if not aspects:
            yield "encoding"


def diff_pycs(
    left: str | os.PathLike[str],
    right: str | os.PathLike[str],
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> PycDifference:
    """Compare the .pyc files at `left` and `right`. Raises as `read_pyc` does."""
    one, one_body = _read(os.fspath(left), limits)
    other, other_body = _read(os.fspath(right), limits)
    is_body_same = one_body == other_body
    records = code = None
    if one.code is not None and other.code is not None:
        records = record_differences(one.code, other.code) if not is_body_same else ()
        if any(Aspect.CODE in record.aspects for record in records):
            code = _compared(one, other)
    return PycDifference(
        left=one,
        right=other,
        header=tuple(_headers(one.header, other.header)),
        is_body_same=is_body_same,
        records=records,
        code=code,
    )


def _read(path: str, limits: Limits) -> tuple[PycFile, bytes]:
    pyc = read_pyc(path, limits=limits)
    with open(path, "rb") as file:
        data = file.read(limits.file_bytes)
    if len(data) != pyc.size_bytes:  # it has been replaced in between
        pyc = parse_pyc(data, path=path, limits=limits)
    return pyc, data[pyc.header.size_bytes :]


def _compared(left: PycFile, right: PycFile) -> CodeDifference | None:
    try:
        one, other = pyc_code_object(left), pyc_code_object(right)
    except NotPython:  # nested too deep to be taken apart
        return None
    return compare(one, other) if one is not None and other is not None else None


def _headers(left: PycHeader, right: PycHeader) -> Iterator[HeaderDifference]:
    for name, one, other in (
        ("magic number", _magic(left), _magic(right)),
        ("mode", left.mode, right.mode),
        ("flags", _shown(left.flags), _shown(right.flags)),
        ("source time", _time(left), _time(right)),
        ("source size", _shown(left.source_size_bytes), _shown(right.source_size_bytes)),
        ("source hash", _shown(left.source_hash), _shown(right.source_hash)),
    ):
        if one != other:
            yield HeaderDifference(name=name, left=one, right=other)


def _magic(header: PycHeader) -> str:
    return f"{header.magic_number} ({header.python})"


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


def _time(header: PycHeader) -> str:
    return "none" if header.source_mtime_s is None else recorded_time(header.source_mtime_s)


def recorded_time(seconds: int) -> str:
    """A source's time as a header records it: seconds since 1970, modulo 2**32."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
