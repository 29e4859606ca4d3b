"""A thousand additions, a branch that is never taken; with "threads", in four threads at once."""

import sys
import threading


def add_up(n):
    total = 0
    for i in range(n):
        total += i
        if i < 0:
            print("a negative number in range()")
    return total


def first(n):
    for i in range(n):
        yield i


def use():
    for _ in range(20):
        for _ in first(5):
            pass


class Never:
    def called(self):
        return 1


if "threads" in sys.argv:
    threads = [threading.Thread(target=add_up, args=(1000,)) for _ in range(4)]
    for thread in threads:
        thread.start()
else:
    add_up(1000)
    use()
