"""What the interpreter that runs this says of its own opcodes, in the shape of `opcodes/v3_X.py`.

Stands on `opcode`, whose lists come and go with the versions: each is probed. It is the only source
for a version without a file in `opcodes/`, and it is what ``scripts/generate_opcode_tables.py``
writes those files from. That script loads it by its path under every version from 3.8 on, so it
imports nothing of ours and keeps to what 3.8 understands.
"""

import builtins
import opcode
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = [
    "BYTES_PER_JUMP_UNIT",
    "cache_layouts",
    "common_constants",
    "opcode_kinds",
    "specialised_opcodes",
    "stack_effect",
    "texts",
]

BYTES_PER_JUMP_UNIT = 2 if sys.version_info >= (3, 10) else 1
"""Jumps count in code units since 3.10 (bpo-27129)."""

_KINDS_BY_NAME = {
    "LOAD_SUPER_ATTR": "SUPER_NAME",
    "LOAD_SMALL_INT": "SMALL_INT",
    "LOAD_COMMON_CONSTANT": "COMMON_CONSTANT",
    "LOAD_FAST_LOAD_FAST": "LOCAL_PAIR",
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": "LOCAL_PAIR",
    "STORE_FAST_LOAD_FAST": "LOCAL_PAIR",
    "STORE_FAST_STORE_FAST": "LOCAL_PAIR",
    "BINARY_OP": "BINARY_OPERATOR",
    "FORMAT_VALUE": "FORMAT",
    "CONVERT_VALUE": "CONVERSION",
    "SET_FUNCTION_ATTRIBUTE": "FUNCTION_ATTRIBUTE",
    "CALL_INTRINSIC_1": "INTRINSIC_1",
    "CALL_INTRINSIC_2": "INTRINSIC_2",
    "IS_OP": "IS_OPERATOR",
    "CONTAINS_OP": "IN_OPERATOR",
}
"""The kinds that `opcode` has no list for; `dis` knows them by name too."""

_KINDS_FROM_VERSION = {
    "LOAD_GLOBAL": ((3, 11), "NAME_OR_GLOBAL_CALL"),
    "LOAD_ATTR": ((3, 12), "NAME_OR_METHOD"),
    "IMPORT_NAME": ((3, 15), "IMPORTED_NAME"),
}
"""Opcodes that gained bits below what they had: (first version that has them, kind)."""

_TEXT_LISTS = {
    "BINARY_OPERATOR": "_nb_ops",
    "INTRINSIC_1": "_intrinsic_1_descs",
    "INTRINSIC_2": "_intrinsic_2_descs",
    "SPECIAL_METHOD": "_special_method_names",
    "COMPARISON": "cmp_op",
}
"""By kind of argument: the list in `opcode` that says what its values are called."""


def opcode_kinds() -> "list[tuple[int, str, str]]":
    """(number, name, kind of argument) of each opcode that a compiler or a tracer writes."""
    # not from `opname`, where 3.14 lists the specialised ones too
    numbers = sorted((number, name) for name, number in opcode.opmap.items() if number < 256)
    return [(number, name, _argument_kind(number, name)) for number, name in numbers]


def specialised_opcodes() -> "list[tuple[int, str, str]]":
    """(number, name, name of the opcode it stands for), by number; empty before 3.11."""
    families: dict[str, Sequence[str]] = getattr(opcode, "_specializations", {})
    base = {name: family for family, members in families.items() for name in members}
    numbers: dict[str, int] | None = getattr(opcode, "_specialized_opmap", None)
    if numbers is None:
        # 3.11 and 3.12: Tools/build/generate_opcode_h.py deals them to the gaps, as `dis` does
        taken = set(opcode.opmap.values())
        gaps = [number for number in range(1, 256) if number not in taken]
        names: Sequence[str] = getattr(opcode, "_specialized_instructions", ())
        numbers = {name: gaps[index] for index, name in enumerate(names)}
    return sorted((number, name, base.get(name, name)) for name, number in numbers.items())


def cache_layouts() -> "dict[str, dict[str, int]]":
    """By name of opcode: the inline caches behind it, their sizes in code units."""
    return getattr(opcode, "_cache_format", {})


def texts() -> "dict[str, tuple[str, ...]]":
    """By kind of argument: what its values are called, where they are an index into a list."""
    found = {}
    for kind, name in _TEXT_LISTS.items():
        listed = getattr(opcode, name, ())
        if listed:
            found[kind] = tuple(item[1] if name == "_nb_ops" else item for item in listed)
    return found


def common_constants() -> "tuple[Any, ...]":
    """What LOAD_COMMON_CONSTANT knows; a builtin as text: ``builtins.all``."""
    return tuple(
        f"builtins.{value.__name__}" if _is_builtin(value) else value
        for value in getattr(opcode, "_common_constants", ())
    )


def _is_builtin(value: "Any") -> bool:
    return hasattr(value, "__name__") and getattr(builtins, value.__name__, None) is value


def stack_effect(op: int, arg: "int | None", *, jump: bool) -> int:
    """How much deeper the stack is behind `op`; 0 for what is no instruction or has no such argument."""
    try:
        return opcode.stack_effect(op, arg, jump=jump)
    except (ValueError, OverflowError):
        return 0


def _argument_kind(number: int, name: str) -> str:
    has_argument = getattr(opcode, "hasarg", None)
    if (number not in has_argument) if has_argument else (number < opcode.HAVE_ARGUMENT):
        return "NONE"
    kind = _kind_by_name(name)
    if kind is not None:
        return kind
    if number in opcode.hasconst:
        return "CONSTANT"
    if number in opcode.hasname:
        return "NAME"
    if number in opcode.hasjabs:
        return "JUMP_ABSOLUTE"
    if number in opcode.hasjrel:
        backward = "JUMP_BACKWARD" in name or name.endswith("END_ASYNC_FOR")
        return "JUMP_BACKWARD" if backward else "JUMP_FORWARD"
    if number in opcode.hasfree:
        # cells and free variables have numbers of their own up to 3.10 (bpo-43693)
        return "LOCAL" if sys.version_info >= (3, 11) else "CELL"
    if number in opcode.haslocal:
        return "LOCAL"
    if number in opcode.hascompare:
        if sys.version_info >= (3, 13):
            return "COMPARISON_AND_BOOL"
        return "COMPARISON_IN_HIGH_BITS" if sys.version_info >= (3, 12) else "COMPARISON"
    return "NUMBER"


def _kind_by_name(name: str) -> "str | None":
    since, kind = _KINDS_FROM_VERSION.get(name, ((0, 0), _KINDS_BY_NAME.get(name)))
    if sys.version_info < since:
        return None
    if name == "KW_NAMES" and sys.version_info < (3, 12):
        return "KEYWORD_NAMES"
    if name == "MAKE_FUNCTION" and sys.version_info < (3, 13):
        return "FUNCTION_PARTS"
    if name == "LOAD_SPECIAL" and hasattr(opcode, "_special_method_names"):
        return "SPECIAL_METHOD"
    return kind
