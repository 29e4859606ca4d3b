"""``dis --json``: code objects and instructions, field by field (schema ``pyinternals.dis/1``)."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from ..bytecode.facts import CodeObject, Instruction
from ..safe_text import safe_repr
from .json_envelope import Json, envelope

__all__ = ["dis_document"]

_PLAIN = (str, bool, type(None))


def dis_document(
    roots: Sequence[CodeObject], *, warnings: Iterable[Json] = (), run: Json | None = None
) -> Json:
    """The whole report on `roots`: every code object in one list, parents before their children."""
    code_objects: list[Json] = []
    for root in roots:
        _append(code_objects, root, None)
    data: Json = {"code_objects": code_objects}
    if run is not None:
        data["run"] = run
    first = roots[0]
    target = {
        "name": first.title or first.qualname,
        "filename": first.filename,
        "python": ".".join(map(str, sys.version_info[:3]))
        if first.version == sys.version_info[:2]
        else ".".join(map(str, first.version)),
        "implementation": "cpython",
        "optimize": first.optimize,
    }
    data["source"] = target
    return envelope("dis/1", data, warnings=warnings)


def _append(found: list[Json], code_object: CodeObject, parent: int | None) -> None:
    index = len(found)
    if code_object.code is not None:
        found.append(_code_object(code_object, parent))
    for child in code_object.children:
        _append(found, child, index if code_object.code is not None else None)


def _code_object(code_object: CodeObject, parent: int | None) -> Json:
    run = code_object.run
    counts = run.counts if run is not None else None
    return {
        "name": code_object.name,
        "qualname": code_object.qualname,
        "filename": code_object.filename,
        "first_line": code_object.first_line,
        "parent": parent,
        "size_bytes": code_object.size_bytes,
        "stack_size": code_object.stacksize,
        "max_stack_depth": code_object.max_stack_depth,
        "argument_count": code_object.argcount,
        "positional_only_count": code_object.posonlyargcount,
        "keyword_only_count": code_object.kwonlyargcount,
        "local_count": code_object.local_count,
        "flags": code_object.flags,
        "flag_names": list(code_object.flag_names),
        "constants": [safe_repr(value) for value in code_object.consts],
        "names": list(code_object.names),
        "local_names": list(code_object.varnames),
        "cell_names": list(code_object.cellvars),
        "free_names": list(code_object.freevars),
        "lasti": code_object.lasti,
        "instructions": [
            _instruction(code_object, instruction, counts[row] if counts is not None else None)
            for row, instruction in enumerate(code_object.instructions)
        ],
        "exception_table": [entry._asdict() for entry in code_object.exception_table],
    }


def _instruction(code_object: CodeObject, instruction: Instruction, count: int | None) -> Json:
    argval, argval_type = _plain(instruction.argval)
    offset = instruction.offset
    positions = instruction.positions
    fields: Json = {
        "offset": offset,
        "start_offset": instruction.start_offset,
        "opcode": instruction.opcode,
        "opname": instruction.opname,
        "base_opname": instruction.base_opname,
        "arg": instruction.arg,
        "argval": argval,
        "argval_type": argval_type,
        "argrepr": instruction.argrepr,
        "line_number": instruction.line_number,
        "starts_line": instruction.starts_line,
        "label": instruction.label,
        "jump_target": instruction.jump_target,
        "stack_depth": instruction.stack_depth,
        "positions": list(positions) if positions is not None else None,
        "cache_units": instruction.cache_units,
        "bytes": code_object.bytecode[offset : offset + instruction.size_bytes].hex(),
    }
    if code_object.run is not None:
        fields["execution_count"] = count
    return fields


def _plain(value: Any) -> tuple[Any, str]:
    """A value JSON can hold without loss, or its text; and what type it was."""
    kind = type(value)
    if kind in _PLAIN or (kind is int and value.bit_length() <= 53):
        return value, kind.__name__
    if kind is float and math.isfinite(value):
        return value, "float"
    return safe_repr(value), kind.__name__
