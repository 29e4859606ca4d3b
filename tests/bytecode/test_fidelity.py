"""A sample of what ``python tests/bytecode/fidelity.py`` compares whole."""

from __future__ import annotations

import types

import fidelity
import pytest


@pytest.fixture(scope="module")
def comparison() -> fidelity.Comparison:
    comparison = fidelity.Comparison()
    for code in fidelity.stdlib_codes(every=40):
        fidelity.compare_module(code, comparison)
    return comparison


def test_a_sample_of_the_standard_library_reads_as_in_dis(comparison: fidelity.Comparison) -> None:
    assert comparison.code_object_count > 200
    assert comparison.differences == []


def test_the_stack_is_never_deeper_than_co_stacksize(comparison: fidelity.Comparison) -> None:
    assert comparison.too_deep_count == 0
    assert comparison.depth_equal_share >= 0.99


def extended_arguments() -> types.CodeType:
    names = "\n".join(f"name_{number} = {number}.5" for number in range(70_000))
    return compile(f"while True:\n if x:\n  break\n{names}", "many", "exec")


def test_arguments_of_three_bytes_read_as_in_dis() -> None:
    comparison = fidelity.Comparison()
    fidelity.compare_module(extended_arguments(), comparison)
    assert comparison.differences == []


def test_without_debug_ranges_positions_read_as_in_dis() -> None:
    code = compile("def f(a):\n    return a + 1\n", "f", "exec").replace(co_linetable=b"")
    comparison = fidelity.Comparison()
    fidelity.compare_module(code, comparison)
    assert comparison.differences == []
