"""A flow graph for Graphviz (https://graphviz.org/doc/info/lang.html), which lays it out itself.

In a quoted label Graphviz reads backslash sequences and HTML entities; both are escaped.
"""

from __future__ import annotations

from typing import Final

from ..bytecode.flow import BasicBlock, EdgeKind, FlowEdge, FlowGraph
from ..safe_text import escape
from .flow_words import block_words, edge_words, graph_words
from .instruction_words import argument_text

__all__ = ["flow_dot"]

LONGEST_ARGUMENT = 60
"""Characters of an argument's meaning that are shown."""

_SETTINGS: Final = """\
  graph [fontname="monospace", labelloc=t, labeljust=l, ranksep=0.4]
  node [shape=box, fontname="monospace", fontsize=10, margin="0.12,0.06"]
  edge [fontname="monospace", fontsize=9, color="#57606a"]"""


def flow_dot(graph: FlowGraph) -> str:
    """`graph` in the DOT language, without a line end behind it."""
    title, size = graph_words(graph)
    lines = ["digraph flow {", _SETTINGS]
    lines.append(f'  label="{_quoted(title)}\\l{_quoted(size)}\\l"')
    lines += [f"  {block.name} [{_node(block)}]" for block in graph.blocks]
    lines += [f"  B{edge.source} -> B{edge.target} [{_edge(edge)}]" for edge in graph.edges]
    lines.append("}")
    return "\n".join(lines)


def _node(block: BasicBlock) -> str:
    columns = max(len(instruction.opname) for instruction in block)
    rows = [", ".join(block_words(block))]
    for instruction in block:
        meaning = argument_text(instruction)
        if len(meaning) > LONGEST_ARGUMENT:
            meaning = f"{meaning[:LONGEST_ARGUMENT]}..."
        row = f"{instruction.offset:>5}  {instruction.opname:<{columns}}  {meaning}"
        rows.append(row.rstrip())
    label = "".join(f"{_quoted(row)}\\l" for row in rows)
    look = ""
    if block.is_handler:
        look += ', color="#d08700", style=dashed'
    if not block.is_reachable:
        look += ', color="#8b949e", fontcolor="#8b949e"'
    return f'label="{label}"{look}'


def _edge(edge: FlowEdge) -> str:
    label = f'label="{_quoted(edge_words(edge).partition(" ")[2])}"'
    if edge.kind is EdgeKind.EXCEPTION:
        return f'{label}, style=dashed, color="#d08700", fontcolor="#d08700"'
    if edge.is_back:
        # against the ranks: the loop's header stays above the loop
        return f'{label}, penwidth=2, color="#8250df", fontcolor="#8250df"'
    return label


def _quoted(text: str) -> str:
    shown = escape(text).replace("\\", "\\\\").replace('"', '\\"')
    return shown.replace("&", "&amp;")
