"""What blocks, edges and instructions are called in every drawing of a flow graph."""

from __future__ import annotations

from typing import Final

from ..bytecode.flow import BasicBlock, EdgeKind, FlowEdge, FlowGraph
from ..safe_text import escape
from ..units import plural

__all__ = [
    "block_words",
    "edge_style",
    "edge_words",
    "graph_words",
    "lane_style",
]

_CONDITIONS_THAT_HOLD: Final = frozenset({"if true", "if not None", "next item", "yielded"})


def block_words(block: BasicBlock) -> list[str]:
    """``B2``, then what is special about it: ``L3``, ``line 4``, ``loop header``."""
    words = [block.name]
    if block.label is not None:
        words.append(f"L{block.label}")
    if block.is_entry:
        words.append("entry")
    if block.is_handler:
        words.append("handler")
    if block.is_loop_header:
        words.append("loop header")
    if block.first_line is not None and block.first_line == block.last_line:
        words.append(f"line {block.first_line}")
    elif block.first_line is not None:
        words.append(f"lines {block.first_line}-{block.last_line}")
    if not block.is_reachable:
        words.append("unreachable")
    return words


def edge_words(edge: FlowEdge) -> str:
    """Where an edge leads and when: ``B3 if false``, ``B0 jump back``."""
    back = " back" if edge.is_back else ""
    return f"B{edge.target} {edge.label}{back}"


def edge_style(edge: FlowEdge) -> str:
    """The theme's style for the words of an edge."""
    if edge.kind is EdgeKind.EXCEPTION or edge.is_back or edge.condition is None:
        return lane_style(edge)
    return "flow.edge.true" if edge.condition in _CONDITIONS_THAT_HOLD else "flow.edge.false"


def lane_style(edge: FlowEdge) -> str:
    """The theme's style for the line of an edge: one of three, whatever its condition is."""
    if edge.kind is EdgeKind.EXCEPTION:
        return "flow.edge.exception"
    return "flow.edge.back" if edge.is_back else "flow.edge"


def graph_words(graph: FlowGraph) -> tuple[str, str]:
    """The name of what is drawn, and its size: file, blocks, edges, complexity."""
    loops = sum(block.is_loop_header for block in graph.blocks)
    size = [
        f"{escape(graph.filename)}:{graph.first_line}",
        plural(len(graph.blocks), "block"),
        plural(len(graph.edges), "edge"),
        plural(loops, "loop"),
        f"cyclomatic complexity {graph.cyclomatic_complexity}",
    ]
    return escape(graph.qualname), ", ".join(size)
