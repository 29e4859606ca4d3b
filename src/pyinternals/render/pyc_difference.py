"""``pyc diff``: what differs between two .pyc files, from the header down to the instructions."""

from __future__ import annotations

from collections.abc import Iterator

from ..bytecode.pyc_diff import PycDifference
from ..bytecode.pyc_file import PycFile
from ..safe_text import escape
from ..units import format_bytes, plural
from .cells import fitted_row
from .code_difference import difference_lines
from .palette import Palette
from .pyc_table import difference_text

__all__ = ["pyc_difference_lines", "verdict"]

_WORDS = {
    "header": "the header",
    "code": "the code",
    "line tables": "line tables",
    "paths": "paths (co_filename)",
    "encoding": "the encoding (which objects are references or interned, the order of sets)",
    "body": "the code, which can't be read",
}


def pyc_difference_lines(
    difference: PycDifference, palette: Palette, *, width: int | None
) -> Iterator[str]:
    """Both files, the verdict, and then every difference."""
    for mark, style, pyc in (
        ("-", "diff.removed", difference.left),
        ("+", "diff.added", difference.right),
    ):
        yield fitted_row([(style, f"{mark} {_described(pyc)}")], palette, width)
    yield fitted_row([("title", verdict(difference))], palette, width)
    arrow = "→" if palette.unicode else "->"
    for one in difference.header:
        text = escape(f" {one.left} {arrow} {one.right}")
        yield fitted_row([("key", f"  {one.name:<12}"), ("diff.changed", text)], palette, width)
    if difference.records:
        yield ""
        yield f"{plural(len(difference.records), 'code object')}:"
        for record in difference.records:
            text = difference_text(record, palette)
            name = escape(record.identity)
            yield fitted_row(
                [("dis.code_object", f"  {name}"), ("muted", f"  {text}")], palette, width
            )
    if difference.code is not None and not difference.code.is_same:
        yield ""
        yield from difference_lines(difference.code, palette, width=width)


def _described(pyc: PycFile) -> str:
    facts = f"Python {pyc.header.python}, {pyc.header.mode}, {format_bytes(pyc.size_bytes)}"
    return f"{escape(pyc.path)}  ({facts.replace('Python PyPy', 'PyPy')})"


def verdict(difference: PycDifference) -> str:
    """One sentence."""
    if difference.is_identical:
        return "identical"
    words = [_WORDS[word] for word in difference.differs_in]
    if "code" in difference.differs_in or "body" in difference.differs_in:
        return f"different: {', '.join(words)}"
    return f"the same code; what differs: {', '.join(words)}"
