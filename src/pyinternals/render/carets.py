"""Source lines as they are shown, and carets under the span an instruction stands for.

`co_positions` counts columns in UTF-8 bytes; what is shown has tabs expanded, control characters
escaped and wide characters two columns wide. Carets stand under what is shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..bytecode.facts import CodeObject, Instruction
from ..safe_text import escape
from .cells import cell_width, cut
from .palette import Palette

__all__ = ["CaretWriter", "caret_lines", "display_text"]

TAB = "    "
LONGEST_LINE = 2_000
"""Characters of a source line that are shown where nothing else limits it."""


def display_text(text: str) -> str:
    """A source line that is safe to show: tabs as four spaces, other control characters escaped."""
    if len(text) > LONGEST_LINE:
        return f"{_safe(text[:LONGEST_LINE])}... ({len(text):,} characters)"
    return _safe(text)


def _safe(text: str) -> str:
    if text.isprintable():
        return text
    return escape(text.replace("\t", TAB))


def caret_lines(
    code_object: CodeObject,
    instruction: Instruction,
    palette: Palette,
    *,
    width: int | None,
    shown_line: int | None = None,
) -> Iterator[str]:
    """Carets under the instruction's span, below its source line; nothing if it has none.

    The source line itself is left out if it is `shown_line`, the row just above.
    """
    span = instruction.positions
    source = code_object.source
    if span is None or span.lineno is None or span.col_offset is None or source is None:
        return
    text = source.line(span.lineno)
    if text is None:
        return
    data = text.encode("utf-8", "surrogateescape")
    one_line = span.end_lineno in (None, span.lineno)
    end = span.end_col_offset if one_line and span.end_col_offset is not None else len(data)
    before = _safe(data[: span.col_offset].decode("utf-8", "replace"))
    marked = _safe(data[span.col_offset : end].decode("utf-8", "replace"))
    if one_line and span.col_offset == 0 and end == 0:
        return  # a span of nothing, as RESUME has
    bar = "│" if palette.unicode else "|"
    indent = cell_width(before)
    carets = "^" * max(1, cell_width(marked))
    suffix = "" if one_line else f" to line {span.end_lineno}"
    room = width - 9 if width is not None else LONGEST_LINE
    shown = _safe(text)[:LONGEST_LINE]
    if indent >= room:
        return
    if span.lineno != shown_line:
        number = palette.paint("muted", f"{span.lineno:>6} {bar}")
        yield f"{number} {palette.paint('source.text', cut(shown, room, palette))}"
    caret_text = cut(" " * indent + carets + suffix, room, palette)
    yield f"{palette.paint('muted', f'       {bar}')} {palette.paint('source.caret', caret_text)}"


class CaretWriter:
    """Carets under each span of source that differs from the one before."""

    def __init__(self, code_object: CodeObject, palette: Palette, *, width: int | None) -> None:
        self.code_object = code_object
        self.palette = palette
        self.width = width
        self.shown_line: int | None = None
        self.last_span: object = None

    def line_is_shown(self, line: int | None) -> None:
        """The row above is this source line."""
        self.shown_line, self.last_span = line, None

    def under(self, instruction: Instruction) -> Iterator[str]:
        """The rows for `instruction`; none if its span was marked just before."""
        if instruction.positions == self.last_span:
            return
        yield from caret_lines(
            self.code_object,
            instruction,
            self.palette,
            width=self.width,
            shown_line=self.shown_line,
        )
        self.shown_line, self.last_span = None, instruction.positions
