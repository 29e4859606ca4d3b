"""What one CPython version's opcodes are: names, inline caches, and what their arguments mean.

Stands on `opcode` and `_opcode` of the running interpreter (Lib/opcode.py, Include/internal/
pycore_opcode_metadata.h). The decoder knows no version: all that moved between 3.11 and 3.15 is in
the kind of argument this table gives each opcode.
"""

from __future__ import annotations

import opcode
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, auto
from functools import cache
from typing import Any

__all__ = ["ArgumentKind", "OpcodeTable", "host_table"]


class ArgumentKind(IntEnum):
    """What the argument of an instruction stands for."""

    NONE = 0
    """The opcode takes no argument."""
    NUMBER = auto()
    CONSTANT = auto()
    KEYWORD_NAMES = auto()
    """Constant index that `dis` of 3.11 does not look up (KW_NAMES)."""
    SMALL_INT = auto()
    COMMON_CONSTANT = auto()
    NAME = auto()
    NAME_OR_GLOBAL_CALL = auto()
    """Name index above one bit: whether NULL is pushed too (LOAD_GLOBAL, 3.11+)."""
    NAME_OR_METHOD = auto()
    """Name index above one bit: whether it loads a method (LOAD_ATTR, 3.12+)."""
    SUPER_NAME = auto()
    """Name index above two bits (LOAD_SUPER_ATTR)."""
    IMPORTED_NAME = auto()
    """Name index above two bits: lazy, eager (IMPORT_NAME, 3.15)."""
    LOCAL = auto()
    LOCAL_PAIR = auto()
    JUMP_FORWARD = auto()
    JUMP_BACKWARD = auto()
    COMPARISON = auto()
    COMPARISON_IN_HIGH_BITS = auto()
    """Operator above four bits of hints (3.12)."""
    COMPARISON_AND_BOOL = auto()
    """Operator above five bits: 16 asks for a bool (3.13+)."""
    BINARY_OPERATOR = auto()
    FORMAT = auto()
    CONVERSION = auto()
    FUNCTION_PARTS = auto()
    FUNCTION_ATTRIBUTE = auto()
    INTRINSIC_1 = auto()
    INTRINSIC_2 = auto()
    SPECIAL_METHOD = auto()
    IS_OPERATOR = auto()
    IN_OPERATOR = auto()


# Instructions behind which execution does not go on with the next one.
_ENDS_PATH = {
    "RETURN_VALUE",
    "RETURN_CONST",
    "RAISE_VARARGS",
    "RERAISE",
    "JUMP_FORWARD",
    "JUMP_BACKWARD",
    "JUMP_BACKWARD_NO_INTERRUPT",
    "JUMP_BACKWARD_NO_JIT",
    "JUMP_BACKWARD_JIT",
    "INTERPRETER_EXIT",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpcodeTable:
    """The opcodes of one version. Lists are indexed by opcode (0-255)."""

    version: tuple[int, int]
    names: list[str]
    base: list[int]
    """The opcode that the compiler wrote; differs for specialised opcodes."""
    cache_units: list[int]
    """Inline cache behind the opcode, in code units."""
    kinds: list[ArgumentKind]
    cache_layouts: Mapping[str, Mapping[str, int]]
    """By base name: the names of the caches and their sizes in code units."""
    texts: Mapping[ArgumentKind, tuple[str, ...]]
    """What the argument's values are called, for the kinds that are an index into a list of names."""
    common_constants: tuple[Any, ...]
    ends_path: frozenset[int]
    """Opcodes behind which execution does not go on with the next instruction."""
    extended_arg: int
    end_async_for: int
    return_generator: int
    return_const: int | None
    """RETURN_CONST where `co_stacksize` was reckoned with the two instructions it is made of (3.13)."""
    fall_through_effects: dict[int, int] = field(default_factory=dict, repr=False)
    """What `stack_depth` has looked up so far, by opcode and argument in one number."""
    _effects: dict[tuple[int, int | None, bool], int] = field(default_factory=dict, repr=False)

    def stack_effect(self, op: int, arg: int | None, *, jump: bool) -> int:
        """How much deeper the value stack is behind base opcode `op`, on the way that does (not) jump.

        Source: `_PyCompile_OpcodeStackEffect` / `PyCompile_OpcodeStackEffectWithJump`.
        """
        key = (op, arg, jump)
        effect = self._effects.get(key)
        if effect is None:
            effect = self._effects[key] = opcode.stack_effect(op, arg, jump=jump)
        return effect


@cache
def host_table() -> OpcodeTable:
    """The table of the interpreter we run on."""
    version = sys.version_info[:2]
    names = list(opcode.opname[:256])
    names += [f"<{number}>" for number in range(len(names), 256)]
    specialised = _specialised_opcodes()
    for name, number in specialised.items():
        names[number] = name
    numbers = {name: number for number, name in enumerate(names)}
    base = list(range(256))
    for family, members in opcode._specializations.items():  # type: ignore[attr-defined]
        for member in members:
            # 3.11 lists two "adaptive" forms that it calls by other names
            if member in numbers:
                base[numbers[member]] = numbers[family]
    caches = opcode._inline_cache_entries  # type: ignore[attr-defined]
    by_name = caches if hasattr(caches, "get") else dict(zip(names, caches, strict=False))
    kinds = [_argument_kind(number, names[number]) for number in range(256)]
    return OpcodeTable(
        version=version,
        names=names,
        base=base,
        cache_units=[by_name.get(names[base[number]], 0) for number in range(256)],
        kinds=[kinds[base[number]] for number in range(256)],
        cache_layouts=opcode._cache_format,  # type: ignore[attr-defined]
        texts={
            ArgumentKind.BINARY_OPERATOR: tuple(symbol for _, symbol in _listed("_nb_ops")),
            ArgumentKind.INTRINSIC_1: tuple(_listed("_intrinsic_1_descs")),
            ArgumentKind.INTRINSIC_2: tuple(_listed("_intrinsic_2_descs")),
            ArgumentKind.SPECIAL_METHOD: tuple(_listed("_special_method_names")),
            ArgumentKind.COMPARISON: tuple(opcode.cmp_op),
        },
        common_constants=tuple(_listed("_common_constants")),
        ends_path=frozenset(number for number in range(256) if names[base[number]] in _ENDS_PATH),
        extended_arg=opcode.EXTENDED_ARG,
        end_async_for=numbers["END_ASYNC_FOR"],
        return_generator=numbers["RETURN_GENERATOR"],
        return_const=numbers.get("RETURN_CONST") if version == (3, 13) else None,
    )


def _listed(name: str) -> list[Any]:
    """A list that only some versions of `opcode` have."""
    return list(getattr(opcode, name, ()))


def _specialised_opcodes() -> dict[str, int]:
    """Specialised opcodes by name: stated from 3.13 on, before that dealt to the gaps in `opname`."""
    stated: dict[str, int] | None = getattr(opcode, "_specialized_opmap", None)
    if stated is not None:
        return stated
    # 3.11 and 3.12: Tools/build/generate_opcode_h.py deals them out in order, as `dis` does
    gaps = (number for number in range(1, 256) if opcode.opname[number] == f"<{number}>")
    return dict(zip(opcode._specialized_instructions, gaps, strict=False))  # type: ignore[attr-defined]


def _argument_kind(number: int, name: str) -> ArgumentKind:
    kind = _argument_kind_by_name(name)
    if kind is not None:
        return kind
    has_argument = getattr(opcode, "hasarg", None)
    if (number not in has_argument) if has_argument else (number < opcode.HAVE_ARGUMENT):
        return ArgumentKind.NONE
    if number in opcode.hasconst:
        return ArgumentKind.CONSTANT
    if number in opcode.hasname:
        return ArgumentKind.NAME
    if number in opcode.hasjrel:
        backward = "JUMP_BACKWARD" in name or name.endswith("END_ASYNC_FOR")
        return ArgumentKind.JUMP_BACKWARD if backward else ArgumentKind.JUMP_FORWARD
    if number in opcode.haslocal or number in opcode.hasfree:
        return ArgumentKind.LOCAL
    if number in opcode.hascompare:
        if sys.version_info >= (3, 13):
            return ArgumentKind.COMPARISON_AND_BOOL
        if sys.version_info >= (3, 12):
            return ArgumentKind.COMPARISON_IN_HIGH_BITS
        return ArgumentKind.COMPARISON
    return ArgumentKind.NUMBER


def _argument_kind_by_name(name: str) -> ArgumentKind | None:
    """The kinds that `opcode` has no list for; `dis` knows them by name too."""
    kind = {
        "LOAD_GLOBAL": ArgumentKind.NAME_OR_GLOBAL_CALL,
        "LOAD_SUPER_ATTR": ArgumentKind.SUPER_NAME,
        "LOAD_SMALL_INT": ArgumentKind.SMALL_INT,
        "LOAD_COMMON_CONSTANT": ArgumentKind.COMMON_CONSTANT,
        "LOAD_FAST_LOAD_FAST": ArgumentKind.LOCAL_PAIR,
        "LOAD_FAST_BORROW_LOAD_FAST_BORROW": ArgumentKind.LOCAL_PAIR,
        "STORE_FAST_LOAD_FAST": ArgumentKind.LOCAL_PAIR,
        "STORE_FAST_STORE_FAST": ArgumentKind.LOCAL_PAIR,
        "BINARY_OP": ArgumentKind.BINARY_OPERATOR,
        "FORMAT_VALUE": ArgumentKind.FORMAT,
        "CONVERT_VALUE": ArgumentKind.CONVERSION,
        "SET_FUNCTION_ATTRIBUTE": ArgumentKind.FUNCTION_ATTRIBUTE,
        "CALL_INTRINSIC_1": ArgumentKind.INTRINSIC_1,
        "CALL_INTRINSIC_2": ArgumentKind.INTRINSIC_2,
        "IS_OP": ArgumentKind.IS_OPERATOR,
        "CONTAINS_OP": ArgumentKind.IN_OPERATOR,
    }.get(name)
    if kind is None:
        if name == "LOAD_ATTR" and sys.version_info >= (3, 12):
            return ArgumentKind.NAME_OR_METHOD
        if name == "IMPORT_NAME" and sys.version_info >= (3, 15):
            return ArgumentKind.IMPORTED_NAME
        if name == "KW_NAMES" and sys.version_info < (3, 12):
            return ArgumentKind.KEYWORD_NAMES
        if name == "MAKE_FUNCTION" and sys.version_info < (3, 13):
            return ArgumentKind.FUNCTION_PARTS
        if name == "LOAD_SPECIAL" and hasattr(opcode, "_special_method_names"):
            return ArgumentKind.SPECIAL_METHOD
    return kind
