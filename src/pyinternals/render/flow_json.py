"""``dis --flow --json``: blocks and edges (schema ``pyinternals.dis-flow/1``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..bytecode.flow import BasicBlock, FlowEdge, FlowGraph
from .json_envelope import Json, envelope

__all__ = ["flow_document"]


def flow_document(graphs: Sequence[FlowGraph], *, warnings: Iterable[Json] = ()) -> Json:
    """One entry for each code object; blocks in the order of the bytecode."""
    return envelope(
        "dis-flow/1", {"graphs": [_graph(graph) for graph in graphs]}, warnings=warnings
    )


def _graph(graph: FlowGraph) -> Json:
    return {
        "qualname": graph.qualname,
        "filename": graph.filename,
        "first_line": graph.first_line,
        "cyclomatic_complexity": graph.cyclomatic_complexity,
        "blocks": [_block(block) for block in graph.blocks],
        "edges": [_edge(edge) for edge in graph.edges],
    }


def _block(block: BasicBlock) -> Json:
    return {
        "index": block.index,
        "start": block.start,
        "end": block.end,
        "label": block.label,
        "first_line": block.first_line,
        "last_line": block.last_line,
        "is_entry": block.is_entry,
        "is_handler": block.is_handler,
        "is_reachable": block.is_reachable,
        "is_loop_header": block.is_loop_header,
        "loop_depth": block.loop_depth,
        "exit": block.exit,
        "offsets": [instruction.offset for instruction in block.instructions],
    }


def _edge(edge: FlowEdge) -> Json:
    return {
        "source": edge.source,
        "target": edge.target,
        "kind": edge.kind.value,
        "condition": edge.condition,
        "is_back": edge.is_back,
    }
