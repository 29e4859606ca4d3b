"""The Python whose imports .pyc files are judged for: the running one, or one that is named."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from typing import Final

from ..errors import UsageError
from ..safe_text import escape
from .pyc_file import PycHeader

__all__ = ["RUNNING_MAGIC", "AskedPython", "named_python", "running_python"]

RUNNING_MAGIC: Final = int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
"""The magic number of the interpreter we run on."""

_PYTHON_NAME = re.compile(r"(?:(cpython|pypy)[- ]?)?([23])\.?([0-9]{1,2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AskedPython:
    """The Python whose imports the files are judged for."""

    name: str
    implementation: str
    version: tuple[int, int]
    magic_number: int | None
    """The one it accepts; None for the release's of its version, whichever that is."""

    def accepts(self, header: PycHeader) -> bool:
        """Whether it would take a file with this header for its own."""
        if self.magic_number is not None:
            return header.magic_number == self.magic_number
        return (
            header.version == self.version
            and header.implementation == self.implementation
            and not header.is_prerelease
        )


def running_python() -> AskedPython:
    """The interpreter we run on."""
    version = sys.version_info[:2]
    name = ".".join(map(str, version))
    return AskedPython(name, sys.implementation.name, version, RUNNING_MAGIC)


def named_python(name: str) -> AskedPython:
    """The Python that is called ``3.12``, ``cpython-312``, ``pypy39`` … Raises `UsageError` otherwise."""
    match = _PYTHON_NAME.fullmatch(name)
    if match is None:
        raise UsageError("is no Python version", target=escape(name), hint="as in 3.12 or pypy3.9")
    implementation = (match[1] or "cpython").lower()
    version = (int(match[2]), int(match[3]))
    running = running_python()
    if (running.implementation, running.version) == (implementation, version):
        return running
    shown = ".".join(map(str, version))
    shown = shown if implementation == "cpython" else f"PyPy {shown}"
    return AskedPython(shown, implementation, version, None)
