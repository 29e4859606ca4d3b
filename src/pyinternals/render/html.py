"""HTML: one self-contained page, or a fragment for a notebook. No script or style comes from elsewhere.

The style sheet is made from the theme, for light and dark.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape as escape_html

from ..safe_text import escape
from .palette import html_palette
from .report import Report
from .theme import STYLES

__all__ = ["html_fragment", "html_page", "page"]

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="pyinternals {version}">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body class="pyinternals">
<h1>{title}</h1>
{body}
</body>
</html>
"""

_LAYOUT = """\
.pyinternals { font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  color: #1f2328; background: #ffffff; }
body.pyinternals { margin: 0; padding: 1rem 1.25rem; }
.pyinternals h1 { font-size: 1.15em; margin: 0 0 .75rem; }
.pyinternals pre { margin: 0; font: inherit; white-space: pre; overflow-x: auto; }
.pyinternals svg { max-width: 100%; height: auto; }"""

# rich's colour names as they look on a light and on a dark page
_COLOURS = {
    "red": ("#b3261e", "#ff7b72"),
    "bright_red": ("#d1242f", "#ff7b72"),
    "green": ("#1a7f37", "#56d364"),
    "yellow": ("#8a5d00", "#e3b341"),
    "blue": ("#0550ae", "#79c0ff"),
    "magenta": ("#8250df", "#d2a8ff"),
    "cyan": ("#0f6c7a", "#76e3ea"),
    "bright_black": ("#6e7781", "#8b949e"),
    "bright_white": ("#1f2328", "#f0f6fc"),
    "default": ("inherit", "inherit"),
}


def html_page(report: Report) -> str:
    """`report` as a page of its own."""
    if report.html is not None:
        return report.html()
    return page(report.title, f"<pre>{_joined(report.lines(html_palette(), None))}</pre>")


def page(title: str, body: str, *, style: str = "") -> str:
    """A whole page around `body`, which is HTML already."""
    from .. import __version__

    return _PAGE.format(
        version=__version__,
        title=escape_html(escape(title)),
        style="\n".join(filter(None, (style_sheet(), style))),
        body=body,
    )


def html_fragment(lines: Iterable[str]) -> str:
    """Lines of HTML in a block that brings its own style, for a notebook's cell."""
    return (
        f'<div class="pyinternals"><style>{style_sheet()}</style><pre>{_joined(lines)}</pre></div>'
    )


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def style_sheet() -> str:
    """The theme as CSS."""
    light = "\n".join(_rule(name, definition, 0) for name, definition in STYLES.items())
    dark = "\n".join(_rule(name, definition, 1) for name, definition in STYLES.items())
    return (
        f"{_LAYOUT}\n{light}\n@media (prefers-color-scheme: dark) {{\n"
        f".pyinternals {{ color: #d1d7e0; background: #0d1117; }}\n{dark}\n}}"
    )


def _rule(name: str, definition: str, scheme: int) -> str:
    declarations = []
    for word in definition.split():
        if word == "bold":
            declarations.append("font-weight: 600")
        elif word == "italic":
            declarations.append("font-style: italic")
        elif word == "reverse":
            declarations.append("filter: invert(1)")
        else:
            declarations.append(f"color: {_COLOURS[word][scheme]}")
    return f".pyinternals .{name.replace('.', '-')} {{ {'; '.join(declarations)} }}"
