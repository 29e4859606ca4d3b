"""Where the vertices of ordered ranks stand from left to right (see `graph_layout`).

The method is that of Brandes and Köpf, "Fast and Simple Horizontal Coordinate Assignment" (2001):
vertices are aligned with a middle neighbour into columns, the columns are pushed together; that is
done towards each of the four corners, and the mean of the two middle results is taken. A line that
passes many ranks comes out straight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from .graph_ranks import Tiers

__all__ = ["column_positions"]

Gap = Callable[[int, int], float]
"""The least distance of the middles of two neighbours in a rank."""


def column_positions(tiers: Tiers, ranks: Sequence[Sequence[int]], gap: Gap) -> list[float]:
    """The middle of each vertex; neighbours of a rank keep their order and their `gap`."""
    if not ranks:
        return []
    place = [0] * len(tiers.rank_of)
    for rank in ranks:
        for position, vertex in enumerate(rank):
            place[vertex] = position
    forbidden = _forbidden_joints(tiers, ranks, place)
    candidates = []
    for upwards in (False, True):
        neighbours = tiers.lower if upwards else tiers.upper
        ordered = list(reversed(ranks)) if upwards else list(ranks)
        for mirrored in (False, True):
            rows = [list(reversed(rank)) if mirrored else list(rank) for rank in ordered]
            sign = -1 if mirrored else 1
            facing = [sign * position for position in place]
            root, align = _columns(rows, neighbours, facing, forbidden, tiers)
            xs = _pushed_together(rows, root, align, gap, mirrored=mirrored)
            candidates.append([sign * x for x in xs])
    return _balanced(candidates)


def _forbidden_joints(
    tiers: Tiers, ranks: Sequence[Sequence[int]], place: Sequence[int]
) -> set[tuple[int, int]]:
    """Joints that cross a line which passes both ranks; that line is to stay straight."""
    forbidden = set()
    for upper, lower in pairwise(ranks):
        straight = [
            (place[above], place[vertex])
            for vertex in lower
            if (above := _passing_above(vertex, tiers)) is not None
        ]
        straight.append((len(upper), len(lower)))
        left_end = position = 0
        for right_end, limit in straight:
            for vertex in lower[position:limit]:
                for above in tiers.upper[vertex]:
                    if not left_end <= place[above] <= right_end:
                        forbidden.add((above, vertex))
            position, left_end = limit, right_end
    return forbidden


def _passing_above(vertex: int, tiers: Tiers) -> int | None:
    """The vertex of the same passing line in the rank above."""
    if vertex < tiers.box_count:
        return None
    return next((above for above in tiers.upper[vertex] if above >= tiers.box_count), None)


def _columns(
    rows: Sequence[Sequence[int]],
    neighbours: Sequence[Sequence[int]],
    place: Sequence[int],
    forbidden: set[tuple[int, int]],
    tiers: Tiers,
) -> tuple[list[int], list[int]]:
    """By vertex: the first of its column, and the next of its column (cyclic)."""
    root = list(range(len(place)))
    align = list(range(len(place)))
    for row in rows:
        reached: int | None = None
        for vertex in row:
            for middle in _middles(vertex, neighbours[vertex], place, tiers):
                is_free = align[vertex] == vertex and (reached is None or reached < place[middle])
                crosses = (middle, vertex) in forbidden or (vertex, middle) in forbidden
                if is_free and not crosses:
                    align[middle] = vertex
                    root[vertex] = align[vertex] = root[middle]
                    reached = place[middle]
    return root, align


def _middles(
    vertex: int, neighbours: Sequence[int], place: Sequence[int], tiers: Tiers
) -> Sequence[int]:
    """The one or two neighbours in the middle; of a passing line, its own continuation."""
    if vertex >= tiers.box_count:
        own = [other for other in neighbours if other >= tiers.box_count]
        neighbours = own or neighbours
    if not neighbours:
        return ()
    ordered = sorted(neighbours, key=place.__getitem__)
    return ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]


def _pushed_together(
    rows: Sequence[Sequence[int]],
    root: Sequence[int],
    align: Sequence[int],
    gap: Gap,
    *,
    mirrored: bool,
) -> list[float]:
    """Columns as far to the left as they go; then those with room at their right move there."""
    after: dict[int, dict[int, float]] = {}
    before: dict[int, dict[int, float]] = {}
    for row in rows:
        for left, right in pairwise(row):
            distance = gap(right, left) if mirrored else gap(left, right)
            a, b = root[left], root[right]
            known = after.setdefault(a, {})
            known[b] = max(known.get(b, 0.0), distance)
            before.setdefault(b, {})[a] = known[b]
    order = _from_left(sorted(set(root)), after, before)
    x = dict.fromkeys(order, 0.0)
    for column in order:
        x[column] = max((x[a] + d for a, d in before.get(column, {}).items()), default=0.0)
    for column in reversed(order):
        limits = [x[b] - d for b, d in after.get(column, {}).items()]
        if limits:
            x[column] = max(x[column], min(limits))
    return [x[column] for column in root]


def _from_left(
    columns: Sequence[int],
    after: dict[int, dict[int, float]],
    before: dict[int, dict[int, float]],
) -> list[int]:
    """Columns so that each stands behind those at its left."""
    waiting = {column: len(before.get(column, ())) for column in columns}
    ready = [column for column in columns if not waiting[column]]
    for column in ready:
        for other in after.get(column, ()):
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return ready


def _balanced(candidates: Sequence[Sequence[float]]) -> list[float]:
    """The mean of the two middle positions, all candidates aligned with the narrowest."""
    extents = [(max(xs) - min(xs), number) for number, xs in enumerate(candidates)]
    narrowest = candidates[min(extents)[1]]
    shifted = []
    for number, xs in enumerate(candidates):
        mirrored = number % 2 == 1
        side = max if mirrored else min
        shift = side(narrowest) - side(xs)
        shifted.append([x + shift for x in xs])
    return [sum(sorted(xs)[1:3]) / 2 for xs in zip(*shifted, strict=True)]
