"""Columns that text takes on a terminal: wide and combining characters, by rich's tables."""

from __future__ import annotations

__all__ = ["cell_width", "cut_to_cells"]


def cell_width(text: str) -> int:
    """Terminal columns of `text`."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut_to_cells(text: str, room: int, mark: str) -> str:
    """`text` in at most `room` columns, `mark` at the end if something was cut."""
    if cell_width(text) <= room:
        return text
    kept = text[:room]
    while kept and cell_width(kept) > room - 1:
        kept = kept[:-1]
    return kept + mark
