"""Arrows between boxes that stand under one another: lanes at their left, each in its colour.

All edges of a kind to one box share a lane. The shortest lane lies nearest to the boxes; a lane for
which there is no room is left out, because the boxes say in words where they lead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from .palette import Palette

__all__ = ["EdgeLane", "paint_lanes"]

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8

# By the sides that a cell is joined on: UP + DOWN is 3, LEFT + RIGHT is 12 ...
_LIGHT: Final = {3: "│", 12: "─", 9: "╰", 10: "╭", 11: "├", 13: "┴", 14: "┬", 15: "┼"}
_DOUBLE: Final = {3: "║", 12: "═", 9: "╚", 10: "╔", 11: "╠", 13: "╩", 14: "╦", 15: "╬"}
_DASHED: Final = {**_LIGHT, 3: "┆", 12: "╌"}
_CORNERS: Final = dict.fromkeys((9, 10, 11, 13, 14, 15), "+")
_GLYPHS: Final = {
    ("flow.edge", True): _LIGHT,
    ("flow.edge.back", True): _DOUBLE,
    ("flow.edge.exception", True): _DASHED,
    ("flow.edge", False): {3: "|", 12: "-", **_CORNERS},
    ("flow.edge.back", False): {3: "#", 12: "=", **_CORNERS},
    ("flow.edge.exception", False): {3: ":", 12: ".", **_CORNERS},
}


class EdgeLane(NamedTuple):
    """All edges of one style to one row."""

    target: int
    sources: tuple[int, ...]
    """Rows, ascending."""
    style: str
    """``flow.edge``, ``flow.edge.back`` or ``flow.edge.exception``."""

    @property
    def first(self) -> int:
        """The uppermost row it touches."""
        return min(self.target, self.sources[0])

    @property
    def last(self) -> int:
        """The lowest row it touches."""
        return max(self.target, self.sources[-1])


@dataclass(slots=True)
class _Cell:
    sides: int
    style: str
    is_lane: bool


def paint_lanes(
    lanes: Sequence[EdgeLane], row_count: int, palette: Palette, *, most: int
) -> tuple[list[str], set[int], int]:
    """A painted drawing of each row; the rows that a drawn lane leaves; how wide the drawing is."""
    columns = _place(lanes, most)
    if not columns:
        return [""] * row_count, set(), 0
    depth = max(columns.values()) + 1
    width = 2 * depth + 1
    grid: list[dict[int, _Cell]] = [{} for _ in range(row_count)]
    positions = {lane: 2 * (depth - 1 - column) for lane, column in columns.items()}
    for lane, x in positions.items():
        for row in range(lane.first, lane.last + 1):
            sides = (_UP if row > lane.first else 0) | (_DOWN if row < lane.last else 0)
            grid[row][x] = _Cell(sides, lane.style, True)
    # innermost last: where lanes meet at a target, the colour nearest to it is the shortest lane's
    for lane, x in sorted(positions.items(), key=lambda item: item[1]):
        for row in {lane.target, *lane.sources}:
            _join(grid[row], x, width, lane.style)
    targets = {lane.target: lane.style for lane in sorted(columns, key=lambda lane: -columns[lane])}
    painted = [_paint(cells, width, targets.get(row), palette) for row, cells in enumerate(grid)]
    return painted, {row for lane in columns for row in lane.sources}, width


def _place(lanes: Sequence[EdgeLane], most: int) -> dict[EdgeLane, int]:
    """The column of each lane that has room, 0 nearest to the boxes."""
    occupied: list[list[tuple[int, int]]] = []
    placed: dict[EdgeLane, int] = {}
    for lane in sorted(lanes, key=lambda lane: (lane.last - lane.first, lane)):
        first, last = lane.first, lane.last
        free = (
            column
            for column, spans in enumerate(occupied)
            if all(last < start or first > end for start, end in spans)
        )
        column = next(free, len(occupied))
        if column == most:
            continue
        if column == len(occupied):
            occupied.append([])
        occupied[column].append((first, last))
        placed[lane] = column
    return placed


def _join(cells: dict[int, _Cell], x: int, width: int, style: str) -> None:
    """Draw from the lane at `x` to the box; it passes behind the lanes that it crosses."""
    cells[x].sides |= _RIGHT
    for column in range(x + 1, width):
        cell = cells.get(column)
        if cell is None or not cell.is_lane:
            cells[column] = _Cell(_LEFT | _RIGHT, style, False)
    for cell in [cells[column] for column in range(x) if column in cells]:
        if cell.is_lane and cell.sides & _RIGHT:
            cells[x].sides |= _LEFT


def _paint(cells: dict[int, _Cell], width: int, target: str | None, palette: Palette) -> str:
    """One row: runs of cells of the same style between its marks."""
    if not cells:
        return " " * width
    parts: list[str] = []
    run, style = "", ""
    used = max(cells) + 1
    for column in range(used):
        cell = cells.get(column)
        text, cell_style = " ", style
        if cell is not None:
            text, cell_style = _GLYPHS[cell.style, palette.unicode][cell.sides], cell.style
        if target is not None and column == width - 1:
            text, cell_style = "▶" if palette.unicode else ">", target
        if cell_style != style and run:
            parts.append(palette.paint(style, run) if style else run)
            run = ""
        run += text
        style = cell_style
    parts.append(palette.paint(style, run) if style else run)
    return "".join(parts) + " " * (width - used)
