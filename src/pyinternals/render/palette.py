"""Colour as data: the same report is plain text, ANSI or HTML, by the palette it is laid out with.

A renderer asks for the marks of a style once, before its loop, and puts them around text with an
f-string; that costs no more than printing (docs/architecture.md has the figures).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from .theme import STYLES

__all__ = ["Palette", "ansi_palette", "html_palette", "plain_palette"]


class Palette:
    """What stands before and after text of each style, and how text is escaped.

    `unicode` says whether box drawing and arrows may be used; without it they are ASCII.
    """

    __slots__ = ("_marks", "escape", "is_html", "unicode")

    def __init__(
        self,
        marks: Callable[[str], tuple[str, str]],
        *,
        escape: Callable[[str], str] = str,
        unicode: bool,
        is_html: bool = False,
    ) -> None:
        self._marks = marks
        self.escape = escape
        self.unicode = unicode
        self.is_html = is_html

    def marks(self, style: str) -> tuple[str, str]:
        """The opening and closing marks of `style`, a name from `theme.STYLES`."""
        return self._marks(style)

    def paint(self, style: str, text: str) -> str:
        """`text`, escaped, between the marks of `style`."""
        opening, closing = self._marks(style)
        return f"{opening}{self.escape(text)}{closing}"


def plain_palette(*, unicode: bool = False) -> Palette:
    """No colour at all."""
    return Palette(lambda style: ("", ""), unicode=unicode)


def ansi_palette(color_system: str = "standard", *, unicode: bool = True) -> Palette:
    """Terminal colours. `color_system` is rich's name: ``standard``, ``256`` or ``truecolor``."""
    return Palette(lambda style: _ansi_marks(style, color_system), unicode=unicode)


@cache
def _ansi_marks(style: str, color_system: str) -> tuple[str, str]:
    from rich.color import ColorSystem
    from rich.style import Style

    systems = {
        "standard": ColorSystem.STANDARD,
        "256": ColorSystem.EIGHT_BIT,
        "truecolor": ColorSystem.TRUECOLOR,
    }
    painted = Style.parse(STYLES[style]).render("\0", color_system=systems[color_system])
    opening, _, closing = painted.partition("\0")
    return opening, closing


def html_palette() -> Palette:
    """Spans whose classes are the styles' names; the page brings the style sheet."""
    from html import escape

    return Palette(
        lambda style: (f'<span class="{style.replace(".", "-")}">', "</span>"),
        escape=escape,
        unicode=True,
        is_html=True,
    )
