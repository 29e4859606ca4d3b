"""Arrows beside rows: where each jump of a listing goes.

One lane for each target: it runs from the first to the last row that belongs to it. The shortest lane
lies nearest to the text. Lanes that would make the drawing too wide are left out; labels say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Lane", "draw_lanes", "draw_regions"]

MOST_LANES = 5


class Glyphs(NamedTuple):
    """The characters that arrows are drawn with."""

    down: str
    across: str
    crossing: str
    top: str
    middle: str
    bottom: str
    head: str


_UNICODE = Glyphs("│", "─", "┼", "╭", "├", "╰", "▶")
_ASCII = Glyphs("|", "-", "|", "+", "+", "+", ">")


class Lane(NamedTuple):
    """All jumps to one row."""

    target: int
    sources: tuple[int, ...]

    @property
    def first(self) -> int:
        """The uppermost row it touches."""
        return min(self.target, self.sources[0])

    @property
    def last(self) -> int:
        """The lowest row it touches."""
        return max(self.target, self.sources[-1])


def draw_lanes(lanes: Sequence[Lane], row_count: int, *, unicode: bool) -> tuple[list[str], int]:
    """A drawing for each of `row_count` rows, all equally wide, and that width (0 without lanes)."""
    placed = _place(lanes)
    if not placed:
        return [""] * row_count, 0
    glyphs = _UNICODE if unicode else _ASCII
    depth = max(placed.values()) + 1
    width = depth + 2
    drawn: list[str] = []
    running: list[str] = [" "] * width
    quiet = "".join(running)
    for row, touching in sorted(_events(placed).items()):
        drawn += [quiet] * (row - len(drawn))
        drawn.append(_draw_row(row, touching, running, placed, depth, glyphs))
        for lane in touching:
            column = depth - 1 - placed[lane]
            running[column] = glyphs.down if row < lane.last else " "
        quiet = "".join(running)
    drawn += [quiet] * (row_count - len(drawn))
    return drawn, width


def _place(lanes: Sequence[Lane]) -> dict[Lane, int]:
    """The column of each lane that has room, 0 nearest to the text."""
    occupied: list[list[tuple[int, int]]] = []
    placed: dict[Lane, int] = {}
    for lane in sorted(lanes, key=lambda lane: (lane.last - lane.first, lane)):
        column = _free_column(occupied, lane)
        if column == len(occupied):
            occupied.append([])
        if column < MOST_LANES:
            occupied[column].append((lane.first, lane.last))
            placed[lane] = column
    return placed


def _free_column(occupied: list[list[tuple[int, int]]], lane: Lane) -> int:
    first, last = lane.first, lane.last
    for column, spans in enumerate(occupied[:MOST_LANES]):
        if all(last < start or first > end for start, end in spans):
            return column
    return len(occupied)


def _events(placed: dict[Lane, int]) -> dict[int, list[Lane]]:
    """By row: the lanes that start, end or are joined there, innermost first."""
    events: dict[int, list[Lane]] = {}
    for lane in sorted(placed, key=lambda lane: placed[lane]):
        for row in {lane.target, *lane.sources}:
            events.setdefault(row, []).append(lane)
    return events


def _draw_row(
    row: int,
    touching: list[Lane],
    running: list[str],
    placed: dict[Lane, int],
    depth: int,
    glyphs: Glyphs,
) -> str:
    cells = list(running)
    outermost = depth - 1 - max(placed[lane] for lane in touching)
    for column in range(outermost, len(cells)):
        cells[column] = glyphs.crossing if cells[column] == glyphs.down else glyphs.across
    is_target = False
    for lane in touching:
        column = depth - 1 - placed[lane]
        is_target = is_target or row == lane.target
        if row == lane.first:
            cells[column] = glyphs.top
        elif row == lane.last:
            cells[column] = glyphs.bottom
        else:
            cells[column] = glyphs.middle
    if is_target:
        cells[-1] = glyphs.head
    return "".join(cells)


def draw_regions(regions: Sequence[tuple[int, int]], row_count: int, *, unicode: bool) -> list[str]:
    """One bracket character a row for regions that don't overlap, given as (first row, last row)."""
    top, down, bottom, single = ("┌", "│", "└", "[") if unicode else ("/", "|", "\\", "[")
    drawn = [" "] * row_count
    for first, last in regions:
        if first == last:
            drawn[first] = single
            continue
        drawn[first] = top
        drawn[last] = bottom
        drawn[first + 1 : last] = [down] * (last - first - 1)
    return drawn
