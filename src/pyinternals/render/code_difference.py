"""``dis --compare``: two code objects side by side, or below each other where there is no room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..bytecode.compare import Change, CodeDifference, CodePair, InstructionPair
from ..bytecode.facts import CodeObject, Instruction
from ..safe_text import escape, shorten
from ..units import plural
from .cells import cut
from .instruction_words import argument_text
from .json_envelope import Json, envelope
from .palette import Palette

__all__ = ["difference_document", "difference_lines"]

_CONTEXT_ROWS = 3
_NARROWEST_SIDE_BY_SIDE = 100
_SIDE_WIDTH = 64
_MARKS = {Change.SAME: " ", Change.CHANGED: "~", Change.REMOVED: "-", Change.ADDED: "+"}
_STYLES = {
    Change.SAME: "diff.same",
    Change.CHANGED: "diff.changed",
    Change.REMOVED: "diff.removed",
    Change.ADDED: "diff.added",
}


def difference_lines(
    difference: CodeDifference, palette: Palette, *, width: int | None
) -> Iterator[str]:
    """A summary, then every code object that differs with some unchanged rows around each change."""
    yield from _summary(difference, palette)
    for pair in difference.pairs:
        if pair.change is Change.SAME:
            continue
        yield ""
        mark = _MARKS[pair.change]
        yield palette.paint(
            _STYLES[pair.change],
            f"{mark} code object {shorten(pair.identity)}: {pair.change.value}",
        )
        for name, left, right in pair.facts:
            arrow = "→" if palette.unicode else "->"
            yield f"    {palette.paint('key', name)}  {palette.escape(escape(f'{left} {arrow} {right}'))}"
        yield from _rows(pair, palette, width)


def _summary(difference: CodeDifference, palette: Palette) -> Iterator[str]:
    for mark, style, code_object in (
        ("-", "diff.removed", difference.left),
        ("+", "diff.added", difference.right),
    ):
        yield palette.paint(style, f"{mark} {_described(code_object)}")
    if difference.is_same:
        yield "no difference but offsets, indices and line numbers"
        return
    counts = [
        f"{difference.count(change)} {change.value}"
        for change in Change
        if difference.count(change)
    ]
    yield f"{plural(len(difference.pairs), 'code object')}: {', '.join(counts)}"


def _described(code_object: CodeObject) -> str:
    name = escape(code_object.title or code_object.qualname)
    level = {1: " -O", 2: " -OO"}.get(code_object.optimize or 0, "")
    size = sum(nested.size_bytes for nested in code_object.walk())
    return f"{name}{level}  ({plural(size, 'byte')} of bytecode)"


def _rows(pair: CodePair, palette: Palette, width: int | None) -> Iterator[str]:
    draw = _side_by_side if width is None or width >= _NARROWEST_SIDE_BY_SIDE else _below
    last_shown = -1
    for index in _shown_rows(pair.rows):
        if index != last_shown + 1:
            yield palette.paint("muted", "    ...")
        last_shown = index
        yield from draw(pair.rows[index], palette, width)
    if last_shown != len(pair.rows) - 1 and pair.rows:
        yield palette.paint("muted", "    ...")


def _shown_rows(rows: Sequence[InstructionPair]) -> list[int]:
    """The rows that differ, and a few around them."""
    shown: set[int] = set()
    for index, row in enumerate(rows):
        if row.change is not Change.SAME:
            shown.update(range(index - _CONTEXT_ROWS, index + _CONTEXT_ROWS + 1))
    return sorted(index for index in shown if 0 <= index < len(rows))


def _text(instruction: Instruction | None) -> str:
    if instruction is None:
        return ""
    label = f"L{instruction.label}:" if instruction.label is not None else ""
    meaning = argument_text(instruction)
    return f"{instruction.offset:>5} {label:>5} {instruction.opname:<22} {meaning}"


def _side_by_side(row: InstructionPair, palette: Palette, width: int | None) -> Iterator[str]:
    side = _SIDE_WIDTH if width is None else (width - 5) // 2
    left, right = _text(row.left), _text(row.right)
    if width is not None:
        left, right = cut(left, side, palette), cut(right, side, palette)
    bar = "│" if palette.unicode else "|"
    yield palette.paint(
        _STYLES[row.change], f"{_MARKS[row.change]} {left:<{side}} {bar} {right}".rstrip()
    )


def _below(row: InstructionPair, palette: Palette, width: int | None) -> Iterator[str]:
    room = (width or _NARROWEST_SIDE_BY_SIDE) - 2
    if row.change is Change.SAME and row.left is not None:
        yield palette.paint("diff.same", cut(f"  {_text(row.left)}", room, palette))
        return
    for mark, style, instruction in (
        ("-", "diff.removed", row.left),
        ("+", "diff.added", row.right),
    ):
        if instruction is not None:
            yield palette.paint(style, cut(f"{mark} {_text(instruction)}", room, palette))


def difference_document(difference: CodeDifference, *, warnings: Iterable[Json] = ()) -> Json:
    """Schema ``pyinternals.dis-compare/1``."""
    data = {
        "left": _side(difference.left),
        "right": _side(difference.right),
        "is_same": difference.is_same,
        "code_objects": [
            {
                "identity": pair.identity,
                "change": pair.change.value,
                "facts": [
                    {"name": name, "left": left, "right": right} for name, left, right in pair.facts
                ],
                "rows": [
                    {
                        "change": row.change.value,
                        "left": _instruction(row.left),
                        "right": _instruction(row.right),
                    }
                    for row in pair.rows
                ],
            }
            for pair in difference.pairs
        ],
    }
    return envelope("dis-compare/1", data, warnings=warnings)


def _side(code_object: CodeObject) -> Json:
    return {
        "name": code_object.title or code_object.qualname,
        "filename": code_object.filename,
        "optimize": code_object.optimize,
    }


def _instruction(instruction: Instruction | None) -> Json | None:
    if instruction is None:
        return None
    names = ("offset", "opname", "arg", "argrepr", "line_number", "jump_target")
    return {name: getattr(instruction, name) for name in names}
