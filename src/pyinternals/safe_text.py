"""Makes names, constants and source from anywhere safe to show, and short.

Nothing that a file or a process holds may reach a terminal as a control sequence, change the direction
of text, break an encoder, or fill the screen. What is cut says how long it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = [
    "Budget",
    "escape",
    "safe_repr",
    "shorten",
    "shown_items",
    "shown_pairs",
    "sorted_by_text",
]

LONGEST_TEXT = 120
"""Characters of a string constant that are shown."""
MOST_ITEMS = 40
"""Items of a tuple or frozenset that are shown."""
MOST_NESTED_ITEMS = 300
"""Items of a constant that are shown, those of the tuples in it included."""
MOST_SORTED = 10_000
"""Items of a set up to which they are sorted."""
DEEPEST = 6
"""Nesting of tuples that is shown."""
LONGEST_INT_BITS = 1024
"""Bits of an integer that is shown in decimal; `sys.set_int_max_str_digits` can forbid more."""


def escape(text: str) -> str:
    """`text` with every character that isn't printable as a backslash escape.

    That covers control characters, surrogates, line separators and the characters that reorder text.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def shorten(text: str, longest: int = LONGEST_TEXT) -> str:
    """`text` escaped, and cut to `longest` characters with its length said."""
    if len(text) <= longest:
        return escape(text)
    return f"{escape(text[:longest])}... ({len(text):,} characters)"


class Budget:
    """Items that may still be shown of one constant, at whatever depth: nesting multiplies."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items = MOST_NESTED_ITEMS


def safe_repr(value: Any, depth: int = 0, budget: Budget | None = None) -> str:
    """What `repr` would say of a constant, but safe, short, and the same in every run.

    Code objects show no address, frozensets are sorted (their order depends on the hash seed), long
    strings, bytes, integers and tuples are cut with their length. A value whose `repr` fails is named.
    `depth` and `budget` are those of the container that `value` is shown in.
    """
    kind = type(value)
    if kind is str:
        if len(value) <= LONGEST_TEXT:
            return repr(value)
        return f"{value[:LONGEST_TEXT]!r}... ({len(value):,} characters)"
    if value is None or kind is bool or kind is float or kind is complex or value is Ellipsis:
        return repr(value)
    if kind is int:
        bits = value.bit_length()
        if bits <= LONGEST_INT_BITS:
            return repr(value)
        sign = "-" if value < 0 else ""
        return f"{sign}{hex(abs(value) >> bits - 64)}... ({bits:,} bits)"
    if kind is bytes:
        if len(value) <= LONGEST_TEXT:
            return repr(value)
        return f"{value[:LONGEST_TEXT]!r}... ({len(value):,} bytes)"
    if kind is tuple:
        return shown_items(value, "(", ",)" if len(value) == 1 else ")", depth, budget)
    if hasattr(kind, "safe_repr"):
        text: str = value.safe_repr(depth, budget)
        return text
    if kind is frozenset:
        items = sorted_by_text(value, depth)
        return shown_items(items, "frozenset({", "})", depth, budget) if items else "frozenset()"
    if kind is slice:
        parts = (value.start, value.stop, value.step)
        return shown_items(parts, "slice(", ")", depth, budget)
    if hasattr(kind, "co_code"):
        return f"<code object {shorten(value.co_qualname)}, line {value.co_firstlineno}>"
    if kind is type:
        return shorten(value.__qualname__)
    if kind.__name__ == "frozendict":
        return shown_pairs(list(value.items()), "frozendict({", "})", depth, budget)
    return _foreign_repr(value)


def sorted_by_text(items: Iterable[Any], depth: int) -> list[Any]:
    """The items of a set in an order that doesn't depend on the hash seed: they need not be comparable.

    Left as they are where they are too many, or too deep: sets of shared sets of sets would take forever.
    """
    found = list(items)
    if depth >= DEEPEST or len(found) > (MOST_SORTED if depth == 0 else MOST_ITEMS):
        return found
    key_depth = max(depth + 1, DEEPEST - 1)
    return sorted(found, key=lambda item: (type(item).__name__, safe_repr(item, key_depth)))


def shown_items(
    items: Sequence[Any], opening: str, closing: str, depth: int, budget: Budget | None
) -> str:
    """A container as text: its first items, and how many there are if that isn't all."""
    budget = budget or Budget()
    return _shown(items, opening, closing, depth, budget, safe_repr)


def shown_pairs(
    pairs: Sequence[tuple[Any, Any]], opening: str, closing: str, depth: int, budget: Budget | None
) -> str:
    """A mapping as text, as `shown_items` has it."""
    budget = budget or Budget()
    return _shown(pairs, opening, closing, depth, budget, _shown_pair)


def _shown_pair(pair: tuple[Any, Any], depth: int, budget: Budget) -> str:
    return f"{safe_repr(pair[0], depth, budget)}: {safe_repr(pair[1], depth, budget)}"


def _shown(
    items: Sequence[Any],
    opening: str,
    closing: str,
    depth: int,
    budget: Budget,
    show: Callable[[Any, int, Budget], str],
) -> str:
    if depth >= DEEPEST and items:
        return f"{opening}...{closing} ({len(items):,} items)"
    texts = []
    for item in items[:MOST_ITEMS]:
        if budget.items <= 0:
            break
        budget.items -= 1
        texts.append(show(item, depth + 1, budget))
    if len(texts) < len(items):
        return f"{opening}{', '.join([*texts, '...'])}{closing.lstrip(',')} ({len(items):,} items)"
    return f"{opening}{', '.join(texts)}{closing}"


def _foreign_repr(value: Any) -> str:
    """`repr` of an object that a live code object may hold as a constant: anything can happen in it."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - somebody else's __repr__ may raise anything
        return f"<{shorten(type(value).__qualname__)}: repr raised {type(error).__name__}>"
    return shorten(text)
