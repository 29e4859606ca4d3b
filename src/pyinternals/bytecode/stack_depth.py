"""How many values are on the stack before each instruction.

Follows every path through the bytecode with the compiler's stack effects, as Python/flowgraph.c
(`calculate_stackdepth`) does before it writes `co_stacksize`; here on the finished bytecode, where an
exception table entry says how deep a handler starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .decode import RawInstruction
    from .facts import CodeObject, ExceptionTableEntry
    from .opcode_table import OpcodeTable

__all__ = ["max_stack_depth", "stack_depths"]

_GENERATOR_FLAGS = 0x20 | 0x80 | 0x200  # GENERATOR, COROUTINE, ASYNC_GENERATOR


def stack_depths(
    raw: Sequence[RawInstruction],
    entries: Iterable[ExceptionTableEntry],
    table: OpcodeTable,
    flags: int,
) -> list[int | None]:
    """Stack depth on entry of each instruction, in order; None where no path leads.

    Where two paths lead, the first found counts: the compiler sees to it that they agree. Each
    instruction is passed once, so damaged bytecode takes no longer.
    """
    depths: list[int | None] = [None] * len(raw)
    if not raw:
        return depths
    known = {target: depth + lasti + 1 for _, _, target, depth, lasti in entries}
    known[0] = table.generator_depth if flags & _GENERATOR_FLAGS else 0
    late = _pass(raw, 0, depths, known, table)
    if late:
        # only a jump back leads there, from code that itself may be reached like that
        index_at = {instruction[0]: index for index, instruction in enumerate(raw)}
        while late:
            index = index_at.get(late.pop())
            if index is not None and depths[index] is None:
                late += _pass(raw, index, depths, known, table)
    return depths


def _pass(
    raw: Sequence[RawInstruction],
    start: int,
    depths: list[int | None],
    known: dict[int, int],
    table: OpcodeTable,
) -> list[int]:
    """Fill in `depths` from index `start` on: the first pass to the end, a later one while it is new.

    Depths at jump targets go to `known`. Returns the offsets that this pass won't come to any more.
    """
    ends_path = table.ends_path
    end_async_for = table.end_async_for
    extended_arg = table.extended_arg
    fixed_effects = table.fixed_effects
    effects_by_argument = table.effects_by_argument
    late: list[int] = []
    depth: int | None = None
    rest = map(raw.__getitem__, range(start, len(raw))) if start else raw
    for index, (offset, _, op, arg, target) in enumerate(rest, start):
        if offset in known:
            depth = known[offset]
        if depth is None:
            if start:
                break
            continue
        if start and depths[index] is not None:
            break
        depths[index] = depth
        if op == extended_arg:
            continue
        if target is not None and target not in known and op != end_async_for:
            known[target] = depth + table.stack_effect(op, arg, jump=True)
            if start or target <= offset:
                late.append(target)
        if op in ends_path:
            depth = None
            continue
        effect = fixed_effects[op]
        depth += effects_by_argument[op](arg or 0) if effect is None else effect
    return late


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
