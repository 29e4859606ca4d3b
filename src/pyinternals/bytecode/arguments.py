"""What an instruction's argument stands for: the constant, the name, the operator, in value and text.

The kinds are those of `opcode_table.ArgumentKind`; the encodings are those of Python/bytecodes.c and
Lib/dis.py (`ArgResolver`).
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..safe_text import escape, safe_repr
from .opcode_table import ArgumentKind, OpcodeTable

__all__ = ["ArgumentMeanings", "local_names_of"]

Meaning = tuple[Any, str]

_CONVERTERS: Final = ((None, ""), (str, "str"), (repr, "repr"), (ascii, "ascii"))
_FUNCTION_PARTS: Final = ("defaults", "kwdefaults", "annotations", "closure")
_FUNCTION_ATTRIBUTES: Final = (*_FUNCTION_PARTS, "annotate")


class ArgumentMeanings(dict[ArgumentKind, Callable[[int], Meaning]]):
    """By kind of argument: what gives its value and its text, for one code object.

    Filled as it is used, because most code objects have few kinds. The method for a kind bears its name.
    """

    __slots__ = ("_comparisons", "_consts", "_locals", "_names", "_table")

    def __init__(self, code: Any, table: OpcodeTable) -> None:
        self._table = table
        self._consts = code.co_consts
        self._names = code.co_names
        self._locals = local_names_of(code)
        self._comparisons = table.texts[ArgumentKind.COMPARISON]

    def __missing__(self, kind: ArgumentKind) -> Callable[[int], Meaning]:
        meaning: Callable[[int], Meaning] = getattr(self, f"_{kind.name.lower()}", self._number)
        if kind in self._table.texts and kind is not ArgumentKind.COMPARISON:
            texts = self._table.texts[kind]
            meaning = lambda arg: (arg, texts[arg])  # noqa: E731
        self[kind] = meaning
        return meaning

    def _number(self, arg: int) -> Meaning:
        return arg, ""

    def _small_int(self, arg: int) -> Meaning:
        return arg, str(arg)

    def _constant(self, arg: int) -> Meaning:
        value = self._consts[arg]
        return value, safe_repr(value)

    def _keyword_names(self, arg: int) -> Meaning:
        # the value is the one that `dis` gives; the text says what it could have been
        return dis.UNKNOWN, safe_repr(self._consts[arg])  # type: ignore[attr-defined]

    def _common_constant(self, arg: int) -> Meaning:
        value = self._table.common_constants[arg]
        text = value.__name__ if callable(value) else repr(value)
        # 3.14 gives the index as the value, 3.15 the constant
        return (value if self._table.version >= (3, 15) else arg), text

    def _name(self, arg: int) -> Meaning:
        value = self._names[arg]
        return value, escape(value)

    def _name_or_global_call(self, arg: int) -> Meaning:
        value = self._names[arg >> 1]
        return value, f"{escape(value)} + NULL" if arg & 1 else escape(value)

    def _name_or_method(self, arg: int) -> Meaning:
        value = self._names[arg >> 1]
        return value, f"{escape(value)} + NULL|self" if arg & 1 else escape(value)

    def _super_name(self, arg: int) -> Meaning:
        value = self._names[arg >> 2]
        return value, f"{escape(value)} + NULL|self" if arg & 1 else escape(value)

    def _imported_name(self, arg: int) -> Meaning:
        value = self._names[arg >> 2]
        how = " + lazy" if arg & 1 else " + eager" if arg & 2 else ""
        return value, escape(value) + how

    def _local(self, arg: int) -> Meaning:
        value = self._locals[arg]
        return value, escape(value)

    def _local_pair(self, arg: int) -> Meaning:
        first, second = self._locals[arg >> 4], self._locals[arg & 15]
        return (first, second), f"{escape(first)}, {escape(second)}"

    def _comparison(self, arg: int) -> Meaning:
        value = self._comparisons[arg]
        return value, value

    def _comparison_in_high_bits(self, arg: int) -> Meaning:
        return self._comparison(arg >> 4)

    def _comparison_and_bool(self, arg: int) -> Meaning:
        value = self._comparisons[arg >> 5]
        return value, f"bool({value})" if arg & 16 else value

    def _format(self, arg: int) -> Meaning:
        converter, text = _CONVERTERS[arg & 3]
        has_spec = bool(arg & 4)
        return (converter, has_spec), ", ".join(filter(None, (text, "with format" * has_spec)))

    def _conversion(self, arg: int) -> Meaning:
        return _CONVERTERS[arg]

    def _function_parts(self, arg: int) -> Meaning:
        return arg, _set_bits(arg, _FUNCTION_PARTS)

    def _function_attribute(self, arg: int) -> Meaning:
        return arg, _set_bits(arg, _FUNCTION_ATTRIBUTES)

    def _is_operator(self, arg: int) -> Meaning:
        return arg, "is not" if arg else "is"

    def _in_operator(self, arg: int) -> Meaning:
        return arg, "not in" if arg else "in"


def _set_bits(arg: int, names: Sequence[str]) -> str:
    return ", ".join(name for bit, name in enumerate(names) if arg >> bit & 1)


def local_names_of(code: Any) -> tuple[str, ...]:
    """`co_localsplusnames`: locals, then cells that are no parameter, then free variables."""
    own = set(code.co_varnames)
    cells = tuple(name for name in code.co_cellvars if name not in own)
    return (*code.co_varnames, *cells, *code.co_freevars)
