"""The ways of lines: where they leave and enter boxes, and their corners (see `graph_layout`).

A line leaves at the lower side of its source, in the part of it that names the line, and enters at
the upper side of its target, straight below where it comes from if it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .graph_channels import Net, assign_tracks
from .graph_ranks import Bundle, Line, Tiers

__all__ = ["Box", "Route", "Routes"]

TRACK_HEIGHT = 10.0
CHANNEL_MARGIN = 16.0
"""Between the boxes and the nearest track."""
PIN_GAP = 14.0
"""Least distance of two lines that enter the same box, where it is wide enough."""
CORNER_ROOM = 12.0
"""How far from a box's corner lines stay."""

Span = tuple[float, float]


class Box(NamedTuple):
    """A rectangle. As an input of `layout` only its size counts."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right side."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Its lower side."""
        return self.top + self.height


class Route(NamedTuple):
    """The way of a line."""

    points: tuple[tuple[float, float], ...]
    """Its corners; all angles are right."""
    joins: bool
    """Whether it ends on another line of its bundle instead of at its target."""
    exit: Span
    """Left and right end of its part of the source's lower side."""


class Routes:
    """The lines in all channels. Channel n lies above rank n; one more lies below all ranks.

    `boxes` have their left sides already, not yet their tops: how high a channel is depends on the
    lines in it.
    """

    def __init__(
        self, boxes: Sequence[Box], lines: Sequence[Line], tiers: Tiers, x_of: Sequence[float]
    ) -> None:
        self._lines = lines
        self._tiers = tiers
        self._exits = _exits(boxes, lines, tiers, x_of)
        self._nets: dict[tuple[int, Bundle], Net] = {}
        for bundle, numbers in tiers.bundles.items():
            self._add_nets(bundle, numbers, x_of)
        self._enter(boxes)
        channels: list[list[Net]] = [[] for _ in range(len(tiers.ranks) + 1)]
        for (channel, _), net in self._nets.items():
            channels[channel].append(net)
        self.heights = [
            2 * CHANNEL_MARGIN + assign_tracks(nets) * TRACK_HEIGHT if nets else 0.0
            for nets in channels
        ]
        """By channel; 0 where no line runs."""

    def _add_nets(self, bundle: Bundle, numbers: Sequence[int], x_of: Sequence[float]) -> None:
        """The pins of `bundle` in every channel, but for the one where it enters its target."""
        rank_of = self._tiers.rank_of
        for number in numbers:
            channel = rank_of[self._lines[number].source] + 1
            self._net(channel, bundle).upper.append(_middle(self._exits[number]))
        ends = [rank_of[bundle.target]] + [rank_of[self._lines[n].source] for n in numbers]
        for rank in range(min(ends), max(ends) + 1):
            vertex = self._tiers.passing.get((bundle, rank))
            if vertex is not None:
                above, below = self._net(rank, bundle), self._net(rank + 1, bundle)
                above.lower.append(x_of[vertex])
                below.upper.append(x_of[vertex])
                (below if bundle.is_back else above).exit = x_of[vertex]

    def _net(self, channel: int, bundle: Bundle) -> Net:
        return self._nets.setdefault((channel, bundle), Net(bundle))

    def _enter(self, boxes: Sequence[Box]) -> None:
        """Chooses where each bundle enters its target."""
        entering: dict[int, list[Net]] = {}
        for bundle in self._tiers.bundles:
            net = self._net(self._tiers.rank_of[bundle.target], bundle)
            entering.setdefault(bundle.target, []).append(net)
        for target, nets in entering.items():
            box = boxes[target]
            middle = box.left + box.width / 2
            room = min(CORNER_ROOM, box.width / 4)
            wished = [
                min((net.upper or net.lower), key=lambda pin: abs(pin - middle)) for net in nets
            ]
            chosen = _spread(wished, box.left + room, box.right - room)
            for net, x in zip(nets, chosen, strict=True):
                net.exit = x
                net.lower.append(x)

    def drawn(
        self, boxes: Sequence[Box], tops: Sequence[float], bottoms: Sequence[float]
    ) -> list[Route]:
        """The way of each line between the placed `boxes`; `tops` and `bottoms` are the ranks'."""
        floors = [0.0, *bottoms]
        routes: dict[int, Route] = {}
        for bundle, numbers in self._tiers.bundles.items():
            spans: dict[int, Span] = {}
            for number in sorted(numbers, key=lambda number: self._longest_first(number, bundle)):
                routes[number] = self._way(number, bundle, spans, boxes, floors)
        return [routes[number] for number in range(len(self._lines))]

    def _longest_first(self, number: int, bundle: Bundle) -> tuple[int, float]:
        rank = self._tiers.rank_of[self._lines[number].source]
        net = self._nets[rank + 1, bundle]
        aside = abs(_middle(self._exits[number]) - net.exit)
        return (-rank if bundle.is_back else rank), -aside

    def _way(
        self,
        number: int,
        bundle: Bundle,
        spans: dict[int, Span],
        boxes: Sequence[Box],
        floors: Sequence[float],
    ) -> Route:
        """From the source to the target, or to where another line of the bundle is met.

        `spans` says by channel how far the bundle's trunk is drawn already. `floors` are the upper
        sides of the channels.
        """
        source = self._lines[number].source
        x = _middle(self._exits[number])
        points = [(x, boxes[source].bottom)]
        channel = self._tiers.rank_of[source] + 1
        last = self._tiers.rank_of[bundle.target]
        while True:
            net = self._nets[channel, bundle]
            y = floors[channel] + CHANNEL_MARGIN + net.track * TRACK_HEIGHT
            left, right = spans.get(channel, (net.exit, net.exit))
            end = min(max(x, left), right)
            if channel in spans or x != net.exit:
                points.append((x, y))
                points.append((end, y))
            joins = channel in spans
            spans[channel] = min(left, x), max(right, x)
            if joins:
                break
            x = net.exit
            if channel == last:
                points.append((x, boxes[bundle.target].top))
                break
            channel += -1 if bundle.is_back else 1
        return Route(_without_repeats(points), joins, self._exits[number])


def _exits(
    boxes: Sequence[Box], lines: Sequence[Line], tiers: Tiers, x_of: Sequence[float]
) -> list[Span]:
    """The part of the source's lower side that each line leaves from, ordered by where it goes."""
    leaving: dict[int, list[tuple[float, int]]] = {}
    for number, line in enumerate(lines):
        bundle = Bundle(line.target, line.is_back, line.group)
        rank = tiers.rank_of[line.source]
        beside = tiers.passing.get((bundle, rank if line.is_back else rank + 1), line.target)
        leaving.setdefault(line.source, []).append((x_of[beside], number))
    exits: dict[int, Span] = {}
    for source, found in leaving.items():
        box = boxes[source]
        spare = (box.width - sum(lines[number].room for _, number in found)) / len(found)
        left = box.left
        for _, number in sorted(found):
            right = left + lines[number].room + spare
            exits[number] = left, right
            left = right
    return [exits[number] for number in range(len(lines))]


def _middle(span: Span) -> float:
    return float(round(sum(span) / 2))


def _spread(wished: Sequence[float], left: float, right: float) -> list[float]:
    """Places between `left` and `right`, near to the wished ones and apart from each other."""
    gap = min(PIN_GAP, (right - left) / max(len(wished) - 1, 1))
    order = sorted(range(len(wished)), key=lambda number: (wished[number], number))
    places = [min(max(x, left), right) for x in wished]
    lowest = left
    for number in order:
        places[number] = lowest = max(places[number], lowest)
        lowest += gap
    highest = right
    for number in reversed(order):
        places[number] = highest = min(places[number], highest)
        highest -= gap
    return places


def _without_repeats(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """`points` without those that repeat the one before or lie straight between neighbours."""
    kept: list[tuple[float, float]] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and (kept[-2][0] == kept[-1][0] == point[0]):
            kept.pop()
        kept.append(point)
    return tuple(kept)
