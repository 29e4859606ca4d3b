"""The colours of every report, by what they mean. The values are rich style definitions."""

from __future__ import annotations

from typing import Final

__all__ = ["STYLES"]

STYLES: Final[dict[str, str]] = {
    # text of any report
    "title": "bold",
    "heading": "bold blue",
    "note": "italic bright_black",
    "muted": "bright_black",
    "key": "blue",
    "number": "cyan",
    "good": "green",
    "warn": "yellow",
    "bad": "bold red",
    "path": "magenta",
    "bar": "blue",
    "error": "bold red",
    # source text
    "source.line_number": "bold yellow",
    "source.text": "bright_white",
    "source.caret": "bright_red",
    # instructions
    "dis.offset": "bright_black",
    "dis.depth": "bright_black",
    "dis.lane": "magenta",
    "dis.region": "red",
    "dis.label": "bold magenta",
    "dis.current": "bold reverse",
    "dis.opname": "cyan",
    "dis.opname.jump": "bold magenta",
    "dis.opname.call": "bold green",
    "dis.opname.raise": "bold red",
    "dis.opname.return": "bold yellow",
    "dis.opname.filler": "bright_black",
    "dis.arg": "bright_black",
    "dis.argrepr": "default",
    "dis.bytes": "bright_black",
    "dis.cache": "bright_black",
    "dis.explanation": "italic green",
    "dis.code_object": "bold blue",
    # what a run made of it
    "run.specialised": "bold green",
    "run.generic": "yellow",
    "run.never": "bright_black",
    "run.count": "cyan",
    "run.hot": "bold red",
    # what differs
    "diff.added": "green",
    "diff.removed": "red",
    "diff.changed": "yellow",
    "diff.same": "bright_black",
    # caches
    "pyc.valid": "green",
    "pyc.stale": "yellow",
    "pyc.ambiguous": "bold yellow",
    "pyc.orphan": "magenta",
    "pyc.foreign-version": "bright_black",
    "pyc.corrupt": "bold red",
    "pyc.unchecked-hash": "cyan",
    "pyc.unreadable": "red",
    "pyc.differs": "bold red",
    # control flow
    "flow.block": "blue",
    "flow.edge": "magenta",
    "flow.edge.true": "green",
    "flow.edge.false": "red",
    "flow.edge.back": "bold magenta",
    "flow.edge.exception": "yellow",
    "flow.unreachable": "bright_black",
}
