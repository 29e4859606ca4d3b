"""A small program with a bit of everything that the compiler has a way with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

UNITS = {"mm": 0.001, "cm": 0.01, "m": 1.0}


class Shape:
    """Something flat that has an area."""

    def __init__(self, name: str, *sides: float) -> None:
        self.name = name
        self.sides = sides

    def area(self) -> float:
        area = 1.0
        for side in self.sides:
            if side <= 0:
                raise ValueError(f"{self.name} has a side of length {side}")
            area *= side
        return area


class Triangle(Shape):
    def area(self) -> float:
        return super().area() / 2


@contextmanager
def counted(what: str) -> Iterator[list[str]]:
    seen: list[str] = []
    try:
        yield seen
    finally:
        print(f"{len(seen)} {what}")


def areas(shapes: list[Shape]) -> Iterator[tuple[str, float]]:
    with counted("shapes without an area") as flat:
        for shape in shapes:
            try:
                yield shape.name, shape.area()
            except ValueError as error:
                flat.append(str(error))


def in_unit(unit: str) -> Callable[[float], float]:
    factor = UNITS[unit] ** 2
    return lambda area: area / factor


async def total(shapes: list[Shape], unit: str = "m") -> float:
    convert = in_unit(unit)
    await asyncio.sleep(0)
    return sum(convert(area) for _, area in areas(shapes))


def main() -> None:
    shapes = [Shape("square", 2, 2), Triangle("triangle", 3, 4), Shape("line", 5, 0)]
    big = {shape.name: len(shape.sides) for shape in shapes if shape.sides[0] > 2}
    print(asyncio.run(total(shapes, unit="cm")), big)


if __name__ == "__main__":
    main()
