"""What differs between two code objects, whatever moved around it."""

from __future__ import annotations

from collections.abc import Callable

import pyinternals
from pyinternals.bytecode.compare import Change, CodeDifference


def difference(left: str, right: str) -> CodeDifference:
    return pyinternals.dis(left).diff(right)


def changes(found: CodeDifference, change: Change) -> list[str]:
    return [
        (row.left or row.right).base_opname  # type: ignore[union-attr]
        for pair in found.pairs
        for row in pair.rows
        if row.change is change
    ]


def test_the_same_source_does_not_differ() -> None:
    source = "def f(a):\n    for b in a:\n        if b: yield b\n"
    assert difference(source, source).is_same


def test_lines_that_moved_are_no_difference() -> None:
    assert difference("x = f(1)\n", "\n\n\nx = f(1)\n").is_same


def test_new_constants_and_names_before_it_leave_the_rest_the_same() -> None:
    found = difference(
        "def f():\n  return g(1, 'a')\n", "def f():\n  y = 2.5\n  return g(1, 'a')\n"
    )
    assert changes(found, Change.ADDED) == ["LOAD_CONST", "STORE_FAST"]
    assert changes(found, Change.REMOVED) == []
    assert changes(found, Change.CHANGED) == []


def test_a_jump_that_leads_elsewhere_is_changed() -> None:
    left = "def f(a):\n  while a:\n    if a > 1: g()\n    h()\n"
    right = "def f(a):\n  while a:\n    g() if a > 1 else 0\n    h()\n"
    assert not difference(left, right).is_same


def test_constants_that_are_equal_but_not_the_same_differ() -> None:
    for left, right in (("1.0", "1"), ("True", "1"), ("0.0", "-0.0"), ("(1,)", "(True,)")):
        assert not difference(f"x = f({left})", f"x = f({right})").is_same


def test_long_constants_that_differ_at_their_end_differ() -> None:
    assert not difference(f"x = '{'a' * 500}b'", f"x = '{'a' * 500}c'").is_same


def test_functions_are_matched_by_their_name_wherever_they_stand() -> None:
    found = difference(
        "def a(): return 1.5\ndef b(): return 2.5\n", "def b(): return 2.5\ndef a(): return 1.5\n"
    )
    pairs = {pair.identity: pair.change for pair in found.pairs}
    assert pairs["<module>.a"] is Change.SAME
    assert pairs["<module>.b"] is Change.SAME


def test_lambdas_are_matched_by_what_they_do() -> None:
    found = difference("f = lambda: 1.5", "g = lambda: 9.5\nf = lambda: 1.5")
    children = [pair.change for pair in found.pairs if pair.identity != "<module>"]
    assert sorted(change.value for change in children) == ["added", "same"]


def test_a_function_that_is_gone_is_removed() -> None:
    found = difference("def a(): pass\ndef b(): pass\n", "def b(): pass\n")
    removed = [pair.identity for pair in found.pairs if pair.change is Change.REMOVED]
    assert removed == ["<module>.a"]


def make(step: int) -> Callable[[int], int]:
    if step == 1:

        def advance(value: int) -> int:
            return value + 1

        return advance

    def advance(value: int) -> int:  # type: ignore[misc]
        return value - 1

    return advance


def test_live_functions_can_be_compared() -> None:
    found = pyinternals.dis(make(1)).diff(make(2))
    (changed,) = [row for row in found.pairs[0].rows if row.change is Change.CHANGED]
    assert changed.left is not None
    assert changed.right is not None
    assert (changed.left.argrepr, changed.right.argrepr) == ("+", "-")
