"""pyinternals: see how a Python program really runs.

::

    python -m pyinternals dis file.py        # bytecode, with its source, jumps and stack depths
    pyinternals.dis(function)                # the same as a frozen fact

Importing this package imports nothing else: every public name is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if (
    TYPE_CHECKING
):  # type checkers take it for true; importing `typing` would double the cost of importing us
    from typing import Any

    from .bytecode.disassemble import dis
    from .bytecode.pyc_audit import pyc
    from .bytecode.pyc_file import read_pyc
    from .errors import (
        LimitExceeded,
        NotPython,
        ProgramError,
        PycError,
        PyInternalsError,
        SourceError,
        TargetError,
        TargetNotFound,
        TargetTooLarge,
        TargetUnreadable,
        UsageError,
    )

__version__ = "0.1.0"

__all__ = [
    "LimitExceeded",
    "NotPython",
    "ProgramError",
    "PyInternalsError",
    "PycError",
    "SourceError",
    "TargetError",
    "TargetNotFound",
    "TargetTooLarge",
    "TargetUnreadable",
    "UsageError",
    "__version__",
    "dis",
    "pyc",
    "read_pyc",
]

_HOMES = {
    "dis": ".bytecode.disassemble",
    "pyc": ".bytecode.pyc_audit",
    "read_pyc": ".bytecode.pyc_file",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES.get(name, ".errors"), __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
