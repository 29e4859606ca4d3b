"""What can be known about a code object: its instructions, its tables, its children.

The field names are those of `types.CodeType` (without ``co_``) and of `dis.Instruction`, and mean the same.
`Instruction`, `Positions` and `ExceptionTableEntry` are named tuples, as they are in `dis`: a module has
tens of thousands of them, and a frozen dataclass takes five times as long to make.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..fact import Fact

if TYPE_CHECKING:
    from .compare import CodeDifference
    from .flow import FlowGraph
    from .source import SourceText
    from .specialisation import RunRecord
    from .statistics import CodeStatistics

__all__ = [
    "CacheEntry",
    "CodeObject",
    "ExceptionTableEntry",
    "Instruction",
    "Positions",
]


class Positions(NamedTuple):
    """The span of source that an instruction stands for (`codeobject.co_positions`).

    Lines count from 1; columns are UTF-8 byte offsets that count from 0. None where it isn't recorded.
    """

    lineno: int | None
    end_lineno: int | None
    col_offset: int | None
    end_col_offset: int | None


class ExceptionTableEntry(NamedTuple):
    """One row of `co_exceptiontable`: where an exception between `start` and `end` goes (byte offsets)."""

    start: int
    end: int
    """The first offset behind the region."""
    target: int
    """Offset of the handler."""
    depth: int
    """How many values stay on the stack when the handler is entered, before what is pushed for it."""
    lasti: bool
    """Whether the offset of the raising instruction is pushed before the exception."""


class CacheEntry(NamedTuple):
    """One named inline cache of an instruction."""

    name: str
    size: int
    """In code units of two bytes."""
    data: bytes


class Instruction(NamedTuple):
    """One instruction as the interpreter finds it in `co_code`."""

    offset: int
    """Byte offset of the opcode in the bytecode."""
    start_offset: int
    """Byte offset of the first EXTENDED_ARG that belongs to it; `offset` if there is none."""
    opcode: int
    opname: str
    """The specialised name where the bytecode of a run is shown, else the name the compiler wrote."""
    base_opname: str
    """The name the compiler wrote."""
    arg: int | None
    argval: Any
    """What `arg` stands for: the constant, the name, the offset of a jump's target; else `arg`."""
    argrepr: str
    """`argval` as text: safe to print (no control characters), shortened, the same in every run."""
    line_number: int | None
    """From `co_lines`; None where the compiler recorded no line."""
    starts_line: bool
    """Whether the instruction before it has another line."""
    label: int | None
    """Number of the label here (``L3``): a jump's target, or a border or handler of an exception region."""
    jump_target: int | None
    """Byte offset it may jump to. END_ASYNC_FOR (3.14+) names its SEND here, as in `dis`."""
    stack_depth: int | None
    """Values on the stack before it executes, by the compiler's stack effects; None where unreachable."""
    positions: Positions | None
    """Source span; None where positions were not asked for."""
    cache_units: int
    """Inline cache that follows it, in code units of two bytes."""

    @property
    def size_bytes(self) -> int:
        """Bytes from `offset` to the next instruction: the instruction and its inline cache."""
        return 2 + 2 * self.cache_units

    @property
    def baseopname(self) -> str:
        """The name `dis.Instruction` uses for `base_opname`."""
        return self.base_opname

    @property
    def is_jump_target(self) -> bool:
        """Whether a label stands here, as in `dis.Instruction`."""
        return self.label is not None

    @property
    def is_specialised(self) -> bool:
        """Whether it is shown under another name than the compiler wrote.

        Not all such forms assume something about data: `specialisation.form_of` tells them apart.
        """
        return self.opname != self.base_opname


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CodeObject(Fact):
    """A code object taken apart. Iterating over it gives its own instructions, not its children's."""

    name: str
    qualname: str
    filename: str
    first_line: int
    version: tuple[int, int]
    """The CPython whose bytecode this is."""
    optimize: int | None
    """0, 1 or 2: what it was compiled with; None where that isn't known (a live object)."""
    flags: int
    argcount: int
    """Positional parameters, positional-only ones included."""
    posonlyargcount: int
    kwonlyargcount: int
    stacksize: int
    """`co_stacksize`: slots the frame reserves for the value stack."""
    consts: tuple[Any, ...]
    names: tuple[str, ...]
    varnames: tuple[str, ...]
    freevars: tuple[str, ...]
    cellvars: tuple[str, ...]
    bytecode: bytes
    """`co_code`, or the specialised bytecode where that is shown."""
    instructions: tuple[Instruction, ...]
    exception_table: tuple[ExceptionTableEntry, ...]
    children: tuple[CodeObject, ...]
    """Nested code objects, in the order of `consts`."""
    code: Any
    """The native code object, or the record that stands for it."""
    source: SourceText | None = None
    """The text of its file, where it could be had."""
    run: RunRecord | None = None
    """What a run of the program found out about it (``dis --run``)."""
    title: str | None = None
    """What the user asked for, when this is the root of a report."""
    lasti: int | None = None
    """Offset of the instruction a frame, generator or traceback stands at."""

    def __iter__(self) -> Iterator[Instruction]:
        return iter(self.instructions)

    def __len__(self) -> int:
        return len(self.instructions)

    def __getitem__(self, name: str) -> CodeObject:
        """The nested code object of this name or qualified name (the first, if several bear it)."""
        for code_object in self.walk():
            if code_object is not self and name in (code_object.name, code_object.qualname):
                return code_object
        raise KeyError(name)

    def walk(self) -> Iterator[CodeObject]:
        """This code object and all nested ones, each before its children."""
        stack = [self]
        while stack:
            code_object = stack.pop()
            yield code_object
            stack.extend(reversed(code_object.children))

    @property
    def size_bytes(self) -> int:
        """Length of the bytecode, inline caches included."""
        return len(self.bytecode)

    @property
    def local_count(self) -> int:
        """`co_nlocals`."""
        return len(self.varnames)

    @property
    def flag_names(self) -> tuple[str, ...]:
        """`flags` in words, lowest bit first; bits without a name as hexadecimal."""
        from .flags import flag_names

        return flag_names(self.flags)

    @property
    def max_stack_depth(self) -> int:
        """Deepest the value stack gets by following every path; at most `stacksize`."""
        from .stack_depth import max_stack_depth

        return max_stack_depth(self)

    @property
    def flow(self) -> FlowGraph:
        """The control-flow graph of this code object's own instructions."""
        from .flow import flow_graph

        return flow_graph(self)

    @property
    def stats(self) -> CodeStatistics:
        """Opcode histogram and sizes of this code object and all nested ones."""
        from .statistics import code_statistics

        return code_statistics(self)

    def diff(self, other: Any) -> CodeDifference:
        """What differs between this code object and `other` (a `CodeObject`, or anything `dis` takes)."""
        from .compare import compare
        from .disassemble import dis

        return compare(self, other if isinstance(other, CodeObject) else dis(other))

    def caches(self, instruction: Instruction) -> tuple[CacheEntry, ...]:
        """The named inline caches behind one of this code object's instructions."""
        from .decode import cache_entries

        return cache_entries(self, instruction)
