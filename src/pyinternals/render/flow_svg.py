"""A flow graph as an SVG drawing: one file, no program, script or font from elsewhere.

`graph_layout` says where everything is; here it is measured and written. The colours follow the
viewer's light or dark scheme. All class names begin with ``pyflow``, because a page may hold many
drawings and other things.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape as escape_html
from typing import Final

from ..bytecode.facts import Instruction
from ..bytecode.flow import BasicBlock, FlowEdge, FlowGraph
from ..safe_text import escape
from .cells import cell_width, cut_to_cells
from .flow_words import (
    block_words,
    edge_style,
    edge_words,
    graph_words,
    lane_style,
)
from .graph_layout import Box, GraphLayout, Line, Route, layout
from .instruction_words import argument_text, opname_style

__all__ = ["flow_layout", "flow_svg"]

CHARACTER_WIDTH = 7.25
"""Of a monospace font of 12 pixels; fonts differ by less than the margins allow for."""
ROW_HEIGHT = 16
TITLE_HEIGHT = 22
EXIT_HEIGHT = 20
"""Of the part of a box that says where it leads."""
BOX_MARGIN = 10
PAGE_MARGIN = 24
HEADING_HEIGHT = 76
LONGEST_ARGUMENT = 60
"""Characters of an argument's meaning that are shown; the tooltip has all of it."""
CORNER_RADIUS = 6.0

# name: (colour on a light page, colour on a dark page)
_COLOURS: Final = {
    "page": ("#ffffff", "#0d1117"),
    "box": ("#f6f8fa", "#161b22"),
    "frame": ("#afb8c1", "#484f58"),
    "title": ("#dde4ec", "#21262d"),
    "text": ("#1f2328", "#e6edf3"),
    "muted": ("#6e7781", "#8b949e"),
    "line": ("#57606a", "#8b949e"),
    "back": ("#8250df", "#bc8cff"),
    "exception": ("#bc4c00", "#f0883e"),
    "true": ("#1a7f37", "#56d364"),
    "false": ("#b3261e", "#ff7b72"),
    "name": ("#0f6c7a", "#76e3ea"),
    "jump": ("#8250df", "#d2a8ff"),
    "call": ("#1a7f37", "#56d364"),
    "leave": ("#8a5d00", "#e3b341"),
    "raise": ("#b3261e", "#ff7b72"),
}
_FILLED: Final = ("text", "muted", "true", "false", "name", "jump", "call", "leave", "raise")
_OPNAME_CLASSES: Final = {
    "dis.opname.jump": "jump",
    "dis.opname.call": "call",
    "dis.opname.raise": "raise",
    "dis.opname.return": "leave",
    "dis.opname.filler": "muted",
    "run.specialised": "call",
}
_EDGE_CLASSES: Final = {
    "flow.edge": "line",
    "flow.edge.back": "back",
    "flow.edge.exception": "exception",
    "flow.edge.true": "true",
    "flow.edge.false": "false",
}
_LINE_CLASSES: Final = ("line", "back", "exception")

_SHAPES: Final = """\
.pyflow text { font: 12px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  white-space: pre; }
.pyflow .pyflow-heading { font-size: 16px; font-weight: bold; }
.pyflow .pyflow-bold { font-weight: bold; }
.pyflow .pyflow-small { font-size: 11px; }
.pyflow path { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
.pyflow path.pyflow-back { stroke-width: 2; }
.pyflow .pyflow-frame, .pyflow path.pyflow-frame { stroke-width: 1; }
.pyflow path.pyflow-exception { stroke-dasharray: 5 3; }
.pyflow .pyflow-handler { stroke-dasharray: 5 3; }
.pyflow .pyflow-unreachable { opacity: .55; }"""


Leaving = tuple[FlowEdge, Route]
"""An edge and the way it is drawn."""


def flow_svg(graph: FlowGraph) -> str:
    """`graph` as the text of an SVG file, without a line end behind it."""
    placed = flow_layout(graph)
    leaving: list[list[Leaving]] = [[] for _ in graph.blocks]
    for edge, route in zip(graph.edges, placed.routes, strict=True):
        leaving[edge.source].append((edge, route))
    title, size = graph_words(graph)
    words = max(cell_width(title) * 9.7, cell_width(size) * CHARACTER_WIDTH, _legend_width(graph))
    width = round(max(placed.width, words) + 2 * PAGE_MARGIN)
    height = round(placed.height + HEADING_HEIGHT + 2 * PAGE_MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="pyflow" role="img" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}">',
        f"<title>{_xml(f'Control flow of {title}')}</title>",
        f"<style>\n{_style()}\n</style>",
        f"<defs>{''.join(map(_arrow_head, _LINE_CLASSES))}</defs>",
        f'<rect class="pyflow-page" width="{width}" height="{height}"/>',
        *_heading(title, size, graph),
        f'<g transform="translate({PAGE_MARGIN} {PAGE_MARGIN + HEADING_HEIGHT})">',
        *_lines(graph, placed),
        *(line for block in graph.blocks for line in _block(block, placed, leaving[block.index])),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts)


def flow_layout(graph: FlowGraph) -> GraphLayout:
    """Where the boxes and lines of `flow_svg` are, heading and margins not included."""
    boxes = [_measured(block, graph) for block in graph.blocks]
    lines = [
        Line(edge.source, edge.target, lane_style(edge), edge.is_back, _exit_room(edge))
        for edge in graph.edges
    ]
    return layout(boxes, lines)


def _measured(block: BasicBlock, graph: FlowGraph) -> Box:
    """A box as wide as its longest row and as high as its rows; position not known yet."""
    columns = _opname_columns(block)
    rows = [columns + 2 + cell_width(_shown(instruction)) for instruction in block]
    text = max(max(rows) + 7, cell_width(_block_title(block)) + 1)
    edges = graph.edges_from(block.index)
    wide = max(text * CHARACTER_WIDTH + 2 * BOX_MARGIN, sum(map(_exit_room, edges)), 90)
    high = TITLE_HEIGHT + ROW_HEIGHT * len(block) + 8 + (EXIT_HEIGHT if edges else 0)
    return Box(0.0, 0.0, 2.0 * round(wide / 2 + 0.5), float(high))


def _exit_room(edge: FlowEdge) -> float:
    return len(edge_words(edge)) * CHARACTER_WIDTH + 14


def _opname_columns(block: BasicBlock) -> int:
    return max(len(instruction.opname) for instruction in block)


def _block_title(block: BasicBlock) -> str:
    return " · ".join(block_words(block))


def _shown(instruction: Instruction) -> str:
    return cut_to_cells(argument_text(instruction), LONGEST_ARGUMENT, "…")


def _xml(text: str) -> str:
    """`text` for XML: nothing that isn't printable, so nothing that XML forbids."""
    return escape_html(escape(text))


def _text(x: float, y: float, text: str, classes: str, *, middle: bool = False) -> str:
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text x="{x:g}" y="{y:g}" class="{_classes(classes)}"{anchor}>{_xml(text)}</text>'


def _classes(names: str) -> str:
    return " ".join(f"pyflow-{name}" for name in names.split())


def _style() -> str:
    """The style sheet: plain rules for a light page, the same again for a dark one."""
    light, dark = (
        "\n".join(_colour_rule(name, pair[scheme]) for name, pair in _COLOURS.items())
        for scheme in (0, 1)
    )
    return f"{_SHAPES}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _colour_rule(name: str, colour: str) -> str:
    if name in _LINE_CLASSES:
        return (
            f".pyflow path.pyflow-{name} {{ stroke: {colour}; }} "
            f".pyflow .pyflow-head-{name}, .pyflow text.pyflow-{name}, "
            f".pyflow circle.pyflow-{name} {{ fill: {colour}; stroke: none; }}"
        )
    if name == "frame":
        return f".pyflow .pyflow-frame {{ stroke: {colour}; fill: none; }}"
    return f".pyflow .pyflow-{name} {{ fill: {colour}; }}"


def _arrow_head(name: str) -> str:
    return (
        f'<marker id="pyflow-arrow-{name}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" '
        f'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path class="pyflow-head-{name}" d="M0 0L8 4L0 8z"/></marker>'
    )


def _legend(graph: FlowGraph) -> list[tuple[str, str]]:
    """The kinds of lines that the drawing has, and what they mean."""
    meanings = {
        "line": "next instruction or jump",
        "back": "back to a loop's header",
        "exception": "an instruction raises",
    }
    present = {_EDGE_CLASSES[lane_style(edge)] for edge in graph.edges}
    return [(name, text) for name, text in meanings.items() if name in present]


def _legend_width(graph: FlowGraph) -> float:
    return sum(len(text) * CHARACTER_WIDTH + 70 for _, text in _legend(graph))


def _heading(title: str, size: str, graph: FlowGraph) -> Iterator[str]:
    x, y = float(PAGE_MARGIN), PAGE_MARGIN + 14.0
    yield _text(x, y, title, "text heading")
    yield _text(x, y + 20, size, "muted")
    for name, text in _legend(graph):
        yield (
            f'<path class="pyflow-{name}" d="M{x:g} {y + 36:g}h34" '
            f'marker-end="url(#pyflow-arrow-{name})"/>'
        )
        yield _text(x + 42, y + 40, text, "muted")
        x += len(text) * CHARACTER_WIDTH + 70


def _lines(graph: FlowGraph, placed: GraphLayout) -> Iterator[str]:
    """Exceptions first: they lie below the others."""
    order = {"exception": 0, "line": 1, "back": 2}
    drawn = [
        (_EDGE_CLASSES[lane_style(edge)], edge, route)
        for edge, route in zip(graph.edges, placed.routes, strict=True)
    ]
    for name, edge, route in sorted(drawn, key=lambda item: order[item[0]]):
        words = f"B{edge.source} to {edge_words(edge)}"
        head = "" if route.joins else f' marker-end="url(#pyflow-arrow-{name})"'
        path = _rounded(route.points)
        yield f'<path class="pyflow-{name}" d="{path}"{head}><title>{_xml(words)}</title></path>'
        if route.joins:
            x, y = route.points[-1]
            yield f'<circle class="pyflow-{name}" cx="{x:g}" cy="{y:g}" r="2.5"/>'


def _rounded(points: Sequence[tuple[float, float]]) -> str:
    """A path through `points`, its corners rounded."""
    parts = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        before, behind = abs(bx - ax) + abs(by - ay), abs(cx - bx) + abs(cy - by)
        radius = min(CORNER_RADIUS, before / 2, behind / 2)
        start = (bx + (ax - bx) * radius / before, by + (ay - by) * radius / before)
        end = (bx + (cx - bx) * radius / behind, by + (cy - by) * radius / behind)
        parts.append(f"L{start[0]:g} {start[1]:g}Q{bx:g} {by:g} {end[0]:g} {end[1]:g}")
    parts.append(f"L{points[-1][0]:g} {points[-1][1]:g}")
    return "".join(parts)


def _block(block: BasicBlock, placed: GraphLayout, leaving: Sequence[Leaving]) -> Iterator[str]:
    box = placed.boxes[block.index]
    outer = "" if block.is_reachable else ' class="pyflow-unreachable"'
    yield f'<g{outer} transform="translate({box.left:g} {box.top:g})">'
    shape = f'width="{box.width:g}" height="{box.height:g}" rx="5"'
    yield f'<rect class="pyflow-box" {shape}/>'
    yield (
        f'<path class="pyflow-title" d="M0 {TITLE_HEIGHT}V5Q0 0 5 0H{box.width - 5:g}'
        f'Q{box.width:g} 0 {box.width:g} 5V{TITLE_HEIGHT}z"/>'
    )
    handler = " pyflow-handler" if block.is_handler else ""
    yield f'<rect class="pyflow-frame{handler}" {shape}/>'
    yield _text(BOX_MARGIN, 15, _block_title(block), "text bold")
    columns = _opname_columns(block)
    for row, instruction in enumerate(block):
        yield from _instruction(instruction, TITLE_HEIGHT + ROW_HEIGHT * (row + 1), columns)
    yield from _exits(leaving, box)
    yield "</g>"


def _instruction(instruction: Instruction, y: int, columns: int) -> Iterator[str]:
    name = _OPNAME_CLASSES.get(opname_style(instruction), "name")
    right = BOX_MARGIN + 5 * CHARACTER_WIDTH
    yield (
        f'<text x="{right:g}" y="{y}" class="pyflow-muted" text-anchor="end">'
        f"{instruction.offset}</text>"
    )
    x = BOX_MARGIN + 7 * CHARACTER_WIDTH
    yield _text(x, y, instruction.opname, name)
    meaning = _shown(instruction)
    if meaning:
        full = argument_text(instruction)
        tip = f"<title>{_xml(full)}</title>" if full != meaning else ""
        x += (columns + 2) * CHARACTER_WIDTH
        yield f'<text x="{x:g}" y="{y}" class="pyflow-text">{_xml(meaning)}{tip}</text>'


def _exits(leaving: Sequence[Leaving], box: Box) -> Iterator[str]:
    """The lower part of a box: where it leads, each above the line that goes there."""
    if not leaving:
        return
    top = box.height - EXIT_HEIGHT
    yield f'<path class="pyflow-frame" d="M0 {top:g}H{box.width:g}"/>'
    for edge, route in leaving:
        left, right = route.exit[0] - box.left, route.exit[1] - box.left
        if left > 1:
            yield f'<path class="pyflow-frame" d="M{left:g} {top:g}V{box.height:g}"/>'
        classes = f"{_EDGE_CLASSES[edge_style(edge)]} small"
        yield _text((left + right) / 2, top + 14, edge_words(edge), classes, middle=True)
