"""Line and location tables: what each version means by them, and bytes that mean nothing."""

from __future__ import annotations

import random
import sys
import time
import types
from collections.abc import Callable, Iterator

import pytest

from pyinternals.bytecode.line_tables import (
    lines_of_linetable,
    lines_of_lnotab,
    lines_of_locations,
    positions_of_lines,
    positions_of_locations,
)

SOURCE = "def f(a,\n      b):\n\n    x = (a +\n         b)\n    return [\n        x]\n"


def function_code() -> types.CodeType:
    module = compile(SOURCE, "f.py", "exec")
    return next(const for const in module.co_consts if isinstance(const, types.CodeType))


def test_lines_of_3_8_start_where_findlinestarts_says() -> None:
    # 6 bytes of line 10, 300 bytes of line 11 in two pairs, a line 140 further on, one back
    table = bytes([6, 1, 255, 0, 45, 127, 0, 13, 4, 256 - 1])
    assert list(lines_of_lnotab(table, 10, 320)) == [
        (0, 6, 10),
        (6, 306, 11),
        (306, 310, 151),
        (310, 320, 150),
    ]


def test_lines_of_3_8_past_the_bytecode_were_optimised_away() -> None:
    assert list(lines_of_lnotab(bytes([4, 1, 4, 1, 90, 1, 4, 1]), 1, 10)) == [
        (0, 4, 1),
        (4, 8, 2),
        (8, 10, 3),
    ]


def test_a_module_of_3_8_without_a_table_is_one_line() -> None:
    assert list(lines_of_lnotab(b"", 1, 4)) == [(0, 4, 1)]


def test_lines_of_3_10_can_be_none() -> None:
    table = bytes([4, 1, 2, 0x80, 0, 5, 6, 256 - 2])
    assert list(lines_of_linetable(table, 10)) == [(0, 4, 11), (4, 6, None), (6, 12, 14)]


def test_each_entry_of_3_11_is_a_range_and_neighbours_of_3_12_are_one() -> None:
    code = function_code()
    joined = list(lines_of_locations(code.co_linetable, code.co_firstlineno, join_neighbours=True))
    apart = list(lines_of_locations(code.co_linetable, code.co_firstlineno, join_neighbours=False))
    assert list(code.co_lines()) == (joined if sys.version_info >= (3, 12) else apart)
    assert len(apart) > len(joined)


def test_positions_are_those_of_the_interpreter() -> None:
    code = function_code()
    units = len(code.co_code) // 2
    ours = positions_of_locations(code.co_linetable, code.co_firstlineno, units)
    assert list(ours) == list(code.co_positions())


def test_an_entry_without_columns_has_lines_only() -> None:
    # NO_COLUMNS of two units, one line on; NONE of one unit
    table = bytes([0x80 | 13 << 3 | 1, 2, 0x80 | 15 << 3])
    assert list(positions_of_locations(table, 7, 9)) == [
        (8, 8, None, None),
        (8, 8, None, None),
        (None, None, None, None),
    ]


def test_positions_end_with_the_bytecode() -> None:
    assert len(list(positions_of_locations(b"\xff" * 1000, 1, 20))) == 20


def test_before_3_11_every_unit_of_a_range_has_its_line() -> None:
    spans = positions_of_lines(iter([(0, 4, 1), (4, 6, None), (6, 99, 3)]), 5)
    assert [span[0] for span in spans] == [1, 1, None, 3, 3]


@pytest.mark.parametrize("unit", [b"\x7f", b"\xf7", b"\xf7\x7f", b"\xff", b"\x80"])
def test_numbers_that_never_end_take_no_longer_than_the_table_is(unit: bytes) -> None:
    table = bytes([0x80 | 14 << 3]) + unit * 200_000
    started = time.perf_counter()
    entries = 1 + table.count(unit[:1]) * (unit[0] >> 7)
    assert len(list(lines_of_locations(table, 1, join_neighbours=False))) == entries
    assert len(list(positions_of_locations(table, 1, 1000))) == 1000
    assert time.perf_counter() - started < 5


READERS: list[Callable[[bytes], Iterator[object]]] = [
    lambda table: lines_of_lnotab(table, 1, 100),
    lambda table: lines_of_linetable(table, 1),
    lambda table: lines_of_locations(table, 1, join_neighbours=True),
    lambda table: lines_of_locations(table, 1, join_neighbours=False),
    lambda table: positions_of_locations(table, 1, 100),
    lambda table: positions_of_lines(lines_of_linetable(table, 1), 100),
]


@pytest.mark.parametrize("reader", READERS)
def test_any_bytes_are_read_to_their_end(reader: Callable[[bytes], Iterator[object]]) -> None:
    rng = random.Random(5)
    for _ in range(300):
        table = rng.randbytes(rng.randrange(40))
        assert len(list(reader(table))) <= max(len(table) + 1, 100)
