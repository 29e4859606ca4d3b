"""The control-flow graph of a code object: its basic blocks and the edges between them.

Stands on the jumps of the instructions, on the opcodes behind which execution doesn't go on
(`OpcodeTable.ends_path`), and on the exception table (InternalDocs/exception_handling.md). It is
the graph of the finished bytecode, which the compiler's own (Python/flowgraph.c) has become: a
``finally`` stands in it as often as the compiler copied it.

Bytecode up to 3.10 has no exception table: SETUP_FINALLY and its kin put a handler in charge until
POP_BLOCK. There a block ends behind such an instruction, and the edge to its handler stands for all
that can be raised while it is in charge.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from ..fact import Fact
from .disassemble import table_of
from .facts import CodeObject, Instruction
from .flow_handlers import handlers_in_charge, handlers_set_up, region_borders
from .flow_loops import back_edges, depth_first, loop_depths, reachable_from
from .opcode_table import OpcodeTable

__all__ = ["BasicBlock", "EdgeKind", "FlowEdge", "FlowGraph", "flow_graph"]


class EdgeKind(StrEnum):
    """How execution gets from one block to another."""

    NEXT = "next"
    """It goes on with the instruction behind the block."""
    JUMP = "jump"
    """The block ends with a jump without condition."""
    TAKEN = "taken"
    """The conditional jump at the block's end jumps."""
    NOT_TAKEN = "not-taken"
    """The conditional jump at the block's end doesn't jump."""
    EXCEPTION = "exception"
    """An instruction of the block raises, and the exception table names this handler.

    Up to 3.10: the block ends with the instruction that sets the handler up."""


_EXITS: Final = {
    "RETURN_VALUE": "return",
    "RETURN_CONST": "return",
    "INTERPRETER_EXIT": "return",
    "RAISE_VARARGS": "raise",
    "RERAISE": "reraise",
}

# What is true when a conditional jump jumps, and when it doesn't. The names of 3.11 say the
# direction (POP_JUMP_FORWARD_IF_FALSE), which `_condition_name` takes out.
_CONDITIONS: Final = {
    "POP_JUMP_IF_FALSE": ("if false", "if true"),
    "POP_JUMP_IF_TRUE": ("if true", "if false"),
    "POP_JUMP_IF_NONE": ("if None", "if not None"),
    "POP_JUMP_IF_NOT_NONE": ("if not None", "if None"),
    "JUMP_IF_FALSE_OR_POP": ("if false", "if true"),
    "JUMP_IF_TRUE_OR_POP": ("if true", "if false"),
    "JUMP_IF_NOT_EXC_MATCH": ("no match", "match"),
    "FOR_ITER": ("exhausted", "next item"),
    "SEND": ("finished", "yielded"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicBlock:
    """Instructions that run one after the other: entered at the first, left behind the last."""

    index: int
    """Position in `FlowGraph.blocks`; the blocks stand in the order of the bytecode."""
    start: int
    """Byte offset of the first instruction."""
    end: int
    """Byte offset behind the last instruction and its inline cache."""
    instructions: tuple[Instruction, ...]
    label: int | None
    """The first instruction's `label`."""
    first_line: int | None
    """The lowest line of source among the instructions; None where none has one."""
    last_line: int | None
    """The highest line of source among the instructions."""
    is_entry: bool
    """Whether the code object starts here."""
    is_handler: bool
    """Whether the block's first instruction is a handler, by the exception table or a SETUP_FINALLY."""
    is_reachable: bool
    """Whether any path, raised exceptions included, leads here from the entry."""
    is_loop_header: bool
    """Whether a loop's back edge leads here."""
    loop_depth: int
    """Loops that the block is part of. That of ``await`` and ``yield from`` (SEND) is one too."""
    exit: str | None
    """``return``, ``raise`` or ``reraise`` if the last instruction ends the path, else None."""

    def __iter__(self) -> Iterator[Instruction]:
        return iter(self.instructions)

    def __len__(self) -> int:
        return len(self.instructions)

    @property
    def name(self) -> str:
        """``B0``, ``B1`` …: what the block is called in every drawing."""
        return f"B{self.index}"

    @property
    def size_bytes(self) -> int:
        """Length of its bytecode, inline caches included."""
        return self.end - self.start


class FlowEdge(NamedTuple):
    """A way from one block to another."""

    source: int
    """Index of the block that is left."""
    target: int
    """Index of the block that is entered."""
    kind: EdgeKind
    condition: str | None
    """What holds when a conditional jump goes this way: ``if false``, ``exhausted``; else None."""
    is_back: bool
    """Whether it leads back to a block on the way it came: it closes a loop."""

    @property
    def label(self) -> str:
        """The condition, or the kind where there is none."""
        return self.condition or self.kind.value


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FlowGraph(Fact):
    """The control flow of one code object, nested ones not included."""

    name: str
    qualname: str
    filename: str
    first_line: int
    version: tuple[int, int]
    """The CPython whose bytecode this is."""
    blocks: tuple[BasicBlock, ...]
    """In the order of the bytecode; the first is the entry."""
    edges: tuple[FlowEdge, ...]
    """Ordered by source; of one source: the jump, the way that goes on, the exception."""

    def __iter__(self) -> Iterator[BasicBlock]:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)

    def edges_from(self, index: int) -> tuple[FlowEdge, ...]:
        """The edges that leave block `index`: at most two, and one for exceptions."""
        first = bisect_left(self.edges, index, key=lambda edge: edge.source)
        behind = bisect_right(self.edges, index, key=lambda edge: edge.source)
        return self.edges[first:behind]

    def edges_to(self, index: int) -> tuple[FlowEdge, ...]:
        """The edges that enter block `index`."""
        return tuple(edge for edge in self.edges if edge.target == index)

    @property
    def back_edges(self) -> tuple[FlowEdge, ...]:
        """The edges that close a loop."""
        return tuple(edge for edge in self.edges if edge.is_back)

    @property
    def unreachable_blocks(self) -> tuple[BasicBlock, ...]:
        """Blocks that no path leads to."""
        return tuple(block for block in self.blocks if not block.is_reachable)

    @property
    def cyclomatic_complexity(self) -> int:
        """Independent paths through the bytecode (McCabe): edges - nodes + 2.

        Counted over the reachable blocks, as if every path that ends went on to one common exit and
        every handler were entered by one edge. That is one more than the conditional jumps. It
        counts what was compiled: an ``await`` has a conditional jump, a copied ``finally`` counts
        each time.
        """
        reachable = {block.index for block in self.blocks if block.is_reachable}
        ways = [edge for edge in self.edges if edge.source in reachable]
        return 1 + sum(edge.kind is EdgeKind.TAKEN for edge in ways)


def flow_graph(code_object: CodeObject) -> FlowGraph:
    """The basic blocks of `code_object` and the edges between them.

    A block ends before a jump's target or a handler, behind a jump or what sets a handler up, and
    where another handler begins to be in charge; so each block has one handler at most.
    """
    table = table_of(code_object)
    instructions = code_object.instructions
    handlers = handlers_in_charge(instructions, code_object.exception_table, table)
    handler_starts = {entry.target for entry in code_object.exception_table}
    handler_starts |= handlers_set_up(instructions, table)
    runs = list(_runs(instructions, _leaders(instructions, handlers, handler_starts, table)))
    index_at = {instructions[run.start].offset: index for index, run in enumerate(runs)}
    edges = [
        edge
        for index, run in enumerate(runs)
        for edge in _edges_of(index, instructions[run.start : run.stop], index_at, table)
    ]
    for index, run in enumerate(runs):
        target = next((handlers[i] for i in run if handlers[i] is not None), None)
        if target is not None and target in index_at:
            edges.append(FlowEdge(index, index_at[target], EdgeKind.EXCEPTION, None, False))
    edges.sort(key=lambda edge: (edge.source, edge.kind is EdgeKind.EXCEPTION))
    successors = _successors(len(runs), edges)
    walk = depth_first(successors)
    closing = back_edges(successors, walk)
    edges = [edge._replace(is_back=(edge.source, edge.target) in closing) for edge in edges]
    blocks = [instructions[run.start : run.stop] for run in runs]
    return FlowGraph(
        name=code_object.name,
        qualname=code_object.qualname,
        filename=code_object.filename,
        first_line=code_object.first_line,
        version=code_object.version,
        blocks=_blocks(
            blocks,
            reachable=reachable_from(successors, 0),
            loop_headers={target for _, target in closing},
            depths=loop_depths(successors, walk),
            handler_starts=handler_starts,
        ),
        edges=tuple(edges),
    )


def _leaders(
    instructions: Sequence[Instruction],
    handlers: Sequence[int | None],
    handler_starts: Iterable[int],
    table: OpcodeTable,
) -> set[int]:
    """Offsets at which a block starts."""
    starts = set(handler_starts)
    for instruction in instructions:
        op = table.base[instruction.opcode]
        jumps = _jumps(instruction, table)
        if jumps and instruction.jump_target is not None:
            starts.add(instruction.jump_target)
        if jumps or op in table.ends_path:
            starts.add(instruction.offset + instruction.size_bytes)
    return starts | region_borders(instructions, handlers, starts, table)


def _runs(instructions: Sequence[Instruction], leaders: set[int]) -> Iterator[range]:
    """The positions of the instructions of each block."""
    start = 0
    for position, instruction in enumerate(instructions):
        if position > start and instruction.offset in leaders:
            yield range(start, position)
            start = position
    if instructions:
        yield range(start, len(instructions))


def _jumps(instruction: Instruction, table: OpcodeTable) -> bool:
    """Whether the instruction can jump. END_ASYNC_FOR names its SEND, and jumps nowhere."""
    op = table.base[instruction.opcode]
    return instruction.jump_target is not None and op != table.end_async_for


def _edges_of(
    index: int,
    instructions: Sequence[Instruction],
    index_at: dict[int, int],
    table: OpcodeTable,
) -> Iterator[FlowEdge]:
    """The edges that leave by the last instruction. What leads out of the bytecode is no edge."""
    last = instructions[-1]
    op = table.base[last.opcode]
    ends = op in table.ends_path
    behind = last.offset + last.size_bytes
    if not _jumps(last, table) or last.jump_target is None:
        if not ends and behind in index_at:
            yield FlowEdge(index, index_at[behind], EdgeKind.NEXT, None, False)
        return
    jump, onward = _ways(last.base_opname, ends=ends, sets_up=op in table.sets_up_handler)
    taken, not_taken = _CONDITIONS.get(_condition_name(last), (None, None))
    if last.jump_target in index_at:
        yield FlowEdge(index, index_at[last.jump_target], jump, taken, False)
    if onward is not None and behind in index_at:
        yield FlowEdge(index, index_at[behind], onward, not_taken, False)


def _ways(opname: str, *, ends: bool, sets_up: bool) -> tuple[EdgeKind, EdgeKind | None]:
    """The kinds of the edge to the jump's target and of the one that goes on."""
    if sets_up:
        return EdgeKind.EXCEPTION, EdgeKind.NEXT
    if opname == "CALL_FINALLY":  # 3.8: the end of that `finally` comes back behind the call
        return EdgeKind.JUMP, EdgeKind.NEXT
    return (EdgeKind.JUMP, None) if ends else (EdgeKind.TAKEN, EdgeKind.NOT_TAKEN)


def _condition_name(instruction: Instruction) -> str:
    return instruction.base_opname.replace("_FORWARD_", "_").replace("_BACKWARD_", "_")


def _successors(count: int, edges: Iterable[FlowEdge]) -> list[list[int]]:
    successors: list[list[int]] = [[] for _ in range(count)]
    for edge in edges:
        successors[edge.source].append(edge.target)
    return successors


def _blocks(
    runs: Sequence[Sequence[Instruction]],
    *,
    reachable: set[int],
    loop_headers: set[int],
    depths: Sequence[int],
    handler_starts: set[int],
) -> tuple[BasicBlock, ...]:
    found = []
    for index, instructions in enumerate(runs):
        first, last = instructions[0], instructions[-1]
        lines = [i.line_number for i in instructions if i.line_number is not None]
        found.append(
            BasicBlock(
                index=index,
                start=first.offset,
                end=last.offset + last.size_bytes,
                instructions=tuple(instructions),
                label=first.label,
                first_line=min(lines, default=None),
                last_line=max(lines, default=None),
                is_entry=index == 0,
                is_handler=first.offset in handler_starts,
                is_reachable=index in reachable,
                is_loop_header=index in loop_headers,
                loop_depth=depths[index],
                exit=_EXITS.get(last.base_opname),
            )
        )
    return tuple(found)
