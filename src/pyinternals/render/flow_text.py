"""A flow graph for a terminal or a file: a box for each block, arrows in lanes beside the boxes.

The boxes stand in the order of the bytecode. Each says in words where it leads, one row for each
edge, from which the arrow leaves; so the drawing can be searched, and an arrow for which there is
no room is not missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ..bytecode.flow import BasicBlock, EdgeKind, FlowEdge, FlowGraph
from ..units import plural
from .cells import cell_width, cut_to_cells
from .flow_lanes import EdgeLane, paint_lanes
from .flow_words import (
    block_words,
    edge_style,
    edge_words,
    graph_words,
    lane_style,
)
from .instruction_words import argument_text, opname_style
from .palette import Palette

__all__ = ["flow_lines"]

MOST_LANES = 12
_BOX_COLUMNS: Final = 52
"""What lanes leave to the boxes at least, where the width is limited."""
_COMMON_COLUMNS: Final = 60
"""Boxes are equally wide up to here; one whose text is longer is as wide as its text."""


class _Frame(NamedTuple):
    """The characters that boxes are drawn with."""

    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    across: str
    side: str
    leaving: str
    """The left side where an arrow leaves."""
    onward: str
    """The bottom where the next block follows."""
    arrow: str
    dot: str


_UNICODE_FRAME: Final = _Frame("┌", "┐", "└", "┘", "─", "│", "┤", "┬", "▼", " · ")
_ASCII_FRAME: Final = _Frame("+", "+", "+", "+", "-", "|", "+", "+", "v", ", ")


class _Row(NamedTuple):
    """A row of a box: what is written in it, in parts of one style each."""

    parts: tuple[tuple[str, str], ...]
    edge: FlowEdge | None = None

    @property
    def columns(self) -> int:
        return sum(cell_width(text) for _, text in self.parts)


def flow_lines(graph: FlowGraph, palette: Palette, *, width: int | None) -> Iterator[str]:
    """The drawing of `graph`, line by line, in at most `width` columns; None: nothing is cut."""
    yield from _heading(graph, palette, width)
    boxes = [_rows(block, graph) for block in graph.blocks]
    top_of, row_of, row_count = _positions(graph, boxes)
    lanes = _lanes(graph, top_of, row_of)
    lane_rows, leaving, lane_width = paint_lanes(lanes, row_count, palette, most=_lane_room(width))
    room = None if width is None else max(width - lane_width - 4, 8)
    common = min(_COMMON_COLUMNS, max((row.columns for box in boxes for row in box), default=0))
    for block, rows in zip(graph.blocks, boxes, strict=True):
        inside = max(common, *(row.columns for row in rows), _title_columns(block, palette))
        inside = inside if room is None else min(inside, room)
        top = top_of[block.index]
        for row, line in enumerate(_box(block, rows, graph, palette, inside, top, leaving), top):
            yield f"{lane_rows[row]}{line}".rstrip()


def _heading(graph: FlowGraph, palette: Palette, width: int | None) -> Iterator[str]:
    title, size = graph_words(graph)
    separator = "  "
    if width is not None:
        title = _fit(title, width, palette)
        size = _fit(size, max(width - cell_width(title) - 2, 0), palette)
        separator = separator if size else ""
    yield f"{palette.paint('title', title)}{separator}{palette.paint('muted', size)}"
    notes = [_key(graph, palette)]
    if graph.unreachable_blocks:
        names = " ".join(block.name for block in graph.unreachable_blocks)
        count = plural(len(graph.unreachable_blocks), "unreachable block")
        notes.append(f"{count}: {names}")
    for note in filter(None, notes):
        yield palette.paint("note", note if width is None else _fit(note, width, palette))
    yield ""


def _key(graph: FlowGraph, palette: Palette) -> str:
    """What the lines mean, as far as the drawing has them."""
    styles = {lane_style(edge) for edge in graph.edges}
    lines = {
        "flow.edge.back": ("═══" if palette.unicode else "===", "back to a loop's header"),
        "flow.edge.exception": ("╌╌╌" if palette.unicode else "...", "if an instruction raises"),
    }
    return "   ".join(f"{line} {text}" for style, (line, text) in lines.items() if style in styles)


def _lane_room(width: int | None) -> int:
    if width is None:
        return MOST_LANES
    return max(0, min(MOST_LANES, (width - _BOX_COLUMNS) // 2))


def _rows(block: BasicBlock, graph: FlowGraph) -> list[_Row]:
    """What stands in a block's box: its instructions, then where it leads."""
    columns = max(len(instruction.opname) for instruction in block)
    rows = []
    for instruction in block:
        meaning = argument_text(instruction)
        offset = f"{instruction.offset:>5}  "
        opname = f"{instruction.opname:<{columns}}" if meaning else instruction.opname
        parts = [("dis.offset", offset), (opname_style(instruction), opname)]
        if meaning:
            parts.append(("dis.argrepr", f"  {meaning}"))
        rows.append(_Row(tuple(parts)))
    for edge in graph.edges_from(block.index):
        rows.append(_Row(((edge_style(edge), f"-> {edge_words(edge)}"),), edge))
    return rows


def _positions(
    graph: FlowGraph, boxes: Sequence[Sequence[_Row]]
) -> tuple[list[int], dict[FlowEdge, int], int]:
    """The row of each box's top, the row in which each edge is named, and how many rows there are.

    A box has a top and a bottom besides its rows, and a row stands between two boxes.
    """
    top = 0
    top_of = []
    row_of = {}
    for rows in boxes:
        top_of.append(top)
        for position, row in enumerate(rows, top + 1):
            if row.edge is not None:
                row_of[row.edge] = position
        top += len(rows) + 3
    return top_of, row_of, max(top - 1, 0)


def _lanes(graph: FlowGraph, top_of: Sequence[int], row_of: dict[FlowEdge, int]) -> list[EdgeLane]:
    """One lane for each target and style; what goes on to the next box needs none."""
    sources: dict[tuple[int, str], list[int]] = {}
    for edge in graph.edges:
        if not _goes_on(edge):
            sources.setdefault((top_of[edge.target], lane_style(edge)), []).append(row_of[edge])
    return [EdgeLane(top, tuple(sorted(rows)), style) for (top, style), rows in sources.items()]


def _goes_on(edge: FlowEdge) -> bool:
    return edge.kind in (EdgeKind.NEXT, EdgeKind.NOT_TAKEN) and edge.target == edge.source + 1


def _title_columns(block: BasicBlock, palette: Palette) -> int:
    return 2 + len(_frame(palette).dot.join(block_words(block)))


def _frame(palette: Palette) -> _Frame:
    return _UNICODE_FRAME if palette.unicode else _ASCII_FRAME


def _box(
    block: BasicBlock,
    rows: Sequence[_Row],
    graph: FlowGraph,
    palette: Palette,
    inside: int,
    top: int,
    leaving: set[int],
) -> Iterator[str]:
    """The lines of one box, `inside` columns of text wide, and the line behind it."""
    frame = _frame(palette)
    style = "flow.block" if block.is_reachable else "flow.unreachable"
    side = palette.paint(style, frame.side)
    title = _fit(frame.dot.join(block_words(block)), inside - 2, palette)
    rule = frame.across * (inside - cell_width(title) - 1)
    yield (
        palette.paint(style, f"{frame.top_left}{frame.across} ")
        + palette.paint("title" if block.is_reachable else style, title)
        + palette.paint(style, f" {rule}{frame.top_right}")
    )
    for position, row in enumerate(rows, top + 1):
        left = palette.paint(style, frame.leaving) if position in leaving else side
        yield f"{left} {_row_text(row, palette, inside)} {side}"
    goes_on = any(_goes_on(edge) for edge in graph.edges_from(block.index))
    start = frame.across * 3 + (frame.onward if goes_on else frame.across)
    rule = frame.across * (inside - 2)
    yield palette.paint(style, f"{frame.bottom_left}{start}{rule}{frame.bottom_right}")
    if block.index + 1 < len(graph.blocks):
        yield palette.paint("flow.edge", f"    {frame.arrow}") if goes_on else ""


def _row_text(row: _Row, palette: Palette, inside: int) -> str:
    """The parts of a row, padded or cut to `inside` columns."""
    left = inside
    painted = []
    for style, text in row.parts:
        shown = _fit(text, left, palette)
        if not shown:
            break
        left -= cell_width(shown)
        painted.append(palette.paint(style, shown))
    return "".join(painted) + " " * left


def _fit(text: str, room: int, palette: Palette) -> str:
    if room <= 0:
        return ""
    return cut_to_cells(text, room, "…" if palette.unicode else ">")
