"""A code object as data: what a .pyc file holds of it, under the names that a native one has.

Nothing here can run. A record is made of bytes, numbers, strings and tuples that `marshal_reader` has
read, and is only made if they have the types and sizes that the interpreter asks of them
(`_PyCode_Validate`, Objects/codeobject.c).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import FrozenInstanceError, dataclass
from typing import Any, Final, NoReturn, cast

from ..errors import PycError
from ..safe_text import shorten
from .line_tables import (
    LineRange,
    Span,
    lines_of_linetable,
    lines_of_lnotab,
    lines_of_locations,
    positions_of_lines,
    positions_of_locations,
)

__all__ = ["CodeRecord", "make_code_record"]

# Include/internal/pycore_code.h
_FAST_LOCAL: Final = 0x20
_FAST_CELL: Final = 0x40
_FAST_FREE: Final = 0x80
_LOCALS_ONLY: Final = frozenset(range(_FAST_LOCAL, _FAST_CELL))

_ONLY_STRINGS: Final = {str}

_PARTS_SINCE_3_11: Final = {
    "argcount": int,
    "posonlyargcount": int,
    "kwonlyargcount": int,
    "stacksize": int,
    "flags": int,
    "code": bytes,
    "consts": tuple,
    "names": tuple,
    "localsplusnames": tuple,
    "localspluskinds": bytes,
    "filename": str,
    "name": str,
    "qualname": str,
    "firstlineno": int,
    "linetable": bytes,
    "exceptiontable": bytes,
}
"""What marshal writes of a code object, in its order."""

_PARTS_BEFORE_3_11: Final = {
    "argcount": int,
    "posonlyargcount": int,
    "kwonlyargcount": int,
    "nlocals": int,
    "stacksize": int,
    "flags": int,
    "code": bytes,
    "consts": tuple,
    "names": tuple,
    "varnames": tuple,
    "freevars": tuple,
    "cellvars": tuple,
    "filename": str,
    "name": str,
    "firstlineno": int,
    "linetable": bytes,
}

_TYPES_SINCE_3_11: Final = [*_PARTS_SINCE_3_11.values()]
_TYPES_BEFORE_3_11: Final = [*_PARTS_BEFORE_3_11.values()]


@dataclass(slots=True, repr=False, eq=False)
class _CodeFields:
    """The fields of a `CodeRecord`, which is one of these frozen after it was filled.

    A frozen dataclass takes ten times as long to make, and a module has hundreds of code objects.
    """

    version: tuple[int, int]
    """The CPython whose code this is: it decides what the tables and the bytecode mean."""
    co_name: str
    co_qualname: str
    """`co_name` before 3.11, which do not record it."""
    co_filename: str
    """The path that the compiler was given; the importer replaces it by the source's of the day."""
    co_firstlineno: int
    co_argcount: int
    """Positional parameters, positional-only ones included."""
    co_posonlyargcount: int
    co_kwonlyargcount: int
    co_nlocals: int
    co_stacksize: int
    co_flags: int
    co_code: bytes
    """Bytecode with its inline caches, as the compiler wrote it."""
    co_consts: tuple[Any, ...]
    co_names: tuple[str, ...]
    co_varnames: tuple[str, ...]
    co_cellvars: tuple[str, ...]
    co_freevars: tuple[str, ...]
    co_exceptiontable: bytes
    """Empty before 3.11, where blocks are set up by instructions."""
    co_linetable: bytes
    """Lines of 3.10 (PEP 626), locations since 3.11 (PEP 657); empty before."""
    co_lnotab: bytes
    """Lines of 3.8 and 3.9; empty since."""
    co_localsplusnames: tuple[str, ...]
    """Since 3.11: locals, cells and free variables in one; before, the same put together."""
    co_localspluskinds: bytes
    """Since 3.11: what each of `co_localsplusnames` is (``CO_FAST_*``); empty before."""


class CodeRecord(_CodeFields):
    """An inert stand-in for a code object of CPython 3.8-3.15; compared by identity.

    The names are those of `types.CodeType`, and mean the same. Constants are inert, too: see
    `marshal_reader`. Only `make_code_record` makes one.
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __repr__(self) -> str:
        return f"<code record {shorten(self.co_qualname)}, line {self.co_firstlineno}>"

    def co_lines(self) -> Iterator[LineRange]:
        """(start, end, line) of each range of bytecode, as the version's own `co_lines` gives them.

        3.8 and 3.9 have no `co_lines`; here the ranges start where their `dis.findlinestarts` says.
        """
        if self.version >= (3, 11):
            return lines_of_locations(
                self.co_linetable, self.co_firstlineno, join_neighbours=self.version >= (3, 12)
            )
        if self.version >= (3, 10):
            return lines_of_linetable(self.co_linetable, self.co_firstlineno)
        return lines_of_lnotab(self.co_lnotab, self.co_firstlineno, len(self.co_code))

    def co_positions(self) -> Iterator[Span]:
        """(line, end line, column, end column) of each code unit; before 3.11 only the line."""
        units = len(self.co_code) // 2
        if self.version >= (3, 11):
            return positions_of_locations(self.co_linetable, self.co_firstlineno, units)
        return positions_of_lines(self.co_lines(), units)

    def walk(self) -> Iterator[CodeRecord]:
        """This code record and all that are nested in it, each before its children."""
        stack = [self]
        while stack:
            code = stack.pop()
            yield code
            stack.extend(
                const for const in reversed(code.co_consts) if isinstance(const, CodeRecord)
            )


def make_code_record(version: tuple[int, int], parts: Sequence[Any]) -> CodeRecord:
    """A record of the parts that marshal wrote, in the order in which it writes them.

    Raises `PycError` where a part is not what the interpreter asks for.
    """
    fields = _from_localsplus(version, parts) if version >= (3, 11) else _from_names(version, parts)
    fields.__class__ = CodeRecord
    return cast(CodeRecord, fields)


def _from_localsplus(version: tuple[int, int], parts: Sequence[Any]) -> _CodeFields:
    if [*map(type, parts)] != _TYPES_SINCE_3_11:
        _refuse_types(parts, _PARTS_SINCE_3_11)
    argcount, posonlyargcount, kwonlyargcount, stacksize, flags = parts[:5]
    code, consts, names, localsplusnames, localspluskinds = parts[5:10]
    filename, name, qualname, firstlineno, linetable, exceptiontable = parts[10:]
    if not _ONLY_STRINGS.issuperset(map(type, names + localsplusnames)):
        _refuse_names()
    if len(localspluskinds) != len(localsplusnames):
        raise PycError(
            f"a code object has {len(localsplusnames)} localsplusnames and {len(localspluskinds)} kinds"
        )
    varnames: tuple[str, ...] = localsplusnames
    cellvars: tuple[str, ...] = ()
    freevars: tuple[str, ...] = ()
    # neither a cell nor a free variable, and no cell that was inlined away
    if localspluskinds and not _LOCALS_ONLY.issuperset(localspluskinds):
        varnames = _names_of_kind(localsplusnames, localspluskinds, _FAST_LOCAL)
        cellvars = _names_of_kind(localsplusnames, localspluskinds, _FAST_CELL)
        freevars = _names_of_kind(localsplusnames, localspluskinds, _FAST_FREE)
    _check_counts(argcount, posonlyargcount, kwonlyargcount, stacksize, flags, code, varnames)
    return _CodeFields(
        version,
        name,
        qualname,
        filename,
        firstlineno,
        argcount,
        posonlyargcount,
        kwonlyargcount,
        len(varnames),
        stacksize,
        flags,
        code,
        consts,
        names,
        varnames,
        cellvars,
        freevars,
        exceptiontable,
        linetable,
        b"",
        localsplusnames,
        localspluskinds,
    )


def _from_names(version: tuple[int, int], parts: Sequence[Any]) -> _CodeFields:
    if [*map(type, parts)] != _TYPES_BEFORE_3_11:
        _refuse_types(parts, _PARTS_BEFORE_3_11)
    argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags = parts[:6]
    code, consts, names, varnames, freevars, cellvars = parts[6:12]
    filename, name, firstlineno, linetable = parts[12:]
    if not _ONLY_STRINGS.issuperset(map(type, names + varnames + freevars + cellvars)):
        _refuse_names()
    _check_counts(argcount, posonlyargcount, kwonlyargcount, stacksize, flags, code, varnames)
    if nlocals < 0:
        raise PycError(f"a code object has {nlocals} local variables")
    own = set(varnames)
    return _CodeFields(
        version,
        name,
        name,
        filename,
        firstlineno,
        argcount,
        posonlyargcount,
        kwonlyargcount,
        nlocals,
        stacksize,
        flags,
        code,
        consts,
        names,
        varnames,
        cellvars,
        freevars,
        b"",
        linetable if version >= (3, 10) else b"",
        linetable if version < (3, 10) else b"",
        (*varnames, *(name for name in cellvars if name not in own), *freevars),
        b"",
    )


def _names_of_kind(names: tuple[str, ...], kinds: bytes, kind: int) -> tuple[str, ...]:
    """A parameter that is a cell, too, is in both (`get_localsplus_names`)."""
    return tuple([name for name, bits in zip(names, kinds, strict=True) if bits & kind])


def _refuse_types(parts: Sequence[Any], expected: dict[str, type]) -> NoReturn:
    name, part, kind = next(
        (name, part, kind)
        for part, (name, kind) in zip(parts, expected.items(), strict=True)
        if type(part) is not kind
    )
    raise PycError(f"a code object's {name} is of type {type(part).__name__}, not {kind.__name__}")


def _refuse_names() -> NoReturn:
    raise PycError("a code object has a name that is not a string")


def _check_counts(
    argcount: int,
    posonlyargcount: int,
    kwonlyargcount: int,
    stacksize: int,
    flags: int,
    code: bytes,
    varnames: tuple[str, ...],
) -> None:
    parameters = argcount + kwonlyargcount + (flags >> 2 & 1) + (flags >> 3 & 1)  # *args, **kwargs
    if (
        not 0 <= posonlyargcount <= argcount
        or kwonlyargcount < 0
        or stacksize < 0
        or flags < 0
        or parameters > len(varnames)
    ):
        raise PycError("the counts in a code object's head contradict each other")
    if len(code) % 2:
        raise PycError(f"a code object has {len(code)} bytes of bytecode, half an instruction")
