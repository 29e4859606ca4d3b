"""One row for each instruction: columns, their widths and their marks.

Rows are f-strings between marks of the palette: one layout for plain text, terminal and HTML, and as
fast as printing. Nothing here looks anything up; all meaning is in the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..bytecode.facts import CodeObject, Instruction
from .cells import cut, fitted_row
from .instruction_words import opname_style
from .palette import Palette

__all__ = ["Columns", "ListingOptions", "RowLayout", "linked"]

OPNAME_WIDTH = 24
_NARROW = 90
"""Columns below which a listing leaves out what it can."""
_NARROW_OPNAME_WIDTH = 20


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ListingOptions:
    """What a listing shows besides source lines and instructions."""

    tree: bool = True
    header: bool = True
    source: bool = True
    caches: bool = False
    raw_bytes: bool = False
    positions: bool = False
    explain: bool = False
    lines_only: bool = False
    """Source lines without instructions, coloured by what a run made of them."""


def linked(line: int | None, text: str) -> str:
    """In HTML each row knows its source line, so that both sides of a page can be linked."""
    place = f" data-line='{line}'" if line is not None else ""
    return f"<span class='row'{place}>{text}</span>"


class _Cells(dict[Any, str]):
    """Painted, padded cells of one column, made once for each value: most rows repeat what others had.

    Looking a cell up takes a tenth of the time that formatting it does.
    """

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[Any], str]) -> None:
        self._make = make

    def __missing__(self, value: Any) -> str:
        cell = self[value] = self._make(value)
        return cell


class Columns:
    """The cells of every column, shared by all code objects of a report."""

    def __init__(self, palette: Palette, width: int | None) -> None:
        is_narrow = width is not None and width < _NARROW
        self.opname_width = _NARROW_OPNAME_WIDTH if is_narrow else OPNAME_WIDTH
        self.is_numbered = not palette.unicode
        self.line_width = 2 if is_narrow and palette.unicode else 8
        marks = palette.marks
        offset_open, offset_close = marks("dis.offset")
        label_open, label_close = marks("dis.label")
        arg_open, arg_close = marks("dis.arg")
        region_open, region_close = marks("dis.region")
        self.line = _Cells(lambda line: f"{'--' if line is None else line:>6}  ")
        self.blank_line = " " * self.line_width
        self.offset = _Cells(lambda offset: f"{offset_open}{offset:>6}")
        self.depth = _Cells(lambda n: f" {'?' if n is None else n:>3}{offset_close} ")
        self.region = _Cells(
            lambda bracket: bracket if bracket == " " else f"{region_open}{bracket}{region_close}"
        )
        self.label = _Cells(
            lambda n: f"{label_open}{f'L{n}':>5}{label_close} " if n is not None else " " * 6
        )
        self.arg = _Cells(lambda arg: f"{arg_open}{arg:>6}{arg_close}")
        self.opname: dict[str, str] = {}


class RowLayout:
    """Writes the instruction rows of one code object."""

    def __init__(
        self,
        code_object: CodeObject,
        palette: Palette,
        columns: Columns,
        lane_width: int,
        *,
        width: int | None,
        options: ListingOptions,
    ) -> None:
        self.code_object = code_object
        self.palette = palette
        self.columns = columns
        self.options = options
        self.width = width
        self.lane_width = lane_width
        self.raw_width = 6 if options.raw_bytes else 0
        self.counts = code_object.run.counts if code_object.run is not None else None
        self.row = self._writer()

    def _writer(self) -> Callable[[Instruction, str, str, str], str]:
        """A closure, because attribute look-ups would cost more than the formatting."""
        palette, columns, width = self.palette, self.columns, self.width
        is_html = palette.is_html
        escape = palette.escape
        lane_open, lane_close = palette.marks("dis.lane")
        value_open, value_close = palette.marks("dis.argrepr")
        offset_cell, depth_cell, label_cell = columns.offset, columns.depth, columns.label
        arg_cell, region_cell, opname_cell = columns.arg, columns.region, columns.opname
        line_cell = columns.line if columns.is_numbered else None
        opname_width = columns.opname_width
        blank = columns.blank_line
        extra = self._extra_columns()
        run = self.code_object.run
        style_of = opname_style if run is None else self._run_styles()
        lasti = self.code_object.lasti
        room = width - self._prefix_width() if width is not None else None

        def write(instruction: Instruction, region: str, lanes: str, note: str) -> str:
            (
                offset, _, _, opname, _, arg, _, argrepr, line, _, label, _, depth, _, _,
            ) = instruction  # fmt: skip
            opname_text = opname_cell.get(opname)
            if opname_text is None:
                style = style_of(instruction)
                opname_text = f"{palette.paint(style, opname)}{' ' * (opname_width - len(opname))}"
                if run is None:  # else the style is not the opcode's alone
                    opname_cell[opname] = opname_text
            if room is not None:
                free = room - max(0, len(opname) - opname_width)
                if len(argrepr) + (len(note) + 4 if note else 0) > free:
                    argrepr, note = _fit(argrepr, note, max(free, 1), palette)
            before, behind = extra(instruction, argrepr, note) if extra is not None else ("", "")
            number = line_cell[line] if line_cell is not None else blank
            if offset == lasti:
                number = f"{number[:-2]}=>"
            if is_html:
                argrepr = escape(argrepr)
                lanes = escape(lanes)
            if lanes and not lanes.isspace():
                lanes = f"{lane_open}{lanes}{lane_close}"
            text = (
                f"{number}{offset_cell[offset]}{depth_cell[depth]}{region_cell[region]}"
                f"{before}{lanes}{label_cell[label]}{opname_text}"
            )
            if arg is not None:
                text += arg_cell[arg]
                if argrepr:
                    text = f"{text}  {value_open}{argrepr}{value_close}"
            if note or behind:
                padding = " " * (6 if arg is None else 0)
                painted = f"  {palette.paint('note', f'; {note}')}" if note else ""
                text = f"{text}{padding}{painted}{behind}"
            elif arg is None:
                text = text.rstrip()
            return linked(line, text) if is_html else text

        return write

    def _prefix_width(self) -> int:
        """Columns before the argument's meaning."""
        count_width = 11 if self.counts is not None else 0
        columns = self.columns
        before_lanes = columns.line_width + 12 + self.raw_width + count_width
        return before_lanes + self.lane_width + 6 + columns.opname_width + 6 + 2

    def _run_styles(self) -> Callable[[Instruction], str]:
        from .run_rows import opname_styles

        return opname_styles(self.code_object)

    def _extra_columns(self) -> Callable[[Instruction, str, str], tuple[str, str]] | None:
        """What options add before the arrows and behind the meaning; None if nothing."""
        if not (self.options.raw_bytes or self.options.explain or self.code_object.run is not None):
            return None
        from .dis_columns import extra_columns

        return extra_columns(
            self.code_object,
            self.palette,
            raw_bytes=self.options.raw_bytes,
            explain=self.options.explain,
            width=self.width,
            prefix_width=self._prefix_width(),
        )

    def cache_rows(self, instruction: Instruction) -> Iterator[str]:
        """A row for each inline cache behind `instruction`."""
        columns = self.columns
        offset = instruction.offset + 2
        # as far as the opcode of the row above
        gap = " " * (self._prefix_width() - columns.line_width - 6 - columns.opname_width - 8)
        number = (
            columns.line[instruction.line_number] if columns.is_numbered else columns.blank_line
        )
        for entry in self.code_object.caches(instruction):
            value = int.from_bytes(entry.data, "little")
            text = (
                f"{offset:>6}{gap}{'  CACHE':<{columns.opname_width}}{entry.size:>6}  "
                f"{entry.name} = {value:#x}"
            )
            yield number + fitted_row([("dis.cache", text)], self.palette, self._room(number))
            offset += 2 * entry.size

    def _room(self, before: str) -> int | None:
        return self.width - len(before) if self.width is not None else None


def _fit(argrepr: str, note: str, room: int, palette: Palette) -> tuple[str, str]:
    """The note goes first when a row is too long; then the meaning is cut."""
    if note and len(argrepr) + len(note) + 4 > room:
        spare = room - len(argrepr) - 4
        note = cut(note, spare, palette) if spare > 12 else ""
    return cut(argrepr, room, palette), note
