"""Numbers as people read them."""

from __future__ import annotations

import pytest

from pyinternals.units import format_bytes, format_count, format_duration, format_ratio, plural


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (5 * 1024**3, "5.0 GiB"),
        (2000 * 1024**5, "2000.0 PiB"),
    ],
)
def test_bytes_have_binary_prefixes(size_bytes: int, expected: str) -> None:
    assert format_bytes(size_bytes) == expected


@pytest.mark.parametrize(
    ("duration_ns", "expected"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_500, "1.5 us"),
        (999_960, "1.0 ms"),
        (2_500_000_000, "2.50 s"),
    ],
)
def test_durations_keep_few_digits(duration_ns: int, expected: str) -> None:
    assert format_duration(duration_ns) == expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (1, 2, "50.0 %"),
        (0, 5, "0.0 %"),
        (5, 0, "-"),
        (1, 100_000, "<0.1 %"),
        (99_999, 100_000, "99.9 %"),
        (5, 5, "100.0 %"),
    ],
)
def test_ratios_never_claim_nothing_or_all_falsely(
    part: float, whole: float, expected: str
) -> None:
    assert format_ratio(part, whole) == expected


def test_counts_and_nouns_agree() -> None:
    assert plural(1, "byte") == "1 byte"
    assert plural(2, "byte") == "2 bytes"
    assert plural(0, "entry", "entries") == "0 entries"
    assert format_count(16212) == "16,212"
