"""Which stretches of two sequences are the same: `difflib`, but in a time that can be foreseen.

`SequenceMatcher` finds what a person would mark, in a time that grows with the pairs of equal items:
a module of thousands of instructions, or damaged bytecode of a few different ones, takes it minutes.
Here what starts and ends alike is set aside first, then what occurs once on each side holds the rest
together (as in a patience diff), and only what lies between is left to it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

__all__ = ["Stretch", "stretches"]

MOST_PAIRS = 100_000
"""Pairs of equal items that are left to `SequenceMatcher`: a second at worst. More is not aligned."""


class Stretch(NamedTuple):
    """A part of either sequence, from its first index to behind its last."""

    is_equal: bool
    left: tuple[int, int]
    right: tuple[int, int]


def stretches(lefts: Sequence[Any], rights: Sequence[Any]) -> Iterator[Stretch]:
    """The parts of `lefts` and `rights` in order, those that are equal and those that are not."""
    if _pair_count(lefts, rights) <= MOST_PAIRS:
        yield from _matched(lefts, rights, (0, len(lefts)), (0, len(rights)))
        return
    start, end = _shared_ends(lefts, rights)
    left_end, right_end = len(lefts) - end, len(rights) - end
    yield Stretch(True, (0, start), (0, start))
    i = j = start
    spent = 0
    for next_i, next_j in [
        *_anchors(lefts, rights, (start, left_end), (start, right_end)),
        (left_end, right_end),
    ]:
        spent += _pair_count(lefts[i:next_i], rights[j:next_j])
        if spent <= MOST_PAIRS:
            yield from _matched(lefts, rights, (i, next_i), (j, next_j))
        else:
            yield Stretch(False, (i, next_i), (j, next_j))
        i, j = next_i, next_j
    yield Stretch(True, (left_end, len(lefts)), (right_end, len(rights)))


def _matched(
    lefts: Sequence[Any], rights: Sequence[Any], left: tuple[int, int], right: tuple[int, int]
) -> Iterator[Stretch]:
    i, j = left[0], right[0]
    matcher = SequenceMatcher(None, lefts[slice(*left)], rights[slice(*right)], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        yield Stretch(tag == "equal", (i + i1, i + i2), (j + j1, j + j2))


def _pair_count(lefts: Sequence[Any], rights: Sequence[Any]) -> int:
    """Pairs of equal items: what `SequenceMatcher` looks at to find one stretch."""
    counts = Counter(rights)
    return sum(counts[item] for item in lefts)


def _shared_ends(lefts: Sequence[Any], rights: Sequence[Any]) -> tuple[int, int]:
    """How many items are the same at the start, and how many at the end."""
    shorter = min(len(lefts), len(rights))
    start = end = 0
    while start < shorter and lefts[start] == rights[start]:
        start += 1
    while end < shorter - start and lefts[-1 - end] == rights[-1 - end]:
        end += 1
    return start, end


def _anchors(
    lefts: Sequence[Any], rights: Sequence[Any], left: tuple[int, int], right: tuple[int, int]
) -> list[tuple[int, int]]:
    """Indices of items that occur once on each side: the most that stand in the same order."""
    left_counts, right_counts = Counter(lefts[slice(*left)]), Counter(rights[slice(*right)])
    place = {rights[j]: j for j in range(*right) if right_counts[rights[j]] == 1}
    # the longest increasing sequence of places: by its length, the pair that ends one most cheaply
    ends: list[int] = []
    pairs: list[tuple[int, int]] = []
    before: list[int | None] = []
    best: list[int] = []
    for i in range(*left):
        j = place.get(lefts[i])
        if j is None or left_counts[lefts[i]] != 1:
            continue
        length = bisect_left(ends, j)
        ends[length : length + 1] = [j]
        best[length : length + 1] = [len(pairs)]
        before.append(best[length - 1] if length else None)
        pairs.append((i, j))
    found = []
    at = best[-1] if best else None
    while at is not None:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]
