"""A report: facts together with the two ways of showing them, before it is decided where to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .json_envelope import Json
from .palette import Palette

__all__ = ["Report"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Report:
    """What a command shows, in whichever form it is asked for."""

    title: str
    """For the head of an HTML page."""
    lines: Callable[[Palette, int | None], Iterator[str]]
    """The report line by line, for a palette and a width (None: unlimited)."""
    document: Callable[[], Json]
    """The report in the JSON envelope."""
    html: Callable[[], str] | None = None
    """A page of its own; without it the lines are put into one."""
