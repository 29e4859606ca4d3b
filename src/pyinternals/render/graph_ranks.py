"""Cuts a directed graph into ranks, the first step of a layered drawing (see `graph_layout`).

A line that passes a rank gets a vertex of its own there. Lines that run together share it, which
keeps the drawing of a function with hundreds of exceptions to one handler small.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Bundle", "Line", "Tiers", "cut_into_ranks"]


class Line(NamedTuple):
    """A line to draw from one box to another."""

    source: int
    target: int
    group: str
    """Lines of the same group to the same box run together."""
    is_back: bool
    """Whether it leads back up; the other lines have no cycle."""
    room: float
    """Width of the part of the source's lower side that it leaves from."""


class Bundle(NamedTuple):
    """What runs together: all lines of a group to one box."""

    target: int
    is_back: bool
    group: str


class Tiers(NamedTuple):
    """A graph in ranks. Vertices from `box_count` on are lines that pass a rank."""

    box_count: int
    ranks: list[list[int]]
    """The vertices of each rank, in no particular order."""
    rank_of: list[int]
    """By vertex."""
    upper: list[list[int]]
    """By vertex: what it is connected with in the rank above."""
    lower: list[list[int]]
    near_upper: list[list[int]]
    """`upper`, and for a line that leads back up what it should be near to."""
    near_lower: list[list[int]]
    bundles: dict[Bundle, list[int]]
    """The numbers of the lines that run together."""
    passing: dict[tuple[Bundle, int], int]
    """The vertex with which a bundle passes a rank."""


def cut_into_ranks(box_count: int, lines: Sequence[Line]) -> Tiers:
    """The ranks of `box_count` boxes; every line but those that lead back goes to a lower rank.

    Raises ValueError if those lines have a cycle, or if a line that leads back doesn't lead up.
    """
    rank_of = _longest_paths(box_count, lines)
    if any(line.is_back and rank_of[line.target] > rank_of[line.source] for line in lines):
        raise ValueError("a line that leads back does not lead up")
    bundles: dict[Bundle, list[int]] = {}
    for number, line in enumerate(lines):
        bundle = Bundle(line.target, line.is_back, line.group)
        bundles.setdefault(bundle, []).append(number)
    passing: dict[tuple[Bundle, int], int] = {}
    joints: set[tuple[int, int]] = set()
    for bundle, numbers in bundles.items():
        sources = [lines[number].source for number in numbers]
        joints.update(_pass_ranks(bundle, sources, rank_of, passing))
    upper = _neighbours(((below, above) for above, below in joints), len(rank_of))
    lower = _neighbours(joints, len(rank_of))
    ranks: list[list[int]] = [[] for _ in range(max(rank_of, default=-1) + 1)]
    for vertex, rank in enumerate(rank_of):
        ranks[rank].append(vertex)
    near_upper = [list(vertices) for vertices in upper]
    near_lower = [list(vertices) for vertices in lower]
    for (bundle, rank), vertex in passing.items():
        if bundle.is_back:
            sources = [lines[number].source for number in bundles[bundle]]
            ends = [source for source in sources if rank_of[source] == rank]
            ends += [bundle.target] * (rank == rank_of[bundle.target])
            for end in ends:
                near_upper[vertex] += upper[end]
                near_lower[vertex] += lower[end]
    return Tiers(box_count, ranks, rank_of, upper, lower, near_upper, near_lower, bundles, passing)


def _longest_paths(count: int, lines: Iterable[Line]) -> list[int]:
    """The rank of each box: one below the lowest box that leads to it."""
    successors: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for line in lines:
        if not line.is_back:
            successors[line.source].append(line.target)
            waiting[line.target] += 1
    ready = [box for box in range(count) if not waiting[box]]
    ranks = [0] * count
    for box in ready:
        for target in successors[box]:
            ranks[target] = max(ranks[target], ranks[box] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(ready) != count:
        raise ValueError("the lines that do not lead back have a cycle")
    return ranks


def _pass_ranks(
    bundle: Bundle,
    sources: Sequence[int],
    rank_of: list[int],
    passing: dict[tuple[Bundle, int], int],
) -> Iterable[tuple[int, int]]:
    """Adds a vertex for each rank that `bundle` passes; connections of neighbouring ranks.

    A bundle that leads back passes the ranks of its ends too: it leaves a box below, and enters
    above.
    """
    end = rank_of[bundle.target]
    source_ranks = [rank_of[source] for source in sources]
    first, last = (end, max(source_ranks)) if bundle.is_back else (min(source_ranks) + 1, end - 1)
    joints = []
    for rank in range(first, last + 1):
        passing[bundle, rank] = len(rank_of)
        if rank > first:
            joints.append((len(rank_of) - 1, len(rank_of)))
        rank_of.append(rank)
    if not bundle.is_back:
        if first <= last:
            joints.append((passing[bundle, last], bundle.target))
        for source in sources:
            below = passing.get((bundle, rank_of[source] + 1), bundle.target)
            joints.append((source, below))
    return joints


def _neighbours(pairs: Iterable[tuple[int, int]], count: int) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(count)]
    for vertex, neighbour in sorted(pairs):
        found[vertex].append(neighbour)
    return found
