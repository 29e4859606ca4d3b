"""The listing that ``dis`` shows: for each code object its header, then source lines and instructions.

How a row is laid out is in `instruction_rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ..bytecode.facts import CodeObject, ExceptionTableEntry, Instruction
from .carets import CaretWriter, display_text
from .cells import cut
from .code_header import header_lines, tree_lines
from .instruction_rows import Columns, ListingOptions, RowLayout, linked
from .lanes import Lane, draw_lanes, draw_regions
from .palette import Palette

__all__ = ["listing_lines"]

_NO_LINE = "(no source line)"


def listing_lines(
    roots: Sequence[CodeObject],
    palette: Palette,
    *,
    width: int | None = None,
    options: ListingOptions | None = None,
) -> Iterator[str]:
    """The whole report on `roots` and everything nested in them, line by line."""
    options = options or ListingOptions()
    columns = Columns(palette, width)
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
    columns: Columns,
    *,
    width: int | None,
    options: ListingOptions,
) -> Iterator[str]:
    """Source lines, each followed by its instructions."""
    instructions = code_object.instructions
    rows, lane_width = _surroundings(code_object, palette)
    layout = RowLayout(code_object, palette, columns, lane_width, width=width, options=options)
    source_line = _source_line_writer(code_object, palette, width=width, options=options)
    row = layout.row
    shows_carets, shows_caches = options.positions, options.caches
    carets = CaretWriter(code_object, palette, width=width)
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


def _line_notes(code_object: CodeObject, palette: Palette) -> Callable[[int | None], str] | None:
    """What a run made of each line, to stand behind it; None without a run."""
    if code_object.run is None:
        return None
    from .run_rows import line_notes

    return line_notes(code_object, palette)


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
        return linked(line, text) if palette.is_html else text

    def written(line: int | None) -> str:
        if not line:  # 0 is what RESUME of a module has
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
