"""Orders the vertices of each rank so that few lines cross (see `graph_layout`).

Sweeps down and up the ranks; each vertex goes to the mean place of its neighbours in the rank
before (the barycentre heuristic), then neighbours change places where that saves crossings. The
order with the fewest crossings is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .graph_ranks import Tiers

__all__ = ["ordered_ranks"]

MOST_SWEEPS = 24
_SWEEPS_WITHOUT_GAIN = 6
_MOST_EXCHANGES = 6


def ordered_ranks(tiers: Tiers) -> list[list[int]]:
    """The vertices of each rank from left to right."""
    ranks = _first_order(tiers)
    best, fewest = ranks, _crossings(ranks, tiers)
    without_gain = 0
    for sweep in range(MOST_SWEEPS):
        if not fewest or without_gain == _SWEEPS_WITHOUT_GAIN:
            break
        ranks = _swept(ranks, tiers, downwards=sweep % 2 == 0, ties_reversed=sweep % 4 >= 2)
        _exchange_neighbours(ranks, tiers)
        crossings = _crossings(ranks, tiers)
        without_gain += 1
        if crossings < fewest:
            best, fewest, without_gain = ranks, crossings, 0
    return best


def _first_order(tiers: Tiers) -> list[list[int]]:
    """Vertices in the order of a depth-first walk: what belongs together starts together."""
    ranks: list[list[int]] = [[] for _ in tiers.ranks]
    seen = [False] * len(tiers.rank_of)
    for rank in tiers.ranks:
        for root in rank:
            stack = [root]
            while stack:
                vertex = stack.pop()
                if not seen[vertex]:
                    seen[vertex] = True
                    ranks[tiers.rank_of[vertex]].append(vertex)
                    stack.extend(reversed(tiers.lower[vertex]))
    return ranks


def _swept(
    ranks: Sequence[Sequence[int]], tiers: Tiers, *, downwards: bool, ties_reversed: bool
) -> list[list[int]]:
    result = [list(rank) for rank in ranks]
    neighbours = tiers.near_upper if downwards else tiers.near_lower
    numbers = range(1, len(ranks)) if downwards else range(len(ranks) - 2, -1, -1)
    place = [0] * len(tiers.rank_of)
    for number in numbers:
        for position, vertex in enumerate(result[number - 1 if downwards else number + 1]):
            place[vertex] = position
        result[number] = _by_mean(result[number], neighbours, place, ties_reversed=ties_reversed)
    return result


def _by_mean(
    rank: Sequence[int],
    neighbours: Sequence[Sequence[int]],
    place: Sequence[int],
    *,
    ties_reversed: bool,
) -> list[int]:
    """`rank` sorted by the mean place of the neighbours; what has none keeps its position."""
    means = {
        vertex: sum(place[other] for other in neighbours[vertex]) / len(neighbours[vertex])
        for vertex in rank
        if neighbours[vertex]
    }
    moving = [vertex for vertex in rank if vertex in means]
    if ties_reversed:
        moving.reverse()
    moving.sort(key=means.__getitem__)
    rest = iter(moving)
    return [next(rest) if vertex in means else vertex for vertex in rank]


def _exchange_neighbours(ranks: list[list[int]], tiers: Tiers) -> None:
    """Let two that stand beside each other change places as long as fewer lines cross then."""
    place = _places(ranks, tiers)
    for _ in range(_MOST_EXCHANGES):
        changed = False
        for rank in ranks:
            for position in range(len(rank) - 1):
                left, right = rank[position : position + 2]
                if _gain(left, right, tiers, place) > 0:
                    rank[position : position + 2] = right, left
                    place[left], place[right] = position + 1, position
                    changed = True
        if not changed:
            break


def _gain(left: int, right: int, tiers: Tiers, place: Sequence[int]) -> int:
    """Crossings that two neighbours save if they change places."""
    gain = 0
    for neighbours in (tiers.near_upper, tiers.near_lower):
        for a in neighbours[left]:
            for b in neighbours[right]:
                gain += (place[a] > place[b]) - (place[a] < place[b])
    return gain


def _places(ranks: Sequence[Sequence[int]], tiers: Tiers) -> list[int]:
    """By vertex: its position in its rank."""
    place = [0] * len(tiers.rank_of)
    for rank in ranks:
        for position, vertex in enumerate(rank):
            place[vertex] = position
    return place


def _crossings(ranks: Sequence[Sequence[int]], tiers: Tiers) -> int:
    """How often lines between neighbouring ranks cross."""
    place = _places(ranks, tiers)
    return sum(
        _crossings_below(upper, len(lower), tiers.near_lower, place)
        for upper, lower in pairwise(ranks)
    )


def _crossings_below(
    upper: Sequence[int], size: int, lower: Sequence[Sequence[int]], place: Sequence[int]
) -> int:
    """Inversions among the places of the lower ends, counted with a binary indexed tree."""
    tree = [0] * (size + 1)
    seen = crossings = 0
    for vertex in upper:
        ends = [place[other] for other in lower[vertex]]
        for end in ends:
            position, not_right = end + 1, 0
            while position:
                not_right += tree[position]
                position &= position - 1
            crossings += seen - not_right
        for end in ends:
            position = end + 1
            while position <= size:
                tree[position] += 1
                position += position & -position
        seen += len(ends)
    return crossings
