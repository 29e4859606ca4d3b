"""What anything is shown as: without harm, short, and the same in every run."""

from __future__ import annotations

import pytest

from pyinternals.safe_text import escape, safe_repr, shorten


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("größe", "größe"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\ud800", "\\ud800"),
        ("a\u202eb", "a\\u202eb"),
        ("\u2028", "\\u2028"),
        ("\r\n", "\\r\\n"),
        ("[/bold]", "[/bold]"),
    ],
)
def test_characters_that_do_harm_are_escaped(text: str, expected: str) -> None:
    assert escape(text) == expected


def test_long_text_is_cut_with_its_length() -> None:
    assert shorten("a" * 1_000_000) == f"{'a' * 120}... (1,000,000 characters)"


@pytest.mark.parametrize(
    "value", [None, True, 1, -1.5, 2j, "a'b", b"\x00", ..., (), (1,), (1, (2,)), frozenset({1})]
)
def test_ordinary_constants_are_shown_as_python_does(value: object) -> None:
    assert safe_repr(value) == repr(value)


def test_sets_are_sorted() -> None:
    assert safe_repr(frozenset({"b", "a", 2, 1})) == "frozenset({1, 2, 'a', 'b'})"


def test_an_integer_too_long_for_decimal_is_shown_by_its_bits() -> None:
    assert safe_repr(1 << 99_999) == "0x8000000000000000... (100,000 bits)"
    assert safe_repr(-(1 << 99_999)).startswith("-0x8")


def test_long_and_deep_tuples_are_cut() -> None:
    assert safe_repr(tuple(range(1000))).endswith("39, ...) (1,000 items)")
    deep: tuple[object, ...] = ()
    for _ in range(500):
        deep = (deep,)
    assert len(safe_repr(deep)) < 200


def test_nesting_does_not_multiply_what_is_shown() -> None:
    bomb: tuple[object, ...] = (1,) * 40
    for _ in range(20):
        bomb = (bomb,) * 40
    assert len(safe_repr(bomb)) < 20_000


def test_sets_of_shared_sets_are_shown_at_once() -> None:
    bomb: object = frozenset({1, 2})
    for _ in range(60):
        bomb = frozenset({(bomb,), (bomb, bomb)})
    assert len(safe_repr(bomb)) < 20_000


def test_sets_of_tuples_are_sorted_too() -> None:
    assert safe_repr(frozenset({("b",), ("a",)})) == "frozenset({('a',), ('b',)})"


def test_a_hostile_repr_is_named() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError

    assert safe_repr(Hostile()).endswith("Hostile: repr raised RuntimeError>")
