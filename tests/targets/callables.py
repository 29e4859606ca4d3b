"""Functions and methods of every kind, to be called from outside."""

import functools


def plus(a, b=1):
    return a + b


def drain(items):
    while items:
        items.pop()


def generate(n):
    for i in range(n):
        yield i


async def coroutine(n):
    return n


async def generate_later(n):
    for i in range(n):
        yield i


def where():
    print(__name__, plus.__module__)


def failing():
    raise ValueError("in the function")


def outer():
    def inner():
        return 1

    return inner()


class Plain:
    def method(self, x=1):
        return x + 1

    @staticmethod
    def static(x):
        return x

    @classmethod
    def of_class(cls, x):
        return x

    @property
    def value(self):
        return 5

    class Nested:
        def method(self):
            return 2


class Demanding:
    def __init__(self, required):
        self.required = required

    def method(self):
        return self.required


number = 5
