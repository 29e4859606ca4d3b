"""Reads marshalled data, and builds nothing that could run, hash, compare or recurse for ever.

Stands on Python/marshal.c, format versions 0-6 (3.8-3.15). `marshal.loads` makes native code objects
of whatever it is given, and a few hundred bytes can keep it busy for hours; here every size is checked
against what is left of the data before anything is made of it, and every kind of growth has a limit.

What is read: numbers, strings, bytes, None, True, False, Ellipsis, StopIteration, tuples and slices as
themselves; code objects as `CodeRecord`; lists, sets and dicts as records that hold their items in a
tuple, because to build a set is to hash what is in it. What the data shares is shared in the result.
Sharing is how a small file says something huge, so the size that the data would have if it shared
nothing is limited, too: any walk over the result is as long as that at most.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from ..errors import PycError
from ..safe_text import safe_repr
from ..units import format_bytes
from .code_record import make_code_record
from .marshal_limits import DEFAULT_LIMITS, Limits, check_progress
from .marshal_records import MarshalDict, MarshalList, MarshalSet

__all__ = ["DEFAULT_LIMITS", "Limits", "MarshalContents", "read_marshal"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarshalContents:
    """What was read, and how far."""

    value: Any
    end: int
    """Offset of the first byte behind the value."""
    object_count: int
    """Objects read, references included."""
    reference_count: int
    """References among them."""
    shared_bytes: int
    """Bytes that the data would grow by if every reference were replaced by what it refers to."""


# type codes (Python/marshal.c); 128 on top of one says that references may refer to the object
_NULL, _INT, _INT64, _LONG, _FLOAT, _BINARY_FLOAT, _COMPLEX, _BINARY_COMPLEX = b"0iIlfgxy"
_BYTES, _INTERNED, _UNICODE, _ASCII, _ASCII_INTERNED = b"stuaA"
_SHORT_ASCII, _SHORT_ASCII_INTERNED = b"zZ"
_REF, _TUPLE, _SMALL_TUPLE, _LIST, _DICT, _SET, _FROZENSET, _CODE = b"r()[{<>c"
_SLICE, _FROZENDICT = b":}"
_FLAG_REF: Final = 0x80

# what is being filled, beside the type codes of containers
_ROOT: Final = -1
_CODE_END: Final = -2
"""A code object behind its first line number."""

_CONSTANTS: Final = dict(zip(b"NFTS.", (None, False, True, StopIteration, Ellipsis), strict=True))
_NULL_ENDED: Final = (_DICT, _FROZENDICT)
_OTHER_LEAVES: Final = frozenset(b"0NFTS.iIlfgxytuaA")

_CHUNK: Final = 4096
"""Objects between two looks at the clock."""

_INCOMPLETE: Final = object()
"""Stands in the list of references for a container that is still being read."""

_SHORT_BYTES: Final = 255
"""Strings up to this size count as nothing where they are shared."""

_INT32: Final = struct.Struct("<i")
_UINT32: Final = struct.Struct("<I")
_DOUBLE: Final = struct.Struct("<d")


def read_marshal(
    data: bytes,
    *,
    version: tuple[int, int],
    offset: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    clock: Callable[[], float] = time.monotonic,
) -> MarshalContents:
    """The object that CPython `version` (3.8-3.15) has marshalled at `offset` of `data`.

    Raises `PycError` for data that its `marshal.loads` refuses, for what passes one of the `limits`, for
    containers that contain themselves and for slices of slices, whose `repr` knows no depth.
    """
    try:
        return _read(data, version, offset, limits, clock)
    except (IndexError, struct.error):
        raise PycError(f"ends within an object, after {format_bytes(len(data))}") from None


def _read(
    data: bytes,
    version: tuple[int, int],
    pos: int,
    limits: Limits,
    clock: Callable[[], float],
) -> MarshalContents:
    """One turn of the loop for each object. Long, because a call for each would double the time it takes.

    No recursion: `stack` holds the containers around the one that is being filled.
    """
    size = len(data)
    text = data.decode("latin-1")  # to cut short strings out of, at the same places
    deadline = clock() + limits.seconds
    deepest, most_shared = limits.depth, limits.shared_bytes + size
    code_head, code_parts, code_end_parts = _code_layout(version)
    int32, uint32 = _INT32.unpack_from, _UINT32.unpack_from
    refs: list[Any] = []
    add_ref = refs.append
    # by number of reference: bytes of what it refers to if nothing in it were shared
    expanded: dict[int, int] = {}
    shared = 0  # bytes that the references so far stand for
    reference_count = object_count = 0
    stack: list[tuple[int, list[Any], int, int, int]] = []
    kind, missing, ref, mark = _ROOT, 1, -1, pos
    items: list[Any] = []
    append = items.append
    value: Any
    while True:
        check_progress(object_count, reference_count, limits, clock, deadline)
        for count in range(object_count + 1, object_count + _CHUNK + 1):
            code = data[pos]
            pos += 1
            if code == _REF:
                (number,) = uint32(data, pos)
                try:
                    value = refs[number]
                except IndexError:
                    _refuse_reference(number, len(refs), pos - 1)
                if value is _INCOMPLETE:
                    _refuse_reference(number, len(refs), pos - 1)
                pos += 4
                reference_count += 1
                if number in expanded:
                    shared += expanded[number]
            else:
                flag = code & _FLAG_REF
                code &= 0x7F
                # by how often they occur
                if code == _SHORT_ASCII_INTERNED or code == _SHORT_ASCII:  # noqa: SIM109 - faster
                    end = pos + 1 + data[pos]
                    if end > size:
                        _refuse_size(data[pos], pos, size)
                    value = text[pos + 1 : end]
                    pos = end
                elif code == _BYTES:
                    (length,) = uint32(data, pos)
                    pos += 4
                    end = pos + length
                    if end > size:
                        _refuse_size(length, pos - 4, size)
                    value = data[pos:end]
                    if length > _SHORT_BYTES and flag:
                        expanded[len(refs)] = length
                    pos = end
                elif code in _OTHER_LEAVES:
                    if code in _CONSTANTS:
                        value = _CONSTANTS[code]
                        flag = 0
                    elif code == _INT:
                        (value,) = int32(data, pos)
                        pos += 4
                    elif code != _NULL:
                        value, end = _read_leaf(code, data, pos, limits)
                        if end - pos > _SHORT_BYTES and flag:
                            expanded[len(refs)] = end - pos
                        pos = end
                    elif kind in _NULL_ENDED:
                        value = None  # taken off again below
                        missing = 1
                        flag = 0
                    else:
                        raise PycError(
                            f"has nothing where an object should be, at byte {pos - 1:,}"
                        )
                else:
                    start = pos + shared - 1
                    begun = []
                    if code == _SMALL_TUPLE:
                        code = _TUPLE
                        length = data[pos]
                        pos += 1
                    elif code == _CODE:
                        begun = list(code_head.unpack_from(data, pos))
                        length = code_parts
                        pos += code_head.size
                    else:
                        length, pos = _container_length(code, data, pos, version)
                    if length:
                        if len(stack) >= deepest:
                            raise PycError(f"objects nested more than {deepest} deep")
                        stack.append((kind, items, missing, ref, mark))
                        kind, items, missing, ref, mark = code, begun, length, -1, start
                        append = items.append
                        if flag:
                            ref = len(refs)
                            add_ref(_INCOMPLETE)
                        continue
                    value = () if code == _TUPLE else _completed(code, [])
                if flag:
                    add_ref(value)
            append(value)
            missing -= 1
            while not missing:
                if kind == _TUPLE:
                    value = tuple(items)
                elif kind == _CODE:
                    append(int32(data, pos)[0])
                    pos += 4
                    kind, missing = _CODE_END, code_end_parts
                    break
                elif kind == _CODE_END:
                    value = make_code_record(version, items)
                elif kind == _ROOT:
                    check_progress(count, reference_count, limits, clock, deadline)
                    return MarshalContents(
                        value=items[0],
                        end=pos,
                        object_count=count,
                        reference_count=reference_count,
                        shared_bytes=shared,
                    )
                else:
                    value = _completed(kind, items)
                if ref >= 0:
                    refs[ref] = value
                    expanded[ref] = pos + shared - mark
                if shared > most_shared:
                    raise PycError(
                        f"would grow by more than {format_bytes(most_shared)} if it shared nothing"
                    )
                kind, items, missing, ref, mark = stack.pop()
                append = items.append
                append(value)
                missing -= 1
        object_count += _CHUNK


def _code_layout(version: tuple[int, int]) -> tuple[struct.Struct, int, int]:
    """Numbers at the head of a code object, objects before its first line number, and objects behind."""
    if version >= (3, 11):
        return struct.Struct("<5i"), 8, 2
    if version >= (3, 8):
        return struct.Struct("<6i"), 8, 1
    raise PycError(f"code objects of Python {version[0]}.{version[1]} are not read")


def _container_length(
    code: int, data: bytes, pos: int, version: tuple[int, int]
) -> tuple[int, int]:
    """Items of the container whose type code stands before `pos`, and where they start; -1: until NULL."""
    if code in (_TUPLE, _LIST, _SET, _FROZENSET):
        (length,) = _UINT32.unpack_from(data, pos)
        pos += 4
        if length > len(data) - pos:  # each takes a byte at least
            _refuse_size(length, pos - 4, len(data))
        return length, pos
    if code == _DICT or (code == _FROZENDICT and version >= (3, 15)):
        return -1, pos
    if code == _SLICE and version >= (3, 14):
        return 3, pos
    raise PycError(f"has an unknown type code {safe_repr(chr(code))} at byte {pos - 1:,}")


def _completed(kind: int, items: list[Any]) -> Any:
    """The value of a container other than a tuple or a code object."""
    if kind == _LIST:
        return MarshalList(tuple(items))
    if kind in (_SET, _FROZENSET):
        return MarshalSet(tuple(items), kind == _FROZENSET)
    if kind == _SLICE:
        if slice in map(type, items):
            raise PycError("has a slice of slices, which no compiler writes")
        return slice(*items)
    # the last is the NULL; a key without a value is dropped, as `marshal.loads` does
    pairs = tuple(zip(items[:-1:2], items[1:-1:2], strict=False))
    return MarshalDict(pairs, kind == _FROZENDICT)


def _read_leaf(code: int, data: bytes, pos: int, limits: Limits) -> tuple[Any, int]:
    """The value of a type that is rare in .pyc files, and where it ends."""
    if code in (_UNICODE, _INTERNED, _ASCII, _ASCII_INTERNED):
        (length,) = _UINT32.unpack_from(data, pos)
        pos += 4
        end = pos + length
        if end > len(data):
            _refuse_size(length, pos - 4, len(data))
        if code in (_ASCII, _ASCII_INTERNED):
            return data[pos:end].decode("latin-1"), end
        try:
            return data[pos:end].decode("utf-8", "surrogatepass"), end
        except UnicodeDecodeError as error:
            raise PycError(
                f"has a string that is not UTF-8 at byte {pos + error.start:,}"
            ) from None
    if code == _BINARY_FLOAT:
        return _DOUBLE.unpack_from(data, pos)[0], pos + 8
    if code == _BINARY_COMPLEX:
        return complex(*struct.unpack_from("<2d", data, pos)), pos + 16
    if code == _FLOAT:
        return _read_float_text(data, pos)
    if code == _COMPLEX:
        real, pos = _read_float_text(data, pos)
        imag, pos = _read_float_text(data, pos)
        return complex(real, imag), pos
    if code == _INT64:
        return struct.unpack_from("<q", data, pos)[0], pos + 8
    return _read_long(data, pos, limits)


def _read_float_text(data: bytes, pos: int) -> tuple[float, int]:
    end = pos + 1 + data[pos]
    if end > len(data):
        _refuse_size(data[pos], pos, len(data))
    text = data[pos + 1 : end].decode("latin-1")
    try:
        # `float` takes more than the interpreter's own parser does: spaces, underscores, other digits
        if not text.isascii() or "_" in text or text.strip() != text:
            raise ValueError
        return float(text), end
    except ValueError:
        raise PycError(f"has a number that is none at byte {pos:,}: {safe_repr(text)}") from None


def _read_long(data: bytes, pos: int, limits: Limits) -> tuple[int, int]:
    """An integer as digits of 15 bits in two bytes each, lowest first; their number bears the sign."""
    (signed_count,) = _INT32.unpack_from(data, pos)
    count = abs(signed_count)
    pos += 4
    end = pos + 2 * count
    if end > len(data):
        _refuse_size(2 * count, pos - 4, len(data))
    if not count:
        return 0, end
    if count * 15 // 8 > limits.integer_bytes:
        raise PycError(f"has an integer of more than {format_bytes(limits.integer_bytes)}")
    digits = struct.unpack_from(f"<{count}H", data, pos)
    if max(digits) > 0x7FFF or not digits[-1]:
        raise PycError(f"has an integer that is not normalised at byte {pos - 4:,}")
    # eight digits are fifteen bytes
    packed = b"".join(
        sum(digit << 15 * place for place, digit in enumerate(digits[first : first + 8])).to_bytes(
            15, "little"
        )
        for first in range(0, count, 8)
    )
    value = int.from_bytes(packed, "little")
    return (-value if signed_count < 0 else value), end


def _refuse_reference(number: int, count: int, pos: int) -> NoReturn:
    if number < count:
        raise PycError(f"has an object that contains itself, by the reference at byte {pos:,}")
    raise PycError(f"refers to object {number:,} at byte {pos:,}, but {count:,} stand before it")


def _refuse_size(length: int, pos: int, size: int) -> NoReturn:
    raise PycError(
        f"says at byte {pos:,} that {length:,} bytes or objects follow, but it ends at {size:,}"
    )
