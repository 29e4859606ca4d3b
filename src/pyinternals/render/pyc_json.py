"""The JSON of ``pyc``, ``pyc show``, ``pyc diff`` and ``pyc clean``, one schema for each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from ..bytecode.facts import CodeObject
from ..bytecode.pyc_clean import PycCleaning
from ..bytecode.pyc_diff import PycDifference
from ..bytecode.pyc_file import PycFile
from ..bytecode.pyc_findings import PycAudit, PycFinding
from ..bytecode.record_difference import RecordDifference
from ..safe_text import safe_repr
from .code_difference import difference_document
from .json_envelope import Json, envelope

__all__ = ["audit_document", "cleaning_document", "pyc_difference_document", "show_document"]


def audit_document(audit: PycAudit, *, warnings: Iterable[Json] = ()) -> Json:
    """Schema ``pyinternals.pyc/1``."""
    data = {
        "python": audit.python,
        "is_deep": audit.is_deep,
        "files": [_file(finding) for finding in audit.findings],
        "skipped": [{"path": path, "reason": reason} for path, reason in audit.skipped],
        "totals": {
            "file_count": len(audit.findings),
            "size_bytes": audit.size_bytes,
            "dead_count": len(audit.dead),
            "dead_bytes": audit.dead_bytes,
            "states": {state.value: count for state, count in audit.counts.items()},
        },
    }
    return envelope("pyc/1", data, warnings=warnings)


def _file(finding: PycFinding) -> Json:
    return {
        "path": finding.path,
        "source_path": finding.source_path,
        "python": finding.python,
        "mode": finding.mode,
        "state": finding.state.value,
        "reason": finding.reason,
        "size_bytes": finding.size_bytes,
        "optimize": finding.optimize,
        "is_dead": finding.is_dead,
        "is_in_cache": finding.is_in_cache,
        "notes": list(finding.notes),
        "differences": [_record(difference) for difference in finding.differences],
    }


def _record(difference: RecordDifference) -> Json:
    change = "changed"
    if difference.left is None:
        change = "added"
    elif difference.right is None:
        change = "removed"
    return {
        "identity": difference.identity,
        "change": change,
        "parts": [
            {
                "part": part.part,
                "aspect": part.aspect.value,
                "left": part.left,
                "right": part.right,
            }
            for part in difference.parts
        ],
    }


def show_document(pyc: PycFile, root: CodeObject | None, *, warnings: Iterable[Json] = ()) -> Json:
    """Schema ``pyinternals.pyc-show/1``."""
    data = {
        **_pyc(pyc),
        "note": pyc.note,
        "object_count": pyc.object_count,
        "reference_count": pyc.reference_count,
        "trailing_bytes": pyc.trailing_bytes,
        "code_objects": _code_objects(root) if root is not None else None,
    }
    return envelope("pyc-show/1", data, warnings=warnings)


def _pyc(pyc: PycFile) -> Json:
    header = asdict(pyc.header)
    header["version"] = list(header["version"]) if header["version"] is not None else None
    return {
        "path": pyc.path,
        "size_bytes": pyc.size_bytes,
        "header": {"python": pyc.header.python, **header},
    }


def _code_objects(root: CodeObject) -> list[Json]:
    """All of them in one list, parents before their children."""
    found: list[Json] = []
    stack: list[tuple[CodeObject, int | None]] = [(root, None)]
    while stack:
        code_object, parent = stack.pop()
        index = len(found)
        found.append(_code_object(code_object, parent))
        stack.extend((child, index) for child in reversed(code_object.children))
    return found


def _code_object(code_object: CodeObject, parent: int | None) -> Json:
    return {
        "name": code_object.name,
        "qualname": code_object.qualname,
        "filename": code_object.filename,
        "first_line": code_object.first_line,
        "parent": parent,
        "size_bytes": code_object.size_bytes,
        "instruction_count": len(code_object),
        "stack_size": code_object.stacksize,
        "argument_count": code_object.argcount,
        "positional_only_count": code_object.posonlyargcount,
        "keyword_only_count": code_object.kwonlyargcount,
        "flags": code_object.flags,
        "flag_names": list(code_object.flag_names),
        "constants": [safe_repr(value) for value in code_object.consts],
        "names": list(code_object.names),
        "local_names": list(code_object.varnames),
        "cell_names": list(code_object.cellvars),
        "free_names": list(code_object.freevars),
    }


def pyc_difference_document(difference: PycDifference, *, warnings: Iterable[Json] = ()) -> Json:
    """Schema ``pyinternals.pyc-diff/1``; ``code`` is the data of ``pyinternals.dis-compare/1``."""
    records = difference.records
    data = {
        "left": _pyc(difference.left),
        "right": _pyc(difference.right),
        "is_identical": difference.is_identical,
        "differs_in": list(difference.differs_in),
        "header": [asdict(one) for one in difference.header],
        "code_objects": None if records is None else [_record(record) for record in records],
        "code": None if difference.code is None else difference_document(difference.code)["data"],
    }
    return envelope("pyc-diff/1", data, warnings=warnings)


def cleaning_document(cleaning: PycCleaning, *, warnings: Iterable[Json] = ()) -> Json:
    """Schema ``pyinternals.pyc-clean/1``."""
    data = {
        "is_dry_run": cleaning.is_dry_run,
        "freed_bytes": cleaning.freed_bytes,
        "files": [
            {
                "path": removal.finding.path,
                "source_path": removal.finding.source_path,
                "state": removal.finding.state.value,
                "size_bytes": removal.finding.size_bytes,
                "outcome": removal.outcome.value,
                "reason": removal.reason,
            }
            for removal in cleaning.removals
        ],
        "removed_folders": list(cleaning.removed_folders),
    }
    return envelope("pyc-clean/1", data, warnings=warnings)
