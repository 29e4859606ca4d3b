"""What the tests of .pyc files share: sources that use much of the language, and who compiles them.

An interpreter is looked for as ``python3.X`` on PATH and among pyenv's (``$PYENV_ROOT``, ``~/.pyenv``);
it counts if it starts and says that it is CPython 3.X. The running one is always there.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

VERSIONS = tuple((3, minor) for minor in range(8, 16))
"""The CPythons whose code is read."""

SAMPLES = Path(__file__).parents[1] / "data" / "pyc"

EVERYDAY = '''\
"""A module with a docstring that is longer than two hundred and fifty-five characters, because marshal
writes the length of such a string in four bytes instead of one. It goes on for a while, says nothing,
and stops here, which should be enough: two hundred and fifty-five is not that many."""
from __future__ import annotations
import os.path as path, sys
from functools import wraps

NUMBERS = (0, 1, -1, 255, 2**31 - 1, -(2**31), 2**31, 2**64, -(2**100) + 7, 10**40)
FLOATS = 0.0, -0.0, 1e308 * 10, -1e308 * 10, 1.5, 1e-320, (1e308 * 10) - (1e308 * 10)
COMPLEX = 1j, -0.0j, 2.5 - 1e300j
TEXTS = ("", "a", "name", "two words", "caf\\xe9", "\\u4e2d\\u6587",
         "\\U0001f40d", "\\ud800 alone", "\\x1b[31m")
BYTES = b"", b"\\0\\xff", b"raw" * 100
NESTED = ((((1, "a"), 2.0), None), ..., (True, False), ())


def parameters(first, second=2, /, third=3, *rest, fourth, fifth=5, **others) -> "int":
    return first, second, third, rest, fourth, fifth, others


def outer(seen, step=1):
    count = 0

    def inner(more):
        nonlocal count
        count += step + more
        return [count * factor for factor in range(more) if factor not in {1, 2, 3}]

    return inner, {key: value for key, value in seen}, lambda x: (x, count, seen)


class Base:
    attribute: int = 1
    __slots__ = ("one", "two")

    def method(self):
        return super().__repr__() + __class__.__name__

    @property
    def value(self):
        return self.one if self.one is not None else -self.two


class Derived(Base, metaclass=type):
    def __init__(self, *args):
        self.one, (self.two, *self_rest) = args
        del args


def failing(mapping):
    try:
        with open(path.join("a", "b")) as file, open("c") as other:
            for line in file:
                if not line:
                    continue
                elif line in ("x", "y"):
                    break
                mapping[line][1:2] = other
            else:
                assert mapping, f"empty: {mapping!r:>{10}} {sys.argv[0]}"
    except (OSError, KeyError) as error:
        raise ValueError("failed") from error
    except Exception:
        while True:
            yield mapping.pop()
    finally:
        print("done", file=sys.stderr, sep="")


def delegating():
    got = yield from failing({})
    return got


async def waiting(source, gate):
    async with gate as opened:
        async for item in source:
            await item
            yield item, opened
    results = [await one async for one in source if one]
    yield results


# EMPTY LINES
def far_away(a, b, c): return (
    a
    + b.attribute(1, 2, key=c,
                  *a, **b)
    - c[
        ::2
    ] < a < b
)


@wraps(far_away)
def decorated(größe=(1, 2), *, 变量=frozenset({1, 2})):
    global NUMBERS
    NUMBERS = größe if größe in {"a", b"b", 1.5, None} else 变量
    return not NUMBERS or [*NUMBERS, *größe], {**变量}, {*NUMBERS}
'''
# a line number needs more than one entry of a table where it grows by more than 127
EVERYDAY = EVERYDAY.replace("# EMPTY LINES\n", "\n" * 150)

MATCHING = """\
def kind(value):
    match value:
        case 0 | 1.5 | "text":
            return "constant"
        case [first, *rest] if rest:
            return first
        case {"key": found, **others}:
            return found, others
        case complex(real=0, imag=part):
            return part
        case _:
            return None


def both(one, two):
    with (one as first, two as second):
        return first, second
"""

GROUPS = """\
import asyncio


async def gather(jobs):
    try:
        async with asyncio.TaskGroup() as group:
            return [task async for task in jobs if (await task)], {t: await t for t in jobs}
    except* ValueError as group:
        raise
    except* (OSError, TypeError):
        jobs = lambda: (group, jobs)


def nested():
    try:
        try:
            1 / 0
        finally:
            x = [y for y in range(3)]
    except ZeroDivisionError as error:
        return error, x
"""

GENERICS = """\
type Pair[T] = tuple[T, T]


class Box[T: (int, str), *Ts, **P]:
    item: T

    def get[U](self, other: U) -> T | U:
        return [self.item for _ in range(2) if [other for self.x in ()]] or f"{self.item!r:{"<" + str(3)}}"


def inlined(rows):
    return [[cell for cell in row] for row in rows], lambda: [rows for rows in rows]
"""

TEMPLATES = """\
def shown(name, values):
    template = t"hello {name!r:>{10}} {values}"
    first, rest = values[1:2], values[::-1]
    try:
        return template, first, rest, all(v for v in values)
    except ValueError, TypeError:
        return None


class Annotated:
    x: Undefined
    y: list[Annotated] = []
"""

LAZY = """\
lazy import json
lazy from os import path


def use(values):
    return json.dumps([*values]), path, None, True, "", -1
"""


class Source(NamedTuple):
    """A module of the corpus."""

    name: str
    text: str
    since: tuple[int, int]
    """The first version whose compiler takes it."""


SOURCES = (
    Source("everyday", EVERYDAY, (3, 8)),
    Source("matching", MATCHING, (3, 10)),
    Source("groups", GROUPS, (3, 11)),
    Source("generics", GENERICS, (3, 12)),
    Source("templates", TEMPLATES, (3, 14)),
    Source("lazy", LAZY, (3, 15)),
)

MTIME = 1_700_000_000

_COMPILER = """
import base64, importlib.util, json, marshal, sys, warnings
warnings.simplefilter("ignore")
answer = {"magic": importlib.util.MAGIC_NUMBER.hex(), "modules": {}}
for name, text, optimize in json.load(sys.stdin):
    text = text.encode("utf-8", "surrogatepass")
    code = compile(text, name + ".py", "exec", dont_inherit=True, optimize=optimize)
    answer["modules"][name] = [
        base64.b64encode(marshal.dumps(code)).decode(),
        importlib.util.source_hash(text).hex(),
    ]
print(json.dumps(answer))
"""


class CompiledModule(NamedTuple):
    """A module of the corpus as one version's compiler left it."""

    name: str
    version: tuple[int, int]
    magic: bytes
    """Four bytes."""
    body: bytes
    """The marshalled code object."""
    source_size: int
    source_hash: bytes

    def pyc(self, mode: str = "timestamp") -> bytes:
        """The .pyc file of it, its header in one of the three modes."""
        flags = {"timestamp": 0, "unchecked-hash": 1, "checked-hash": 3}[mode]
        checked = self.source_hash if flags else struct.pack("<2I", MTIME, self.source_size)
        return self.magic + struct.pack("<I", flags) + checked + self.body


def compile_corpus(
    interpreter: str, version: tuple[int, int], optimize: int = 0
) -> list[CompiledModule]:
    """The sources that `version` takes, compiled by `interpreter`, which is of that version."""
    sources = [source for source in SOURCES if source.since <= version]
    answer = json.loads(
        run_interpreter(
            interpreter,
            "-c",
            _COMPILER,
            stdin=json.dumps([(source.name, source.text, optimize) for source in sources]),
        )
    )
    modules = []
    for source in sources:
        body, source_hash = answer["modules"][source.name]
        modules.append(
            CompiledModule(
                source.name,
                version,
                bytes.fromhex(answer["magic"]),
                base64.b64decode(body),
                len(source.text.encode("utf-8", "surrogatepass")),
                bytes.fromhex(source_hash),
            )
        )
    return modules


def run_interpreter(interpreter: str, *arguments: str, stdin: str = "") -> str:
    """What a program printed in an isolated `interpreter`, the same in every run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    finished = subprocess.run(
        [interpreter, "-s", "-S", "-X", "utf8", *arguments],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        # marshal of 3.8-3.10 writes a frozenset in the order of its hashes
        env={**kept, "PYTHONHASHSEED": "0"},
        timeout=300,
        check=True,
    )
    return finished.stdout


@cache
def find_interpreter(version: tuple[int, int]) -> str | None:
    """A CPython of `version` that starts, or None."""
    if version == sys.version_info[:2]:
        return sys.executable
    for candidate in _candidates(version):
        try:
            said = run_interpreter(
                candidate,
                "-c",
                "import sys; print(sys.implementation.name, *sys.version_info[:2], sys.version_info[3])",
            )
        except (OSError, subprocess.SubprocessError):
            continue
        if said.split() == ["cpython", *map(str, version), "final"]:
            return candidate
    return None


def _candidates(version: tuple[int, int]) -> Iterator[str]:
    name = f"python{version[0]}.{version[1]}"
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which(name, path=folder or ".")
        if found:
            yield found
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    versions = root / "versions"
    yield from map(str, sorted(versions.glob(f"{version[0]}.{version[1]}.*/bin/python")))


def interpreters() -> Mapping[tuple[int, int], str]:
    """The interpreters that are here, by version."""
    found = {version: find_interpreter(version) for version in VERSIONS}
    return {version: interpreter for version, interpreter in found.items() if interpreter}


def samples() -> list[Path]:
    """The committed .pyc files, oldest version first; ``make.py`` beside them makes them."""
    return sorted(SAMPLES.glob("*.pyc"), key=lambda path: (len(path.suffixes[0]), path.name))
