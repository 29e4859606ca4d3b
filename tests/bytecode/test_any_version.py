"""A sample of what ``python tests/bytecode/any_version.py`` compares whole."""

from __future__ import annotations

import pickle
from pathlib import Path

import any_version
import pytest
from any_version import BYTECODE_VERSIONS, Comparison, dotted, find_interpreter


def interpreter_of(guest: tuple[int, int]) -> str:
    interpreter = find_interpreter(guest)
    if interpreter is None:
        pytest.skip(f"python{dotted(guest)} is neither on PATH nor under ~/.pyenv/versions")
    return interpreter


@pytest.mark.parametrize("guest", BYTECODE_VERSIONS, ids=dotted)
def test_a_sample_of_every_version_reads_as_in_its_own_dis(
    guest: tuple[int, int], tmp_path: Path
) -> None:
    interpreter = interpreter_of(guest)
    truth = tmp_path / "truth"
    any_version.collect_truth(interpreter, truth, every=120, start=5)
    comparison = any_version.compare(guest, interpreter, truth)
    assert comparison.code_object_count > 100
    assert ([], []) == (comparison.failures, comparison.differences)
    assert comparison.too_deep_count == 0
    assert comparison.depth_equal_share >= 0.99


def test_a_difference_is_found_and_shown(tmp_path: Path) -> None:
    guest = BYTECODE_VERSIONS[-1]
    truth = tmp_path / "truth"
    interpreter = interpreter_of(guest)
    any_version.collect_truth(interpreter, truth, every=1000)
    with truth.open("rb") as file:
        path, data, digests = pickle.load(file)
    comparison = Comparison(guest, interpreter)
    # the name that the module's first instructions store its docstring under
    any_version.compare_module(path, data.replace(b"__doc__", b"__dog__"), digests, comparison)
    assert len(comparison.differences) >= 1
    assert "__doc__" in comparison.differences[0]
    assert "ours" in comparison.differences[0]
    assert "__dog__" in comparison.differences[0]


def test_a_file_that_cannot_be_read_is_a_failure() -> None:
    comparison = Comparison((3, 12), "python3.12")
    any_version.compare_module("m.pyc", b"\xcb\x0d\r\n" + bytes(12) + b"?", [], comparison)
    assert (1, 0) == (len(comparison.failures), comparison.code_object_count)
