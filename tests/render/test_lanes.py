"""Arrows beside rows."""

from __future__ import annotations

from pyinternals.render.lanes import MOST_LANES, Lane, draw_lanes, draw_regions


def drawn(lanes: list[Lane], rows: int, *, unicode: bool = False) -> list[str]:
    return draw_lanes(lanes, rows, unicode=unicode)[0]


def test_a_jump_forward_ends_in_an_arrow_head_at_its_target() -> None:
    assert drawn([Lane(2, (0,))], 4) == ["+--", "|  ", "+->", "   "]


def test_a_jump_back_starts_below_its_target() -> None:
    assert drawn([Lane(0, (2,))], 3) == ["+->", "|  ", "+--"]


def test_jumps_to_one_target_share_a_lane() -> None:
    assert drawn([Lane(3, (0, 1))], 4, unicode=True) == ["╭──", "├──", "│  ", "╰─▶"]


def test_the_shorter_jump_lies_nearer_to_the_text() -> None:
    assert drawn([Lane(3, (0,)), Lane(2, (1,))], 4) == ["+---", "|+--", "|+->", "+-->"]


def test_a_jump_to_itself_is_one_row() -> None:
    assert drawn([Lane(1, (1,))], 3) == ["   ", "+->", "   "]


def test_lanes_that_would_make_it_too_wide_are_left_out() -> None:
    lanes = [Lane(20 - i, (i,)) for i in range(10)]
    rows, width = draw_lanes(lanes, 21, unicode=False)
    assert width == MOST_LANES + 2
    assert {len(row) for row in rows} == {width}


def test_without_jumps_nothing_is_drawn() -> None:
    assert draw_lanes([], 2, unicode=True) == (["", ""], 0)


def test_regions_are_brackets() -> None:
    assert draw_regions([(0, 2), (3, 3)], 5, unicode=False) == ["/", "|", "\\", "[", " "]
