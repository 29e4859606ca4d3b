"""The reports on .pyc files: audit, one file, two files, cleaning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .json_envelope import Json
from .palette import Palette
from .report import Report

if TYPE_CHECKING:
    from ..bytecode.pyc_clean import PycCleaning
    from ..bytecode.pyc_diff import PycDifference
    from ..bytecode.pyc_file import PycFile
    from ..bytecode.pyc_findings import PycAudit

__all__ = ["audit_report", "cleaning_report", "pyc_difference_report", "show_report"]


def audit_report(audit: PycAudit, *, warnings: Iterable[Json] = ()) -> Report:
    """Every file with its state, and totals."""

    def lines(palette: Palette, width: int | None) -> Iterator[str]:
        from .pyc_table import audit_lines

        return audit_lines(audit, palette, width=width)

    def document() -> Json:
        from .pyc_json import audit_document

        return audit_document(audit, warnings=warnings)

    return Report(title=".pyc files", lines=lines, document=document)


def show_report(pyc: PycFile, *, warnings: Iterable[Json] = ()) -> Report:
    """One file: its header, the tree of its code objects, the tables of each."""
    from ..bytecode.pyc_code import pyc_code_object

    root = pyc_code_object(pyc)

    def lines(palette: Palette, width: int | None) -> Iterator[str]:
        from .pyc_show import show_lines

        return show_lines(pyc, root, palette, width=width)

    def document() -> Json:
        from .pyc_json import show_document

        return show_document(pyc, root, warnings=warnings)

    return Report(title=pyc.path, lines=lines, document=document)


def pyc_difference_report(difference: PycDifference, *, warnings: Iterable[Json] = ()) -> Report:
    """Two files beside each other."""

    def lines(palette: Palette, width: int | None) -> Iterator[str]:
        from .pyc_difference import pyc_difference_lines

        return pyc_difference_lines(difference, palette, width=width)

    def document() -> Json:
        from .pyc_json import pyc_difference_document

        return pyc_difference_document(difference, warnings=warnings)

    title = f"{difference.left.path} and {difference.right.path}"
    return Report(title=title, lines=lines, document=document)


def cleaning_report(cleaning: PycCleaning, *, warnings: Iterable[Json] = ()) -> Report:
    """What was removed, or would be."""

    def lines(palette: Palette, width: int | None) -> Iterator[str]:
        from .pyc_cleaning import cleaning_lines

        return cleaning_lines(cleaning, palette, width=width)

    def document() -> Json:
        from .pyc_json import cleaning_document

        return cleaning_document(cleaning, warnings=warnings)

    return Report(title=".pyc files removed", lines=lines, document=document)
