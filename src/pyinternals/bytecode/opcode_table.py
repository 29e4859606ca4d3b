"""What one CPython version's opcodes are: names, inline caches, and what their arguments mean.

The facts are the data in `opcodes/`, one module a version; for a host without one they are probed
(`host_opcodes`). The decoder knows no version: all that moved between 3.8 and 3.15 is in the kind of
argument this table gives each opcode, and in what a jump counts in.

Default, free-threaded and JIT builds of a version have the same opcodes (Include/opcode_ids.h has no
conditions). No .pyc file has specialised ones, so a patch release is free to renumber them: the host's
own are believed before the data.
"""

from __future__ import annotations

import builtins
import importlib
import opcode
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum, auto
from functools import cache, partial
from types import ModuleType
from typing import Any, Final, NamedTuple

from ..errors import NotPython

__all__ = ["TABLE_VERSIONS", "ArgumentKind", "OpcodeTable", "host_table", "table_for"]

TABLE_VERSIONS: Final = tuple((3, minor) for minor in range(8, 16))
"""The versions that `opcodes/` has a module for."""


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
    """Index into `co_varnames`; from 3.11 on into those, the cells and the free variables."""
    LOCAL_PAIR = auto()
    CELL = auto()
    """Index into `co_cellvars` and `co_freevars` (3.10 and before)."""
    JUMP_FORWARD = auto()
    JUMP_BACKWARD = auto()
    JUMP_ABSOLUTE = auto()
    """Counted from the start of the bytecode (3.10 and before)."""
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
    "JUMP_ABSOLUTE",
    "JUMP_BACKWARD",
    "JUMP_BACKWARD_NO_INTERRUPT",
    "JUMP_BACKWARD_NO_JIT",
    "JUMP_BACKWARD_JIT",
    "INTERPRETER_EXIT",
}

# Up to 3.10 a block of handlers is set up by an instruction that names the handler as its jump.
_SETS_UP_HANDLER = {"SETUP_FINALLY", "SETUP_WITH", "SETUP_ASYNC_WITH"}

# The parts of an argument that a stack effect may depend on: bits to drop, and a mask.
_TERMS: Final[Mapping[str, tuple[int, int]]] = {
    "arg": (0, -1),
    "arg & 1": (0, 1),
    "arg >> 1 & 1": (1, 1),
    "arg >> 2 & 1": (2, 1),
    "arg >> 3 & 1": (3, 1),
    "arg & 255": (0, 255),
    "arg >> 8": (8, -1),
}


class OpcodeTable(NamedTuple):
    """The opcodes of one version. Lists are indexed by opcode (0-255).

    A named tuple, because every start of the program has to make the class.
    """

    version: tuple[int, int]
    names: list[str]
    base: list[int]
    """The opcode that the compiler wrote; differs for specialised opcodes."""
    cache_units: list[int]
    """Inline cache behind the opcode, in code units."""
    kinds: list[ArgumentKind]
    jump_bytes: list[int]
    """Bytes that 1 in the argument is further: negative for backwards, 0 for what does not jump."""
    cache_layouts: Mapping[str, Mapping[str, int]]
    """By base name: the names of the caches and their sizes in code units."""
    texts: Mapping[ArgumentKind, tuple[str, ...]]
    """What the argument's values are called, for the kinds that are an index into a list of names."""
    common_constants: tuple[tuple[Any, str], ...]
    """Value and text of each; a builtin's value is its name, unless this is the host's own table."""
    ends_path: frozenset[int]
    """Opcodes behind which execution does not go on with the next instruction."""
    sets_up_handler: frozenset[int]
    """Opcodes whose jump is taken when an exception is raised (SETUP_FINALLY …, 3.10 and before)."""
    extended_arg: int
    end_async_for: int
    return_const: int | None
    """RETURN_CONST where `co_stacksize` was reckoned with the two instructions it is made of (3.13)."""
    has_positions: bool
    """Whether `co_positions` and `co_exceptiontable` exist (3.11+)."""
    has_one_namespace: bool
    """Whether locals, cells and free variables are numbered together (3.11+)."""
    generator_depth: int
    """Values on the stack when the frame of a generator or coroutine starts."""
    fixed_effects: list[int | None]
    """Stack effect where the argument doesn't matter, on the way that does not jump; else None."""
    effects_by_argument: Mapping[int, Callable[[int], int]]
    """Stack effect by opcode where the argument does matter."""
    jump_effects: Mapping[int, int]
    """Stack effect by opcode on the way that jumps, where it is another one."""

    def stack_effect(self, op: int, arg: int | None, *, jump: bool) -> int:
        """How much deeper the value stack is behind base opcode `op`, on the way that does (not) jump.

        As `dis.stack_effect` of the version says; 0 for a number that is no instruction.
        """
        if jump and op in self.jump_effects:
            return self.jump_effects[op]
        fixed = self.fixed_effects[op]
        return self.effects_by_argument[op](arg or 0) if fixed is None else fixed


def host_table() -> OpcodeTable:
    """The table of the interpreter we run on."""
    return table_for(sys.version_info[:2])


@cache
def table_for(version: tuple[int, int]) -> OpcodeTable:
    """The table of a CPython version: any of `TABLE_VERSIONS`, and the host's own.

    Raises `NotPython` for another.
    """
    is_host = version == sys.version_info[:2]
    if version in TABLE_VERSIONS:
        data = importlib.import_module(f".opcodes.v3_{version[1]}", __package__)
        if not is_host or _is_true_of_host(data):
            return _table_from_data(version, data, is_host=is_host)
    if is_host:
        return _table_from_host()
    raise NotPython(
        f"no opcode table for CPython {version[0]}.{version[1]}",
        hint="bytecode of 3.8 to 3.15 can be disassembled",
    )


def _is_true_of_host(data: ModuleType) -> bool:
    """Whether the interpreter we run on numbers its opcodes like this."""
    opmap = opcode.opmap
    if any(opmap.get(name) != number for number, name, _, _ in data.OPCODES):
        return False
    stated: dict[str, int] | None = getattr(opcode, "_specialized_opmap", None)
    if stated is not None:
        return all(stated.get(name) == number for number, name, _ in data.SPECIALISED)
    # 3.11 and 3.12 deal them to the gaps in order: the same ones get the same numbers
    listed = getattr(opcode, "_specialized_instructions", ())
    return [name for _, name, _ in data.SPECIALISED] == list(listed)


def _table_from_data(version: tuple[int, int], data: ModuleType, *, is_host: bool) -> OpcodeTable:
    fixed: list[int | None] = [0] * 256
    by_argument = {}
    jump_effects = {}
    for number, name, _, effect in data.OPCODES:
        weights = data.EFFECTS_BY_ARGUMENT.get(name)
        if weights is None:
            fixed[number] = effect
        else:
            fixed[number] = None
            by_argument[number] = _effect_function(effect, weights)
        if name in data.JUMP_EFFECTS:
            jump_effects[number] = data.JUMP_EFFECTS[name]
    return _table(
        version,
        opcodes=((number, name, kind) for number, name, kind, _ in data.OPCODES),
        specialised=data.SPECIALISED,
        bytes_per_jump_unit=data.BYTES_PER_JUMP_UNIT,
        cache_layouts=data.CACHES,
        texts=data.TEXTS,
        common_constants=_common_constants(version, data.COMMON_CONSTANTS, is_host=is_host),
        fixed_effects=fixed,
        effects_by_argument=by_argument,
        jump_effects=jump_effects,
    )


def _effect_function(constant: int, weights: Mapping[str, int]) -> Callable[[int], int]:
    """A stack effect as a function of the argument."""
    if weights.keys() == {"arg == 3"}:
        weight = weights["arg == 3"]
        return lambda arg: constant + weight * (arg == 3)
    terms = [(weight, *_TERMS[term]) for term, weight in weights.items()]
    if len(terms) == 1:
        weight, shift, mask = terms[0]
        return lambda arg: constant + weight * (arg >> shift & mask)
    return lambda arg: (
        constant + sum(weight * (arg >> shift & mask) for weight, shift, mask in terms)
    )


def _common_constants(
    version: tuple[int, int], values: Iterable[Any], *, is_host: bool
) -> tuple[tuple[Any, str], ...]:
    """The argument's value, as `dis` of the version gives it, and its text."""
    found: list[tuple[Any, str]] = []
    for index, value in enumerate(values):
        text = repr(value)
        if isinstance(value, str) and value.startswith("builtins."):
            text = value.removeprefix("builtins.")
            value = getattr(builtins, text) if is_host else text
        # 3.14 gives the index as the value, 3.15 the constant
        found.append((value if version >= (3, 15) else index, text))
    return tuple(found)


def _table_from_host() -> OpcodeTable:
    """The table of a host that `opcodes/` knows nothing of, or not enough."""
    from . import host_opcodes as host

    version = sys.version_info[:2]
    opcodes = host.opcode_kinds()
    fixed: list[int | None] = [0] * 256
    by_argument = {}
    jump_effects = {}
    for number, _, kind in opcodes:
        if kind == "NONE":
            fixed[number] = host.stack_effect(number, None, jump=False)
        else:
            fixed[number] = None
            by_argument[number] = partial(host.stack_effect, number, jump=False)
        if kind.startswith("JUMP_"):
            jump_effects[number] = host.stack_effect(number, 0, jump=True)
    return _table(
        version,
        opcodes=opcodes,
        specialised=host.specialised_opcodes(),
        bytes_per_jump_unit=host.BYTES_PER_JUMP_UNIT,
        cache_layouts=host.cache_layouts(),
        texts=host.texts(),
        common_constants=_common_constants(version, host.common_constants(), is_host=True),
        fixed_effects=fixed,
        effects_by_argument=by_argument,
        jump_effects=jump_effects,
    )


def _table(
    version: tuple[int, int],
    *,
    opcodes: Iterable[tuple[int, str, str]],
    specialised: Iterable[tuple[int, str, str]],
    bytes_per_jump_unit: int,
    cache_layouts: Mapping[str, Mapping[str, int]],
    texts: Mapping[str, tuple[str, ...]],
    common_constants: tuple[tuple[Any, str], ...],
    fixed_effects: list[int | None],
    effects_by_argument: Mapping[int, Callable[[int], int]],
    jump_effects: Mapping[int, int],
) -> OpcodeTable:
    names = [f"<{number}>" for number in range(256)]
    base = list(range(256))
    kinds = [ArgumentKind.NONE] * 256
    cache_units = [0] * 256
    kind_called = ArgumentKind.__members__
    for number, name, kind in opcodes:
        names[number] = name
        kinds[number] = kind_called[kind]
        if name in cache_layouts:
            cache_units[number] = sum(cache_layouts[name].values())
    numbers = {name: number for number, name in enumerate(names)}
    for number, name, base_name in specialised:
        names[number] = name
        base[number] = origin = numbers[base_name]
        kinds[number] = kinds[origin]
        cache_units[number] = cache_units[origin]
    jump_bytes = {
        ArgumentKind.JUMP_FORWARD: bytes_per_jump_unit,
        ArgumentKind.JUMP_BACKWARD: -bytes_per_jump_unit,
        ArgumentKind.JUMP_ABSOLUTE: bytes_per_jump_unit,
    }
    ends_path = {numbers[name] for name in _ENDS_PATH if name in numbers}
    return OpcodeTable(
        version=version,
        names=names,
        base=base,
        cache_units=cache_units,
        kinds=kinds,
        jump_bytes=[jump_bytes.get(kind, 0) for kind in kinds],
        cache_layouts=cache_layouts,
        texts={kind_called[kind]: listed for kind, listed in texts.items()},
        common_constants=common_constants,
        ends_path=frozenset(number for number in range(256) if base[number] in ends_path),
        sets_up_handler=frozenset(numbers[name] for name in _SETS_UP_HANDLER if name in numbers),
        extended_arg=numbers["EXTENDED_ARG"],
        end_async_for=numbers["END_ASYNC_FOR"],
        return_const=numbers.get("RETURN_CONST") if version == (3, 13) else None,
        has_positions=version >= (3, 11),
        has_one_namespace=not any(kind is ArgumentKind.CELL for kind in kinds),
        generator_depth=_generator_depth(numbers, fixed_effects),
        fixed_effects=fixed_effects,
        effects_by_argument=effects_by_argument,
        jump_effects=jump_effects,
    )


def _generator_depth(numbers: Mapping[str, int], effects: Sequence[int | None]) -> int:
    """1 for the value that is sent in to start it, where the compiler counts on it from the start.

    GEN_START (3.10) pops it. Up to 3.12 RETURN_GENERATOR doesn't push it, so it was there before.
    """
    if "RETURN_GENERATOR" in numbers:
        return 1 - (effects[numbers["RETURN_GENERATOR"]] or 0)
    return 1 if "GEN_START" in numbers else 0
