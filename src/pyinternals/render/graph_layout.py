"""Places boxes and lines of a directed graph: a layered drawing, with lines at right angles.

The steps are those of Sugiyama, Tagawa and Toda ("Methods for Visual Understanding of Hierarchical
System Structures", 1981): ranks by longest path (`graph_ranks`), crossings reduced rank by rank
(`graph_order`), columns by Brandes and Köpf (`graph_columns`), lines through the channels between
the ranks (`graph_routes`, `graph_channels`). Lines of a group that lead to one box run together,
and a line that leads back up runs beside the boxes: no line crosses a box. The same graph gives the
same drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .graph_columns import column_positions
from .graph_order import ordered_ranks
from .graph_ranks import Line, Tiers, cut_into_ranks
from .graph_routes import Box, Route, Routes

__all__ = ["Box", "GraphLayout", "Line", "Route", "layout"]

BOX_GAP = 36.0
"""Least distance of two boxes of a rank, in pixels like all lengths here."""
LINE_GAP = 20.0
"""Least distance of a line that passes a rank to a box or to another line."""


class GraphLayout(NamedTuple):
    """Where everything is. Nothing lies left of or above (0, 0)."""

    boxes: tuple[Box, ...]
    routes: tuple[Route, ...]
    width: float
    height: float


def layout(boxes: Sequence[Box], lines: Sequence[Line]) -> GraphLayout:
    """Place `boxes`, whose own positions are ignored, and route `lines`.

    Raises ValueError if the lines that don't lead back have a cycle, or if one that leads back leads
    to a lower rank.
    """
    tiers = cut_into_ranks(len(boxes), lines)
    ranks = ordered_ranks(tiers)
    x_of = _columns(boxes, tiers, ranks)
    placed = [box._replace(left=x - box.width / 2) for box, x in zip(boxes, x_of, strict=False)]
    routes = Routes(placed, lines, tiers, x_of)
    tops, bottoms = _heights(boxes, tiers, routes)
    placed = [box._replace(top=tops[tiers.rank_of[i]]) for i, box in enumerate(placed)]
    height = bottoms[-1] + routes.heights[-1] if bottoms else 0.0
    return _at_origin(placed, routes.drawn(placed, tops, bottoms), height)


def _columns(boxes: Sequence[Box], tiers: Tiers, ranks: Sequence[Sequence[int]]) -> list[float]:
    """The middle of each vertex, in whole pixels."""
    widths = [box.width for box in boxes] + [0.0] * (len(tiers.rank_of) - len(boxes))

    def gap(left: int, right: int) -> float:
        both_boxes = left < tiers.box_count and right < tiers.box_count
        return (widths[left] + widths[right]) / 2 + (BOX_GAP if both_boxes else LINE_GAP)

    return [float(round(x)) for x in column_positions(tiers, ranks, gap)]


def _heights(boxes: Sequence[Box], tiers: Tiers, routes: Routes) -> tuple[list[float], list[float]]:
    """Top and bottom of each rank, channels between them."""
    tops, bottoms = [], []
    y = 0.0
    for rank, vertices in enumerate(tiers.ranks):
        y += routes.heights[rank]
        tops.append(y)
        y += max(boxes[vertex].height for vertex in vertices if vertex < len(boxes))
        bottoms.append(y)
    return tops, bottoms


def _at_origin(boxes: Sequence[Box], routes: Sequence[Route], height: float) -> GraphLayout:
    """Everything moved so that the leftmost thing is at 0."""
    sides = [side for box in boxes for side in (box.left, box.right)]
    sides += [x for route in routes for x, _ in route.points]
    left, right = min(sides, default=0.0), max(sides, default=0.0)
    return GraphLayout(
        tuple(box._replace(left=box.left - left) for box in boxes),
        tuple(
            Route(
                tuple((x - left, y) for x, y in route.points),
                route.joins,
                (route.exit[0] - left, route.exit[1] - left),
            )
            for route in routes
        ),
        right - left,
        height,
    )
