"""Which code objects of a module a name or a regular expression means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..errors import TargetNotFound, UsageError
from ..safe_text import escape
from .live import is_code

__all__ = ["qualified_names", "select_codes"]

_FIRST_WITH_QUALNAME = (3, 11)
_OPTIMIZED = 0x1
"""Set for functions, not for classes and modules."""

Code = Any
"""A native code object or a record of one."""


def select_codes(code: Code, selector: str | None, shown_name: str) -> tuple[Code, ...]:
    """The code objects in `code` that `selector` names, in their order; all of it without one.

    ``outer.inner`` finds ``outer.<locals>.inner`` too. Raises `TargetNotFound` with the nearest names.
    """
    if selector is None:
        return (code,)
    named = list(qualified_names(code))
    if len(selector) > 1 and selector.startswith("/") and selector.endswith("/"):
        pattern = _pattern(selector)
        found = [nested for name, nested in named if pattern.search(name)]
    else:
        found = [nested for name, nested in named if selector in (name, _without_locals(name))]
        if not found:
            found = [nested for _, nested in named if nested.co_name == selector]
    if found:
        return tuple(_outermost(found))
    raise TargetNotFound(
        f"no code object matches {escape(selector)}",
        target=escape(shown_name),
        hint=_near_names(selector, [_without_locals(name) for name, _ in named]),
    )


def _pattern(selector: str) -> re.Pattern[str]:
    try:
        return re.compile(selector[1:-1])
    except re.error as error:
        raise UsageError(f"not a regular expression: {error}", target=escape(selector)) from error


def qualified_names(code: Code, prefix: str = "") -> Iterator[tuple[str, Code]]:
    """Qualified name and code object of all that is nested in `code`, parents first."""
    for const in code.co_consts:
        if is_code(const):
            qualname = nested_qualname(const, prefix)
            yield qualname, const
            yield from qualified_names(const, prefix_within(const, qualname))


def nested_qualname(code: Code, prefix: str) -> str:
    """The qualified name of a nested code object; before 3.11 it isn't stored, and is put together."""
    is_stored = getattr(code, "version", _FIRST_WITH_QUALNAME) >= _FIRST_WITH_QUALNAME
    qualname: str = code.co_qualname if is_stored else prefix + code.co_name
    return qualname


def prefix_within(code: Code, qualname: str) -> str:
    """What the names of those nested in `code` start with."""
    return f"{qualname}.<locals>." if code.co_flags & _OPTIMIZED else f"{qualname}."


def _without_locals(qualname: str) -> str:
    return qualname.replace(".<locals>", "")


def _outermost(codes: list[Code]) -> Iterator[Code]:
    """Those that are not shown already inside another one."""
    inside: set[int] = set()
    for code in codes:
        if id(code) in inside:
            continue
        inside.update(id(nested) for _, nested in qualified_names(code))
        yield code


def _near_names(selector: str, names: list[str]) -> str:
    from difflib import get_close_matches

    if not names:
        return "it defines no function or class"
    last = {name.rpartition(".")[2]: name for name in reversed(names)}
    near = get_close_matches(selector, names, n=3, cutoff=0.6)
    near += [last[name] for name in get_close_matches(selector, list(last), n=3, cutoff=0.6)]
    near = list(dict.fromkeys(near))[:3] or names[:3]
    choices = " or ".join(escape(name) for name in near)
    more = f", of {len(names)}" if len(names) > len(near) else ""
    return f"nearest: {choices}{more}"
