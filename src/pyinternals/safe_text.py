"""Makes names, constants and source from anywhere safe to show, and short.

Nothing that a file or a process holds may reach a terminal as a control sequence, change the direction
of text, break an encoder, or fill the screen. What is cut says how long it was.
"""

from __future__ import annotations

from typing import Any

__all__ = ["escape", "safe_repr", "shorten"]

LONGEST_TEXT = 120
"""Characters of a string constant that are shown."""
MOST_ITEMS = 40
"""Items of a tuple or frozenset that are shown."""
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


def safe_repr(value: Any, depth: int = 0) -> str:
    """What `repr` would say of a constant, but safe, short, and the same in every run.

    Code objects show no address, frozensets are sorted (their order depends on the hash seed), long
    strings, bytes, integers and tuples are cut with their length. A value whose `repr` fails is named.
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
        return _items(list(value), "(", ",)" if len(value) == 1 else ")", depth)
    if kind is frozenset:
        # sorted by what is shown, because the items need not be comparable
        items = sorted(value, key=lambda item: (type(item).__name__, safe_repr(item, DEEPEST - 1)))
        return _items(items, "frozenset({", "})", depth) if items else "frozenset()"
    if kind is slice:
        parts = ", ".join(
            safe_repr(part, depth + 1) for part in (value.start, value.stop, value.step)
        )
        return f"slice({parts})"
    if hasattr(value, "co_code"):
        return f"<code object {shorten(value.co_qualname)}, line {value.co_firstlineno}>"
    if kind is type:
        return shorten(value.__qualname__)
    if kind.__name__ == "frozendict":
        return _frozendict(value, depth)
    return _foreign_repr(value)


def _items(items: list[Any], opening: str, closing: str, depth: int) -> str:
    if depth >= DEEPEST and items:
        return f"{opening}...{closing} ({len(items):,} items)"
    shown = ", ".join(safe_repr(item, depth + 1) for item in items[:MOST_ITEMS])
    if len(items) > MOST_ITEMS:
        return f"{opening}{shown}, ...{closing.lstrip(',')} ({len(items):,} items)"
    return f"{opening}{shown}{closing}"


def _frozendict(value: Any, depth: int) -> str:
    if depth >= DEEPEST and value:
        return f"frozendict(...) ({len(value):,} items)"
    pairs = list(value.items())
    shown = ", ".join(
        f"{safe_repr(key, depth + 1)}: {safe_repr(item, depth + 1)}"
        for key, item in pairs[:MOST_ITEMS]
    )
    more = f", ...}}) ({len(pairs):,} items)" if len(pairs) > MOST_ITEMS else "})"
    return f"frozendict({{{shown}{more}"


def _foreign_repr(value: Any) -> str:
    """`repr` of an object that a live code object may hold as a constant: anything can happen in it."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - somebody else's __repr__ may raise anything
        return f"<{shorten(type(value).__qualname__)}: repr raised {type(error).__name__}>"
    return shorten(text)
