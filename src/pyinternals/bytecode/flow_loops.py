"""Loops of a flow graph: which edges close one, which blocks are part of it.

Works on plain numbers: `successors[i]` are the vertices that vertex i leads to, vertex 0 is the
entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["back_edges", "loop_members", "reachable_from"]

Successors = Sequence[Sequence[int]]


def back_edges(successors: Successors) -> set[tuple[int, int]]:
    """Edges to a vertex that a depth-first walk from the entry is still in.

    Without them no cycle is left. What the entry doesn't reach is walked from its first vertex on.
    """
    found = set()
    unseen, open_, done = 0, 1, 2
    state = [unseen] * len(successors)
    for root in range(len(successors)):
        if state[root] != unseen:
            continue
        state[root] = open_
        stack = [(root, iter(successors[root]))]
        while stack:
            vertex, rest = stack[-1]
            for target in rest:
                if state[target] == open_:
                    found.add((vertex, target))
                elif state[target] == unseen:
                    state[target] = open_
                    stack.append((target, iter(successors[target])))
                    break
            else:
                state[vertex] = done
                stack.pop()
    return found


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


def loop_members(successors: Successors, closing: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    """By loop header: the vertices of the loop, the natural loops of all its back edges together.

    Members are what lies between the header and the source of a back edge, so only vertices that
    the header leads to count: a loop with a second entry does not swallow what is before it.
    """
    predecessors: list[list[int]] = [[] for _ in successors]
    for source, targets in enumerate(successors):
        for target in targets:
            predecessors[target].append(source)
    loops: dict[int, set[int]] = {}
    for source, header in sorted(closing):
        members = loops.setdefault(header, {header})
        stack = [source]
        while stack:
            vertex = stack.pop()
            if vertex not in members:
                members.add(vertex)
                stack.extend(predecessors[vertex])
    for header, members in loops.items():
        members &= reachable_from(successors, header)
    return loops
