"""The opcode tables: as the interpreters have them, whichever way they are come by."""

from __future__ import annotations

import dis
import opcode
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pyinternals.bytecode import opcode_table
from pyinternals.bytecode.opcode_table import (
    TABLE_VERSIONS,
    ArgumentKind,
    OpcodeTable,
    host_table,
    table_for,
)
from pyinternals.errors import NotPython

GENERATOR = Path(__file__).parents[2] / "scripts" / "generate_opcode_tables.py"
ARGUMENTS = (*range(300), 1023, 1024, 65535, 65536, 1 << 20)


def test_the_table_is_what_its_script_makes_of_this_interpreter() -> None:
    command = [sys.executable, str(GENERATOR), "--check"]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (0, "") == (answer.returncode, answer.stderr), answer.stdout


def test_a_table_that_is_not_what_its_script_makes_is_found_out(tmp_path: Path) -> None:
    checkout = GENERATOR.parents[1]
    version = f"v{sys.version_info[0]}_{sys.version_info[1]}.py"
    folder = "src/pyinternals/bytecode"
    for name in (f"{folder}/host_opcodes.py", f"{folder}/opcodes/{version}"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = (checkout / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace('"POP_TOP", "NONE", -1', '"POP_TOP", "NONE", 1'))
    shutil.copytree(checkout / "scripts", tmp_path / "scripts")
    command = [sys.executable, str(tmp_path / "scripts" / GENERATOR.name), "--check"]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (1, True) == (answer.returncode, "differs" in answer.stdout)


def test_the_data_says_what_probing_this_interpreter_says() -> None:
    data, probed = host_table(), opcode_table._table_from_host()
    effects = {
        "fixed_effects",
        "effects_by_argument",
        "jump_effects",
    }  # compared below, as functions
    for field in set(OpcodeTable._fields) - effects:
        assert getattr(data, field) == getattr(probed, field), field


@pytest.mark.parametrize("jump", [False, True])
def test_stack_effects_are_those_of_the_interpreter(jump: bool) -> None:
    table, probed = host_table(), opcode_table._table_from_host()
    for name, op in opcode.opmap.items():
        if op > 255 or name == "INSTRUMENTED_LINE":
            continue  # no instruction of a code object
        takes_argument = table.kinds[op] is not ArgumentKind.NONE
        for arg in ARGUMENTS if takes_argument else (None,):
            expected = dis.stack_effect(op, arg, jump=jump)
            assert expected == table.stack_effect(op, arg, jump=jump), (name, arg)
            if table.jump_bytes[op] or not jump:
                assert expected == probed.stack_effect(op, arg, jump=jump), (name, arg)


def test_a_host_that_renumbers_its_specialised_opcodes_is_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = host_table()
    op = data.names.index("BINARY_OP_ADD_INT")
    other = data.names.index("BINARY_OP_ADD_FLOAT")
    if hasattr(opcode, "_specialized_opmap"):
        swapped = {"BINARY_OP_ADD_INT": other, "BINARY_OP_ADD_FLOAT": op}
        renumbered = {**opcode._specialized_opmap, **swapped}
        monkeypatch.setattr(opcode, "_specialized_opmap", renumbered)
    else:
        listed = list(opcode._specialized_instructions)
        i, j = listed.index("BINARY_OP_ADD_INT"), listed.index("BINARY_OP_ADD_FLOAT")
        listed[i], listed[j] = listed[j], listed[i]
        monkeypatch.setattr(opcode, "_specialized_instructions", listed)
    table = table_for.__wrapped__(sys.version_info[:2])
    assert "BINARY_OP_ADD_FLOAT" == table.names[op]
    assert "BINARY_OP_ADD_INT" == table.names[other]


def test_a_host_without_a_table_is_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opcode_table, "TABLE_VERSIONS", ())
    table = table_for.__wrapped__(sys.version_info[:2])
    assert host_table().names == table.names


@pytest.mark.parametrize("version", TABLE_VERSIONS)
def test_every_version_has_a_table(version: tuple[int, int]) -> None:
    table = table_for(version)
    assert version == table.version
    assert {"LOAD_CONST", "EXTENDED_ARG", "RETURN_VALUE"} <= set(table.names)
    assert all(table.kinds[op] is table.kinds[table.base[op]] for op in range(256))


def test_a_number_that_is_no_opcode_has_a_name_all_the_same() -> None:
    table = table_for((3, 8))
    assert ("<255>", 0) == (table.names[255], table.stack_effect(255, None, jump=False))


@pytest.mark.parametrize("version", [(2, 7), (3, 7), (3, 99)])
def test_there_is_no_table_of_a_version_that_is_neither_ours_nor_the_hosts(
    version: tuple[int, int],
) -> None:
    with pytest.raises(NotPython, match="no opcode table"):
        table_for(version)


def test_a_builtin_of_another_version_is_a_name() -> None:
    value_of = {text: value for value, text in table_for((3, 15)).common_constants}
    is_host = sys.version_info[:2] == (3, 15)
    assert [all if is_host else "all", None, "", -1] == [
        value_of[text] for text in ("all", "None", "''", "-1")
    ]
