"""Takes bytecode apart into instructions.

Stands on the instruction format (Objects/codeobject.c, InternalDocs/interpreter.md): units of two
bytes, opcode and argument; EXTENDED_ARG prefixes; inline caches behind the instruction. Works on any
object with the attributes of a code object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from .arguments import ArgumentMeanings, without_meaning
from .facts import CacheEntry, CodeObject, ExceptionTableEntry, Instruction, Positions
from .opcode_table import ArgumentKind, OpcodeTable, host_table
from .stack_depth import stack_depths

__all__ = ["cache_entries", "decode_instructions", "parse_exception_table", "unpack_units"]


_NO_POSITIONS = Positions(None, None, None, None)


class RawInstruction(NamedTuple):
    """An instruction before its argument is given a meaning."""

    offset: int
    start_offset: int
    op: int
    """The base opcode."""
    arg: int | None
    target: int | None
    """Byte offset of the jump's target."""


def unpack_units(bytecode: bytes, table: OpcodeTable) -> list[RawInstruction]:
    """The instructions of `bytecode` in order, caches passed over, EXTENDED_ARG folded in and listed.

    A specialised opcode is given as the base opcode it stands for.
    """
    base = table.base
    cache_units = table.cache_units
    kinds = table.kinds
    extended_arg_op = table.extended_arg
    no_argument, absolute = ArgumentKind.NONE, ArgumentKind.JUMP_ABSOLUTE
    jump_bytes = table.jump_bytes
    found: list[RawInstruction] = []
    append = found.append
    new = tuple.__new__
    offset = 0
    extension = 0
    prefix_bytes = 0
    end = len(bytecode) - 1
    while offset < end:
        op = base[bytecode[offset]]
        kind = kinds[op]
        target = None
        if kind is no_argument:
            arg = None
            extension = 0
            behind = offset + 2 + 2 * cache_units[op]
        else:
            arg = bytecode[offset + 1] | extension
            extension = 0
            behind = offset + 2 + 2 * cache_units[op]
            if op == extended_arg_op:
                extension = arg << 8 & 0xFFFFFFFF
                if extension >= 0x80000000:  # the interpreter keeps the argument in a C int
                    extension -= 0x100000000
                append(new(RawInstruction, (offset, offset, op, arg, None)))
                prefix_bytes += 2
                offset = behind
                continue
            jump = jump_bytes[op]
            if jump:
                target = jump * arg if kind is absolute else behind + jump * arg
        append(new(RawInstruction, (offset, offset - prefix_bytes, op, arg, target)))
        prefix_bytes = 0
        offset = behind
    return found


def decode_instructions(
    code: Any,
    *,
    table: OpcodeTable | None = None,
    specialised: bytes | None = None,
    positions: bool = True,
) -> tuple[tuple[Instruction, ...], tuple[ExceptionTableEntry, ...]]:
    """The instructions and the exception table of `code`.

    `specialised` is the bytecode of the same code object after a run: its opcodes are shown in place
    of the compiler's. Without `positions` the column information is left out, which saves a fifth.
    Damaged bytecode is read as far as it goes: what an argument does not lead to is named in its text.
    """
    table = table or host_table()
    raw = unpack_units(code.co_code, table)
    entries = parse_exception_table(code.co_exceptiontable) if table.has_positions else ()
    depths = stack_depths(raw, entries, table, code.co_flags)
    labels = _number_labels(raw, entries)
    meanings = ArgumentMeanings(code, table)
    spans = list(code.co_positions()) if positions and table.has_positions else None
    names, cache_units, kinds = table.names, table.cache_units, table.kinds
    new = tuple.__new__
    end_async_for = table.end_async_for

    lines = _line_ranges(code)
    line_end, line = -1, None
    last_line: int | None = -1
    found: list[Instruction] = []
    append = found.append
    label_at = labels.get
    for (offset, start_offset, op, arg, target), depth in zip(raw, depths, strict=True):
        while offset >= line_end:
            line_end, line = next(lines)
        try:
            if arg is None:
                argval, argrepr = None, ""
            elif target is not None:
                argval = target
                argrepr = f"{'to' if op != end_async_for else 'from'} L{labels[target]}"
            elif arg < 0:  # would count from the end of a list
                argval, argrepr = without_meaning(kinds[op], arg, None)
            else:
                argval, argrepr = meanings[kinds[op]](arg)
        except LookupError:
            argval, argrepr = without_meaning(kinds[op], arg, target)
        span = None
        if spans is not None:
            unit = offset >> 1
            span = new(Positions, spans[unit]) if unit < len(spans) else _NO_POSITIONS
        shown = specialised[offset] if specialised else op
        append(
            new(
                Instruction,
                (
                    offset,
                    start_offset,
                    shown,
                    names[shown],
                    names[op],
                    arg,
                    argval,
                    argrepr,
                    line,
                    line != last_line,
                    label_at(offset),
                    target,
                    depth,
                    span,
                    cache_units[op],
                ),
            )
        )
        last_line = line
    return tuple(found), entries


def parse_exception_table(table: bytes) -> tuple[ExceptionTableEntry, ...]:
    """The rows of `co_exceptiontable` (Objects/exception_handling_notes.txt); a cut row is dropped."""
    entries = []
    numbers = _varints(table)
    # four numbers a row, from one iterator
    for start, length, target, depth_and_lasti in zip(
        numbers, numbers, numbers, numbers, strict=False
    ):
        entries.append(
            ExceptionTableEntry(
                start=2 * start,
                end=2 * (start + length),
                target=2 * target,
                depth=depth_and_lasti >> 1,
                lasti=bool(depth_and_lasti & 1),
            )
        )
    return tuple(entries)


def _varints(table: bytes) -> Iterator[int]:
    """Numbers of six-bit groups, highest first; 64 says that another group follows."""
    value = 0
    for byte in table:
        # the interpreter has 32 bits for it; more would take ages to shift
        value = (value << 6 | byte & 63) & 0xFFFFFFFF
        if not byte & 64:
            yield value
            value = 0


def cache_entries(code_object: CodeObject, instruction: Instruction) -> tuple[CacheEntry, ...]:
    """The named inline caches behind `instruction`, with their bytes as they stand in the bytecode."""
    from .disassemble import table_of

    layout = table_of(code_object).cache_layouts.get(instruction.base_opname, {})
    entries = []
    offset = instruction.offset + 2
    for name, size in layout.items():
        data = code_object.bytecode[offset : offset + 2 * size]
        entries.append(CacheEntry(name=name, size=size, data=data))
        offset += 2 * size
    return tuple(entries)


def _line_ranges(code: Any) -> Iterator[tuple[int, int | None]]:
    """(end offset, line) of each range of `co_lines`; past the last one, no line."""
    for _, end, line in code.co_lines():
        yield end, line
    while True:
        yield 1 << 62, None


def _number_labels(
    raw: Sequence[RawInstruction], entries: Iterable[ExceptionTableEntry]
) -> dict[int, int]:
    """Labels by offset, numbered as `dis` of 3.13+ does: jump targets and exception regions.

    A place where no instruction starts gets none.
    """
    places = set(map(itemgetter(4), raw))
    for start, end, target, _, _ in entries:
        places.update((start, end, target))
    places.intersection_update(map(itemgetter(0), raw))
    return {offset: number for number, offset in enumerate(sorted(places), 1)}
