"""Takes bytecode apart into instructions; what an argument means is resolved here, layout is not.

Stands on the instruction format (Objects/codeobject.c, InternalDocs/interpreter.md): units of two
bytes, opcode and argument; EXTENDED_ARG prefixes; inline caches behind the instruction. Works on any
object with the attributes of a code object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..safe_text import escape, safe_repr
from .facts import CacheEntry, CodeObject, ExceptionTableEntry, Instruction, Positions
from .opcode_table import ArgumentKind, OpcodeTable, host_table
from .stack_depth import stack_depths

__all__ = ["cache_entries", "decode_instructions", "parse_exception_table", "unpack_units"]

_FORMAT_CONVERTERS = ((None, ""), (str, "str"), (repr, "repr"), (ascii, "ascii"))
_FUNCTION_PARTS = ("defaults", "kwdefaults", "annotations", "closure")
_FUNCTION_ATTRIBUTES = (*_FUNCTION_PARTS, "annotate")

Resolver = Callable[[int], tuple[Any, str]]


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
    no_argument = ArgumentKind.NONE
    forward, backward = ArgumentKind.JUMP_FORWARD, ArgumentKind.JUMP_BACKWARD
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
                extension = arg << 8
                if extension >= 0x80000000:  # the interpreter keeps the argument in a C int
                    extension -= 0x100000000
                append(new(RawInstruction, (offset, offset, op, arg, None)))
                prefix_bytes += 2
                offset = behind
                continue
            if kind is forward:
                target = behind + 2 * arg
            elif kind is backward:
                target = behind - 2 * arg
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
    """
    table = table or host_table()
    raw = unpack_units(code.co_code, table)
    entries = parse_exception_table(code.co_exceptiontable)
    depths = stack_depths(raw, entries, table, code.co_flags)
    labels = _number_labels(raw, entries)
    resolvers = _resolvers(code, table, labels)
    spans = list(code.co_positions()) if positions else None
    names, cache_units, kinds = table.names, table.cache_units, table.kinds
    new = tuple.__new__

    lines = _line_ranges(code)
    line_end, line = -1, None
    last_line: int | None | bool = False  # None is a line number that can be repeated
    found: list[Instruction] = []
    append = found.append
    label_at = labels.get
    for (offset, start_offset, op, arg, target), depth in zip(raw, depths, strict=True):
        while offset >= line_end:
            line_end, line = next(lines)
        if arg is None:
            argval, argrepr = None, ""
        elif target is not None:
            argval = target
            argrepr = f"to L{labels[target]}"
        else:
            argval, argrepr = resolvers[kinds[op]](arg)
        span = None
        if spans is not None:
            unit = offset >> 1
            span = new(Positions, spans[unit]) if unit < len(spans) else None
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
    for start, length, target, depth_and_lasti in zip(numbers, numbers, numbers, numbers, strict=False):
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
        value = value << 6 | byte & 63
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
    raw: Iterable[RawInstruction], entries: Sequence[ExceptionTableEntry]
) -> dict[int, int]:
    """Labels by offset, numbered as `dis` of 3.13+ does: jump targets and exception regions."""
    places = {instruction[4] for instruction in raw}
    places.discard(None)
    for start, end, target, _, _ in entries:
        places.update((start, end, target))
    return {offset: number for number, offset in enumerate(sorted(places), 1)}  # type: ignore[type-var,misc]


def _resolvers(code: Any, table: OpcodeTable, labels: dict[int, int]) -> dict[ArgumentKind, Resolver]:
    """By kind of argument: what turns an argument into its value and its text, for this code object."""
    consts, names = code.co_consts, code.co_names
    local_names = local_names_of(code)
    texts = table.texts

    def number(arg: int) -> tuple[Any, str]:
        return arg, ""

    def small_int(arg: int) -> tuple[Any, str]:
        return arg, str(arg)

    def constant(arg: int) -> tuple[Any, str]:
        value = consts[arg]
        return value, safe_repr(value)

    def common_constant(arg: int) -> tuple[Any, str]:
        value = table.common_constants[arg]
        text = value.__name__ if callable(value) else repr(value)
        return (value if table.version >= (3, 15) else arg), text

    def name(arg: int) -> tuple[Any, str]:
        value = names[arg]
        return value, escape(value)

    def name_or_global_call(arg: int) -> tuple[Any, str]:
        value = names[arg >> 1]
        return value, f"{escape(value)} + NULL" if arg & 1 else escape(value)

    def name_or_method(arg: int) -> tuple[Any, str]:
        value = names[arg >> 1]
        return value, f"{escape(value)} + NULL|self" if arg & 1 else escape(value)

    def super_name(arg: int) -> tuple[Any, str]:
        value = names[arg >> 2]
        return value, f"{escape(value)} + NULL|self" if arg & 1 else escape(value)

    def imported_name(arg: int) -> tuple[Any, str]:
        value = names[arg >> 2]
        how = " + lazy" if arg & 1 else " + eager" if arg & 2 else ""
        return value, escape(value) + how

    def local(arg: int) -> tuple[Any, str]:
        value = local_names[arg]
        return value, escape(value)

    def local_pair(arg: int) -> tuple[Any, str]:
        pair = local_names[arg >> 4], local_names[arg & 15]
        return pair, f"{escape(pair[0])}, {escape(pair[1])}"

    def comparison(arg: int) -> tuple[Any, str]:
        value = texts[ArgumentKind.COMPARISON][arg]
        return value, value

    def comparison_in_high_bits(arg: int) -> tuple[Any, str]:
        return comparison(arg >> 4)

    def comparison_and_bool(arg: int) -> tuple[Any, str]:
        value = texts[ArgumentKind.COMPARISON][arg >> 5]
        return value, f"bool({value})" if arg & 16 else value

    def format_value(arg: int) -> tuple[Any, str]:
        converter, text = _FORMAT_CONVERTERS[arg & 3]
        has_spec = bool(arg & 4)
        return (converter, has_spec), ", ".join(filter(None, (text, "with format" * has_spec)))

    def indexed(kind: ArgumentKind) -> Resolver:
        return lambda arg: (arg, texts[kind][arg])

    def bit_names(bits: Sequence[str]) -> Resolver:
        return lambda arg: (arg, ", ".join(bit for i, bit in enumerate(bits) if arg >> i & 1))

    return {
        ArgumentKind.NONE: number,
        ArgumentKind.NUMBER: number,
        ArgumentKind.JUMP_FORWARD: number,
        ArgumentKind.JUMP_BACKWARD: number,
        ArgumentKind.CONSTANT: constant,
        ArgumentKind.SMALL_INT: small_int,
        ArgumentKind.COMMON_CONSTANT: common_constant,
        ArgumentKind.NAME: name,
        ArgumentKind.NAME_OR_GLOBAL_CALL: name_or_global_call,
        ArgumentKind.NAME_OR_METHOD: name_or_method,
        ArgumentKind.SUPER_NAME: super_name,
        ArgumentKind.IMPORTED_NAME: imported_name,
        ArgumentKind.LOCAL: local,
        ArgumentKind.LOCAL_PAIR: local_pair,
        ArgumentKind.COMPARISON: comparison,
        ArgumentKind.COMPARISON_IN_HIGH_BITS: comparison_in_high_bits,
        ArgumentKind.COMPARISON_AND_BOOL: comparison_and_bool,
        ArgumentKind.BINARY_OPERATOR: indexed(ArgumentKind.BINARY_OPERATOR),
        ArgumentKind.INTRINSIC_1: indexed(ArgumentKind.INTRINSIC_1),
        ArgumentKind.INTRINSIC_2: indexed(ArgumentKind.INTRINSIC_2),
        ArgumentKind.SPECIAL_METHOD: indexed(ArgumentKind.SPECIAL_METHOD),
        ArgumentKind.FORMAT: format_value,
        ArgumentKind.CONVERSION: lambda arg: _FORMAT_CONVERTERS[arg],
        ArgumentKind.FUNCTION_PARTS: bit_names(_FUNCTION_PARTS),
        ArgumentKind.FUNCTION_ATTRIBUTE: bit_names(_FUNCTION_ATTRIBUTES),
        ArgumentKind.IS_OPERATOR: lambda arg: (arg, "is not" if arg else "is"),
        ArgumentKind.IN_OPERATOR: lambda arg: (arg, "not in" if arg else "in"),
    }


def local_names_of(code: Any) -> tuple[str, ...]:
    """`co_localsplusnames`: locals, then cells that are no parameter, then free variables."""
    own = set(code.co_varnames)
    cells = tuple(name for name in code.co_cellvars if name not in own)
    return (*code.co_varnames, *cells, *code.co_freevars)
