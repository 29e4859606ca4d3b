"""A drawing hides nothing: boxes apart, lines beside them, every line where it belongs."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import pytest

from pyinternals.render.graph_layout import Box, GraphLayout, Line, Route, layout

GRAPHS = 30
SMALL = Box(0.0, 0.0, 100.0, 60.0)


def down(source: int, target: int, group: str = "line") -> Line:
    return Line(source, target, group, False, 40.0)


def back(source: int, target: int) -> Line:
    return Line(source, target, "back", True, 40.0)


def random_graph(seed: int) -> tuple[list[Box], list[Line]]:
    """Some boxes of any size, lines down, lines back up; the same for the same seed."""
    dice = random.Random(seed)
    count = dice.randint(2, 40)
    boxes = [
        Box(0.0, 0.0, 2.0 * dice.randint(70, 200), float(dice.randint(30, 300)))
        for _ in range(count)
    ]
    lines = []
    above: list[set[int]] = [{number} for number in range(count)]
    for source in range(count):
        if source + 1 < count and dice.random() < 0.8:
            lines.append(down(source, source + 1))
            above[source + 1] |= above[source]
        if source + 2 < count and dice.random() < 0.5:
            target = dice.randrange(source + 2, count)
            lines.append(down(source, target, "far"))
            above[target] |= above[source]
        if dice.random() < 0.3:
            lines.append(back(source, dice.choice(sorted(above[source]))))
    return boxes, lines


@pytest.fixture(params=range(GRAPHS))
def drawing(request: pytest.FixtureRequest) -> tuple[list[Line], GraphLayout]:
    boxes, lines = random_graph(request.param)
    return lines, layout(boxes, lines)


def overlap(first: Box, second: Box) -> bool:
    return (
        first.left < second.right
        and second.left < first.right
        and first.top < second.bottom
        and second.top < first.bottom
    )


def segments(route: Route) -> Iterator[Box]:
    """The straight parts of a way, as rectangles without width or without height."""
    for (ax, ay), (bx, by) in pairwise(route.points):
        yield Box(min(ax, bx), min(ay, by), abs(ax - bx), abs(ay - by))


def touches(route: Route, point: tuple[float, float]) -> bool:
    x, y = point
    return any(s.left <= x <= s.right and s.top <= y <= s.bottom for s in segments(route))


class TestOfAnyGraph:
    def test_boxes_do_not_overlap(self, drawing: tuple[list[Line], GraphLayout]) -> None:
        _, placed = drawing
        pairs = [(a, b) for a in placed.boxes for b in placed.boxes if a is not b]
        assert [] == [pair for pair in pairs if overlap(*pair)]

    def test_no_line_runs_through_a_box(self, drawing: tuple[list[Line], GraphLayout]) -> None:
        _, placed = drawing
        through = [
            (part, box)
            for route in placed.routes
            for part in segments(route)
            for box in placed.boxes
            if overlap(part, box)
        ]
        assert [] == through

    def test_lines_have_only_right_angles(self, drawing: tuple[list[Line], GraphLayout]) -> None:
        _, placed = drawing
        parts = [part for route in placed.routes for part in segments(route)]
        assert [] == [part for part in parts if part.width and part.height]

    def test_a_line_leaves_at_its_part_of_the_lower_side_of_its_source(
        self, drawing: tuple[list[Line], GraphLayout]
    ) -> None:
        lines, placed = drawing
        for line, route in zip(lines, placed.routes, strict=True):
            box = placed.boxes[line.source]
            x, y = route.points[0]
            assert box.bottom == y
            assert box.left <= route.exit[0] < x < route.exit[1] <= box.right + 0.001

    def test_a_line_ends_at_its_target_or_on_another_line_that_does(
        self, drawing: tuple[list[Line], GraphLayout]
    ) -> None:
        lines, placed = drawing
        bundles = defaultdict(list)
        for line, route in zip(lines, placed.routes, strict=True):
            bundles[line.target, line.group].append(route)
        for (target, _), routes in bundles.items():
            box = placed.boxes[target]
            for route in routes:
                x, y = route.points[-1]
                others = [other for other in routes if other is not route]
                if route.joins:
                    assert any(touches(other, (x, y)) for other in others)
                else:
                    assert box.top == y
                    assert box.left < x < box.right
            assert 1 == sum(not route.joins for route in routes)

    def test_parts_of_different_lines_do_not_lie_on_each_other(
        self, drawing: tuple[list[Line], GraphLayout]
    ) -> None:
        _, placed = drawing
        upright: dict[float, list[tuple[float, float]]] = defaultdict(list)
        across: dict[float, list[tuple[float, float]]] = defaultdict(list)
        for route in placed.routes:
            for part in segments(route):
                if part.width:
                    across[part.top].append((part.left, part.right))
                else:
                    upright[part.left].append((part.top, part.bottom))
        for spans in (*upright.values(), *across.values()):
            for (_, end), (start, _) in pairwise(sorted(spans)):
                assert end <= start

    def test_a_line_leads_down_unless_it_leads_back(
        self, drawing: tuple[list[Line], GraphLayout]
    ) -> None:
        lines, placed = drawing
        for line in lines:
            source, target = placed.boxes[line.source], placed.boxes[line.target]
            assert line.is_back == (target.top <= source.top)

    def test_everything_is_within_the_drawing(
        self, drawing: tuple[list[Line], GraphLayout]
    ) -> None:
        _, placed = drawing
        xs = [x for route in placed.routes for x, _ in route.points]
        xs += [side for box in placed.boxes for side in (box.left, box.right)]
        ys = [y for route in placed.routes for _, y in route.points]
        ys += [side for box in placed.boxes for side in (box.top, box.bottom)]
        assert (0.0, placed.width) == (min(xs), max(xs))
        assert min(ys) >= 0.0
        assert max(ys) <= placed.height


def test_the_same_graph_gives_the_same_drawing() -> None:
    assert layout(*random_graph(7)) == layout(*random_graph(7))


def test_a_chain_is_a_straight_line() -> None:
    placed = layout([SMALL] * 4, [down(0, 1), down(1, 2), down(2, 3)])
    assert {50.0} == {x for route in placed.routes for x, _ in route.points}
    assert [2, 2, 2] == [len(route.points) for route in placed.routes]


def test_both_branches_stand_beside_each_other() -> None:
    placed = layout([SMALL] * 4, [down(0, 1), down(0, 2), down(1, 3), down(2, 3)])
    first, left, right, last = placed.boxes
    assert left.top == right.top
    assert first.left == last.left == (left.left + right.left) / 2


def test_a_line_that_passes_ranks_runs_beside_them_in_one_piece() -> None:
    placed = layout([SMALL] * 4, [down(0, 1), down(1, 2), down(2, 3), down(0, 3, "far")])
    upright = [part for part in segments(placed.routes[3]) if part.height]
    longest = max(upright, key=lambda part: part.height)
    assert longest.top < placed.boxes[1].top
    assert longest.bottom > placed.boxes[2].bottom


def test_a_box_that_leads_to_itself_is_entered_from_above() -> None:
    placed = layout([SMALL], [back(0, 0)])
    (box,), (route,) = placed.boxes, placed.routes
    assert (box.bottom, box.top) == (route.points[0][1], route.points[-1][1])
    assert max(x for x, _ in route.points) > box.right or min(x for x, _ in route.points) < box.left


def test_lines_of_one_group_to_one_box_run_together() -> None:
    lines = [down(0, 1), down(1, 2), down(0, 3, "raise"), down(1, 3, "raise"), down(2, 3, "raise")]
    placed = layout([SMALL] * 4, lines)
    assert 1 == sum(not route.joins for route in placed.routes[2:])


def test_nothing_is_drawn_of_nothing() -> None:
    assert GraphLayout((), (), 0.0, 0.0) == layout([], [])


def test_a_cycle_that_is_not_said_to_lead_back_is_refused() -> None:
    with pytest.raises(ValueError, match="cycle"):
        layout([SMALL] * 2, [down(0, 1), down(1, 0)])


def test_a_line_that_is_said_to_lead_back_but_leads_down_is_refused() -> None:
    with pytest.raises(ValueError, match="back"):
        layout([SMALL] * 3, [down(0, 1), back(2, 1)])
