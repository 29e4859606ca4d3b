"""Reads all lines of its standard input."""

import sys


def take(line):
    print(line.strip().upper())


for line in sys.stdin:
    take(line)
