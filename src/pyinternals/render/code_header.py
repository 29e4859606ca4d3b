"""What stands above a code object's instructions, and the tree of nested code objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..bytecode.facts import CodeObject
from ..safe_text import escape, safe_repr, shorten
from ..units import plural
from .cells import cell_width, cut, fitted_row
from .palette import Palette

__all__ = ["header_lines", "tree_lines"]

_NAME_WIDTH = 44
_MOST_ENTRIES = 200
"""Entries of one of a code object's tables that are listed; the JSON has them all."""


def header_lines(code_object: CodeObject, palette: Palette, *, width: int | None) -> Iterator[str]:
    """Name, place, size, flags in words, and the tables the instructions index into."""
    qualname = shorten(code_object.qualname)
    place = f"{escape(code_object.filename)}:{code_object.first_line}"
    title = [("dis.code_object", f"code object {qualname}"), ("path", f"  {place}")]
    yield fitted_row(title, palette, width)
    properties = f"  {' | '.join(_properties(code_object))}"
    yield fitted_row([("muted", properties)], palette, width)
    for key, entries, total in _tables(code_object):
        if entries:
            text = _listed(entries, total)
            if width is not None:
                text = cut(text, width - 12, palette)
            yield f"  {palette.paint('key', f'{key:<9}')} {palette.escape(text)}"


def _properties(code_object: CodeObject) -> Iterator[str]:
    yield plural(code_object.size_bytes, "byte")
    yield plural(len(code_object.instructions), "instruction")
    yield f"stack {code_object.stacksize}"
    parameters = _parameters(code_object)
    if parameters:
        yield parameters
    yield plural(code_object.local_count, "local")
    yield f"flags {' '.join(code_object.flag_names) or 'none'}"


def _parameters(code_object: CodeObject) -> str:
    parts = []
    if code_object.posonlyargcount:
        parts.append(f"{code_object.posonlyargcount} positional-only")
    positional = code_object.argcount - code_object.posonlyargcount
    if positional:
        parts.append(plural(positional, "argument"))
    if code_object.kwonlyargcount:
        parts.append(f"{code_object.kwonlyargcount} keyword-only")
    if code_object.flags & 0x4:
        parts.append("*args")
    if code_object.flags & 0x8:
        parts.append("**kwargs")
    return ", ".join(parts)


def _tables(code_object: CodeObject) -> tuple[tuple[str, Sequence[str], int], ...]:
    return (
        ("consts", _reprs(code_object.consts), len(code_object.consts)),
        ("names", _escaped(code_object.names), len(code_object.names)),
        ("locals", _escaped(code_object.varnames), len(code_object.varnames)),
        ("cells", _escaped(code_object.cellvars), len(code_object.cellvars)),
        ("free", _escaped(code_object.freevars), len(code_object.freevars)),
    )


def _reprs(values: Sequence[Any]) -> list[str]:
    return [safe_repr(value) for value in values[: _MOST_ENTRIES + 1]]


def _escaped(names: Sequence[str]) -> list[str]:
    return [shorten(name) for name in names[: _MOST_ENTRIES + 1]]


def _listed(entries: Sequence[str], total: int) -> str:
    shown = ", ".join(entries[:_MOST_ENTRIES])
    return f"{shown}, ... ({total:,} in all)" if total > _MOST_ENTRIES else shown


def tree_lines(root: CodeObject, palette: Palette, *, width: int | None) -> Iterator[str]:
    """`root` and everything nested in it, one line each: name, line, size, kind."""
    count = sum(1 for _ in root.walk())
    total = sum(code_object.size_bytes for code_object in root.walk())
    title = escape(root.title or root.qualname)
    version = ".".join(str(part) for part in root.version)
    summary = f"{plural(count, 'code object')}, {plural(total, 'byte')}, CPython {version}"
    yield fitted_row([("title", title), ("muted", f"  {summary}")], palette, width)
    yield from _branch(root, palette, width, "", "")


def _branch(
    code_object: CodeObject, palette: Palette, width: int | None, first_prefix: str, prefix: str
) -> Iterator[str]:
    if code_object.code is not None:
        yield _tree_row(code_object, palette, width, first_prefix)
    tee, corner, bar = ("├─ ", "└─ ", "│  ") if palette.unicode else ("|- ", "`- ", "|  ")
    for child in code_object.children:
        is_last = child is code_object.children[-1]
        yield from _branch(
            child,
            palette,
            width,
            prefix + (corner if is_last else tee),
            prefix + ("   " if is_last else bar),
        )


def _tree_row(code_object: CodeObject, palette: Palette, width: int | None, prefix: str) -> str:
    name = shorten(code_object.name, 60)
    name_width = _NAME_WIDTH if width is None else min(_NAME_WIDTH, max(12, width - 36))
    padding = " " * max(1, name_width - len(prefix) - cell_width(name))
    facts = f"line {code_object.first_line:>5}  {code_object.size_bytes:>6,} bytes"
    extra = [_kind(code_object)]
    if code_object.cellvars:
        extra.append("cells " + " ".join(shorten(name) for name in code_object.cellvars))
    if code_object.freevars:
        extra.append("free " + " ".join(shorten(name) for name in code_object.freevars))
    text = f"{facts}  {', '.join(filter(None, extra))}".rstrip()
    parts = [("muted", prefix), ("dis.code_object", name), ("muted", padding + text)]
    return fitted_row(parts, palette, width)


def _kind(code_object: CodeObject) -> str:
    for bit, kind in ((0x200, "async generator"), (0x80, "coroutine"), (0x20, "generator")):
        if code_object.flags & bit:
            return kind
    return ""
