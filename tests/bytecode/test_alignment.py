"""Aligning two sequences: as `difflib` does it, and in time where that takes too long."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from difflib import SequenceMatcher

import pytest

from pyinternals.bytecode.alignment import stretches


def equal_items(lefts: Sequence[object], rights: Sequence[object]) -> list[object]:
    """What is said to be on both sides; checks on the way that every item is in one stretch."""
    found: list[object] = []
    i = j = 0
    for is_equal, left, right in stretches(lefts, rights):
        assert (i, j) == (left[0], right[0])
        i, j = left[1], right[1]
        if is_equal:
            assert lefts[slice(*left)] == rights[slice(*right)]
            found += lefts[slice(*left)]
    assert (len(lefts), len(rights)) == (i, j)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_short_sequences_are_aligned_as_by_difflib(seed: int) -> None:
    numbers = random.Random(seed)
    lefts, rights = ([numbers.randrange(9) for _ in range(60)] for _ in range(2))
    matcher = SequenceMatcher(None, lefts, rights, autojunk=False)
    expected = [
        item for i, _, size in matcher.get_matching_blocks() for item in lefts[i : i + size]
    ]
    assert expected == equal_items(lefts, rights)


@pytest.mark.parametrize("seed", range(5))
def test_long_sequences_are_held_together_by_what_occurs_once(seed: int) -> None:
    numbers = random.Random(seed)
    lefts: list[object] = [f"once {i}" if i % 5 == 0 else "often" for i in range(5000)]
    rights = [item for item in lefts if numbers.random() > 0.02]
    assert rights == equal_items(lefts, rights)


@pytest.mark.parametrize(
    ("lefts", "rights", "equal_count"),
    [
        pytest.param([0] * 30_000, [0] * 30_000, 30_000, id="the same"),
        pytest.param([0] * 30_000 + [1], [2] + [0] * 30_000, 0, id="a few different ones"),
        pytest.param([0] * 9000 + [1] + [0] * 9000, [0] * 18_000, 18_000, id="but for one"),
        pytest.param([0, 1] * 10_000, [0] * 10_000 + [1] * 10_000, 2, id="in another order"),
        pytest.param([], [0] * 10, 0, id="nothing"),
    ],
)
def test_what_would_take_too_long_is_aligned_at_its_ends(
    lefts: list[int], rights: list[int], equal_count: int
) -> None:
    start = time.process_time()
    assert equal_count == len(equal_items(lefts, rights))
    assert time.process_time() - start < 5
