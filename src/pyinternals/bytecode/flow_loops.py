"""Loops of a flow graph: which edges close one, how many loops each block is in.

Works on plain numbers: `successors[i]` are the vertices that vertex i leads to, vertex 0 is the
entry. The time is about in proportion to the size of the graph, whatever graph it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Walk", "back_edges", "depth_first", "loop_depths", "reachable_from"]

Successors = Sequence[Sequence[int]]


class Walk(NamedTuple):
    """A depth-first walk from the entry, then from the first vertex that it did not reach, and so on."""

    order: list[int]
    """The vertices as they were come to."""
    first: list[int]
    """By vertex: its place in `order`."""
    last: list[int]
    """By vertex: the last place of what was come to from it; itself at least."""

    def is_within(self, vertex: int, ancestor: int) -> bool:
        """Whether the walk came to `vertex` from `ancestor`, or they are the same."""
        return self.first[ancestor] <= self.first[vertex] <= self.last[ancestor]


def depth_first(successors: Successors) -> Walk:
    """Walk the whole graph."""
    count = len(successors)
    order: list[int] = []
    first, last = [-1] * count, [-1] * count
    for root in range(count):
        if first[root] >= 0:
            continue
        first[root] = len(order)
        order.append(root)
        stack = [(root, iter(successors[root]))]
        while stack:
            vertex, rest = stack[-1]
            for target in rest:
                if first[target] < 0:
                    first[target] = len(order)
                    order.append(target)
                    stack.append((target, iter(successors[target])))
                    break
            else:
                last[vertex] = len(order) - 1
                stack.pop()
    return Walk(order, first, last)


def back_edges(successors: Successors, walk: Walk) -> set[tuple[int, int]]:
    """Edges to a vertex that the walk was still in. Without them no cycle is left."""
    return {
        (vertex, target)
        for vertex, targets in enumerate(successors)
        for target in targets
        if walk.is_within(vertex, target)
    }


def reachable_from(successors: Successors, start: int) -> set[int]:
    """The vertices that a path leads to from `start`, itself included."""
    if not successors:
        return set()
    found = {start}
    stack = [start]
    while stack:
        for target in successors[stack.pop()]:
            if target not in found:
                found.add(target)
                stack.append(target)
    return found


def loop_depths(successors: Successors, walk: Walk) -> list[int]:
    """By vertex: how many loops it is in, the loops of all back edges to one header counted once.

    The loops of Havlak, "Nesting of Reducible and Irreducible Loops" (1997): the innermost first,
    each then stands for its members. A loop with a second entry has the header that the walk came
    to first, and does not swallow what is before it. Second entries are not followed: what leads
    on around a loop by nothing else counts as outside, and damaged bytecode takes no longer.
    """
    count = len(successors)
    predecessors: list[set[int]] = [set() for _ in range(count)]
    for vertex, targets in enumerate(successors):
        for target in targets:
            predecessors[target].add(vertex)
    header_of: list[int | None] = [None] * count
    stands_for = list(range(count))
    headers = set()
    for header in reversed(walk.order):
        sources = [v for v in predecessors[header] if walk.is_within(v, header)]
        if not sources:
            continue
        headers.add(header)
        for member in _members(header, sources, predecessors, stands_for, walk):
            header_of[member] = stands_for[member] = header
    depths = [0] * count
    for vertex in walk.order:
        around = header_of[vertex]
        depths[vertex] = (vertex in headers) + (0 if around is None else depths[around])
    return depths


def _members(
    header: int,
    sources: Sequence[int],
    predecessors: Sequence[set[int]],
    stands_for: list[int],
    walk: Walk,
) -> set[int]:
    """What lies between `header` and the `sources` of its back edges, inner loops by their header."""
    found = {_outermost(source, stands_for) for source in sources} - {header}
    waiting = list(found)
    while waiting:
        vertex = waiting.pop()
        for predecessor in predecessors[vertex]:
            if walk.is_within(predecessor, vertex):
                continue  # closes a loop of its own
            if not walk.is_within(predecessor, header):
                continue  # a second entry of the loop
            member = _outermost(predecessor, stands_for)
            if member != header and member not in found:
                found.add(member)
                waiting.append(member)
    return found


def _outermost(vertex: int, stands_for: list[int]) -> int:
    """The header of the outermost loop so far that `vertex` is in, or itself."""
    top = vertex
    while stands_for[top] != top:
        top = stands_for[top]
    while stands_for[vertex] != top:
        stands_for[vertex], vertex = top, stands_for[vertex]
    return top
