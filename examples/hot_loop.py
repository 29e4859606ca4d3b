"""Loops that the interpreter specialises well, and some that it can't make up its mind about.

Run it with a number of rounds: ``python examples/hot_loop.py 1000``.
"""

from __future__ import annotations

import sys


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y


class Left:
    side = -1


class Right:
    side = 1


def steady(points: list[Point]) -> int:
    """The same types at the same places every time."""
    total = 0
    for point in points:
        total += point.x * point.y
    return total


def wavering(values: list[object]) -> object:
    """Each addition finds other types than the one before."""
    last = values[0]
    for value in values:
        last = value + value
    return last


def undecided(things: list[object]) -> int:
    """The attribute is found in another class each time."""
    side = 0
    for thing in things:
        side += thing.side
    return side


def unlucky(text: str) -> int:
    """An exception in every other round; a branch that is never taken."""
    numbers = 0
    for character in text:
        try:
            numbers += int(character)
        except ValueError:
            if numbers < 0:
                print("never")
    return numbers


def main(rounds: int = 200) -> None:
    points = [Point(number, number + 1) for number in range(10)]
    for _ in range(rounds):
        found = (
            steady(points),
            wavering([1, 1.5, "one", (1,), [1]]),
            undecided([Left(), Right(), Left(), Right(), Right()]),
            unlucky("1a2b3c"),
        )
    print(*found)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
