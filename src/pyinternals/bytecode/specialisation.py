"""What a run made of bytecode: how often each instruction was executed, in which form it ended.

Stands on PEP 659 (the specialising adaptive interpreter), `_co_code_adaptive`, and the families in
`opcode._specializations`. The two facts come from two runs of the same program (see `program_run`),
because an instruction that is counted isn't specialised. Therefore, systematically:

- A count says how often the instruction was executed in its generic form. Specialised forms that do
  a neighbour's work too (superinstructions, COMPARE_OP_INT_JUMP, 3.11's PRECALL_NO_KW_LEN) don't
  lower the neighbour's count.
- `specialised_execution_count` adds up the executions of instructions that *ended* specialised. The
  first few of them, while the instruction warmed up, ran generic.
- The interpreter reports nothing before the first RESUME of a code object. What is there
  (MAKE_CELL, COPY_FREE_VARS, a generator's POP_TOP) is executed once for each time that RESUME is,
  and gets its count. RETURN_GENERATOR and what is before it is executed when a generator is made,
  even if nobody starts it: unknown.
- END_FOR (and 3.13's POP_TOP behind it) is jumped over by the generic FOR_ITER, but not by
  FOR_ITER_GEN: where the loop ended as that, its count is unknown.
- An instruction that ended specialised although none of its executions was counted shows that the
  two runs took different ways. No 0 in its code object is believed then, and the run bears a
  warning.
- What is executed after the last exit handler (destructors at shutdown), in processes that the
  program forks, in its own trace functions, and by code objects that it makes from ours
  (`code.replace`) is not counted. The last two are noticed and make the counts lower bounds.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .decode import decode_instructions
from .facts import CodeObject, Instruction

if TYPE_CHECKING:
    from .program_run import CodePath, RunResult

__all__ = [
    "Form",
    "LineRecord",
    "RunRecord",
    "apply_run",
    "form_of",
    "line_records",
]


class Form(StrEnum):
    """What an instruction had become when the run ended."""

    FIXED = "fixed"
    """As compiled; nothing about the data could make it faster."""
    QUICKENED = "quickened"
    """A faster form that assumes nothing about types of data: superinstructions, RESUME_CHECK,
    JUMP_BACKWARD_NO_JIT, LOAD_CONST_IMMORTAL, 3.11's _QUICK."""
    GENERIC = "generic"
    """As compiled, though specialised forms of it exist."""
    WARMING_UP = "warming up"
    """3.11's _ADAPTIVE: counts down to an attempt, as later versions do in the generic form."""
    SPECIALISED = "specialised"
    """Assumes the types (keys, versions) that it has met."""
    ABSORBED = "absorbed"
    """Done by the specialised instruction before it: 3.11's CALL behind a specialised PRECALL."""
    COMPILED = "compiled"
    """ENTER_EXECUTOR: a trace of the JIT starts here; what it covers keeps its earlier form."""
    INSTRUMENTED = "instrumented"
    """Replaced for a debugger or profiler that the program itself started: its form is hidden."""


_SPEEDS = frozenset((Form.SPECIALISED, Form.ABSORBED))
QUICK_FAMILIES = frozenset(
    ("RESUME", "JUMP_BACKWARD", "EXTENDED_ARG", "LOAD_CONST", "LOAD_FAST", "STORE_FAST")
)
"""Base opcodes whose other forms all assume nothing about data."""


def form_of(opname: str, base_opname: str, *, specialisable: bool) -> Form:
    """The form of an instruction that was compiled as `base_opname` and has become `opname`."""
    if opname == base_opname:
        return Form.GENERIC if specialisable else Form.FIXED
    if opname == "ENTER_EXECUTOR":
        return Form.COMPILED
    if opname.startswith("INSTRUMENTED_"):
        return Form.INSTRUMENTED
    if opname.endswith("_ADAPTIVE"):
        return Form.WARMING_UP
    return Form.QUICKENED if base_opname in QUICK_FAMILIES else Form.SPECIALISED


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What a run made of one code object, its nested ones left out."""

    counts: tuple[int | None, ...] | None
    """Executions, aligned with `CodeObject.instructions`: 0 is never, None is not known.

    None as a whole if nothing was counted."""
    is_complete: bool
    """Whether counting was undisturbed. If not, each count is a lower bound (and none is 0)."""
    specialised: bytes | None
    """`_co_code_adaptive` at the end of the run; None if the run was lost."""
    forms: tuple[Form, ...] | None
    """What `specialised` says of each instruction, aligned like `counts`."""
    specialisable: tuple[bool, ...]
    """Whether the instruction has forms that assume something about data; aligned like `counts`."""

    @property
    def is_executed(self) -> bool | None:
        """Whether its body was entered; None if that isn't known."""
        if self.counts is not None and any(self.counts):
            return True
        if self.forms is not None and (
            Form.SPECIALISED in self.forms or Form.COMPILED in self.forms
        ):
            return True
        return False if self.counts is not None and self.is_complete else None

    @property
    def execution_count(self) -> int | None:
        """Instructions executed."""
        return None if self.counts is None else sum(filter(None, self.counts))

    @property
    def never_executed_count(self) -> int | None:
        """Instructions that were never executed."""
        return None if self.counts is None else self.counts.count(0)

    @property
    def specialisable_execution_count(self) -> int | None:
        """Executions of instructions that have specialised forms."""
        if self.counts is None:
            return None
        pairs = zip(self.counts, self.specialisable, strict=True)
        return sum(count or 0 for count, specialisable in pairs if specialisable)

    @property
    def specialised_execution_count(self) -> int | None:
        """Executions of instructions that ended specialised."""
        if self.counts is None or self.forms is None:
            return None
        pairs = zip(self.counts, self.forms, strict=True)
        return sum(count or 0 for count, form in pairs if form in _SPEEDS)

    @property
    def specialised_share(self) -> float | None:
        """`specialised_execution_count` of `specialisable_execution_count`, 0 to 1."""
        return _share(self.specialised_execution_count, self.specialisable_execution_count)

    @property
    def contradiction_count(self) -> int:
        """Instructions that ended specialised although the counting run never executed them."""
        if self.counts is None or self.forms is None or not self.is_complete:
            return 0
        pairs = zip(self.counts, self.forms, strict=True)
        return sum(count is None and form is Form.SPECIALISED for count, form in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRecord:
    """What a run made of the instructions of one source line, nested code objects included."""

    line: int
    instruction_count: int
    specialisable_count: int
    """Instructions that have specialised forms."""
    specialised_count: int | None
    """Instructions that ended specialised; None if the run was lost."""
    execution_count: int | None
    """Instructions executed; None if nothing was counted."""
    busiest_count: int | None
    """Executions of the line's most executed instruction; None if no instruction's is known."""
    specialisable_execution_count: int | None
    specialised_execution_count: int | None
    """Executions of instructions that ended specialised."""
    is_executed: bool | None
    """False only if every one of its instructions was never executed; None if that isn't known."""
    is_complete: bool
    """Whether the counts are exact; if not, they are lower bounds."""

    @property
    def specialised_execution_share(self) -> float | None:
        """The part of the specialisable executions that were; None where there are none."""
        return _share(self.specialised_execution_count, self.specialisable_execution_count)

    @property
    def specialised_instruction_share(self) -> float | None:
        """The part of the specialisable instructions that are; None where there are none."""
        return _share(self.specialised_count, self.specialisable_count)


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def line_records(code_object: CodeObject) -> tuple[LineRecord, ...]:
    """One record for each line with instructions in `code_object` or nested in it, by line number.

    Empty where no run was applied.
    """
    by_line: dict[int, list[tuple[RunRecord, int]]] = {}
    for found in code_object.walk():
        if found.run is None:
            continue
        for index, instruction in enumerate(found.instructions):
            if instruction.line_number is not None:
                by_line.setdefault(instruction.line_number, []).append((found.run, index))
    return tuple(_line_record(line, by_line[line]) for line in sorted(by_line))


def _line_record(line: int, places: Sequence[tuple[RunRecord, int]]) -> LineRecord:
    """`places` are the line's instructions: the record they are in, and where in it."""
    counts = [record.counts[index] if record.counts else None for record, index in places]
    known = [count for count in counts if count is not None]
    can = [record.specialisable[index] for record, index in places]
    did = [record.forms is not None and record.forms[index] in _SPEEDS for record, index in places]
    is_counted = all(record.counts is not None for record, _ in places)
    has_forms = all(record.forms is not None for record, _ in places)
    is_executed = True if any(known) or any(did) else False if len(known) == len(counts) else None
    return LineRecord(
        line=line,
        instruction_count=len(places),
        specialisable_count=sum(can),
        specialised_count=sum(did) if has_forms else None,
        execution_count=sum(known) if is_counted else None,
        busiest_count=max(known, default=None),
        specialisable_execution_count=_total(counts, can) if is_counted else None,
        specialised_execution_count=_total(counts, did) if is_counted and has_forms else None,
        is_executed=is_executed,
        is_complete=all(record.is_complete for record, _ in places),
    )


def _total(counts: Sequence[int | None], chosen: Sequence[bool]) -> int:
    return sum(count or 0 for count, is_chosen in zip(counts, chosen, strict=True) if is_chosen)


def apply_run(
    code_object: CodeObject, result: RunResult, *, path: CodePath | None = None
) -> CodeObject:
    """`code_object` and all nested ones with what `result` knows of them, decoded anew.

    `path` leads from the module to it by indices in `co_consts`; without it, the equal code object
    is looked for. What `result` does not know is returned as it is.
    """
    if path is None:
        path = _path_of(code_object.code, result.root)
        if path is None:
            return code_object
    record = result.records.get(path)
    nested = [
        index for index, const in enumerate(code_object.consts) if isinstance(const, types.CodeType)
    ]
    children = tuple(
        apply_run(child, result, path=(*path, index))
        for index, child in zip(nested, code_object.children, strict=True)
    )
    if record is None:
        return replace(code_object, children=children)
    if record.specialised is None:
        return replace(code_object, children=children, run=record)
    return replace(
        code_object,
        instructions=_decoded(code_object, record.specialised),
        bytecode=record.specialised,
        children=children,
        run=record,
    )


def _decoded(code_object: CodeObject, specialised: bytes) -> tuple[Instruction, ...]:
    has_positions = (
        bool(code_object.instructions) and code_object.instructions[0].positions is not None
    )
    instructions, _ = decode_instructions(
        code_object.code, specialised=specialised, positions=has_positions
    )
    return instructions


def _path_of(code: Any, root: types.CodeType) -> CodePath | None:
    waiting: list[tuple[CodePath, types.CodeType]] = [((), root)]
    while waiting:
        path, found = waiting.pop()
        if found is code or found == code:
            return path
        for index in reversed(range(len(found.co_consts))):
            const = found.co_consts[index]
            if isinstance(const, types.CodeType):
                waiting.append(((*path, index), const))
    return None
