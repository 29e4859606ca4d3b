"""The listing that ``dis`` shows: for each code object its header, then source lines and instructions.

Rows are f-strings between marks of the palette: one layout for plain text, terminal and HTML, and as
fast as printing. Nothing here looks anything up; all meaning is in the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..bytecode.facts import CodeObject, ExceptionTableEntry, Instruction
from .carets import caret_lines, display_text
from .cells import cut
from .code_header import header_lines, tree_lines
from .instruction_words import opname_style
from .lanes import Lane, draw_lanes, draw_regions
from .palette import Palette

__all__ = ["ListingOptions", "listing_lines"]

OPNAME_WIDTH = 24
_NO_LINE = "(no source line)"


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


def listing_lines(
    roots: Sequence[CodeObject],
    palette: Palette,
    *,
    width: int | None = None,
    options: ListingOptions | None = None,
) -> Iterator[str]:
    """The whole report on `roots` and everything nested in them, line by line."""
    options = options or ListingOptions()
    columns = _Columns(palette)
    for root in roots:
        if options.tree and root.children:
            yield from tree_lines(root, palette, width=width)
            yield ""
        if options.lines_only:
            from .run_rows import coloured_source_lines

            yield from coloured_source_lines(root, palette, width=width)
            yield ""
            continue
        for code_object in root.walk():
            if code_object.code is None:
                continue  # a class or module that is only known by its members
            if options.header:
                yield from header_lines(code_object, palette, width=width)
            yield from _instruction_lines(
                code_object, palette, columns, width=width, options=options
            )
            yield ""


def _instruction_lines(
    code_object: CodeObject,
    palette: Palette,
    columns: _Columns,
    *,
    width: int | None,
    options: ListingOptions,
) -> Iterator[str]:
    """Source lines, each followed by its instructions."""
    instructions = code_object.instructions
    rows, lane_width = _surroundings(code_object, palette)
    layout = _RowLayout(code_object, palette, columns, lane_width, width=width, options=options)
    source_line = _source_line_writer(code_object, palette, width=width, options=options)
    row = layout.row
    shows_carets, shows_caches = options.positions, options.caches
    carets = _CaretWriter(code_object, palette, width=width)
    for instruction, region, lanes, note in zip(instructions, *rows, strict=True):
        if instruction.starts_line:
            line = instruction.line_number
            yield source_line(line)
            carets.line_is_shown(line)
        if shows_carets:
            yield from carets.under(instruction)
        yield row(instruction, region, lanes, note)
        if shows_caches and instruction.cache_units:
            yield from layout.cache_rows(instruction)


class _CaretWriter:
    """Carets under each span of source that differs from the one before."""

    def __init__(self, code_object: CodeObject, palette: Palette, *, width: int | None) -> None:
        self.code_object = code_object
        self.palette = palette
        self.width = width
        self.shown_line: int | None = None
        self.last_span: object = None

    def line_is_shown(self, line: int | None) -> None:
        """The row above is this source line."""
        self.shown_line, self.last_span = line, None

    def under(self, instruction: Instruction) -> Iterator[str]:
        """The rows for `instruction`; none if its span was marked just before."""
        if instruction.positions == self.last_span:
            return
        yield from caret_lines(
            self.code_object,
            instruction,
            self.palette,
            width=self.width,
            shown_line=self.shown_line,
        )
        self.shown_line, self.last_span = None, instruction.positions


def _line_notes(code_object: CodeObject, palette: Palette) -> Callable[[int | None], str] | None:
    """What a run made of each line, to stand behind it; None without a run."""
    if code_object.run is None:
        return None
    from .run_rows import line_notes

    return line_notes(code_object, palette)


def _linked(line: int | None, text: str) -> str:
    """In HTML each row knows its source line, so that both sides of a page can be linked."""
    place = f" data-line='{line}'" if line is not None else ""
    return f"<span class='row'{place}>{text}</span>"


def _surroundings(
    code_object: CodeObject, palette: Palette
) -> tuple[tuple[Iterable[str], Iterable[str], Iterable[str]], int]:
    """Exception brackets, jump arrows and notes of every row, and how wide the arrows are."""
    instructions = code_object.instructions
    count = len(instructions)
    jumps = [(row, ins) for row, ins in enumerate(instructions) if ins.jump_target is not None]
    blanks = [" "] * count
    if not jumps and not code_object.exception_table:
        return (blanks, [""] * count, [""] * count), 0
    row_at = {instruction.offset: row for row, instruction in enumerate(instructions)}
    lanes, lane_width = draw_lanes(_lanes(jumps, row_at), count, unicode=palette.unicode)
    notes = [""] * count
    spans = []
    for entry in code_object.exception_table:
        span = _rows_of(entry, row_at, count)
        if span is not None:
            spans.append(span)
            notes[span[0]] = _region_note(entry, instructions, row_at, palette)
    regions = draw_regions(spans, count, unicode=palette.unicode) if spans else blanks
    return (regions, lanes, notes), lane_width


def _lanes(jumps: Iterable[tuple[int, Instruction]], row_at: dict[int, int]) -> list[Lane]:
    sources: dict[int, list[int]] = {}
    for row, instruction in jumps:
        target = row_at.get(instruction.jump_target or 0)
        if target is not None and instruction.base_opname != "END_ASYNC_FOR":
            sources.setdefault(target, []).append(row)
    return [Lane(target, tuple(rows)) for target, rows in sources.items()]


def _rows_of(
    entry: ExceptionTableEntry, row_at: dict[int, int], count: int
) -> tuple[int, int] | None:
    first = row_at.get(entry.start)
    if first is None:
        return None
    return first, max(first, row_at.get(entry.end, count) - 1)


def _region_note(
    entry: ExceptionTableEntry,
    instructions: Sequence[Instruction],
    row_at: dict[int, int],
    palette: Palette,
) -> str:
    handler = row_at.get(entry.target)
    label = f"L{instructions[handler].label}" if handler is not None else f"{entry.target}"
    arrow = "→" if palette.unicode else "->"
    lasti = ", lasti" if entry.lasti else ""
    return f"except {arrow} {label}, depth {entry.depth}{lasti}"


def _source_line_writer(
    code_object: CodeObject, palette: Palette, *, width: int | None, options: ListingOptions
) -> Callable[[int | None], str]:
    """Writes the row that opens a source line's instructions."""
    number_open, number_close = palette.marks("source.line_number")
    text_open, text_close = palette.marks("source.text")
    muted_open, muted_close = palette.marks("muted")
    bar = "│" if palette.unicode else "|"
    source = code_object.source if options.source else None

    line_note = _line_notes(code_object, palette)

    def write(line: int | None) -> str:
        text = written(line)
        if line_note is not None:
            text += line_note(line)
        return _linked(line, text) if palette.is_html else text

    def written(line: int | None) -> str:
        if line is None:
            return f"{muted_open}{'--':>6} {bar} {_NO_LINE}{muted_close}"
        text = source.line(line) if source is not None else None
        gutter = f"{number_open}{line:>6}{number_close} {muted_open}{bar}{muted_close}"
        if not text:
            return gutter
        shown = display_text(text)
        if width is not None:
            shown = cut(shown, width - 9, palette)
        return f"{gutter} {text_open}{palette.escape(shown)}{text_close}"

    return write


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


class _Columns:
    """The cells of every column, shared by all code objects of a report."""

    def __init__(self, palette: Palette) -> None:
        marks = palette.marks
        offset_open, offset_close = marks("dis.offset")
        label_open, label_close = marks("dis.label")
        arg_open, arg_close = marks("dis.arg")
        region_open, region_close = marks("dis.region")
        self.line = _Cells(lambda line: f"{'--' if line is None else line:>6}  ")
        self.blank_line = " " * 8
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


class _RowLayout:
    """Writes the instruction rows of one code object."""

    def __init__(
        self,
        code_object: CodeObject,
        palette: Palette,
        columns: _Columns,
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
        line_cell = columns.line if not palette.unicode else None
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
                opname_text = palette.paint(style, f"{opname:<24}")
                if run is None:  # else the style is not the opcode's alone
                    opname_cell[opname] = opname_text
            if room is not None and len(argrepr) + len(note) + 2 > room:
                argrepr, note = _fit(argrepr, note, room, palette)
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
            return _linked(line, text) if is_html else text

        return write

    def _prefix_width(self) -> int:
        """Columns before the argument's meaning."""
        count_width = 11 if self.counts is not None else 0
        return 20 + self.raw_width + count_width + self.lane_width + 6 + OPNAME_WIDTH + 6 + 2

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
        opening, closing = self.palette.marks("dis.cache")
        offset = instruction.offset + 2
        lanes = " " * self.lane_width
        before = " " * (self._prefix_width() - 20 - self.lane_width - 6 - OPNAME_WIDTH - 8)
        for entry in self.code_object.caches(instruction):
            value = int.from_bytes(entry.data, "little")
            number = "" if self.palette.unicode else instruction.line_number or "--"
            yield (
                f"{number:>6}  {opening}{offset:>6}      {before}{lanes}      "
                f"{'  CACHE':<{OPNAME_WIDTH}}{entry.size:>6}  {entry.name} = {value:#x}{closing}"
            )
            offset += 2 * entry.size


def _fit(argrepr: str, note: str, room: int, palette: Palette) -> tuple[str, str]:
    """The note goes first when a row is too long; then the meaning is cut."""
    if note and len(argrepr) + len(note) + 4 > room:
        spare = room - len(argrepr) - 4
        note = cut(note, spare, palette) if spare > 12 else ""
    return cut(argrepr, room, palette), note
