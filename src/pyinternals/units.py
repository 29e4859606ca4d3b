"""The only place that turns numbers into text for people: bytes, counts, durations, ratios.

JSON never passes through here: it carries plain numbers whose names end in their unit.
"""

from __future__ import annotations

__all__ = ["format_bytes", "format_count", "format_duration", "format_ratio", "plural"]

_BINARY_PREFIXES = ("KiB", "MiB", "GiB", "TiB", "PiB")


def format_bytes(size_bytes: int) -> str:
    """`size_bytes` with a binary prefix: ``"812 B"``, ``"1.5 KiB"``, ``"3.2 GiB"``."""
    if abs(size_bytes) < 1024:
        return f"{size_bytes} B"
    value = float(size_bytes)
    for prefix in _BINARY_PREFIXES:
        value /= 1024
        if abs(value) < 1023.95:
            return f"{value:.1f} {prefix}"
    return f"{value:.1f} {_BINARY_PREFIXES[-1]}"


def format_count(count: int) -> str:
    """`count` with thousands separated by commas: ``"16,212"``."""
    return f"{count:,}"


def format_duration(duration_ns: int) -> str:
    """`duration_ns` nanoseconds in the unit that keeps one to three digits before the point."""
    if abs(duration_ns) < 1000:
        return f"{duration_ns} ns"
    value = float(duration_ns)
    for unit in ("us", "ms"):
        value /= 1000
        if abs(value) < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.2f} s"


def format_ratio(part: float, whole: float) -> str:
    """`part` of `whole` as a percentage: ``"42.0 %"``, or ``"-"`` when there is no whole."""
    if not whole:
        return "-"
    share = part / whole
    if 0 < share < 0.001:
        return "<0.1 %"
    if 0.999 < share < 1:
        return "99.9 %"
    return f"{share:.1%}".replace("%", " %")


def plural(count: int, noun: str, plural_noun: str | None = None) -> str:
    """``"1 instruction"``, ``"12 instructions"``: the count and the noun in agreement."""
    return f"{count:,} {noun if count == 1 else plural_noun or noun + 's'}"
