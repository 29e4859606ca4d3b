"""A .pyc file as a target of ``dis``: its bytecode, and the source beside it where that is the one.

Nothing in the file is trusted (`marshal_reader`); it may be of any CPython from 3.8 on.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import NotPython, PyInternalsError, UsageError
from ..safe_text import escape
from .compilation import SourceWarning
from .disassemble import code_object_fact
from .facts import CodeObject
from .pyc_audit import pyc
from .pyc_file import PycHeader, read_pyc
from .pyc_findings import PycState
from .selection import select_codes
from .source import SourceText, parse_source, read_source_bytes

__all__ = ["PycTarget"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PycTarget:
    """One .pyc file, and which part of it is asked for."""

    filename: str
    selector: str | None
    shown_name: str

    def facts(
        self, *, optimize: int = -1, positions: bool = True
    ) -> tuple[tuple[CodeObject, ...], tuple[SourceWarning, ...]]:
        """The code objects asked for, and what is to be said of the source beside the file.

        Raises `PycError` for a damaged file, `NotPython` for a version whose code isn't read.
        """
        if optimize >= 0:
            raise UsageError("a .pyc file is compiled already", hint="leave -O out")
        found = read_pyc(self.filename)
        if found.code is None:
            raise NotPython(found.note or "its code can't be read", target=escape(self.filename))
        source, warnings = self._source(found.header)
        facts = tuple(
            code_object_fact(
                code,
                source=source,
                positions=positions,
                title=self.shown_name if code is found.code else None,
            )
            for code in select_codes(found.code, self.selector, self.shown_name)
        )
        return facts, warnings

    def _source(self, header: PycHeader) -> tuple[SourceText | None, tuple[SourceWarning, ...]]:
        """The source beside the file. Lines of another text would explain nothing, so it is left out."""
        is_release = header.implementation == "cpython" and not header.is_prerelease
        # judged for its own Python, not for ours
        (finding,) = pyc(self.filename, python=header.python if is_release else None).findings
        if finding.source_path is None or finding.state is PycState.ORPHAN:
            return None, ()
        warnings: tuple[SourceWarning, ...] = ()
        if finding.state is not PycState.VALID:
            what = f"{finding.state.value}: {finding.reason}"
            if finding.state is not PycState.UNCHECKED_HASH:
                return None, (SourceWarning(0, f"source left out, the file is {what}"),)
            warnings = (SourceWarning(0, what),)
        try:
            data = read_source_bytes(finding.source_path)
        except PyInternalsError as error:
            return None, (SourceWarning(0, f"source left out: {error}"),)
        return parse_source(data, finding.source_path), warnings
