"""How the findings of a run are worded and coloured: counts, shares, bars, and the source by lines.

Nothing here reckons: the figures are those of `bytecode.specialisation`. What is never executed
says "never"; what is not known says "?".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..bytecode.specialisation import Form, LineRecord, line_records
from ..safe_text import escape
from .cells import cell_width, cut_to_cells

if TYPE_CHECKING:
    from ..bytecode.facts import CodeObject, Instruction
    from ..bytecode.source import SourceText
    from .palette import Palette

__all__ = [
    "bar_text",
    "coloured_source_lines",
    "execution_text",
    "form_style",
    "heat_style",
    "line_notes",
    "opname_styles",
    "share_text",
]

HOT_COUNT = 1000
"""Executions from which a line that stays generic is worth a look."""
MOSTLY = 0.5
"""The share of specialised executions from which a line counts as specialised."""
BAR_CELLS = 8

_FORM_STYLES = {
    Form.FIXED: "dis.opname",
    Form.QUICKENED: "dis.opname",
    Form.GENERIC: "run.generic",
    Form.WARMING_UP: "run.generic",
    Form.SPECIALISED: "run.specialised",
    Form.ABSORBED: "run.specialised",
    Form.COMPILED: "run.specialised",
    Form.INSTRUMENTED: "muted",
}


def execution_text(count: int | None, *, is_complete: bool = True, unicode: bool = True) -> str:
    """How often: ``"1,000"``, ``"never"``, ``"?"`` if unknown; ``"≥1,000"`` for a lower bound."""
    if count is None:
        return "?"
    if count == 0:
        return "never" if is_complete else "?"
    if is_complete:
        return f"{count:,}"
    return f"≥{count:,}" if unicode else f">={count:,}"


def share_text(share: float | None) -> str:
    """``"100 %"``, or nothing where nothing is specialisable. Rounded, but never up to 100."""
    if share is None:
        return ""
    percent = 100 if share >= 1 else min(99, round(100 * share))
    return f"{percent} %"


def bar_text(share: float | None, *, unicode: bool, cells: int = BAR_CELLS) -> str:
    """`share` as a bar of `cells` columns; blank where there is none."""
    if share is None:
        return " " * cells
    filled = round(share * cells)
    if share > 0:
        filled = max(filled, 1)
    if share < 1:
        filled = min(filled, cells - 1)
    full, empty = ("█", "░") if unicode else ("#", ".")
    return full * filled + empty * (cells - filled)


def form_style(form: Form) -> str:
    """The theme's style for an instruction that ended in this form."""
    return _FORM_STYLES[form]


def heat_style(record: LineRecord) -> str:
    """The theme's style for a line.

    ``run.never``: not executed. ``run.specialised``: at least half of its executions that could be
    were specialised. ``run.hot``: fewer, although it was executed a thousand times.
    ``run.generic``: fewer. ``source.text``: nothing in it could be specialised, or it is not known
    whether it was executed.
    """
    if record.is_executed is False:
        return "run.never"
    share = _share(record)
    if share is None or not record.is_executed:
        return "source.text"
    if share >= MOSTLY:
        return "run.specialised"
    return "run.hot" if (record.busiest_count or 0) >= HOT_COUNT else "run.generic"


def _share(record: LineRecord) -> float | None:
    """By executions; where nothing was counted, by instructions."""
    if record.specialisable_execution_count is None:
        return record.specialised_instruction_share
    return record.specialised_execution_share


def coloured_source_lines(
    code_object: CodeObject, palette: Palette, *, width: int | None = None
) -> Iterator[str]:
    """The source of `code_object`, each line behind a gutter: its number, how often its busiest
    instruction was executed, which part of its executions was specialised.

    Nothing is cut if `width` is None. Yields nothing if there is no source or no run.
    """
    source = code_object.source
    records = {record.line: record for record in line_records(code_object)}
    if source is None or not records:
        return
    first, last = _line_range(code_object, source, records)
    texts = {
        line: execution_text(
            record.busiest_count if record.is_executed is not False else 0,
            is_complete=record.is_complete,
            unicode=palette.unicode,
        )
        for line, record in records.items()
    }
    number_width = len(str(last))
    count_width = max(map(len, texts.values()))
    for line in range(first, last + 1):
        found = records.get(line)
        number = palette.paint("source.line_number", f"{line:>{number_width}}")
        gutter = _gutter(found, texts.get(line, ""), palette, count_width)
        used = number_width + 2 + count_width + 1 + BAR_CELLS + 1 + 5 + 2
        text = _shown(source.line(line) or "", None if width is None else width - used)
        style = heat_style(found) if found is not None else "source.text"
        yield f"{number}  {gutter}  {palette.paint(style, text)}".rstrip()


def _line_range(
    code_object: CodeObject, source: SourceText, records: dict[int, LineRecord]
) -> tuple[int, int]:
    """All lines of a module; of a function those with instructions, and what is between."""
    if code_object.name == "<module>":
        return 1, len(source.lines)
    lines = [line for line in records if 0 < line <= len(source.lines)]
    return min([code_object.first_line, *lines]), max([code_object.first_line, *lines])


def _gutter(record: LineRecord | None, count: str, palette: Palette, count_width: int) -> str:
    """How often, the bar, the percentage: three columns, blank where there is no instruction."""
    if record is None:
        return " " * (count_width + 1 + BAR_CELLS + 1 + 5)
    share = _share(record) if record.is_executed is not False else None
    style = "run.never" if record.is_executed is False else "run.count"
    painted_count = palette.paint(style, f"{count:>{count_width}}")
    bar = palette.paint(heat_style(record), bar_text(share, unicode=palette.unicode))
    return f"{painted_count} {bar} {share_text(share):>5}"


def _shown(text: str, room: int | None) -> str:
    """`text` safe for a terminal, its tabs as spaces, and in at most `room` columns."""
    safe = escape(text.expandtabs())
    if room is None or cell_width(safe) <= room:
        return safe
    return cut_to_cells(safe, max(room - 3, 1), "...")


def opname_styles(code_object: CodeObject) -> Callable[[Instruction], str]:
    """The theme's style for each instruction's opcode: what it was specialised to."""
    run = code_object.run
    if run is None or run.forms is None:
        return lambda instruction: "dis.opname"
    forms = {
        instruction.offset: form_style(form)
        for instruction, form in zip(code_object.instructions, run.forms, strict=True)
    }
    counts = run.counts or (None,) * len(forms)
    for instruction, count in zip(code_object.instructions, counts, strict=True):
        if count == 0:
            forms[instruction.offset] = "run.never"
    return lambda instruction: forms[instruction.offset]


def line_notes(code_object: CodeObject, palette: Palette) -> Callable[[int | None], str]:
    """What stands behind each source line: how often, and which part of it ran specialised."""
    records = {record.line: record for record in line_records(replace(code_object, children=()))}

    def note(line: int | None) -> str:
        record = records.get(line) if line is not None else None
        if record is None:
            return ""
        if record.is_executed is False:
            text = "never executed"
        elif not record.busiest_count:
            text = "not seen"  # some of its instructions can't be counted, the others never were
        else:
            count = execution_text(
                record.busiest_count, is_complete=record.is_complete, unicode=palette.unicode
            )
            share = share_text(_share(record))
            text = f"{count} x" + (f", {share} specialised" if share else "")
        return f"  {palette.paint(heat_style(record), f'# {text}')}"

    return note
