"""Which source lines and columns the bytecode of a code object stands for, in each version's encoding.

Stands on Objects/lnotab_notes.txt (`co_lnotab` up to 3.9; `co_linetable` of 3.10, PEP 626) and on
Objects/locations.md, later InternalDocs/code_objects.md (`co_linetable` since 3.11, PEP 657). Every
reader takes any bytes at all: it ends at the end of its table, yields no more than the table or the
bytecode has room for, and keeps numbers to the 32 bits that the interpreter has for them.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = [
    "lines_of_linetable",
    "lines_of_lnotab",
    "lines_of_locations",
    "positions_of_lines",
    "positions_of_locations",
]

LineRange = tuple[int, int, int | None]
"""First byte offset, the one behind the last, line."""

Span = tuple[int | None, int | None, int | None, int | None]
"""Line, end line, column, end column; None where it isn't recorded."""

_NO_LINE_DELTA = 0x80
"""The line delta of 3.10 that says "no line": -128."""

# kinds of entry of the location table; below them, the short forms for columns under 80
_ONE_LINE = 10
_NO_COLUMNS = 13
_LONG = 14
_NONE = 15

_UNKNOWN: Span = (None, None, None, None)


def lines_of_lnotab(table: bytes, first_line: int, code_bytes: int) -> Iterator[LineRange]:
    """The lines of `co_lnotab` of 3.8 and 3.9: pairs of byte delta and signed line delta.

    As `dis.findlinestarts` reads them: what lies past the bytecode was optimised away.
    """
    start = offset = 0
    line = shown = first_line
    for delta, line_delta in zip(table[::2], table[1::2], strict=False):
        if delta:
            if line != shown:
                if start < offset:
                    yield start, offset, shown
                start, shown = offset, line
            offset += delta
            if offset >= code_bytes:
                break
        line += line_delta - 256 if line_delta > 127 else line_delta
    else:
        if line != shown:
            if start < offset:
                yield start, offset, shown
            start, shown = offset, line
    if start < code_bytes:
        yield start, code_bytes, shown


def lines_of_linetable(table: bytes, first_line: int) -> Iterator[LineRange]:
    """The lines of `co_linetable` of 3.10: pairs of byte delta and signed line delta (PEP 626)."""
    start = end = 0
    line = first_line
    for delta, line_delta in zip(table[::2], table[1::2], strict=False):
        start = end
        end += delta
        if line_delta == _NO_LINE_DELTA:
            shown = None
        else:
            line += line_delta - 256 if line_delta > 127 else line_delta
            shown = line
        if start != end:
            yield start, end, shown


def lines_of_locations(
    table: bytes, first_line: int, *, join_neighbours: bool
) -> Iterator[LineRange]:
    """The lines of `co_linetable` since 3.11.

    3.11 has a range for each entry; since 3.12 `co_lines` joins neighbours that are on one line.
    """
    place, size = 0, len(table)
    start = end = 0
    line = first_line
    pending: int | None = None
    while place < size:
        head = table[place]
        kind = head >> 3 & 15
        shown: int | None
        if kind == _NONE:
            # `is_no_line_marker` asks for the bit that starts an entry, too
            shown = None if head & 128 else line
        else:
            if kind >= _NO_COLUMNS:
                line += _signed(_varint(table, place + 1, size)[0])
            elif kind > _ONE_LINE:
                line += kind - _ONE_LINE
            shown = line if line != -1 else None
        if end and (shown != pending or not join_neighbours):
            yield start, end, pending
            start = end
        pending = shown
        end += 2 * (head & 7) + 2
        place += 1
        while place < size and not table[place] & 128:
            place += 1
    if end:
        yield start, end, pending


def positions_of_locations(table: bytes, first_line: int, unit_count: int) -> Iterator[Span]:
    """The span of each of the `unit_count` code units, from `co_linetable` since 3.11."""
    place, size = 0, len(table)
    line = first_line
    while place < size and unit_count > 0:
        head = table[place]
        kind = head >> 3 & 15
        place += 1
        span: Span
        if kind < _ONE_LINE:
            if place >= size:
                return
            second = table[place]
            place += 1
            column = kind << 3 | second >> 4
            span = (line, line, column, column + (second & 15))
        elif kind < _NO_COLUMNS:
            if place + 1 >= size:
                return
            line += kind - _ONE_LINE
            span = (line, line, table[place], table[place + 1])
            place += 2
        elif kind == _NONE:
            span = _UNKNOWN
        else:
            delta, place = _varint(table, place, size)
            line += _signed(delta)
            if kind == _NO_COLUMNS:
                span = (line, line, None, None)
            else:
                line_count, place = _varint(table, place, size)
                column, place = _varint(table, place, size)
                end_column, place = _varint(table, place, size)
                # columns are stored one higher: 0 says that there is none
                span = (line, line + line_count, column - 1, end_column - 1)
        if -1 in span:
            span = _without_minus_one(span)
        for _ in range(min((head & 7) + 1, unit_count)):
            yield span
        unit_count -= (head & 7) + 1


def positions_of_lines(lines: Iterator[LineRange], unit_count: int) -> Iterator[Span]:
    """The line of each of the `unit_count` code units, for versions that record no columns."""
    unit = 0
    for _, end, line in lines:
        if unit >= unit_count:
            return
        behind = min(end >> 1, unit_count)
        for _ in range(behind - unit):
            yield line, None, None, None
        unit = max(unit, behind)


def _without_minus_one(span: Span) -> Span:
    """The interpreter keeps "not recorded" as -1."""
    line, end_line, column, end_column = (None if number == -1 else number for number in span)
    return line, end_line, column, end_column


def _varint(table: bytes, place: int, size: int) -> tuple[int, int]:
    """The number at `place` and the place behind it: six bits a byte, lowest first, 64 goes on.

    Cut off after six bytes, which are more than 32 bits: `lines_of_locations` may come by the same bytes
    again and again.
    """
    value = 0
    for shift in range(0, 36, 6):
        if place >= size:
            break
        byte = table[place]
        place += 1
        value |= (byte & 63) << shift
        if not byte & 64:
            break
    return value & 0xFFFFFFFF, place


def _signed(number: int) -> int:
    """The sign is in the lowest bit."""
    return -(number >> 1) if number & 1 else number >> 1
