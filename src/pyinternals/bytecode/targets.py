"""What a user can ask to see on the command line, and how it becomes a code object.

::

    file.py                    a source file
    file.py::Class.method      a name in it, nested ones too
    file.py::/regex/           every code object whose qualified name matches
    file.pyc                   compiled code of any CPython from 3.8 on; names in it likewise
    package.module             a module, found without importing it
    package.module:Class.name  a name in it (``::`` works as well)
    -                          standard input

The target is compiled, never executed.
"""

from __future__ import annotations

import os
import sys
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import TargetUnreadable, UsageError
from ..safe_text import escape
from .compilation import SourceWarning, compile_source
from .disassemble import code_object_fact
from .facts import CodeObject
from .modules import find_module_source
from .selection import select_codes
from .source import (
    LARGEST_SOURCE_BYTES,
    SourceText,
    check_is_text,
    parse_source,
    read_source_bytes,
    too_large,
)

if TYPE_CHECKING:
    from .pyc_target import PycTarget

__all__ = [
    "SourceTarget",
    "code_target",
    "module_target",
    "resolve_target",
]

_STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class SourceTarget:
    """Source that can be compiled, and which part of it is asked for."""

    kind: str
    """How Python would run it: ``script``, ``module`` (``-m``), ``code`` (``-c``) or ``import``."""
    filename: str
    """What tracebacks call it."""
    module_name: str
    """``__name__`` it would have when imported."""
    data: bytes
    selector: str | None
    """A qualified name or ``/regex/``; None for all of it."""
    shown_name: str
    is_package: bool = False

    @property
    def source(self) -> SourceText:
        """Its text, by lines."""
        return parse_source(self.data, self.filename)

    def compile(self, optimize: int = -1) -> tuple[types.CodeType, tuple[SourceWarning, ...]]:
        """The module's native code object and the compiler's warnings. Nothing is executed."""
        compiled = compile_source(self.data, self.filename, optimize=optimize)
        return compiled.code, compiled.warnings

    def facts(
        self, *, optimize: int = -1, positions: bool = True
    ) -> tuple[tuple[CodeObject, ...], tuple[SourceWarning, ...]]:
        """The code objects asked for (more than one where a name is defined twice), and warnings."""
        code, found_warnings = self.compile(optimize)
        source = self.source
        level = optimize if optimize >= 0 else sys.flags.optimize
        facts = tuple(
            code_object_fact(
                selected,
                source=source,
                optimize=level,
                positions=positions,
                title=self.shown_name if selected is code else None,
            )
            for selected in select_codes(code, self.selector, self.shown_name)
        )
        return facts, found_warnings


def code_target(text: str) -> SourceTarget:
    """``-c CODE``."""
    return SourceTarget(
        kind="code",
        filename="<string>",
        module_name="__main__",
        data=text.encode("utf-8", "surrogateescape"),
        selector=None,
        shown_name="-c",
    )


def module_target(text: str, *, as_program: bool) -> SourceTarget:
    """``package.module`` or ``package.module:qualname``; with `as_program` what ``-m`` would run."""
    name, selector = _split_module(text)
    found = find_module_source(name, as_program=as_program)
    data = found.data if found.data is not None else read_source_bytes(found.filename)
    return SourceTarget(
        kind="module" if as_program else "import",
        filename=found.filename,
        module_name=found.name,
        data=data,
        selector=selector,
        shown_name=f"-m {text}" if as_program else text,
        is_package=found.is_package,
    )


def _split_module(text: str) -> tuple[str, str | None]:
    name, colon, selector = text.partition("::" if "::" in text else ":")
    if colon and not selector:
        raise UsageError("no name behind the colon", target=escape(text), hint="as in json:dumps")
    return name, selector or None


def resolve_target(
    text: str, *, largest_bytes: int = LARGEST_SOURCE_BYTES
) -> SourceTarget | PycTarget:
    """The target that `text` names: a file first, a module if it can't be a path.

    Raises a `TargetError` that says what was tried.
    """
    location, selector = _split_file(text)
    if location == _STDIN:
        return _stdin_target(selector, largest_bytes)
    if not location:
        raise UsageError("no file is named", hint="as in file.py or file.py::name")
    if _is_module_name(location) and not os.path.lexists(location):
        return module_target(text, as_program=False)
    if location.endswith((".pyc", ".pyo")):
        from .pyc_target import PycTarget

        return PycTarget(filename=location, selector=selector, shown_name=text)
    return SourceTarget(
        kind="script",
        filename=location,
        module_name=os.path.splitext(os.path.basename(location))[0],
        data=read_source_bytes(location, largest_bytes=largest_bytes),
        selector=selector,
        shown_name=text,
    )


def _split_file(text: str) -> tuple[str, str | None]:
    location, separator, selector = text.partition("::")
    if separator and not selector:
        raise UsageError("no name behind the ::", target=escape(text), hint="as in file.py::name")
    return location, selector or None


def _is_module_name(location: str) -> bool:
    name = location.partition(":")[0]
    return not name.endswith((".py", ".pyw")) and all(
        part.isidentifier() for part in name.split(".")
    )


def _stdin_target(selector: str | None, largest_bytes: int) -> SourceTarget:
    if sys.stdin is None:
        raise TargetUnreadable("is closed", target="standard input", hint="pipe source into it")
    try:
        data = sys.stdin.buffer.read(largest_bytes + 1)
    except (OSError, ValueError) as error:
        raise TargetUnreadable(
            "can't be read", target="standard input", hint="pipe source into it"
        ) from error
    if len(data) > largest_bytes:
        raise too_large(len(data), largest_bytes, "standard input")
    check_is_text(data, "standard input")
    return SourceTarget(
        kind="script",
        filename="<stdin>",
        module_name="__main__",
        data=data,
        selector=selector,
        shown_name="<stdin>",
    )
