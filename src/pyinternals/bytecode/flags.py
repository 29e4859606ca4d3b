"""`co_flags` in words (Include/cpython/code.h, `__future__`; `dis.COMPILER_FLAG_NAMES`)."""

from __future__ import annotations

from typing import Final

__all__ = ["flag_names"]

_NAMES: Final = {
    0x1: "OPTIMIZED",
    0x2: "NEWLOCALS",
    0x4: "VARARGS",
    0x8: "VARKEYWORDS",
    0x10: "NESTED",
    0x20: "GENERATOR",
    0x40: "NOFREE",
    0x80: "COROUTINE",
    0x100: "ITERABLE_COROUTINE",
    0x200: "ASYNC_GENERATOR",
    # `from __future__` features: four bits lower before 3.8.2 (bpo-39562)
    0x20000: "FUTURE_DIVISION",
    0x40000: "FUTURE_ABSOLUTE_IMPORT",
    0x80000: "FUTURE_WITH_STATEMENT",
    0x100000: "FUTURE_PRINT_FUNCTION",
    0x200000: "FUTURE_UNICODE_LITERALS",
    0x400000: "FUTURE_BARRY_AS_BDFL",
    0x800000: "FUTURE_GENERATOR_STOP",
    0x1000000: "FUTURE_ANNOTATIONS",
    # 3.14
    0x4000000: "HAS_DOCSTRING",
    0x8000000: "METHOD",
}


def flag_names(flags: int) -> tuple[str, ...]:
    """The names of the bits set in `flags`, lowest first; a bit without a name as hexadecimal."""
    set_bits = [1 << bit for bit in range(flags.bit_length()) if flags >> bit & 1]
    return tuple(_NAMES.get(bit, hex(bit)) for bit in set_bits)
