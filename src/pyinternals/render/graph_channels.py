"""The channels between ranks: at which height each line runs across (see `graph_layout`).

What a bundle does in one channel is a net: pins at the upper and the lower side, and a trunk that
joins them. Each trunk gets a track. A line must not run over another one, and crosses few of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .graph_ranks import Bundle

__all__ = ["Net", "assign_tracks"]

_TOO_NEAR = 6.0
"""Pins of two nets that are nearer to each other would be drawn as one line."""
_HARD = 1000
"""Weight of an overlap, against one for a crossing."""


@dataclass(slots=True)
class Net:
    """What a bundle of lines does in one channel."""

    bundle: Bundle
    exit: float = 0.0
    """Where the line goes on, towards its target."""
    upper: list[float] = field(default_factory=list)
    """All pins at the upper side of the channel."""
    lower: list[float] = field(default_factory=list)
    track: int = -1
    """Number of its track from above; -1 if it runs straight through."""

    @property
    def left(self) -> float:
        """Left end of the trunk."""
        return min(*self.upper, *self.lower)

    @property
    def right(self) -> float:
        """Right end of the trunk."""
        return max(*self.upper, *self.lower)


def assign_tracks(nets: Sequence[Net]) -> int:
    """Give each net that needs one its track; the number of tracks."""
    waiting = [net for net in nets if net.right > net.left]
    waiting.sort(key=lambda net: (net.left, net.right, net.bundle))
    above = _wishes(waiting)
    unplaced = set(range(len(waiting)))
    track = 0
    while unplaced:
        burden = {
            number: sum(weight for other, weight in above[number].items() if other in unplaced)
            for number in unplaced
        }
        least = min(burden.values())
        end = float("-inf")
        placed = []
        for number in sorted(unplaced):
            net = waiting[number]
            if burden[number] == least and net.left > end + _TOO_NEAR:
                net.track = track
                end = net.right
                placed.append(number)
                if least:
                    break  # a cycle of wishes: give up one, then see what has become free
        unplaced.difference_update(placed)
        track += 1
    return track


def _wishes(nets: Sequence[Net]) -> list[dict[int, int]]:
    """By net: the nets that had better be above it, and how much better."""
    above: list[dict[int, int]] = [{} for _ in nets]
    for a, net in enumerate(nets):
        for b in range(a + 1, len(nets)):
            other = nets[b]
            if other.left > net.right + _TOO_NEAR:
                break  # sorted by their left ends
            gain = _cost(other, net) - _cost(net, other)
            if gain > 0:
                above[b][a] = gain
            elif gain < 0:
                above[a][b] = -gain
    return above


def _cost(upper: Net, lower: Net) -> int:
    """What it costs to have the trunk of `upper` above that of `lower`."""
    cost = 0
    for pin in upper.lower:
        cost += lower.left - _TOO_NEAR < pin < lower.right + _TOO_NEAR
        cost += _HARD * any(abs(pin - other) < _TOO_NEAR for other in lower.upper)
    for pin in lower.upper:
        cost += upper.left - _TOO_NEAR < pin < upper.right + _TOO_NEAR
    return cost
