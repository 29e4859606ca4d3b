"""The one JSON envelope of every command, and the schemas shipped beside this file.

docs/json.md describes it. A field that changes meaning or goes raises the number after the slash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["Json", "envelope", "json_lines", "schema_text", "warning"]

Json = dict[str, Any]


def envelope(
    schema: str, data: Json, *, target: Json | None = None, warnings: Iterable[Json] = ()
) -> Json:
    """`data` in the envelope. `schema` is a name such as ``"dis/1"``; `target` is null for files."""
    from .. import __version__

    return {
        "schema": f"pyinternals.{schema}",
        "pyinternals": __version__,
        "target": target,
        "data": data,
        "warnings": list(warnings),
    }


def warning(code: str, message: str) -> Json:
    """One entry of ``warnings``."""
    return {"code": code, "message": message}


def json_lines(document: Json, *, indent: int | None = None) -> Iterator[str]:
    """The document as text: one line, or indented. ASCII only, so any terminal or pipe can take it."""
    import json

    yield json.dumps(document, indent=indent, separators=None if indent else (",", ":"))


def schema_text(command: str) -> str:
    """The JSON Schema of a command's output, as shipped in ``render/schemas/``."""
    from importlib.resources import files

    return (files(__package__) / "schemas" / f"{command}.json").read_text("utf-8").rstrip("\n")
