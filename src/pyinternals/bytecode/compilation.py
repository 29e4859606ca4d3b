"""Compiles source without running it, and turns whatever the compiler raises into one error.

The compiler's own warnings (an invalid escape, ``is`` with a literal) are returned, not printed.
"""

from __future__ import annotations

import types
import warnings
from typing import NamedTuple

from ..errors import SourceError
from ..safe_text import escape, shorten

__all__ = ["Compiled", "SourceWarning", "compile_source"]

LONGEST_SHOWN_LINE = 200


class SourceWarning(NamedTuple):
    """One warning of the compiler."""

    line: int
    message: str


class Compiled(NamedTuple):
    """A code object and what the compiler warned of."""

    code: types.CodeType
    warnings: tuple[SourceWarning, ...]


def compile_source(data: bytes | str, filename: str, *, optimize: int = -1) -> Compiled:
    """Compile `data` as a module named `filename`; nothing of it is executed.

    Raises `SourceError`, whose `detail` is the source line and a caret where the compiler names one.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            # dont_inherit: the future imports of this file are not the target's
            code = compile(data, filename, "exec", dont_inherit=True, optimize=optimize)
        except SyntaxError as error:
            raise _syntax_error(error, filename) from error
        except (ValueError, OverflowError, RecursionError, MemoryError, SystemError) as error:
            reason = str(error) or type(error).__name__
            raise SourceError(
                f"the compiler gives up: {shorten(reason)}", target=escape(filename)
            ) from error
    found = [SourceWarning(item.lineno, str(item.message)) for item in caught]
    return Compiled(code, tuple(dict.fromkeys(found)))


def _syntax_error(error: SyntaxError, filename: str) -> SourceError:
    line = error.lineno
    place = f"{escape(filename)}:{line}" if line else escape(filename)
    kind = type(error).__name__
    message = f"{kind}: {shorten(error.msg or 'invalid syntax', LONGEST_SHOWN_LINE)}"
    return SourceError(message, target=place, detail=_caret_lines(error))


def _caret_lines(error: SyntaxError) -> tuple[str, ...]:
    """The offending source line and carets under it, as the interpreter draws them."""
    if not error.text or error.lineno is None or error.offset is None:
        return ()
    text = error.text.split("\n", 1)[0].rstrip("\r")
    start = max(error.offset - 1, 0)
    same_line = error.end_lineno in (None, error.lineno)
    end = (error.end_offset or error.offset) - 1 if same_line else len(text)
    first = max(0, start - LONGEST_SHOWN_LINE // 2)
    window = text[first : first + LONGEST_SHOWN_LINE]
    indent = len(window) - len(window.lstrip())
    before = escape(window[indent : start - first].replace("\t", " "))
    marked = escape(window[max(start - first, indent) : max(end - first, start - first + 1)])
    shown = escape(window[indent:].replace("\t", " "))
    return (f"    {shown}", f"    {' ' * len(before)}{'^' * max(1, len(marked))}")
