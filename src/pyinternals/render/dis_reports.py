"""The reports on bytecode: listing, tree, statistics, difference, flow.

The renderers are imported when a report is drawn: a listing needs none of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from .json_envelope import Json
from .palette import Palette
from .report import Report

if TYPE_CHECKING:
    from ..bytecode.compare import CodeDifference
    from ..bytecode.facts import CodeObject
    from ..bytecode.flow import FlowGraph
    from ..bytecode.statistics import CodeStatistics
    from .instruction_rows import ListingOptions

__all__ = [
    "difference_report",
    "flow_report",
    "listing_report",
    "statistics_report",
    "tree_report",
]


def listing_report(
    roots: Sequence[CodeObject],
    *,
    options: ListingOptions | None = None,
    warnings: Iterable[Json] = (),
    run: Json | None = None,
) -> Report:
    """Source lines and instructions of `roots` and all nested code objects."""

    def lines(palette: Palette, width: int | None) -> Iterator[str]:
        from .dis_listing import listing_lines

        return listing_lines(roots, palette, width=width, options=options)

    def document() -> Json:
        from .dis_json import dis_document

        return dis_document(roots, warnings=warnings, run=run)

    def html() -> str:
        from .dis_page import listing_page

        return listing_page(roots, options=options)

    return Report(title=_title(roots), lines=lines, document=document, html=html)


def tree_report(roots: Sequence[CodeObject], *, warnings: Iterable[Json] = ()) -> Report:
    """Only the tree of nested code objects; its JSON is the listing's."""

    def lines(palette: Palette, width: int | None) -> Iterator[str]:
        from .code_header import tree_lines

        for root in roots:
            yield from tree_lines(root, palette, width=width)

    document = listing_report(roots, warnings=warnings).document
    return Report(title=_title(roots), lines=lines, document=document)


def statistics_report(
    statistics: Sequence[CodeStatistics], *, warnings: Iterable[Json] = ()
) -> Report:
    """Opcode histogram and sizes."""
    from .code_statistics import statistics_document, statistics_lines

    return Report(
        title=f"{statistics[0].title}: statistics",
        lines=lambda palette, width: statistics_lines(statistics, palette, width=width),
        document=lambda: statistics_document(statistics, warnings=warnings),
    )


def difference_report(difference: CodeDifference, *, warnings: Iterable[Json] = ()) -> Report:
    """Two code objects side by side."""
    from .code_difference import difference_document, difference_lines

    sides = [side.title or side.qualname for side in (difference.left, difference.right)]
    return Report(
        title=" and ".join(sides),
        lines=lambda palette, width: difference_lines(difference, palette, width=width),
        document=lambda: difference_document(difference, warnings=warnings),
    )


def flow_report(graphs: Sequence[FlowGraph], *, warnings: Iterable[Json] = ()) -> Report:
    """Control-flow graphs: text on a terminal, a drawing in a page."""

    def lines(palette: Palette, width: int | None) -> Iterator[str]:
        from .flow_text import flow_lines

        for graph in graphs:
            yield from flow_lines(graph, palette, width=width)
            yield ""

    def document() -> Json:
        from .flow_json import flow_document

        return flow_document(graphs, warnings=warnings)

    def html() -> str:
        from .flow_svg import flow_svg
        from .html import page

        return page(title, "\n".join(map(flow_svg, graphs)))

    title = f"{graphs[0].filename}: control flow"
    return Report(title=title, lines=lines, document=document, html=html)


def _title(roots: Sequence[CodeObject]) -> str:
    return roots[0].title or roots[0].qualname
