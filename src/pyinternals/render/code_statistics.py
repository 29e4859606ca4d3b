"""``dis --stats``: an opcode histogram and the size of each function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from ..bytecode.statistics import CodeStatistics
from ..safe_text import escape, shorten
from ..units import format_bytes, format_ratio, plural
from .cells import fitted_row
from .json_envelope import Json, envelope
from .palette import Palette

__all__ = ["statistics_document", "statistics_lines"]

_BAR_WIDTH = 24
_BEFORE_BAR = 62


def statistics_lines(
    statistics: Sequence[CodeStatistics], palette: Palette, *, width: int | None
) -> Iterator[str]:
    """For each root: totals, the histogram, the sizes."""
    for one in statistics:
        caches = f"of it {format_bytes(one.cache_bytes)} inline caches"
        totals = (
            f"{plural(len(one.code_objects), 'code object')}, "
            f"{plural(one.instruction_count, 'instruction')}, "
            f"{format_bytes(one.size_bytes)} of bytecode, {caches} "
            f"({format_ratio(one.cache_bytes, one.size_bytes)})"
        )
        yield fitted_row([("title", escape(one.title)), ("muted", f"  {totals}")], palette, width)
        yield ""
        yield from _histogram(one, palette, width)
        yield ""
        yield from _sizes(one, palette, width)
        yield ""


def _histogram(statistics: CodeStatistics, palette: Palette, width: int | None) -> Iterator[str]:
    heading = f"{'opcode':<34} {'count':>8} {'share':>7} {'bytes':>8}"
    yield fitted_row([("heading", heading)], palette, width)
    most = max((opcode.count for opcode in statistics.opcodes), default=0)
    for opcode in statistics.opcodes:
        share = format_ratio(opcode.count, statistics.instruction_count)
        parts = [
            ("dis.opname", f"{opcode.opname:<34}"),
            ("number", f" {opcode.count:>8,}"),
            ("dis.argrepr", f" {share:>7} {opcode.size_bytes:>8,}  "),
        ]
        room = _BAR_WIDTH if width is None else max(0, min(_BAR_WIDTH, width - _BEFORE_BAR))
        parts.append(("bar", bar(opcode.count, most, palette, room)))
        yield fitted_row(parts, palette, width)


def bar(value: int, most: int, palette: Palette, width: int = _BAR_WIDTH) -> str:
    """A bar for `value`, of `width` columns for `most`; at least a sliver for anything above zero."""
    if not most or not value or not width:
        return ""
    eighths = max(1, round(value / most * width * 8))
    if not palette.unicode:
        return "#" * max(1, eighths // 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + " ▏▎▍▌▋▊▉"[rest].strip()


def _sizes(statistics: CodeStatistics, palette: Palette, width: int | None) -> Iterator[str]:
    heading = f"{'bytes':>8} {'caches':>8} {'instructions':>12} {'lines':>6}  code object"
    yield fitted_row([("heading", heading)], palette, width)
    for size in statistics.code_objects:
        numbers = f"{size.size_bytes:>8,} {size.cache_bytes:>8,}"
        more = f"{size.instruction_count:>12,} {size.line_count:>6,}"
        parts = [
            ("number", numbers),
            ("dis.argrepr", f" {more}  "),
            ("dis.code_object", shorten(size.qualname)),
            ("muted", f"  line {size.first_line}"),
        ]
        yield fitted_row(parts, palette, width)


def statistics_document(
    statistics: Sequence[CodeStatistics], *, warnings: Iterable[Json] = ()
) -> Json:
    """Schema ``pyinternals.dis-stats/1``."""
    reports = [
        {
            "title": one.title,
            "instruction_count": one.instruction_count,
            "size_bytes": one.size_bytes,
            "cache_bytes": one.cache_bytes,
            "opcodes": [asdict(opcode) for opcode in one.opcodes],
            "code_objects": [asdict(size) for size in one.code_objects],
        }
        for one in statistics
    ]
    return envelope("dis-stats/1", {"statistics": reports}, warnings=warnings)
