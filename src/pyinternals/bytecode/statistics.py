"""How often each opcode occurs, and how big each function's bytecode is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..fact import Fact
from .facts import CodeObject

__all__ = ["CodeSize", "CodeStatistics", "OpcodeCount", "code_statistics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpcodeCount:
    """One line of the histogram."""

    opname: str
    """As the compiler wrote it, whatever it was specialised to."""
    count: int
    size_bytes: int
    """All of them together, with their inline caches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSize:
    """The size of one code object, without those nested in it."""

    qualname: str
    filename: str
    first_line: int
    instruction_count: int
    size_bytes: int
    """Length of `co_code`."""
    cache_bytes: int
    """Of these, inline caches."""
    line_count: int
    """Source lines that have at least one instruction."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CodeStatistics(Fact):
    """Opcode histogram and sizes of a code object and everything nested in it."""

    title: str
    opcodes: tuple[OpcodeCount, ...]
    """Most frequent first; equal ones by name."""
    code_objects: tuple[CodeSize, ...]
    """Biggest first; equal ones in the order of the source."""

    @property
    def instruction_count(self) -> int:
        """All instructions, EXTENDED_ARG included."""
        return sum(opcode.count for opcode in self.opcodes)

    @property
    def size_bytes(self) -> int:
        """All bytecode, inline caches included."""
        return sum(code_object.size_bytes for code_object in self.code_objects)

    @property
    def cache_bytes(self) -> int:
        """All inline caches."""
        return sum(code_object.cache_bytes for code_object in self.code_objects)


def code_statistics(root: CodeObject) -> CodeStatistics:
    """The statistics of `root` and all nested code objects."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    code_objects = []
    for code_object in root.walk():
        for instruction in code_object.instructions:
            counts[instruction.base_opname] += 1
            sizes[instruction.base_opname] += instruction.size_bytes
        if code_object.code is not None:
            code_objects.append(_size_of(code_object))
    return CodeStatistics(
        title=root.title or root.qualname,
        opcodes=tuple(
            OpcodeCount(opname=opname, count=count, size_bytes=sizes[opname])
            for opname, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ),
        code_objects=tuple(sorted(code_objects, key=lambda size: -size.size_bytes)),
    )


def _size_of(code_object: CodeObject) -> CodeSize:
    instructions = code_object.instructions
    return CodeSize(
        qualname=code_object.qualname,
        filename=code_object.filename,
        first_line=code_object.first_line,
        instruction_count=len(instructions),
        size_bytes=code_object.size_bytes,
        cache_bytes=sum(2 * instruction.cache_units for instruction in instructions),
        line_count=len({ins.line_number for ins in instructions} - {None}),
    )
