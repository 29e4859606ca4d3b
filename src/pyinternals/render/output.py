"""Where a report goes, what that place can show, and the one function that writes there.

On a terminal: colour, box drawing, the terminal's width. Anywhere else: plain ASCII drawing, no colour,
no limit on width. ``NO_COLOR``, ``FORCE_COLOR``, ``COLUMNS`` and ``TERM=dumb`` hold everywhere.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

from ..errors import TargetUnreadable
from .palette import Palette, ansi_palette, plain_palette

__all__ = ["Output", "flush", "output_for", "write_lines"]

_LINES_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Output:
    """A stream and what it can show."""

    stream: TextIO
    is_terminal: bool
    color_system: str | None
    """rich's name of it; None for no colour."""
    width: int | None
    """Columns a line may take; None for no limit."""
    unicode: bool
    """Whether the stream's encoding can write box drawing."""

    @property
    def palette(self) -> Palette:
        """The palette for this place."""
        drawing = self.unicode and (self.is_terminal or self.color_system is not None)
        if self.color_system is None:
            return plain_palette(unicode=drawing)
        return ansi_palette(self.color_system, unicode=drawing)


def output_for(
    stream: TextIO | None = None,
    *,
    width: int | None = None,
    environ: Mapping[str, str] | None = None,
) -> Output:
    """What `stream` (default: standard output) can show. `width` overrides what is found."""
    stream = sys.stdout if stream is None else stream
    environ = os.environ if environ is None else environ
    try:
        is_terminal = stream.isatty()
    except ValueError:  # a closed stream
        is_terminal = False
    if width is None:
        width = _found_width(stream, environ, is_terminal=is_terminal)
    return Output(
        stream=stream,
        is_terminal=is_terminal,
        color_system=_color_system(environ, is_terminal=is_terminal),
        width=width,
        unicode=(getattr(stream, "encoding", None) or "ascii").lower().startswith("utf"),
    )


def _color_system(environ: Mapping[str, str], *, is_terminal: bool) -> str | None:
    """https://no-color.org and https://force-color.org: set and not empty."""
    if environ.get("NO_COLOR"):
        return None
    term = environ.get("TERM", "")
    if not environ.get("FORCE_COLOR") and (not is_terminal or term in ("dumb", "")):
        return None
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "truecolor"
    return "256" if "256color" in term else "standard"


def _found_width(stream: TextIO, environ: Mapping[str, str], *, is_terminal: bool) -> int | None:
    columns = environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns) > 0:
        return int(columns)
    if not is_terminal:
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def write_lines(lines: Iterable[str], stream: TextIO) -> None:
    """Write each of `lines` and a line end; what the encoding lacks becomes a backslash escape."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    rest = iter(lines)
    while chunk := list(islice(rest, _LINES_AT_ONCE)):
        text = "\n".join(chunk) + "\n"
        try:
            stream.write(text)
        except UnicodeEncodeError:
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritable(error) from error
    flush(stream)


def flush(stream: TextIO) -> None:
    """Hand on what `stream` still holds; raises `TargetUnreadable` where there is no room for it."""
    try:
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> TargetUnreadable:
    return TargetUnreadable(f"can't be written: {error.strerror}", target="output")
