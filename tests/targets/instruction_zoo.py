"""One of each: closures, generators thrown into, await, with, long jumps, exceptions, recursion."""

import asyncio


def closure(a):
    b = 1

    def inner(x):
        return a + b + x

    return inner


def thrown_into():
    try:
        yield 1
    except ValueError:
        yield 2


def delegating():
    yield from thrown_into()


async def leaf():
    return 1


async def awaiting(n):
    for _ in range(n):
        await leaf()


def raising(n):
    try:
        for i in range(n):
            if i == 5:
                raise ValueError(i)
    except ValueError:
        return "handled"
    return "not reached"


def deep(n):
    return 0 if n == 0 else deep(n - 1) + 1


def wide(n):
    x = n
    for _ in range(n):
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
        x += 1
        x -= 1
    return x


for _ in range(3):
    closure(1)(2)
generator = thrown_into()
next(generator)
generator.throw(ValueError)
list(generator)
list(delegating())
thrown_into()
asyncio.run(awaiting(7))
raising(10)
deep(100)
wide(10)
