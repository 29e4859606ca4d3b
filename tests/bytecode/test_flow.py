"""The flow graph is the bytecode's: no instruction lost, every way there, none that isn't."""

from __future__ import annotations

import asyncio.tasks
import contextlib
import dis as standard_dis
import subprocess
import tokenize
from collections.abc import Iterator
from graphlib import TopologicalSorter
from types import CodeType, ModuleType

import pytest

from pyinternals.bytecode.disassemble import dis
from pyinternals.bytecode.facts import CodeObject
from pyinternals.bytecode.flow import BasicBlock, EdgeKind, FlowEdge, FlowGraph

MODULES = [asyncio.tasks, contextlib, subprocess, tokenize]

CONDITIONS = """
def conditions(a):
    if a:
        a = 1
    if a is None:
        a = 2
    return a
"""

LOOPS = """
def loops(rows):
    for row in rows:
        while row:
            row.pop()
"""

HANDLERS = """
def handlers(a):
    a.before
    try:
        a.inside
    except ValueError:
        a.handled
    a.behind
"""

ASYNCHRONOUS = """
async def asynchronous(rows):
    async for row in rows:
        await row
    return rows
"""

UNCONDITIONAL = {EdgeKind.NEXT, EdgeKind.JUMP}


def code_objects(module: ModuleType) -> Iterator[CodeObject]:
    """Every code object of a module's source."""
    with tokenize.open(str(module.__file__)) as file:
        return dis(file.read()).walk()


def flow_of(source: str) -> FlowGraph:
    """The flow of the only function that `source` defines."""
    return dis(source).children[0].flow


def block_with(graph: FlowGraph, opname: str) -> BasicBlock:
    """The first block that has an instruction of this name."""
    return next(b for b in graph if any(i.base_opname.startswith(opname) for i in b))


def block_that_loads(graph: FlowGraph, name: str) -> BasicBlock:
    return next(b for b in graph if any(i.argval == name for i in b))


def conditions_from(graph: FlowGraph, block: BasicBlock) -> set[str | None]:
    edges = graph.edges_from(block.index)
    return {edge.condition for edge in edges if edge.kind is not EdgeKind.EXCEPTION}


def follow(graph: FlowGraph, block: BasicBlock, condition: str) -> BasicBlock:
    """Where `block` leads under `condition`."""
    return next(
        graph.blocks[edge.target]
        for edge in graph.edges_from(block.index)
        if edge.condition == condition
    )


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
class TestOnEveryFunctionOfAModule:
    def test_each_instruction_is_in_one_block_and_in_order(self, module: ModuleType) -> None:
        for code_object in code_objects(module):
            in_blocks = [instruction for block in code_object.flow for instruction in block]
            assert list(code_object.instructions) == in_blocks

    def test_blocks_cover_the_bytecode_without_gap(self, module: ModuleType) -> None:
        for code_object in code_objects(module):
            blocks = code_object.flow.blocks
            assert [0, *(b.end for b in blocks)] == [
                *(b.start for b in blocks),
                code_object.size_bytes,
            ]

    def test_each_jump_of_dis_is_an_edge_to_a_block_that_starts_at_its_target(
        self, module: ModuleType
    ) -> None:
        for code_object in code_objects(module):
            graph = code_object.flow
            drawn = {
                (graph.blocks[edge.source].instructions[-1].offset, graph.blocks[edge.target].start)
                for edge in graph.edges
                if edge.kind in (EdgeKind.JUMP, EdgeKind.TAKEN)
            }
            assert jumps_by_dis(code_object.code) == drawn

    def test_the_handler_of_every_instruction_is_the_one_of_its_block(
        self, module: ModuleType
    ) -> None:
        for code_object in code_objects(module):
            graph = code_object.flow
            by_table = handlers_by_dis(code_object.code)
            for block in graph:
                handlers = {
                    graph.blocks[edge.target].start
                    for edge in graph.edges_from(block.index)
                    if edge.kind is EdgeKind.EXCEPTION
                }
                raising = {
                    by_table[instruction.offset]
                    for instruction in block
                    if not never_raises(instruction.base_opname)
                }
                assert raising - {None} == handlers
                assert len(raising) <= 1

    def test_without_its_back_edges_it_has_no_cycle(self, module: ModuleType) -> None:
        for code_object in code_objects(module):
            graph = code_object.flow
            order = TopologicalSorter({block.index: set() for block in graph})
            for edge in set(graph.edges) - set(graph.back_edges):
                order.add(edge.target, edge.source)
            order.prepare()

    def test_everything_the_compiler_wrote_can_be_reached(self, module: ModuleType) -> None:
        unreachable = [
            (code_object.qualname, block.name)
            for code_object in code_objects(module)
            for block in code_object.flow.unreachable_blocks
        ]
        assert [] == unreachable

    def test_only_a_block_that_ends_a_path_has_no_way_on(self, module: ModuleType) -> None:
        for code_object in code_objects(module):
            graph = code_object.flow
            leaving = {edge.source for edge in graph.edges if edge.kind is not EdgeKind.EXCEPTION}
            assert [b.index in leaving for b in graph] == [b.exit is None for b in graph]


def jumps_by_dis(code: CodeType) -> set[tuple[int, int]]:
    """(offset of a jump, offset it leads to), as the standard library sees it."""
    opcodes = {*standard_dis.hasjrel, *standard_dis.hasjabs}
    return {
        (instruction.offset, instruction.argval)
        for instruction in standard_dis.get_instructions(code)
        if instruction.opcode in opcodes and "END_ASYNC_FOR" not in instruction.opname
    }


def handlers_by_dis(code: CodeType) -> dict[int, int | None]:
    """By offset: the handler that the standard library reads from the exception table."""
    entries = standard_dis._parse_exception_table(code)  # type: ignore[attr-defined]
    return {
        offset: next((e.target for e in entries if e.start <= offset < e.end), None)
        for offset in range(0, len(code.co_code), 2)
    }


def never_raises(opname: str) -> bool:
    has_to_bool = "TO_BOOL" in standard_dis.opmap
    return opname in ("CACHE", "EXTENDED_ARG", "JUMP_FORWARD", "NOP", "NOT_TAKEN") or (
        has_to_bool and opname.startswith("POP_JUMP_IF")
    )


def test_a_straight_function_is_one_block_that_returns() -> None:
    graph = flow_of("def straight(a): return a.b")
    assert (1, (), "return") == (len(graph), graph.edges, graph.blocks[0].exit)


def test_the_first_block_is_the_only_entry() -> None:
    assert [0] == [block.index for block in flow_of(LOOPS) if block.is_entry]


def test_a_branch_says_under_which_condition_it_goes_which_way() -> None:
    graph = flow_of(CONDITIONS)
    first, second = (b for b in graph if len(graph.edges_from(b.index)) == 2)
    assert {"if true", "if false"} == conditions_from(graph, first)
    assert {"if None", "if not None"} == conditions_from(graph, second)


def test_the_way_that_is_true_leads_to_the_body() -> None:
    graph = flow_of("def f(a):\n    if a:\n        yes()\n    else:\n        no()\n")
    branch = graph.blocks[0]
    assert block_that_loads(graph, "yes") == follow(graph, branch, "if true")
    assert block_that_loads(graph, "no") == follow(graph, branch, "if false")


def test_lines_of_a_block_are_those_of_its_instructions() -> None:
    graph = flow_of("def f(a):\n    a.b\n    a.c\n    return a\n")
    assert (1, 4) == (graph.blocks[0].first_line, graph.blocks[0].last_line)


def test_a_for_loop_goes_back_to_its_iterator_and_leaves_when_that_is_exhausted() -> None:
    graph = flow_of("def f(rows):\n    for row in rows:\n        row.pop()\n    return rows\n")
    header = block_with(graph, "FOR_ITER")
    body = follow(graph, header, "next item")
    assert header.is_loop_header
    assert [(body.index, header.index)] == [(e.source, e.target) for e in graph.back_edges]
    assert "return" == follow(graph, header, "exhausted").exit


def test_loops_in_loops_are_deeper() -> None:
    graph = flow_of(LOOPS)
    assert [0, 1, 2, 0] == [
        graph.blocks[0].loop_depth,
        block_with(graph, "FOR_ITER").loop_depth,
        block_that_loads(graph, "pop").loop_depth,
        block_with(graph, "RETURN").loop_depth,
    ]


def test_a_loop_that_goes_on_through_a_handler_contains_the_handler() -> None:
    graph = flow_of(
        "def f(a):\n    while True:\n        try:\n            a.b()\n"
        "        except ValueError:\n            a.handled\n"
    )
    assert 1 == block_that_loads(graph, "handled").loop_depth


def test_an_exception_goes_to_its_handler_and_from_nowhere_else() -> None:
    graph = flow_of(HANDLERS)
    handler = block_with(graph, "PUSH_EXC_INFO")
    entering = [e for e in graph.edges_to(handler.index) if e.kind is EdgeKind.EXCEPTION]
    assert handler.is_handler
    assert [block_that_loads(graph, "inside").index] == [edge.source for edge in entering]


def test_a_region_border_splits_a_block() -> None:
    graph = flow_of(HANDLERS)
    before = block_that_loads(graph, "before")
    edge = FlowEdge(before.index, before.index + 1, EdgeKind.NEXT, None, False)
    assert (edge,) == graph.edges_from(before.index)


def test_awaiting_asks_again_until_it_is_finished() -> None:
    graph = flow_of(ASYNCHRONOUS)
    header = block_with(graph, "SEND")
    assert {"finished", "yielded"} == conditions_from(graph, header)
    assert header.is_loop_header


def test_the_end_of_an_asynchronous_loop_does_not_jump() -> None:
    graph = flow_of(ASYNCHRONOUS)
    end = block_with(graph, "END_ASYNC_FOR")
    kinds = {edge.kind for edge in graph.edges_from(end.index)} - {EdgeKind.EXCEPTION}
    assert kinds <= {EdgeKind.NEXT}
    assert "END_ASYNC_FOR" not in {
        graph.blocks[edge.source].instructions[-1].base_opname for edge in graph.back_edges
    }


def test_a_jump_leads_to_the_prefix_of_an_extended_instruction() -> None:
    # more than 255 names, so that the first instruction behind the branch needs EXTENDED_ARG
    names = "\n".join(f"    name_{number}" for number in range(300))
    graph = flow_of(f"def f(a):\n    if a:\n{names.replace('    ', '        ')}\n    last\n")
    target = follow(graph, graph.blocks[0], "if false")
    assert ["EXTENDED_ARG", "LOAD_GLOBAL"] == [i.base_opname for i in target.instructions[:2]]


@pytest.mark.parametrize(
    ("statement", "exit_"),
    [("return a", "return"), ("return 'constant'", "return"), ("raise a", "raise")],
)
def test_a_block_says_how_it_leaves_the_function(statement: str, exit_: str) -> None:
    graph = flow_of(f"def f(a):\n    {statement}\n")
    assert [exit_] == [block.exit for block in graph]


def test_a_handler_that_does_not_match_raises_again() -> None:
    assert "reraise" in {block.exit for block in flow_of(HANDLERS)}


@pytest.mark.parametrize(
    ("body", "complexity"),
    [
        ("return a", 1),
        ("return 1 if a else 2", 2),
        ("if a:\n        return 1\n    if a.b:\n        return 2\n    return 3", 3),
        ("for b in a:\n        b.c", 2),
    ],
)
def test_complexity_is_one_more_than_the_decisions(body: str, complexity: int) -> None:
    assert complexity == flow_of(f"def f(a):\n    {body}\n").cyclomatic_complexity


def test_what_no_path_leads_to_is_unreachable() -> None:
    code = compile("def f(a): return a", "f.py", "exec").co_consts[0]
    graph = dis(code.replace(co_code=code.co_code * 2)).flow
    assert [True, False] == [block.is_reachable for block in graph]
    assert (graph.blocks[1],) == graph.unreachable_blocks
    assert 1 == graph.cyclomatic_complexity


def test_a_jump_out_of_the_bytecode_is_no_edge() -> None:
    code = compile("def f(a):\n    if a: a()\n", "f.py", "exec").co_consts[0]
    jump = next(i for i in standard_dis.get_instructions(code) if "IF_FALSE" in i.opname)
    bytecode = bytearray(code.co_code)
    bytecode[jump.offset + 1] = 255
    graph = dis(code.replace(co_code=bytes(bytecode))).flow
    assert {EdgeKind.NOT_TAKEN} == {edge.kind for edge in graph.edges_from(0)}


def test_a_class_has_no_flow_of_its_own() -> None:
    class Empty:
        def method(self) -> None: ...

    graph = dis(Empty).flow
    assert ((), (), 1) == (graph.blocks, graph.edges, graph.cyclomatic_complexity)


def test_specialised_bytecode_flows_as_the_compiler_wrote_it() -> None:
    def busy(rows: list[int]) -> int:
        total = 0
        for row in rows:
            if row > 1:
                total += row
        return total

    for _ in range(100):
        busy([1, 2, 3])
    assert any(i.is_specialised for i in dis(busy, adaptive=True))
    assert dis(busy).flow.edges == dis(busy, adaptive=True).flow.edges


def test_unconditional_ways_have_no_condition() -> None:
    graph = flow_of(LOOPS)
    assert {None} == {e.condition for e in graph.edges if e.kind in UNCONDITIONAL}
