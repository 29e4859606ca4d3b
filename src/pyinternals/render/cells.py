"""Columns that text takes on a terminal, and rows that fit into them.

Wide and combining characters count as rich's tables say; ASCII, the usual case, needs no table.
"""

from __future__ import annotations

from collections.abc import Iterable

from .palette import Palette

__all__ = ["cell_width", "cut", "cut_to_cells", "fitted_row"]


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
    kept = text[: max(room, 0)]
    while kept and cell_width(kept) > room - 1:
        kept = kept[:-1]
    return kept + mark if room > 0 else ""


def cut(text: str, room: int, palette: Palette) -> str:
    """`text` in at most `room` columns, with the palette's mark at the end if something was cut."""
    return cut_to_cells(text, room, "…" if palette.unicode else ">")


def fitted_row(parts: Iterable[tuple[str, str]], palette: Palette, width: int | None) -> str:
    """(style, text) parts painted one after the other, in at most `width` columns; None: no limit."""
    painted = []
    room = width
    for style, text in parts:
        if room is not None:
            text = cut(text, room, palette)
            room -= cell_width(text)
        if text:
            painted.append(palette.paint(style, text))
    return "".join(painted)
