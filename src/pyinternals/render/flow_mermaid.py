"""A flow graph as a mermaid flowchart: what GitHub, GitLab and many editors draw in Markdown.

In a quoted label mermaid takes ``#`` and a number for a character, reads HTML tags, and starts
Markdown at a backtick; so everything but letters, digits and harmless signs is written as a number
(https://mermaid.js.org/syntax/flowchart.html, "Entity codes to escape characters").
"""

from __future__ import annotations

import json
from typing import Final

from ..bytecode.flow import BasicBlock, EdgeKind, FlowEdge, FlowGraph
from ..safe_text import escape
from .flow_words import block_words, edge_words, graph_words
from .instruction_words import argument_text

__all__ = ["flow_mermaid"]

LONGEST_ARGUMENT = 60
"""Characters of an argument's meaning that are shown."""
_HARMLESS: Final = frozenset(" _-+.,:/=()")

_CLASSES: Final = """\
  classDef block text-align:left,font-family:monospace
  classDef handler stroke:#d08700,stroke-dasharray:5 3
  classDef unreachable opacity:0.5"""


def flow_mermaid(graph: FlowGraph) -> str:
    """`graph` as the text of a mermaid flowchart, without a line end behind it."""
    title = "  ".join(graph_words(graph))
    lines = ["---", f"title: {json.dumps(title, ensure_ascii=False)}", "---", "flowchart TD"]
    lines += [f'  {block.name}["{_label(block)}"]' for block in graph.blocks]
    lines += [f"  B{edge.source} {_arrow(edge)} B{edge.target}" for edge in graph.edges]
    lines.append(_CLASSES)
    members = {
        "block": [block.name for block in graph.blocks],
        "handler": [block.name for block in graph.blocks if block.is_handler],
        "unreachable": [block.name for block in graph.unreachable_blocks],
    }
    lines += [f"  class {','.join(names)} {name}" for name, names in members.items() if names]
    return "\n".join(lines)


def _label(block: BasicBlock) -> str:
    rows = [", ".join(block_words(block))]
    for instruction in block:
        meaning = argument_text(instruction)
        if len(meaning) > LONGEST_ARGUMENT:
            meaning = f"{meaning[:LONGEST_ARGUMENT]}..."
        rows.append(f"{instruction.offset} {instruction.opname} {meaning}".rstrip())
    return "<br/>".join(map(_quoted, rows))


def _arrow(edge: FlowEdge) -> str:
    """Dotted for an exception, thick for the way back in a loop."""
    words = edge_words(edge).partition(" ")[2]
    if edge.kind is EdgeKind.EXCEPTION:
        return f'-. "{_quoted(words)}" .->'
    if edge.is_back:
        return f'== "{_quoted(words)}" ==>'
    return f'-- "{_quoted(words)}" -->'


def _quoted(text: str) -> str:
    return "".join(
        character if character.isalnum() or character in _HARMLESS else f"#{ord(character)};"
        for character in escape(text)
    )
