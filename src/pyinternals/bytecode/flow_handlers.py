"""Which handler is in charge of which instruction.

Stands on the exception table of 3.11 and up (InternalDocs/exception_handling.md), and on the
instructions that set a handler up in bytecode of 3.10 and before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from .facts import ExceptionTableEntry, Instruction
from .opcode_table import OpcodeTable

__all__ = ["handlers_in_charge", "handlers_set_up", "region_borders"]

_NEVER_RAISE: Final = frozenset({"CACHE", "EXTENDED_ARG", "JUMP_FORWARD", "NOP", "NOT_TAKEN"})
_NEVER_RAISE_BEHIND_TO_BOOL: Final = frozenset(
    {"POP_JUMP_IF_FALSE", "POP_JUMP_IF_NONE", "POP_JUMP_IF_NOT_NONE", "POP_JUMP_IF_TRUE"}
)


def handlers_in_charge(
    instructions: Sequence[Instruction],
    entries: Iterable[ExceptionTableEntry],
    table: OpcodeTable,
) -> list[int | None]:
    """Of each instruction that can raise, the offset of its handler; None where there is none."""
    rows = sorted(entries)
    starts = [entry.start for entry in rows]
    never = _never_raising(table)
    found: list[int | None] = []
    for instruction in instructions:
        row = bisect_right(starts, instruction.offset) - 1
        inside = row >= 0 and instruction.offset < rows[row].end
        can_raise = instruction.base_opname not in never
        found.append(rows[row].target if inside and can_raise else None)
    return found


def handlers_set_up(instructions: Iterable[Instruction], table: OpcodeTable) -> set[int]:
    """Offsets of the handlers that instructions name (3.10 and before)."""
    if not table.sets_up_handler:
        return set()
    return {
        instruction.jump_target
        for instruction in instructions
        if instruction.opcode in table.sets_up_handler and instruction.jump_target is not None
    }


def _never_raising(table: OpcodeTable) -> frozenset[str]:
    """Opcodes that cannot raise. Where TO_BOOL exists (3.13+) a conditional jump gets a bool."""
    if "TO_BOOL" in table.names:
        return _NEVER_RAISE | _NEVER_RAISE_BEHIND_TO_BOOL
    return _NEVER_RAISE


def region_borders(
    instructions: Sequence[Instruction],
    handlers: Sequence[int | None],
    leaders: set[int],
    table: OpcodeTable,
) -> set[int]:
    """Offsets where another handler than before begins to be in charge.

    What cannot raise belongs to the block around it: the compiler leaves NOT_TAKEN and some jumps
    out of the table, and a border there would be one that nothing ever crosses.
    """
    unknown = -1
    in_charge: int | None = unknown
    borders: set[int] = set()
    never = _never_raising(table)
    for instruction, handler in zip(instructions, handlers, strict=True):
        if instruction.offset in leaders:
            in_charge = unknown
        if instruction.base_opname in never:
            continue
        if in_charge != unknown and handler != in_charge:
            borders.add(instruction.start_offset)
        in_charge = handler
    return borders
