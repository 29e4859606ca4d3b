"""What an instruction's argument stands for: the constant, the name, the operator, in value and text.

The kinds are those of `opcode_table.ArgumentKind`; the encodings are those of Python/bytecodes.c and
Lib/dis.py (`ArgResolver`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from ..safe_text import escape, safe_repr
from .opcode_table import ArgumentKind, OpcodeTable

__all__ = ["ArgumentMeanings", "local_names_of", "without_meaning"]

Meaning = tuple[Any, str]

_CONVERTERS: Final = ((None, ""), (str, "str"), (repr, "repr"), (ascii, "ascii"))
_FUNCTION_PARTS: Final = ("defaults", "kwdefaults", "annotations", "closure")
_FUNCTION_ATTRIBUTES: Final = (*_FUNCTION_PARTS, "annotate")

# what is looked up, and the bits below its index
_LOOKED_UP: Final = {
    ArgumentKind.CONSTANT: ("constant", 0),
    ArgumentKind.KEYWORD_NAMES: ("constant", 0),
    ArgumentKind.COMMON_CONSTANT: ("common constant", 0),
    ArgumentKind.NAME: ("name", 0),
    ArgumentKind.NAME_OR_GLOBAL_CALL: ("name", 1),
    ArgumentKind.NAME_OR_METHOD: ("name", 1),
    ArgumentKind.SUPER_NAME: ("name", 2),
    ArgumentKind.IMPORTED_NAME: ("name", 2),
    ArgumentKind.LOCAL: ("local", 0),
    ArgumentKind.LOCAL_PAIR: ("pair of locals", 0),
    ArgumentKind.CELL: ("cell", 0),
    ArgumentKind.COMPARISON: ("operator", 0),
    ArgumentKind.COMPARISON_IN_HIGH_BITS: ("operator", 4),
    ArgumentKind.COMPARISON_AND_BOOL: ("operator", 5),
    ArgumentKind.BINARY_OPERATOR: ("operator", 0),
    ArgumentKind.CONVERSION: ("conversion", 0),
    ArgumentKind.INTRINSIC_1: ("intrinsic", 0),
    ArgumentKind.INTRINSIC_2: ("intrinsic", 0),
    ArgumentKind.SPECIAL_METHOD: ("special method", 0),
}


class ArgumentMeanings(dict[ArgumentKind, Callable[[int], Meaning]]):
    """By kind of argument: what gives its value and its text, for one code object.

    Filled as it is used, because most code objects have few kinds. The method for a kind bears its name.
    """

    __slots__ = ("_cells", "_comparisons", "_consts", "_locals", "_names", "_table")

    def __init__(self, code: Any, table: OpcodeTable) -> None:
        self._table = table
        self._consts = code.co_consts
        self._names = code.co_names
        if table.has_one_namespace:
            self._locals = local_names_of(code)
        else:
            self._locals = code.co_varnames
            self._cells = (*code.co_cellvars, *code.co_freevars)
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
        from dis import UNKNOWN  # type: ignore[attr-defined]

        return UNKNOWN, safe_repr(self._consts[arg])

    def _common_constant(self, arg: int) -> Meaning:
        return self._table.common_constants[arg]

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

    def _cell(self, arg: int) -> Meaning:
        value = self._cells[arg]
        return value, escape(value)

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


def without_meaning(kind: ArgumentKind, arg: int | None, target: int | None) -> Meaning:
    """Value and text of an argument that leads nowhere, as only damaged bytecode has them."""
    if target is not None:
        return target, f"to <no instruction at {target}>"
    if arg is None or kind not in _LOOKED_UP:
        return arg, ""
    what, shift = _LOOKED_UP[kind]
    return arg, f"<no {what} {arg >> shift}>"


def _set_bits(arg: int, names: Sequence[str]) -> str:
    return ", ".join(name for bit, name in enumerate(names) if arg >> bit & 1)


def local_names_of(code: Any) -> tuple[str, ...]:
    """`co_localsplusnames`: locals, then cells that are no parameter, then free variables."""
    own = set(code.co_varnames)
    cells = tuple(name for name in code.co_cellvars if name not in own)
    return (*code.co_varnames, *cells, *code.co_freevars)
