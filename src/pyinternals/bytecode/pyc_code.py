"""The code of a .pyc file as the fact that `dis` shows: instructions, tables, children."""

from __future__ import annotations

from .disassemble import code_object_fact
from .facts import CodeObject
from .pyc_file import PycFile

__all__ = ["pyc_code_object"]


def pyc_code_object(pyc: PycFile, *, positions: bool = False) -> CodeObject | None:
    """The module's code object; None where its version isn't read (`PycFile.note` says why).

    Raises `NotPython` for code objects that are nested deeper than any compiler does.
    """
    if pyc.code is None:
        return None
    return code_object_fact(pyc.code, positions=positions)
