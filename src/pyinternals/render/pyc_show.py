"""``pyc show``: a .pyc file's header, the tree of its code objects, and the tables of each."""

from __future__ import annotations

from collections.abc import Iterator

from ..bytecode.facts import CodeObject
from ..bytecode.pyc_diff import recorded_time
from ..bytecode.pyc_file import PycFile
from ..safe_text import escape
from ..units import format_bytes, format_count, plural
from .cells import fitted_row
from .code_header import header_lines, tree_lines
from .palette import Palette

__all__ = ["show_lines"]


def show_lines(
    pyc: PycFile, root: CodeObject | None, palette: Palette, *, width: int | None
) -> Iterator[str]:
    """The file, its header, its code; `root` is None where the code isn't read."""
    title = [("title", escape(pyc.path)), ("muted", f"  {format_bytes(pyc.size_bytes)}")]
    yield fitted_row(title, palette, width)
    for key, text in _facts(pyc):
        yield fitted_row([("key", f"  {key:<12}"), ("muted", f" {text}")], palette, width)
    if pyc.note is not None:
        yield fitted_row([("note", f"  {pyc.note}")], palette, width)
    if root is None:
        return
    yield ""
    yield from tree_lines(root, palette, width=width)
    for code_object in root.walk():
        yield ""
        yield from header_lines(code_object, palette, width=width)


def _facts(pyc: PycFile) -> Iterator[tuple[str, str]]:
    header = pyc.header
    yield "python", f"{header.python}, magic number {header.magic_number}"
    flags = "" if header.flags is None else f", flags {header.flags:#x}"
    yield "mode", f"{header.mode}{flags}, {plural(header.size_bytes, 'byte')} of header"
    if header.source_mtime_s is not None:
        yield "source time", f"{recorded_time(header.source_mtime_s)} ({header.source_mtime_s})"
    if header.source_size_bytes is not None:
        yield "source size", plural(header.source_size_bytes, "byte")
    if header.source_hash is not None:
        yield "source hash", header.source_hash
    if pyc.object_count is not None and pyc.reference_count is not None:
        references = plural(pyc.reference_count, "reference")
        yield "marshalled", f"{format_count(pyc.object_count)} objects, {references} among them"
    if pyc.trailing_bytes:
        yield "behind it", f"{plural(pyc.trailing_bytes, 'byte')} that no import reads"
    if pyc.code is not None:
        yield "compiled as", escape(pyc.code.co_filename)
