"""Every fact that depends on the Python version or the platform, named and explained.

Code asks for the feature, never for the version. A fact that can be probed is probed where it is used
(see `bytecode.opcode_table`); what stands here could not be.
"""

from __future__ import annotations

import os
import sys
from typing import Final

__all__ = [
    "HAS_GIL",
    "HAS_MONITORING",
    "HAS_PROCESS_GROUPS",
    "IS_CPYTHON",
    "IS_LINUX",
    "IS_SUPPORTED",
    "SUPPORTED_VERSIONS",
    "describe_interpreter",
]

SUPPORTED_VERSIONS: Final = ((3, 11), (3, 12), (3, 13), (3, 14), (3, 15))
"""The versions whose every figure is tested against the interpreter's own."""

IS_CPYTHON: Final = sys.implementation.name == "cpython"
"""Bytecode, the collector's generations and pymalloc are CPython's; others have their own."""

IS_SUPPORTED: Final = IS_CPYTHON and sys.version_info[:2] in SUPPORTED_VERSIONS
"""Whether this is an interpreter we have compared ourselves with."""

HAS_PROCESS_GROUPS: Final = os.name == "posix"
"""Process groups, terminals and signals as `dis --run` needs them."""

IS_LINUX: Final = sys.platform == "linux"
"""/proc and /sys are Linux's; what needs them says so elsewhere."""

HAS_MONITORING: Final = hasattr(sys, "monitoring")
"""PEP 669, since 3.12: instructions can be counted without a trace function."""

HAS_GIL: Final = getattr(sys, "_is_gil_enabled", lambda: True)()
"""False on a free-threaded build (3.13+, PEP 703) that runs without the lock."""


def describe_interpreter() -> str:
    """The interpreter we run on, in a few words: ``"CPython 3.13.0"``, ``"PyPy 3.11.13"``."""
    names = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}
    name = names.get(sys.implementation.name, sys.implementation.name)
    version = ".".join(str(part) for part in sys.version_info[:3])
    return f"{name} {version}" + ("" if HAS_GIL else " free-threaded")
