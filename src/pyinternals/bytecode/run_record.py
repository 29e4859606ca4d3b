"""Makes a `RunRecord` of what the child of ``dis --run`` wrote down about one code object.

The interpreter's events are turned into counts of instructions here; `specialisation` says how they
differ and why some counts stay unknown.
"""

from __future__ import annotations

import types
from collections.abc import Sequence

from .decode import RawInstruction, unpack_units
from .opcode_table import OpcodeTable, host_table
from .specialisation import QUICK_FAMILIES, Form, RunRecord, form_of

__all__ = ["run_record"]

_PRECALLS_BEFORE_CALL = frozenset(("PRECALL_ADAPTIVE", "PRECALL_BOUND_METHOD", "PRECALL_PYFUNC"))
"""3.11: the forms of PRECALL that leave the call to CALL."""


def run_record(
    code: types.CodeType,
    *,
    specialised: bytes | None,
    executed: Sequence[int] | None,
    entered: Sequence[int] | None,
    is_complete: bool = True,
    table: OpcodeTable | None = None,
) -> RunRecord:
    """The record of `code`: its bytecode after the run, and the events at its code units.

    `executed` counts instruction events, `entered` the starts and resumptions of a frame, which is
    how RESUME is seen.
    """
    table = table or host_table()
    raw = unpack_units(code.co_code, table)
    families = _specialisable_opcodes(table)
    specialisable = tuple(instruction.op in families for instruction in raw)
    forms = None
    if specialised is not None and len(specialised) == len(code.co_code):
        forms = _forms(raw, specialisable, specialised, table)
    counts: tuple[int | None, ...] | None = None
    if executed is not None and entered is not None:
        found = _counts(raw, executed, entered, table)
        if forms is not None:
            _doubt(found, raw, forms, specialised or b"", table)
        counts = tuple(found if is_complete else (count or None for count in found))
    return RunRecord(
        counts=counts,
        is_complete=is_complete,
        specialised=specialised if forms is not None else None,
        forms=forms,
        specialisable=specialisable,
    )


def _specialisable_opcodes(table: OpcodeTable) -> frozenset[int]:
    """Base opcodes with forms that assume something about data."""
    return frozenset(
        base
        for op, base in enumerate(table.base)
        if op != base and table.names[base] not in QUICK_FAMILIES
    )


def _forms(
    raw: Sequence[RawInstruction],
    specialisable: Sequence[bool],
    specialised: bytes,
    table: OpcodeTable,
) -> tuple[Form, ...]:
    forms: list[Form] = []
    before = ""
    for instruction, can in zip(raw, specialisable, strict=True):
        opname = table.names[specialised[instruction.offset]]
        base_opname = table.names[instruction.op]
        form = form_of(opname, base_opname, specialisable=can)
        if (
            base_opname == "CALL"
            and before.startswith("PRECALL_")
            and before not in _PRECALLS_BEFORE_CALL
        ):
            form = Form.ABSORBED
        forms.append(form)
        before = opname
    return tuple(forms)


def _counts(
    raw: Sequence[RawInstruction],
    executed: Sequence[int],
    entered: Sequence[int],
    table: OpcodeTable,
) -> list[int | None]:
    """Events at code units, as counts of instructions (see the module's docstring)."""
    counts: list[int | None] = [executed[instruction.offset >> 1] for instruction in raw]
    names = [table.names[instruction.op] for instruction in raw]
    for index, instruction in enumerate(raw):
        if names[index] == "RESUME":
            counts[index] = entered[instruction.offset >> 1]
        prefixes = (instruction.offset - instruction.start_offset) >> 1
        if prefixes:
            # 3.11 and up report EXTENDED_ARG, but not always the instruction that it belongs to
            whole = slice(index - prefixes, index + 1)
            counts[whole] = [max(count or 0 for count in counts[whole])] * (prefixes + 1)
    start = names.index("RESUME") if "RESUME" in names else 0
    counts[:start] = [counts[start]] * start
    if "RETURN_GENERATOR" in names[:start]:
        made = names.index("RETURN_GENERATOR") + 1
        counts[:made] = [None] * made
    return counts


def _doubt(
    counts: list[int | None],
    raw: Sequence[RawInstruction],
    forms: Sequence[Form],
    specialised: bytes,
    table: OpcodeTable,
) -> None:
    """Make a 0 unknown where the other run shows, or may hide, an execution."""
    pairs = zip(forms, counts, strict=True)
    if any(form is Form.SPECIALISED and count == 0 for form, count in pairs):
        counts[:] = [count or None for count in counts]
        return
    at = {instruction.offset: index for index, instruction in enumerate(raw)}
    for instruction in raw:
        if table.names[specialised[instruction.offset]] != "FOR_ITER_GEN":
            continue
        end = at.get(-1 if instruction.target is None else instruction.target, len(raw))
        for index, opname in zip(range(end, len(raw)), ("END_FOR", "POP_TOP"), strict=False):
            if counts[index] != 0 or table.names[raw[index].op] != opname:
                break
            counts[index] = None
