"""Every opcode has an explanation that fits beside it, and follows the version that runs it."""

from __future__ import annotations

import dis
import opcode
import sys

import pytest

from pyinternals.bytecode.explanations import EXPLANATIONS, EXPLANATIONS_BY_VERSION, explain

PSEUDO_INSTRUCTIONS_FROM = 256


def opcodes_of_this_interpreter() -> set[str]:
    """Base, specialised and instrumented opcodes, as far as this interpreter names them."""
    numbered: dict[str, int] = {
        **{name: number for number, name in enumerate(dis.opname)},
        **getattr(dis, "_all_opmap", {}),
        **getattr(opcode, "_specialized_opmap", {}),
        **dict.fromkeys(getattr(opcode, "_specialized_instructions", ()), 0),
    }
    return {
        name
        for name, number in numbered.items()
        if number < PSEUDO_INSTRUCTIONS_FROM and not name.startswith("<")
    }


def every_wording() -> list[tuple[str, str]]:
    tables = [EXPLANATIONS, *EXPLANATIONS_BY_VERSION.values()]
    return [pair for table in tables for pair in table.items()]


def test_every_opcode_of_the_running_interpreter_is_explained() -> None:
    version = sys.version_info[:2]
    opcodes = opcodes_of_this_interpreter()
    assert {"LOAD_FAST", "LOAD_ATTR_SLOT", "COMPARE_OP"} <= opcodes
    assert sorted(name for name in opcodes if explain(name, version) is None) == []


def test_a_wording_is_at_most_72_characters() -> None:
    assert [pair for pair in every_wording() if not 0 < len(pair[1]) <= 72] == []


def test_a_wording_is_one_line_of_printable_ascii() -> None:
    assert [pair for pair in every_wording() if not pair[1].isascii()] == []
    assert [pair for pair in every_wording() if not pair[1].isprintable()] == []


def test_a_wording_neither_ends_in_a_full_stop_nor_stands_in_blanks() -> None:
    assert [pair for pair in every_wording() if pair[1] != pair[1].strip().rstrip(".")] == []


def test_an_override_changes_the_wording_of_an_opcode_that_has_one() -> None:
    before = dict(EXPLANATIONS)
    for since in sorted(EXPLANATIONS_BY_VERSION):
        for opname, wording in EXPLANATIONS_BY_VERSION[since].items():
            assert opname in before
            assert wording != before[opname], (since, opname)
            before[opname] = wording


@pytest.mark.parametrize(
    ("opname", "version", "since"),
    [
        ("JUMP_FORWARD", (3, 9), None),
        ("JUMP_FORWARD", (3, 10), (3, 10)),
        ("JUMP_FORWARD", (3, 13), (3, 10)),
        ("LOAD_GLOBAL", (3, 10), None),
        ("LOAD_GLOBAL", (3, 11), (3, 11)),
        ("LOAD_ATTR", (3, 11), None),
        ("LOAD_ATTR", (3, 15), (3, 12)),
        ("COMPARE_OP", (3, 12), (3, 12)),
        ("COMPARE_OP", (3, 14), (3, 13)),
        ("FOR_ITER", (3, 14), (3, 14)),
        ("FOR_ITER", (3, 99), (3, 15)),
        ("GET_ITER", (3, 14), None),
        ("GET_ITER", (3, 15), (3, 15)),
    ],
)
def test_the_newest_wording_at_or_below_the_version_is_taken(
    opname: str, version: tuple[int, int], since: tuple[int, int] | None
) -> None:
    expected = (EXPLANATIONS if since is None else EXPLANATIONS_BY_VERSION[since])[opname]
    assert expected == explain(opname, version)


def test_an_opcode_without_overrides_reads_the_same_in_every_version() -> None:
    wordings = {explain("POP_TOP", (3, minor)) for minor in range(8, 16)}
    assert wordings == {EXPLANATIONS["POP_TOP"]}


def test_an_instrumented_opcode_with_its_own_wording_keeps_it() -> None:
    assert explain("INSTRUMENTED_RESUME", (3, 13)) == EXPLANATIONS["INSTRUMENTED_RESUME"]


def test_an_instrumented_opcode_without_one_is_explained_by_the_opcode_it_replaces() -> None:
    assert "INSTRUMENTED_LOAD_NAME" not in EXPLANATIONS
    expected = "LOAD_NAME, with its monitoring events enabled"
    assert expected == explain("INSTRUMENTED_LOAD_NAME", (3, 15))


@pytest.mark.parametrize("opname", ["", "<0>", "load_fast", "INSTRUMENTED_", "INSTRUMENTED_NONE"])
def test_what_is_no_opcode_has_no_explanation(opname: str) -> None:
    assert explain(opname, (3, 15)) is None
