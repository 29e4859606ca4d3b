"""The base class of every report that pyinternals returns: how a fact shows itself.

A fact is a frozen value that knows no colour and does no I/O. When somebody prints one, looks at it in
a REPL or in Jupyter, or hands it to rich, it asks `pyinternals.render` for its renderer at that moment.
That lazy import is the only one in the package that looks up (see docs/architecture.md, rule 9).
"""

from __future__ import annotations

from typing import Any

__all__ = ["Fact"]


class Fact:
    """A report that shows itself: `print`, a REPL, rich, Jupyter; and turns into JSON."""

    __slots__ = ()

    def __str__(self) -> str:
        from .render.showing import show_text

        return show_text(self)

    def __repr__(self) -> str:
        return str(self)

    def __rich__(self) -> Any:
        from .render.showing import show_rich

        return show_rich(self)

    def _repr_html_(self) -> str:
        from .render.showing import show_html

        return show_html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from .render.showing import show_html, show_plain

        return {"text/plain": show_plain(self), "text/html": show_html(self)}

    def to_json(self) -> dict[str, Any]:
        """The fact as the command of the same name prints it with ``--json``: one envelope, plain values."""
        from .render.showing import show_json

        return show_json(self)
