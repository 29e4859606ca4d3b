"""Bytecode of other versions, and bytecode that no compiler wrote: read as far as it goes."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from any_version import dotted, find_interpreter

from pyinternals.bytecode.disassemble import code_object_fact
from pyinternals.bytecode.facts import CodeObject
from pyinternals.bytecode.flow import EdgeKind, FlowGraph
from pyinternals.bytecode.opcode_table import TABLE_VERSIONS, table_for
from pyinternals.bytecode.pyc_file import parse_pyc

SOURCE = """\
def guarded(a):
    try:
        a.inside
    except ValueError:
        a.handled
    finally:
        a.at_last
    return a

def looping(rows):
    for row in rows:
        while row:
            row.pop()

def closure(outer):
    cell = outer
    def inner():
        return cell, outer
    return inner

def generator():
    yield 1
"""

WRITE_PYC = "import py_compile, sys; py_compile.compile(*sys.argv[1:], doraise=True)"


class Code:
    """A code object whose attributes can be set, over one that gives the rest."""

    co_code = b""

    def __init__(self, rest: Any, **own: Any) -> None:
        self.__dict__.update(own, rest=rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rest, name)


def compiled_by(version: tuple[int, int], folder: Path) -> CodeObject:
    interpreter = find_interpreter(version)
    if interpreter is None:
        pytest.skip(f"python{dotted(version)} is neither on PATH nor under ~/.pyenv/versions")
    source, pyc = folder / "module.py", folder / "module.pyc"
    source.write_text(SOURCE, encoding="utf-8")
    subprocess.run([interpreter, "-E", "-c", WRITE_PYC, str(source), str(pyc)], check=True)
    return code_object_fact(parse_pyc(pyc.read_bytes()).code)


@pytest.fixture(params=TABLE_VERSIONS, ids=dotted, scope="module")
def module(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CodeObject:
    return compiled_by(request.param, tmp_path_factory.mktemp("module"))


@pytest.fixture(params=[(3, 8), (3, 9), (3, 10)], ids=dotted, scope="module")
def old_module(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> CodeObject:
    return compiled_by(request.param, tmp_path_factory.mktemp("module"))


def block_that_loads(graph: FlowGraph, name: str) -> Any:
    return next(block for block in graph if any(i.argval == name for i in block))


def test_a_record_says_whose_bytecode_it_is(module: CodeObject) -> None:
    assert module.code.version == module.version == module["closure"]["inner"].version


def test_closures_name_what_they_close_over(module: CodeObject) -> None:
    inner = module["closure"]["inner"]
    loaded = [i.argval for i in inner if i.opname == "LOAD_DEREF"]
    assert ["cell", "outer"] == loaded


def test_a_jump_is_shown_by_the_label_where_it_leads(module: CodeObject) -> None:
    function = module["looping"]
    at = {i.offset: i.label for i in function}
    jumps = [i for i in function if i.jump_target is not None]
    assert jumps
    for jump in jumps:
        assert f"to L{at[jump.jump_target]}" == jump.argrepr


def test_loops_in_loops_are_deeper(module: CodeObject) -> None:
    assert 2 == block_that_loads(module["looping"].flow, "pop").loop_depth


def test_no_path_needs_more_stack_than_the_compiler_asked_for(module: CodeObject) -> None:
    for code_object in module.walk():
        assert code_object.max_stack_depth == code_object.stacksize, code_object.qualname


def test_a_generator_of_3_10_starts_with_the_value_that_is_sent(tmp_path: Path) -> None:
    first = compiled_by((3, 10), tmp_path)["generator"].instructions[0]
    assert ("GEN_START", 1) == (first.opname, first.stack_depth)


def test_what_sets_a_handler_up_leads_to_it_by_an_exception(old_module: CodeObject) -> None:
    graph = old_module["guarded"].flow
    setups = [b for b in graph if b.instructions[-1].opname == "SETUP_FINALLY"]
    assert len(setups) >= 2
    for block in setups:
        onward, exception = graph.edges_from(block.index)
        assert (EdgeKind.NEXT, block.index + 1) == (onward.kind, onward.target)
        assert EdgeKind.EXCEPTION is exception.kind
        handler = graph.blocks[exception.target]
        assert handler.is_handler
        assert handler.start == block.instructions[-1].jump_target
    assert block_that_loads(graph, "handled").is_reachable
    assert () == old_module["guarded"].exception_table


def test_before_3_11_only_lines_are_recorded(old_module: CodeObject) -> None:
    function = old_module["guarded"]
    assert {None} == {i.positions for i in function}
    assert {3, 4, 5, 7, 8} <= {i.line_number for i in function}


# damaged bytecode


def numbers_of(version: tuple[int, int]) -> dict[str, int]:
    return {name: number for number, name in enumerate(table_for(version).names)}


def damaged(
    version: tuple[int, int], *units: tuple[str | int, int], tail: bytes = b"", **own: Any
) -> CodeObject:
    """A code object of the given instructions, with one constant, no names and no locals."""
    numbers = numbers_of(version)
    pairs = [(numbers[op] if isinstance(op, str) else op, arg) for op, arg in units]
    empty = dict.fromkeys(("co_names", "co_varnames", "co_cellvars", "co_freevars"), ())
    code = Code(
        compile("", "damaged.py", "exec"),
        **{
            "co_code": bytes(byte for pair in pairs for byte in pair) + tail,
            "co_consts": ("only",),
            "co_exceptiontable": b"",
            **empty,
            **own,
        },
    )
    return code_object_fact(code, table=table_for(version))


@pytest.mark.parametrize("version", TABLE_VERSIONS, ids=dotted)
def test_an_index_that_leads_nowhere_is_its_own_value(version: tuple[int, int]) -> None:
    shown = [
        (i.argval, i.argrepr)
        for i in damaged(
            version, ("LOAD_CONST", 77), ("LOAD_NAME", 5), ("STORE_FAST", 3), ("LOAD_DEREF", 2)
        )
    ]
    cell = "cell" if version < (3, 11) else "local"
    assert [
        (77, "<no constant 77>"),
        (5, "<no name 5>"),
        (3, "<no local 3>"),
        (2, f"<no {cell} 2>"),
    ] == shown


@pytest.mark.parametrize("version", TABLE_VERSIONS, ids=dotted)
def test_an_argument_that_overflows_does_not_count_from_the_end(version: tuple[int, int]) -> None:
    prefix = ("EXTENDED_ARG", 255)
    last = damaged(version, prefix, prefix, prefix, ("LOAD_CONST", 255)).instructions[-1]
    assert (-1, "<no constant -1>") == (last.argval, last.argrepr)


@pytest.mark.parametrize("version", TABLE_VERSIONS, ids=dotted)
def test_a_number_that_is_no_opcode_is_shown_as_a_number(version: tuple[int, int]) -> None:
    number = next(op for op, name in enumerate(table_for(version).names) if name[0] == "<")
    assert f"<{number}>" == damaged(version, (number, 1)).instructions[0].opname


@pytest.mark.parametrize("version", TABLE_VERSIONS, ids=dotted)
def test_half_an_instruction_at_the_end_is_left_out(version: tuple[int, int]) -> None:
    assert ["NOP"] == [i.opname for i in damaged(version, ("NOP", 0), tail=b"\x01")]


@pytest.mark.parametrize("version", TABLE_VERSIONS, ids=dotted)
def test_a_jump_to_no_instruction_says_so(version: tuple[int, int]) -> None:
    found = damaged(version, ("JUMP_FORWARD", 200), ("NOP", 0))
    unit = 1 if version < (3, 10) else 2
    target = 2 + 200 * unit
    jump = found.instructions[0]
    assert (target, f"to <no instruction at {target}>") == (jump.jump_target, jump.argrepr)
    assert (None, None) == (found.instructions[1].label, found.instructions[1].stack_depth)


def test_a_jump_into_a_cache_says_so() -> None:
    found = damaged((3, 12), ("JUMP_FORWARD", 1), ("LOAD_GLOBAL", 0))
    assert "to <no instruction at 4>" == found.instructions[0].argrepr


def test_an_exception_table_that_names_no_instruction_has_no_labels() -> None:
    found = damaged((3, 12), ("NOP", 0), ("NOP", 0), co_exceptiontable=b"\x81\x7f\x3f\x7f\x3f\x01")
    assert 1 == len(found.exception_table)
    assert 0 < len(found.flow) <= 2


@pytest.mark.parametrize("version", TABLE_VERSIONS, ids=dotted)
def test_random_bytes_are_read_without_an_error(version: tuple[int, int]) -> None:
    numbers = random.Random(version[1])
    jumps = [op for op, step in enumerate(table_for(version).jump_bytes) if step]
    before = damaged(version, ("NOP", 0))
    for _ in range(150):
        code = bytearray(numbers.randbytes(numbers.randrange(300)))
        for place in range(0, len(code), 2):
            if numbers.random() < 0.3:
                code[place] = numbers.choice(jumps)
        flags = numbers.randrange(1 << 16)
        table = numbers.randbytes(numbers.randrange(40))
        found = damaged(version, tail=bytes(code), co_flags=flags, co_exceptiontable=table)
        assert len(found.flow) <= len(found) + 1
        assert found.stats.instruction_count == len(found)
        assert found.max_stack_depth >= 0
        assert all(isinstance(found.caches(i), tuple) for i in found)
        assert found.diff(before) is not None


WEBS = {
    "back to the code before, all of it dead": lambda i: ("RETURN_VALUE", "BACK", "FOR_ITER")[
        i % 3
    ],
    "backwards": lambda i: "BACK",
    "there and back": lambda i: "FOR_ITER" if i % 2 else "BACK",
    "prefixes": lambda i: "EXTENDED_ARG",
}


@pytest.mark.parametrize("version", TABLE_VERSIONS, ids=dotted)
@pytest.mark.parametrize("web", WEBS)
def test_a_web_of_jumps_takes_no_longer_than_its_size(version: tuple[int, int], web: str) -> None:
    back = "JUMP_ABSOLUTE" if version < (3, 11) else "JUMP_BACKWARD"
    units = [
        (back if name == "BACK" else name, i * 37 % 256)
        for i in range(15_000)
        for name in [WEBS[web](i)]
    ]
    start = time.process_time()
    found = damaged(version, *units)
    assert len(found.flow) > 0
    assert found.diff(found).is_same
    assert time.process_time() - start < 10


def test_an_exception_table_of_one_endless_number_is_read_in_time() -> None:
    start = time.process_time()
    assert () == damaged((3, 13), ("NOP", 0), co_exceptiontable=b"\x7f" * 500_000).exception_table
    assert time.process_time() - start < 2


def test_constants_may_be_nested_as_deep_as_a_file_likes() -> None:
    nested: Any = ()
    for _ in range(900):
        nested = (nested,)
    found = damaged((3, 13), ("LOAD_CONST", 0), co_consts=(nested,))
    assert found.diff(found).is_same
