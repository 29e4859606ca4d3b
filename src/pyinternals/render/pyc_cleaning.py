"""``pyc clean``: every dead file with what became of it, and totals."""

from __future__ import annotations

from collections.abc import Iterator

from ..bytecode.pyc_clean import Outcome, PycCleaning, Removal
from ..safe_text import escape
from ..units import format_bytes, plural
from .cells import fitted_row
from .palette import Palette
from .pyc_table import path_lines, shown_path, size_text

__all__ = ["cleaning_lines"]

_STYLES = {
    Outcome.WOULD_BE_REMOVED: "diff.changed",
    Outcome.REMOVED: "diff.removed",
    Outcome.KEPT: "muted",
    Outcome.FAILED: "bad",
}


def cleaning_lines(cleaning: PycCleaning, palette: Palette, *, width: int | None) -> Iterator[str]:
    """One line for each file and folder, then totals."""
    for removal in cleaning.removals:
        yield from _lines(removal, palette, width)
    for folder in cleaning.removed_folders:
        text = f"{Outcome.REMOVED.value:<16}  empty folder {shown_path(folder)}"
        yield fitted_row([("diff.removed", text)], palette, width)
    if cleaning.removals:
        yield ""
    yield from _totals(cleaning, palette, width)


def _lines(removal: Removal, palette: Palette, width: int | None) -> Iterator[str]:
    finding = removal.finding
    facts = f"  {finding.state.value:<15}  {size_text(finding.size_bytes):>10}  "
    head = [(_STYLES[removal.outcome], f"{removal.outcome.value:<16}"), ("muted", facts)]
    path = shown_path(finding.path)
    yield from path_lines(head, path, escape(removal.reason), palette, width)


def _totals(cleaning: PycCleaning, palette: Palette, width: int | None) -> Iterator[str]:
    gone = cleaning.with_outcome(Outcome.REMOVED, Outcome.WOULD_BE_REMOVED)
    size = format_bytes(cleaning.freed_bytes)
    if not cleaning.removals:
        yield fitted_row([("muted", "nothing to remove")], palette, width)
    elif cleaning.is_dry_run:
        text = f"would remove {plural(len(gone), 'file')}, {size}"
        yield fitted_row([("title", text), ("muted", "; --yes removes them")], palette, width)
    else:
        yield fitted_row(
            [("title", f"removed {plural(len(gone), 'file')}, {size}")], palette, width
        )
    kept = cleaning.with_outcome(Outcome.KEPT, Outcome.FAILED)
    if kept:
        yield fitted_row([("warn", f"kept {plural(len(kept), 'file')}")], palette, width)
