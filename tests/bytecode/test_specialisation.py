"""What a run makes of bytecode: counts, forms, lines. Every target is a real child process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pyinternals.bytecode.decode import unpack_units
from pyinternals.bytecode.disassemble import code_object_fact, dis
from pyinternals.bytecode.facts import CodeObject, Instruction
from pyinternals.bytecode.opcode_table import host_table
from pyinternals.bytecode.program_run import CodePath, RunRequest, RunResult, run_target
from pyinternals.bytecode.run_record import run_record
from pyinternals.bytecode.source import parse_source
from pyinternals.bytecode.specialisation import (
    Form,
    LineRecord,
    RunRecord,
    apply_run,
    form_of,
    line_records,
)

TARGETS = Path(__file__).parents[1] / "targets"


def run_of(name: str, *args: str) -> RunResult:
    path = TARGETS / name
    request = RunRequest(
        kind="script", source=path.read_bytes(), filename=str(path), args=args, stdin=None
    )
    with (Path("/dev/null")).open("w") as nowhere:
        return run_target(request, output=nowhere.fileno())


def seen(name: str, *args: str) -> CodeObject:
    result = run_of(name, *args)
    assert result.program.warnings == ()
    data = (TARGETS / name).read_bytes()
    return apply_run(code_object_fact(result.root, source=parse_source(data, name)), result)


@pytest.fixture(scope="module")
def loop() -> CodeObject:
    return seen("counted_loop.py")


@pytest.fixture(scope="module")
def zoo() -> CodeObject:
    return seen("instruction_zoo.py")


def record_of(code_object: CodeObject) -> RunRecord:
    assert code_object.run is not None
    return code_object.run


def counted(code_object: CodeObject) -> list[tuple[Instruction, int | None]]:
    counts = record_of(code_object).counts
    assert counts is not None
    return list(zip(code_object.instructions, counts, strict=True))


def counts_of(code_object: CodeObject, *base_opnames: str) -> list[int | None]:
    return [count for ins, count in counted(code_object) if ins.base_opname in base_opnames]


def forms_of(code_object: CodeObject) -> dict[str, Form]:
    forms = record_of(code_object).forms
    assert forms is not None
    return {ins.opname: form for ins, form in zip(code_object.instructions, forms, strict=True)}


def line_of(code_object: CodeObject, text: str) -> LineRecord:
    assert code_object.source is not None
    number = 1 + next(i for i, line in enumerate(code_object.source.lines) if text in line)
    return next(record for record in line_records(code_object) if record.line == number)


def path_to(result: RunResult, name: str) -> CodePath:
    names = [getattr(const, "co_name", None) for const in result.root.co_consts]
    return (names.index(name),)


@pytest.mark.parametrize(("args", "threads"), [((), 1), (("threads",), 4)])
def test_a_loop_s_instructions_are_counted_exactly(args: tuple[str, ...], threads: int) -> None:
    function = seen("counted_loop.py", *args)["add_up"]

    addition = next(ins.line_number for ins in function if ins.base_opname == "BINARY_OP")
    body = [count for ins, count in counted(function) if ins.line_number == addition]
    assert set(body) == {1000 * threads}
    assert counts_of(function, "FOR_ITER") == [1001 * threads]
    assert counts_of(function, "RESUME", "RETURN_VALUE") == [threads, threads]


def test_what_flows_into_straight_code_flows_out(loop: CodeObject) -> None:
    function = loop["add_up"]
    jumps_or_ends = host_table().ends_path
    pairs = zip(counted(function), counted(function)[1:], strict=False)
    for (before, count_before), (behind, count_behind) in pairs:
        is_straight = before.jump_target is None and before.opcode not in jumps_or_ends
        is_jumped_over = before.base_opname in ("END_FOR", "POP_TOP")  # by the FOR_ITER of 3.13
        if is_straight and behind.label is None and not is_jumped_over:
            assert count_before == count_behind, behind


def test_an_addition_of_ints_is_specialised(loop: CodeObject) -> None:
    function = loop["add_up"]

    addition = next(ins for ins in function if ins.base_opname == "BINARY_OP")
    assert addition.opname == "BINARY_OP_ADD_INT"
    assert forms_of(function)["BINARY_OP_ADD_INT"] is Form.SPECIALISED
    line = line_of(loop, "total += i")
    assert (line.specialisable_count, line.specialised_count) == (1, 1)
    assert line.specialised_execution_count == 1000
    assert line.busiest_count == 1000
    assert line.specialised_execution_share == 1


def test_a_branch_that_is_not_taken_is_never_executed(loop: CodeObject) -> None:
    line = line_of(loop, "a negative number")

    assert line.is_executed is False
    assert (line.execution_count, line.busiest_count) == (0, 0)
    assert line.specialised_execution_share is None


def test_a_function_that_is_not_called_is_never_executed(loop: CodeObject) -> None:
    record = record_of(loop["Never.called"])

    assert record.is_executed is False
    assert record.counts == (0,) * len(loop["Never.called"])
    assert record.never_executed_count == len(loop["Never.called"])
    assert record.specialised_share is None


def test_a_module_and_a_class_body_are_executed_once(loop: CodeObject) -> None:
    assert counts_of(loop, "RESUME") == [1]
    assert counts_of(loop["Never"], "RESUME") == [1]
    assert record_of(loop).is_executed is True


def test_totals_add_up(loop: CodeObject) -> None:
    records = [record_of(code_object) for code_object in loop.walk()]
    unlined = sum(
        count or 0
        for code_object in loop.walk()
        for ins, count in counted(code_object)
        if ins.line_number is None
    )

    assert sum(line.execution_count or 0 for line in line_records(loop)) + unlined == sum(
        record.execution_count or 0 for record in records
    )


def test_code_before_the_first_resume_gets_its_count(zoo: CodeObject) -> None:
    assert counts_of(zoo["closure"], "MAKE_CELL", "RESUME") == [3, 3, 3]
    assert counts_of(zoo["closure.<locals>.inner"], "COPY_FREE_VARS", "RESUME") == [3, 3]


def test_how_often_generators_were_made_is_not_known(zoo: CodeObject) -> None:
    generator = zoo["thrown_into"]

    assert counts_of(generator, "RETURN_GENERATOR") == [None]
    counts = dict(counted(generator))
    entry, *resumptions = [ins for ins in generator if ins.base_opname == "RESUME"]
    assert counts[entry] == 2
    # after `yield 1` it goes on once by next() and once by throw(), which skips RESUME
    assert [counts[ins] for ins in resumptions] == [1, 1]
    assert record_of(generator).is_executed is True


def test_awaits_exceptions_and_recursion_are_counted(zoo: CodeObject) -> None:
    assert counts_of(zoo["leaf"], "RESUME") == [7]
    assert counts_of(zoo["awaiting"], "GET_AWAITABLE") == [7]
    assert counts_of(zoo["raising"], "FOR_ITER") == [6]
    assert counts_of(zoo["raising"], "CHECK_EXC_MATCH") == [1]
    assert line_of(zoo, '"not reached"').is_executed is False
    assert line_of(zoo, '"handled"').is_executed is True
    assert counts_of(zoo["deep"], "RESUME") == [101]


def test_an_instruction_shares_the_count_of_its_extended_arg(zoo: CodeObject) -> None:
    rows = counted(zoo["wide"])
    prefixed = [
        (count, rows[index - 1][1])
        for index, (ins, count) in enumerate(rows)
        if ins.start_offset != ins.offset
    ]

    assert prefixed
    assert all(count == prefix_count for count, prefix_count in prefixed)
    assert counts_of(zoo["wide"], "FOR_ITER") == [11]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 has neither END_FOR nor FOR_ITER_GEN")
def test_the_end_of_a_loop_over_a_generator_is_not_known(loop: CodeObject) -> None:
    function = loop["use"]

    assert "FOR_ITER_GEN" in {ins.opname for ins in function}
    assert sorted(counts_of(function, "END_FOR"), key=str) == [0, None]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="only 3.11 has PRECALL")
def test_a_call_done_by_its_precall_is_not_generic(loop: CodeObject) -> None:
    function = loop["first"]

    assert "PRECALL_BUILTIN_CLASS" in forms_of(function)
    assert forms_of(function)["CALL_ADAPTIVE"] is Form.ABSORBED
    assert record_of(function).specialised_share == 1


def test_the_bytecode_is_shown_as_the_run_left_it(loop: CodeObject) -> None:
    function = loop["add_up"]

    assert function.bytecode == record_of(function).specialised
    assert len(function.bytecode) == len(function.code.co_code)
    assert [ins.positions for ins in function] == [
        ins.positions for ins in code_object_fact(function.code)
    ]


def test_a_part_of_the_module_is_found_by_its_code() -> None:
    result = run_of("counted_loop.py")
    function = dis((TARGETS / "counted_loop.py").read_text())["add_up"]

    found = apply_run(function, result)
    assert found.qualname == "add_up"
    assert record_of(found) is result.records[path_to(result, "add_up")]
    assert apply_run(dis("1 + 1"), result).run is None


def test_a_jit_s_trace_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    jit = getattr(sys, "_jit", None)
    if jit is None or not jit.is_available():
        pytest.skip("this interpreter was built without a JIT")
    monkeypatch.setenv("PYTHON_JIT", "1")
    source = b"def f(n):\n    for i in range(n): i + 1\nfor _ in range(20): f(10_000)\n"
    request = RunRequest(kind="code", source=source, filename="<string>", stdin=None, count=False)
    result = run_target(request)
    function = apply_run(code_object_fact(result.root), result)["f"]

    assert forms_of(function)["ENTER_EXECUTOR"] is Form.COMPILED
    assert record_of(function).is_executed is True


@pytest.mark.parametrize(
    ("opname", "base_opname", "form"),
    [
        ("BINARY_OP", "BINARY_OP", Form.GENERIC),
        ("BINARY_OP_ADD_INT", "BINARY_OP", Form.SPECIALISED),
        ("BINARY_OP_ADAPTIVE", "BINARY_OP", Form.WARMING_UP),
        ("CALL_NON_PY_GENERAL", "CALL", Form.SPECIALISED),
        ("COMPARE_OP_INT_JUMP", "COMPARE_OP", Form.SPECIALISED),
        ("INSTRUMENTED_CALL", "CALL", Form.INSTRUMENTED),
        ("INSTRUMENTED_LINE", "LOAD_FAST", Form.INSTRUMENTED),
        ("ENTER_EXECUTOR", "JUMP_BACKWARD", Form.COMPILED),
        ("JUMP_BACKWARD_NO_JIT", "JUMP_BACKWARD", Form.QUICKENED),
        ("JUMP_BACKWARD_QUICK", "JUMP_BACKWARD", Form.QUICKENED),
        ("LOAD_CONST_IMMORTAL", "LOAD_CONST", Form.QUICKENED),
        ("LOAD_FAST__LOAD_FAST", "LOAD_FAST", Form.QUICKENED),
        ("RESUME_CHECK", "RESUME", Form.QUICKENED),
        ("EXTENDED_ARG_QUICK", "EXTENDED_ARG", Form.QUICKENED),
    ],
)
def test_a_form_is_known_by_its_name(opname: str, base_opname: str, form: Form) -> None:
    assert form_of(opname, base_opname, specialisable=base_opname in ("BINARY_OP", "CALL")) is form


def test_an_opcode_without_a_family_is_fixed() -> None:
    assert form_of("POP_TOP", "POP_TOP", specialisable=False) is Form.FIXED


# Records from events by hand


def plain_record(
    source: str, event: int, *, opname: str = "", is_complete: bool = True
) -> RunRecord:
    """Of a function in which each code unit had as many events as `event` says."""
    code = dis(source).children[0].code
    table = host_table()
    specialised = bytearray(code.co_code)
    for ins in unpack_units(code.co_code, table):
        if opname and table.names[ins.op] == "BINARY_OP":
            specialised[ins.offset] = table.names.index(opname)
    units = [event] * (len(code.co_code) // 2)
    return run_record(
        code,
        specialised=bytes(specialised),
        executed=units,
        entered=units,
        is_complete=is_complete,
    )


def test_disturbed_counts_are_lower_bounds_and_no_zero_is_believed() -> None:
    record = plain_record("def f(a): return a + 1", 0, is_complete=False)

    assert set(record.counts or ()) == {None}
    assert record.is_executed is None


def test_runs_that_contradict_each_other_leave_no_zero() -> None:
    record = plain_record("def f(a): return a + 1", 0, opname="BINARY_OP_ADD_INT")

    assert set(record.counts or ()) == {None}
    assert record.contradiction_count == 1
    assert record.is_executed is True


def test_generic_code_is_not_specialised_however_often_it_ran() -> None:
    record = plain_record("def f(a): return a + 1", 7)

    assert record.specialisable_execution_count == 7
    assert record.specialised_execution_count == 0
    assert record.specialised_share == 0


def test_a_lost_look_leaves_counts_and_no_forms() -> None:
    code = dis("def f(a): return a + 1").children[0].code
    units = [3] * (len(code.co_code) // 2)
    record = run_record(code, specialised=None, executed=units, entered=units)

    assert record.forms is None
    assert record.specialised_execution_count is None
    assert record.execution_count == 3 * len(record.specialisable)
