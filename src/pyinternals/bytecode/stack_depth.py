"""How many values are on the stack before each instruction.

Follows every path through the bytecode with the compiler's stack effects, as Python/flowgraph.c
(`calculate_stackdepth`) does before it writes `co_stacksize`; here on the finished bytecode, where an
exception table entry says how deep a handler starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .decode import RawInstruction
    from .facts import CodeObject, ExceptionTableEntry
    from .opcode_table import OpcodeTable

__all__ = ["max_stack_depth", "stack_depths"]

_GENERATOR_FLAGS = 0x20 | 0x80 | 0x200  # GENERATOR, COROUTINE, ASYNC_GENERATOR


def stack_depths(
    raw: Sequence[RawInstruction],
    entries: Sequence[ExceptionTableEntry],
    table: OpcodeTable,
    flags: int,
) -> list[int | None]:
    """Stack depth on entry of each instruction, in order; None where no path leads."""
    known: dict[int, int] = {target: depth + lasti + 1 for _, _, target, depth, lasti in entries}
    depths: list[int | None] = [None] * len(raw)
    if not raw:
        return depths
    known[0] = _entry_depth(table, flags)
    ends_path = table.ends_path
    end_async_for = table.end_async_for
    extended_arg = table.extended_arg
    effect_of = table.stack_effect
    memo = table.fall_through_effects
    unfinished = True
    while unfinished:
        unfinished = False
        depth: int | None = None
        for index, (offset, _, op, arg, target) in enumerate(raw):
            reached = known.get(offset)
            if reached is not None:
                depth = reached
            if depth is None:
                continue
            depths[index] = depth
            if op == extended_arg:
                continue
            if target is not None and op != end_async_for and target not in known:
                known[target] = depth + effect_of(op, arg, jump=True)
                # a place passed already without a depth: only a jump back leads there
                unfinished |= target <= offset
            if op in ends_path:
                depth = None
                continue
            key = op if arg is None else op | arg + 1 << 8
            effect = memo.get(key)
            if effect is None:
                effect = memo[key] = effect_of(op, arg, jump=False)
            depth += effect
    return depths


def _entry_depth(table: OpcodeTable, flags: int) -> int:
    """Values on the stack when the frame starts: the one that is sent into a generator, or none.

    Up to 3.12 RETURN_GENERATOR doesn't count it, and the compiler starts one deeper instead.
    """
    if not flags & _GENERATOR_FLAGS:
        return 0
    return 1 - table.stack_effect(table.return_generator, None, jump=False)


def max_stack_depth(code_object: CodeObject) -> int:
    """The deepest that the value stack of `code_object` gets, as `co_stacksize` counts it."""
    from .disassemble import table_of

    table = table_of(code_object)
    deepest = 0
    for instruction in code_object.instructions:
        depth = instruction.stack_depth
        if depth is None:
            continue
        op = table.base[instruction.opcode]
        ways = [table.stack_effect(op, instruction.arg, jump=False)]
        if instruction.jump_target is not None:
            ways.append(table.stack_effect(op, instruction.arg, jump=True))
        if op == table.return_const:
            # LOAD_CONST and RETURN_VALUE, joined after `co_stacksize` was reckoned
            ways.append(1)
        deepest = max(deepest, depth, depth + max(ways))
    return deepest
