"""``pyc``: the audit as a table, one line for each file, and totals.

The columns that every line needs come first, the path last, so that no path, however long, moves them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..bytecode.pyc_findings import PycAudit, PycFinding, PycState
from ..bytecode.record_difference import RecordDifference
from ..safe_text import escape
from ..units import format_bytes, plural
from .cells import cell_width, fitted_row
from .palette import Palette

__all__ = ["audit_lines", "difference_text", "path_lines", "shown_path", "size_text"]

_MOST_DIFFERENCES = 20
"""Differing code objects of one file that are listed; the JSON has them all."""
_NARROWEST_PATH = 20
_LEVELS = {1: " -O", 2: " -OO"}


class _Row(NamedTuple):
    finding: PycFinding
    columns: tuple[str, ...]
    path: str
    remark: str


def audit_lines(audit: PycAudit, palette: Palette, *, width: int | None) -> Iterator[str]:
    """The table, what was skipped, the totals."""
    rows = [_row(finding) for finding in audit.findings]
    if rows:
        yield from _table(rows, palette, width)
        yield ""
    yield from _skipped(audit, palette, width)
    yield from _totals(audit, palette, width)


def _row(finding: PycFinding) -> _Row:
    size = size_text(finding.size_bytes)
    columns = (finding.state.value, _python_text(finding), finding.mode or "?", size)
    remark = "; ".join(filter(None, (finding.reason, *finding.notes)))
    return _Row(finding, columns, shown_path(finding.source_path or finding.path), escape(remark))


def _python_text(finding: PycFinding) -> str:
    """Who wrote a file, and with which level of optimisation: ``"3.13 -O"``."""
    return (finding.python or "?") + _LEVELS.get(finding.optimize or 0, "")


def size_text(size_bytes: int | None) -> str:
    """A size, or a question mark where it isn't known."""
    return "?" if size_bytes is None else format_bytes(size_bytes)


def shown_path(path: str) -> str:
    """`path` as it is shortest: as it is, or relative to the current folder; safe to show."""
    folder = os.getcwd()
    if path.startswith(folder + os.sep) and folder != os.sep:
        path = path[len(folder) + 1 :]
    return escape(path)


def _table(rows: Sequence[_Row], palette: Palette, width: int | None) -> Iterator[str]:
    heads = ("state", "python", "mode", "size")
    widths = [
        max(len(head), *(len(row.columns[column]) for row in rows))
        for column, head in enumerate(heads)
    ]
    yield fitted_row([("heading", _columns(heads, widths) + "  source")], palette, width)
    for row in rows:
        yield from _lines(row, widths, palette, width)


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    state, python, mode, size = widths
    return f"{cells[0]:<{state}}  {cells[1]:<{python}}  {cells[2]:<{mode}}  {cells[3]:>{size}}"


def _lines(row: _Row, widths: Sequence[int], palette: Palette, width: int | None) -> Iterator[str]:
    finding = row.finding
    state = f"{finding.state.value:<{widths[0]}}"
    rest = _columns(row.columns, widths)[widths[0] :]
    head = [(f"pyc.{finding.state.value}", state), ("muted", f"{rest}  ")]
    yield from path_lines(head, row.path, row.remark, palette, width)
    for difference in finding.differences[:_MOST_DIFFERENCES]:
        text = f"    {escape(difference.identity)}: {difference_text(difference, palette)}"
        yield fitted_row([("diff.changed", text)], palette, width)
    more = len(finding.differences) - _MOST_DIFFERENCES
    if more > 0:
        yield palette.paint("muted", f"    and {plural(more, 'more code object')}")


def path_lines(
    head: Sequence[tuple[str, str]], path: str, remark: str, palette: Palette, width: int | None
) -> Iterator[str]:
    """`head`, a path, and a remark on it: in one line, or the remark below where there is no room."""
    room = None
    if width is not None:
        room = max(width - sum(cell_width(text) for _, text in head), _NARROWEST_PATH)
    fits = room is None or cell_width(path) + cell_width(remark) + 4 <= room
    parts = [*head, ("path", path if room is None else _cut_front(path, room, palette))]
    if remark and fits:
        parts.append(("muted", f"  ({remark})"))
    yield fitted_row(parts, palette, width)
    if remark and not fits:
        yield fitted_row([("muted", f"    {remark}")], palette, width)


def difference_text(difference: RecordDifference, palette: Palette) -> str:
    """What differs in one code object, in a line."""
    if difference.left is None:
        return "only in the second"
    if difference.right is None:
        return "only in the first"
    arrow = "→" if palette.unicode else "->"
    return ", ".join(f"{part.part} {part.left} {arrow} {part.right}" for part in difference.parts)


def _cut_front(path: str, room: int, palette: Palette) -> str:
    """The end of a path says more than its beginning."""
    if cell_width(path) <= room:
        return path
    mark = "…" if palette.unicode else "<"
    kept = path[-max(room - 1, 1) :]
    while cell_width(kept) > room - 1:
        kept = kept[1:]
    return mark + kept


def _skipped(audit: PycAudit, palette: Palette, width: int | None) -> Iterator[str]:
    for path, reason in audit.skipped:
        text = f"skipped  {shown_path(path)}  ({escape(reason)})"
        yield fitted_row([("warn", text)], palette, width)
    if audit.skipped:
        yield ""


def _totals(audit: PycAudit, palette: Palette, width: int | None) -> Iterator[str]:
    if not audit.findings:
        yield fitted_row([("muted", "no .pyc files")], palette, width)
        return
    how = "read whole" if audit.is_deep else "by their headers"
    head = f"{plural(len(audit.findings), 'file')}, {format_bytes(audit.size_bytes)}"
    yield fitted_row(
        [("title", head), ("muted", f", judged {how} for Python {audit.python}")], palette, width
    )
    states = audit.counts
    digits = max(len(f"{count:,}") for count in states.values())
    for state, count in states.items():
        size = sum(one.size_bytes or 0 for one in audit.findings if one.state is state)
        parts = [
            (f"pyc.{state.value}", f"  {count:>{digits},} {state.value:<15}"),
            ("muted", f"  {format_bytes(size):>10}"),
        ]
        yield fitted_row(parts, palette, width)
    if audit.dead:
        text = f"dead weight: {plural(len(audit.dead), 'file')}, {format_bytes(audit.dead_bytes)}"
        dead = ", ".join(state.value for state in states if state in _dead_states(audit))
        hint = f" ({dead}): see pyinternals pyc clean"
        yield fitted_row([("warn", text), ("muted", hint)], palette, width)


def _dead_states(audit: PycAudit) -> set[PycState]:
    return {finding.state for finding in audit.dead}
