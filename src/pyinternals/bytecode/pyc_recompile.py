"""Reads a .pyc file whole, compiles its source again, and says what differs.

Only files of the running interpreter can be recompiled: another one's compiler is another one. Both
sides are read by the same reader from marshalled bytes, so nothing is compared that a native code object
would hide or add. What is left to chance or to the command line of whoever wrote the file is not a
difference: references, interning, the order of sets, `co_filename`, and columns that were not recorded.
"""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..errors import PycError, SourceError, TargetError
from ..safe_text import shorten
from ..units import plural
from .asked_python import RUNNING_MAGIC
from .code_record import CodeRecord
from .compilation import compile_source
from .marshal_reader import Limits, read_marshal
from .pyc_file import PycHeader, parse_pyc
from .pyc_findings import PycFinding, PycState
from .pyc_names import CacheName
from .pyc_paths import FoundPyc, reason_of
from .record_difference import Aspect, RecordDifference, record_differences
from .source import read_source_bytes

__all__ = ["deepened"]

_WORTH_READING = frozenset(
    (PycState.VALID, PycState.AMBIGUOUS, PycState.FOREIGN_VERSION, PycState.UNCHECKED_HASH)
)
_ALL_LEVELS = (0, 1, 2)


def deepened(
    finding: PycFinding, found: FoundPyc, header: PycHeader, *, limits: Limits
) -> PycFinding:
    """`finding`, corrected by what the whole file and its source say."""
    if finding.state not in _WORTH_READING:
        return finding
    try:
        with open(found.path, "rb") as file:
            data = file.read(limits.file_bytes + 1)
    except OSError as error:
        return replace(finding, state=PycState.UNREADABLE, reason=reason_of(error))
    if len(data) > limits.file_bytes:
        return _noted(finding, "not read: it is over the limit of size")
    try:
        fresh, why_not = _fresh_bodies(finding, found, header)
    except SourceError as error:
        reason = f"its source does not compile: {shorten(error.message)}"
        return replace(finding, state=PycState.DIFFERS, reason=reason)
    if is_same_body(data[header.size_bytes :], fresh):
        return _same(finding)
    try:
        records = [_record(body, limits) for body in fresh]
    except PycError as error:  # the limits are too low for this source
        return _noted(finding, f"not compared: recompiled, it {error.message}")
    try:
        code = parse_pyc(data, path=found.path, limits=limits).code
    except PycError as error:
        return replace(finding, state=PycState.CORRUPT, reason=error.message)
    if why_not is not None or code is None:
        return _noted(finding, why_not)
    return _compared(finding, code, records)


def _fresh_bodies(
    finding: PycFinding, found: FoundPyc, header: PycHeader
) -> tuple[list[bytes], str | None]:
    """What the source compiles to, by optimisation level; or none, and why not.

    Raises `SourceError` where the source is at fault: a syntax error.
    """
    why_not = _why_not_recompiled(finding, found, header)
    if why_not is not None or finding.source_path is None:
        return [], why_not
    try:
        return list(_recompiled(finding.source_path, found.name)), None
    except SourceError as error:
        if isinstance(error.__cause__, SyntaxError):
            raise
        return [], f"not recompiled: {error.message}"
    except TargetError as error:
        return [], f"not recompiled: {error.message}"


def _why_not_recompiled(finding: PycFinding, found: FoundPyc, header: PycHeader) -> str | None:
    if header.magic_number != RUNNING_MAGIC:
        return "not recompiled"
    if finding.source_path is None or not os.path.exists(finding.source_path):
        return ""  # a source-less module
    if found.name is not None and found.name.is_pytest:
        return "not recompiled: pytest has rewritten its asserts"
    if found.name is not None and finding.optimize is None:
        return f"not recompiled: .opt-{found.name.optimization} is another tool's"
    return None


def _recompiled(source_path: str, name: CacheName | None) -> Iterator[bytes]:
    """The marshalled code of the source, for each optimisation level that it may have been compiled with."""
    source = read_source_bytes(source_path)
    levels = _ALL_LEVELS if name is None else (int(name.optimization or 0),)
    for level in levels:
        compiled = compile_source(source, os.path.abspath(source_path), optimize=level)
        yield marshal.dumps(compiled.code)


def is_same_body(body: bytes, fresh: Sequence[bytes]) -> bool:
    """Whether the bytes are what this interpreter would write: then there is nothing to compare."""
    return body in fresh


def _record(body: bytes, limits: Limits) -> CodeRecord:
    value = read_marshal(body, version=sys.version_info[:2], limits=limits).value
    assert isinstance(value, CodeRecord)
    return value


def _compared(finding: PycFinding, code: CodeRecord, fresh: list[CodeRecord]) -> PycFinding:
    """The finding with what differs from the recompiled source; the least of it, of several levels."""
    every = [record_differences(code, record) for record in fresh]
    significant = [tuple(_significant(differences)) for differences in every]
    least = min(range(len(fresh)), key=lambda index: len(significant[index]))
    finding = replace(finding, notes=(*finding.notes, *_notes(every[least], code, fresh[least])))
    if not significant[least]:
        return _same(finding)
    return replace(
        finding,
        state=PycState.DIFFERS,
        reason=_what_differs(finding, significant[least]),
        differences=significant[least],
    )


def _same(finding: PycFinding) -> PycFinding:
    if finding.state is PycState.AMBIGUOUS:
        return replace(
            finding,
            state=PycState.VALID,
            reason="its source changed, but compiles to the same code",
        )
    return finding


def _significant(differences: tuple[RecordDifference, ...]) -> Iterator[RecordDifference]:
    """Without paths, and without columns that one side has not recorded (``-X no_debug_ranges``)."""
    for difference in differences:
        if difference.left is None or difference.right is None:
            yield difference
            continue
        parts = tuple(
            part
            for part in difference.parts
            if part.aspect is not Aspect.PATHS and not part.is_unrecorded
        )
        if parts:
            yield replace(difference, parts=parts)


def _notes(
    differences: tuple[RecordDifference, ...], code: CodeRecord, fresh: CodeRecord
) -> Iterator[str]:
    if not _is_end_of(code.co_filename, fresh.co_filename):
        yield f"compiled as {shorten(code.co_filename)}"
    if any(part.is_unrecorded for difference in differences for part in difference.parts):
        yield "columns are not recorded on both sides (-X no_debug_ranges)"


def _is_end_of(recorded: str, path: str) -> bool:
    """Whether `recorded` is `path`, as seen from some folder above it."""
    recorded = os.path.normpath(recorded)
    return path == recorded or path.endswith(os.sep + recorded)


def _what_differs(finding: PycFinding, differences: tuple[RecordDifference, ...]) -> str:
    aspects = frozenset().union(*(difference.aspects for difference in differences))
    what = "other code" if Aspect.CODE in aspects else "other line tables"
    text = f"recompiling gives {what} in {plural(len(differences), 'code object')}"
    if finding.state is PycState.UNCHECKED_HASH:
        return f"{text}; {finding.reason}"
    return text


def _noted(finding: PycFinding, note: str | None) -> PycFinding:
    return replace(finding, notes=(*finding.notes, note)) if note else finding
