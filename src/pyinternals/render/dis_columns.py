"""Columns of the ``dis`` listing that are shown on request: bytes, explanations, what a run did."""

from __future__ import annotations

from collections.abc import Callable

from ..bytecode.explanations import explain as explanation_of
from ..bytecode.facts import CodeObject, Instruction
from .cells import cut
from .palette import Palette

__all__ = ["extra_columns"]

_MEANING_WIDTH = 26


def extra_columns(
    code_object: CodeObject,
    palette: Palette,
    *,
    raw_bytes: bool,
    explain: bool,
    width: int | None,
    prefix_width: int,
) -> Callable[[Instruction, str, str], tuple[str, str]]:
    """What stands before the arrows and behind the meaning of an instruction, as asked for."""
    bytecode = code_object.bytecode
    counts = _counts(code_object, palette)

    def columns(instruction: Instruction, argrepr: str, note: str) -> tuple[str, str]:
        before = ""
        if counts is not None:
            before = counts[instruction.offset]
        if raw_bytes:
            offset = instruction.offset
            before += f" {palette.paint('dis.bytes', bytecode[offset : offset + 2].hex(' '))}"
        if not explain:
            return before, ""
        text = explanation_of(instruction.opname, code_object.version)
        if text is None:
            return before, ""
        taken = (len(argrepr) + 2 if argrepr else 0) + (len(note) + 4 if note else 0)
        padding = max(2, _MEANING_WIDTH - taken)
        if width is not None and prefix_width + taken + padding + len(text) > width:
            # no room beside it: a line of its own
            indent = " " * min(prefix_width - 32, max(2, width - len(text) - 3))
            shown = cut(f"# {text}", width - len(indent), palette)
            return before, f"\n{indent}{palette.paint('dis.explanation', shown)}"
        return before, f"{' ' * padding}{palette.paint('dis.explanation', f'# {text}')}"

    return columns


def _counts(code_object: CodeObject, palette: Palette) -> dict[int, str] | None:
    """By offset: how often the instruction was executed, in eleven columns."""
    run = code_object.run
    if run is None or run.counts is None:
        return None
    from .run_rows import execution_text

    cells = {}
    for instruction, count in zip(code_object.instructions, run.counts, strict=True):
        text = execution_text(count, is_complete=run.is_complete, unicode=palette.unicode)
        style = "run.never" if count == 0 else "run.count"
        cells[instruction.offset] = palette.paint(style, f"{text:>10} ")
    return cells
