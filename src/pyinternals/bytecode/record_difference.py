"""What differs between two code records, nested ones included, in the terms of their parts.

Two records are the same code if the interpreter would do the same with them. What the compiler and
marshal leave to chance doesn't count: which objects are references or interned, and in which order a
frozenset stands (it depends on the hash seed of the process that wrote it). Paths, lines and columns
are told apart from code, because they can differ where the code doesn't.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any, Final

from ..safe_text import safe_repr
from .code_record import CodeRecord
from .marshal_records import MarshalDict, MarshalList, MarshalSet

__all__ = ["Aspect", "PartDifference", "RecordDifference", "record_differences"]


_ROOT: Final = "<module>"


class Aspect(StrEnum):
    """What kind of difference one is."""

    CODE = "code"
    """The interpreter would do something else."""
    LINES = "line tables"
    """Tracebacks would name other lines or columns."""
    PATHS = "paths"
    """`co_filename`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDifference:
    """One part of a code object that differs."""

    part: str
    """``bytecode``, ``constants``, ``names`` …"""
    aspect: Aspect
    left: str
    """What it is on the left, short and safe to show."""
    right: str
    is_unrecorded: bool = False
    """Whether one side has not recorded it, and nothing contradicts the other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RecordDifference:
    """A code object that isn't the same on both sides; those nested in it are listed on their own."""

    identity: str
    """Its names from the module down, ``Shape.area``; ``#2`` marks the second of a name."""
    left: CodeRecord | None
    """None where only the right side has it."""
    right: CodeRecord | None
    parts: tuple[PartDifference, ...]
    """Empty where one side lacks it."""

    @property
    def aspects(self) -> frozenset[Aspect]:
        """The kinds of difference."""
        if self.left is None or self.right is None:
            return frozenset((Aspect.CODE,))
        return frozenset(part.aspect for part in self.parts)


def record_differences(left: CodeRecord, right: CodeRecord) -> tuple[RecordDifference, ...]:
    """Every code object that differs, parents before their children; empty where none does."""
    found = []
    # no recursion: a file may nest code objects deeper than the interpreter's stack is
    stack: list[tuple[str, CodeRecord | None, CodeRecord | None]] = [(_ROOT, left, right)]
    while stack:
        identity, one, other = stack.pop()
        if one is None or other is None:
            found.append(RecordDifference(identity=identity, left=one, right=other, parts=()))
            continue
        if one is other:
            continue
        parts = tuple(_parts(one, other))
        if parts:
            found.append(RecordDifference(identity=identity, left=one, right=other, parts=parts))
        prefix = "" if identity == _ROOT else f"{identity}."
        pairs = _matched(_children(one), _children(other))
        stack.extend(reversed([(prefix + name, one, other) for name, one, other in pairs]))
    return tuple(found)


def _children(record: CodeRecord) -> list[CodeRecord]:
    return [const for const in record.co_consts if isinstance(const, CodeRecord)]


def _matched(
    lefts: Sequence[CodeRecord], rights: Sequence[CodeRecord]
) -> Iterator[tuple[str, CodeRecord | None, CodeRecord | None]]:
    """Siblings of the same name in their order; then what the left side lacks."""
    remaining: dict[str, list[CodeRecord]] = {}
    for right in reversed(rights):
        remaining.setdefault(right.co_name, []).append(right)
    seen: dict[str, int] = {}
    taken: set[int] = set()
    for left in lefts:
        partners = remaining.get(left.co_name)
        partner = partners.pop() if partners else None
        if partner is not None:
            taken.add(id(partner))
        yield _numbered(left.co_name, seen), left, partner
    for right in rights:
        if id(right) not in taken:
            yield _numbered(right.co_name, seen), None, right


def _numbered(name: str, seen: dict[str, int]) -> str:
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}#{seen[name]}"


def _parts(left: CodeRecord, right: CodeRecord) -> Iterator[PartDifference]:
    for part, attribute, shown in _PARTS:
        one, other = getattr(left, attribute), getattr(right, attribute)
        if one != other:
            yield PartDifference(part=part, aspect=Aspect.CODE, left=shown(one), right=shown(other))
    for part, attribute in _NAMES:
        one, other = getattr(left, attribute), getattr(right, attribute)
        if one != other:
            yield _first_difference(part, one, other, one, other)
    yield from _constants(left, right)
    yield from _lines(left, right)
    if left.co_filename != right.co_filename:
        yield PartDifference(
            part="path",
            aspect=Aspect.PATHS,
            left=safe_repr(left.co_filename),
            right=safe_repr(right.co_filename),
        )


def _size(value: bytes) -> str:
    return f"{len(value):,} bytes"


def _flags(value: int) -> str:
    from .flags import flag_names

    return " ".join(flag_names(value)) or "none"


_PARTS: Final[tuple[tuple[str, str, Callable[[Any], str]], ...]] = (
    ("version", "version", lambda version: ".".join(map(str, version))),
    ("name", "co_name", safe_repr),
    ("qualified name", "co_qualname", safe_repr),
    ("bytecode", "co_code", _size),
    ("kinds of locals", "co_localspluskinds", _size),
    ("flags", "co_flags", _flags),
    ("positional parameters", "co_argcount", str),
    ("positional-only parameters", "co_posonlyargcount", str),
    ("keyword-only parameters", "co_kwonlyargcount", str),
    ("stack size", "co_stacksize", str),
    ("exception table", "co_exceptiontable", _size),
)
"""What it is called, where it is, how it is shown."""

_NAMES: Final = (
    ("names", "co_names"),
    ("locals", "co_varnames"),
    ("cells", "co_cellvars"),
    ("free variables", "co_freevars"),
    ("order of locals", "co_localsplusnames"),
)


def _constants(left: CodeRecord, right: CodeRecord) -> Iterator[PartDifference]:
    try:
        lefts = [_canonical(const) for const in left.co_consts]
        rights = [_canonical(const) for const in right.co_consts]
    except RecursionError:  # no compiler nests constants like this
        deep = "nested too deep to compare"
        yield PartDifference(part="constants", aspect=Aspect.CODE, left=deep, right=deep)
        return
    if lefts != rights:
        yield _first_difference("constants", lefts, rights, left.co_consts, right.co_consts)


def _first_difference(
    part: str,
    lefts: Sequence[Any],
    rights: Sequence[Any],
    shown_lefts: Sequence[Any],
    shown_rights: Sequence[Any],
) -> PartDifference:
    """The first place where `lefts` and `rights` differ; how many there are, if one just goes on."""
    for place, (one, other) in enumerate(zip(lefts, rights, strict=False)):
        if one != other:
            return PartDifference(
                part=f"{part}[{place}]",
                aspect=Aspect.CODE,
                left=safe_repr(shown_lefts[place]),
                right=safe_repr(shown_rights[place]),
            )
    return PartDifference(
        part=part,
        aspect=Aspect.CODE,
        left=f"{len(lefts)} of them",
        right=f"{len(rights)} of them",
    )


def _canonical(value: Any) -> bytes:
    """A constant as bytes that are equal for the same constant: 1 is not True, 0.0 is not -0.0, NaN is NaN.

    The items of a set are sorted. Nothing is hashed: a file decides how often hashes collide.
    """
    kind = type(value)
    if kind is str:
        content = value.encode("utf-8", "surrogatepass")
    elif kind is bytes:
        content = value
    elif kind is int:
        content = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    elif kind is float:
        content = struct.pack("<d", value)
    elif kind is complex:
        content = struct.pack("<2d", value.real, value.imag)
    elif kind is tuple:
        content = b"".join([_canonical(item) for item in value])
    elif kind is slice:
        content = b"".join(map(_canonical, (value.start, value.stop, value.step)))
    elif kind is CodeRecord:
        content = value.co_name.encode("utf-8", "surrogatepass")  # compared on its own
    elif kind is MarshalSet:
        content = bytes((value.is_frozen,)) + b"".join(sorted(map(_canonical, value.items)))
    elif kind is MarshalList:
        content = b"".join(map(_canonical, value.items))
    elif kind is MarshalDict:
        pairs = b"".join(map(_canonical, value.pairs))
        content = bytes((value.is_frozen,)) + pairs
    else:
        content = repr(value).encode()  # None, a bool, Ellipsis, StopIteration
    return b"%s %d:%s" % (kind.__name__.encode(), len(content), content)


def _lines(left: CodeRecord, right: CodeRecord) -> Iterator[PartDifference]:
    """Lines where they differ, else columns."""
    if left.co_firstlineno != right.co_firstlineno:
        yield PartDifference(
            part="first line",
            aspect=Aspect.LINES,
            left=str(left.co_firstlineno),
            right=str(right.co_firstlineno),
        )
    tables = [(record.co_linetable, record.co_lnotab) for record in (left, right)]
    if tables[0] == tables[1]:
        return
    if not _same_lines(left, right):
        shown = [f"{len(linetable) + len(lnotab):,} bytes" for linetable, lnotab in tables]
        yield PartDifference(part="lines", aspect=Aspect.LINES, left=shown[0], right=shown[1])
        return
    has_columns = [_has_columns(record) for record in (left, right)]
    shown = ["recorded" if has else "not recorded" for has in has_columns]
    yield PartDifference(
        part="columns",
        aspect=Aspect.LINES,
        left=shown[0],
        right=shown[1],
        is_unrecorded=has_columns[0] != has_columns[1],
    )


def _same_lines(left: CodeRecord, right: CodeRecord) -> bool:
    """Whether the tables say the same, counted from the first line; never held whole, a file may be large."""
    pairs = zip_longest(_relative_lines(left), _relative_lines(right))
    return all(one == other for one, other in pairs)


def _relative_lines(record: CodeRecord) -> Iterator[tuple[int, int, int | None]]:
    first = record.co_firstlineno
    for start, end, line in record.co_lines():
        yield start, end, None if line is None else line - first


def _has_columns(record: CodeRecord) -> bool:
    return any(column is not None for _, _, column, _ in record.co_positions())
