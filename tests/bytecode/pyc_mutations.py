"""Damage for .pyc files: mutations that know where things are, and modules that say little and mean much.

`fuzz_pyc.py` and `fuzz_pyc_atheris.py` feed the reader with what is made here.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pyinternals.bytecode.code_record import CodeRecord
from pyinternals.bytecode.pyc_file import parse_pyc

NASTY_NUMBERS = (0, 1, 2, 255, 256, 65535, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 2)
TYPE_CODES = b"0NFTS.iIlfgxystuaAzZr()[{<>c:}?"


class Raw(bytes):
    """Marshalled data that stands for itself."""


class Writer:
    """Marshals a code record without references, and remembers where its fields are."""

    def __init__(self, version: tuple[int, int]) -> None:
        self.version = version
        self.data = bytearray()
        self.fields: list[tuple[str, int, int]] = []

    def write(self, value: Any) -> None:
        kind = type(value).__name__
        getattr(self, f"write_{kind}")(value)

    def _put(self, code: bytes, content: bytes = b"", size: int | None = None) -> None:
        self.data += code
        if size is not None:
            self.data += struct.pack("<I", size)
        self.data += content

    def write_Raw(self, value: Raw) -> None:
        self.data += value

    def write_NoneType(self, value: None) -> None:
        self._put(b"N")

    def write_ellipsis(self, value: Any) -> None:
        self._put(b".")

    def write_bool(self, value: bool) -> None:
        self._put(b"T" if value else b"F")

    def write_int(self, value: int) -> None:
        if -(2**31) <= value < 2**31:
            self._put(b"i", struct.pack("<i", value))
            return
        digits = []
        rest = abs(value)
        while rest:
            digits.append(rest & 0x7FFF)
            rest >>= 15
        count = -len(digits) if value < 0 else len(digits)
        self._put(b"l", struct.pack(f"<i{len(digits)}H", count, *digits))

    def write_float(self, value: float) -> None:
        self._put(b"g", struct.pack("<d", value))

    def write_complex(self, value: complex) -> None:
        self._put(b"y", struct.pack("<2d", value.real, value.imag))

    def write_bytes(self, value: bytes) -> None:
        self._put(b"s", value, len(value))

    def write_str(self, value: str) -> None:
        data = value.encode("utf-8", "surrogatepass")
        self._put(b"u", data, len(data))

    def write_tuple(self, value: tuple[Any, ...]) -> None:
        self._put(b"(", size=len(value))
        for item in value:
            self.write(item)

    def write_MarshalSet(self, value: Any) -> None:
        self._put(b">", size=len(value.items))
        for item in value.items:
            self.write(item)

    def write_slice(self, value: slice) -> None:
        self._put(b":")
        for part in (value.start, value.stop, value.step):
            self.write(part)

    def write_CodeRecord(self, code: CodeRecord) -> None:
        self.write_code({name: getattr(code, name) for name in code_fields(self.version)})

    def write_code(self, parts: dict[str, Any]) -> None:
        """A code object whose fields may be anything, numbers where marshal writes bare numbers."""
        self._put(b"c")
        for name in code_fields(self.version):
            start = len(self.data)
            if name in BARE_NUMBERS:
                self.data += struct.pack("<I", parts[name] & 0xFFFFFFFF)
            else:
                self.write(parts[name])
            self.fields.append((name, start, len(self.data)))


BARE_NUMBERS = frozenset(
    {
        "co_argcount",
        "co_posonlyargcount",
        "co_kwonlyargcount",
        "co_nlocals",
        "co_stacksize",
        "co_flags",
        "co_firstlineno",
    }
)


def code_fields(version: tuple[int, int]) -> list[str]:
    """The fields of a code object in the order in which `version` marshals them."""
    counts = ["co_argcount", "co_posonlyargcount", "co_kwonlyargcount"]
    head = ["co_stacksize", "co_flags", "co_code", "co_consts", "co_names"]
    if version >= (3, 11):
        names = [
            "co_localsplusnames",
            "co_localspluskinds",
            "co_filename",
            "co_name",
            "co_qualname",
        ]
        return [*counts, *head, *names, "co_firstlineno", "co_linetable", "co_exceptiontable"]
    names = ["co_varnames", "co_freevars", "co_cellvars", "co_filename", "co_name"]
    lines = "co_linetable" if version >= (3, 10) else "co_lnotab"
    return [*counts, "co_nlocals", *head, *names, "co_firstlineno", lines]


def plain_parts(version: tuple[int, int]) -> dict[str, Any]:
    """The fields of a small valid function."""
    parts: dict[str, Any] = dict.fromkeys(code_fields(version), 0)
    parts.update(co_code=b"d\0S\0", co_consts=(None,), co_stacksize=1, co_flags=3, co_firstlineno=1)
    for name in parts:
        if name.endswith(("names", "vars")):
            parts[name] = ()
        elif name.endswith(("table", "kinds", "lnotab")):
            parts[name] = b""
    parts.update(co_filename="f.py", co_name="f")
    if version >= (3, 11):
        parts["co_qualname"] = "f"
    return parts


def shared_tuples(levels: int, width: int = 2) -> bytes:
    """Tuples each of which holds the one below it `width` times; `width`**`levels` items in all."""
    opening = b"".join(bytes([0x80 | 0x29, width]) for _ in range(levels))
    closing = b"".join(
        (b"r" + struct.pack("<I", number)) * (width - 1) for number in range(levels, 0, -1)
    )
    return opening + b"\xa9\x01N" + closing


def nested(opening: bytes, levels: int, closing: bytes = b"") -> bytes:
    return opening * levels + b"N" + closing * levels


def bomb(rng: random.Random, version: tuple[int, int]) -> bytes:
    """A module that says little and means much."""
    parts = plain_parts(version)
    levels = rng.choice((3, 17, 28, 60, 300))
    deep = rng.choice((50, 499, 501, 5000, 100_000))
    size = rng.choice((1000, 30_000, 300_000))
    consts: Callable[[], bytes] = rng.choice(
        (
            lambda: shared_tuples(levels),
            lambda: shared_tuples(levels, 200),
            lambda: b">\x01\0\0\0" + shared_tuples(levels),
            lambda: b"{" + shared_tuples(levels) + b"N0",
            lambda: nested(b")\x01", deep),
            lambda: nested(b"[\x01\0\0\0", deep),
            lambda: nested(b">\x01\0\0\0", deep),
            lambda: nested(b":NN", deep),
            lambda: nested(b"{N", deep, b"0"),
            lambda: nested(b"}N", deep, b"0"),
            lambda: nested(b"c" + b"\0" * 20, deep),
            lambda: b"\xa9\x01r\0\0\0\0",
            lambda: b"\xdb\x01\0\0\0r\0\0\0\0",
            lambda: b"\xfbNr\0\0\0\x000",
            lambda: b"l" + struct.pack("<i", -size) + b"\xff\x7f" * size,
            lambda: b"l" + struct.pack("<i", 2**31 - 1) + b"\xff\x7f" * 9,
            lambda: (
                rng.choice((b"(", b"[", b"<", b">", b"s", b"u", b"a"))
                + struct.pack("<I", rng.choice(NASTY_NUMBERS))
            ),
            lambda: b"(" + struct.pack("<I", size) + b"N" * size,
            lambda: b"(" + struct.pack("<I", size) + b"\xa9\0" * size,
            lambda: b"<" + struct.pack("<I", size) + b"i\1\0\0\0" * size,
        )
    )
    parts["co_consts"] = Raw(b")\x02" + consts() + b"N")
    if rng.random() < 0.3:
        parts["co_consts"] = Raw(many_functions(rng, version))
    for name in ("co_linetable", "co_lnotab", "co_exceptiontable", "co_code"):
        if name in parts and rng.random() < 0.3:
            unit = rng.choice(
                (b"\xff", b"\x7f", b"\x40", b"\xf7\x7f", b"\x00\x01", b"\xef\xff\x7f")
            )
            parts[name] = unit * (size // 10 * 2)
    writer = Writer(version)
    writer.write_code(parts)
    return bytes(writer.data)


def many_functions(rng: random.Random, version: tuple[int, int]) -> bytes:
    """Functions that share one large table, each as long to walk as if it had its own."""
    count, size = rng.choice(((2, 10), (200, 4000), (50, 100_000), (2000, 10_000)))
    out = b"(" + struct.pack("<I", count + 1)
    out += b"\xf3" + struct.pack("<I", 2 * size) + rng.choice((b"\xff\xff", b"\x01\x01")) * size
    parts = plain_parts(version)
    for name in ("co_linetable", "co_lnotab", "co_code"):
        if name in parts:
            parts[name] = Raw(b"r\0\0\0\0")
    writer = Writer(version)
    writer.write_code(parts)
    return out + bytes(writer.data) * count


@dataclass(frozen=True)
class Seed:
    """A valid file to start from."""

    version: tuple[int, int]
    data: bytes
    plain: bytes
    """The same code marshalled without references."""
    fields: Sequence[tuple[str, int, int]]
    """Name, start and end in `plain` of each field of each code object."""

    @property
    def header(self) -> bytes:
        return self.data[:16]


def make_seed(version: tuple[int, int], data: bytes) -> Seed:
    code = parse_pyc(data).code
    assert code is not None
    writer = Writer(version)
    writer.write(code)
    return Seed(version, data, bytes(writer.data), tuple(writer.fields))


def mutate(seeds: Sequence[Seed], rng: random.Random) -> tuple[str, bytes]:
    """The name of a mutation, and a file that has gone through it, or through several."""
    seed = rng.choice(seeds)
    name = rng.choice(tuple(MUTATIONS))
    data = MUTATIONS[name](seed, rng, seeds)
    while rng.random() < 0.15:
        data = flip_bits(data, rng)
    return name, data


def flip_bits(data: bytes, rng: random.Random, start: int = 0, end: int | None = None) -> bytes:
    changed = bytearray(data)
    end = len(changed) if end is None else end
    if start >= end:
        return data
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        changed[rng.randrange(start, end)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _body_bits(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    return flip_bits(seed.data, rng, 16)


def _header(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    if rng.random() < 0.5:
        return flip_bits(seed.data, rng, 0, 16)
    word = 4 * rng.randrange(4)
    number = struct.pack("<I", rng.choice(NASTY_NUMBERS))
    return seed.data[:word] + number + seed.data[word + 4 :]


def _other_version(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    magic = rng.choice(
        (62211, 3131, 3379, 3394, 3400, 3413, 3425, 3439, 3450, 3495, 3531, 3571, 3627, 3666)
    )
    return struct.pack("<H", magic) + seed.data[2:]


def _truncation(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    return seed.data[: rng.randrange(len(seed.data))]


def _bytes_set(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    changed = bytearray(seed.data)
    for _ in range(rng.choice((1, 2, 4, 16))):
        changed[rng.randrange(16, len(changed))] = rng.choice(
            (0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256))
        )
    return bytes(changed)


def _number_set(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    """A nasty number somewhere, wherever a length might be."""
    place = rng.randrange(16, len(seed.data) - 4)
    return seed.data[:place] + struct.pack("<I", rng.choice(NASTY_NUMBERS)) + seed.data[place + 4 :]


def _length_set(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    """A nasty number behind a byte that may be the type code of something with a length."""
    places = [
        at for at, byte in enumerate(seed.data) if at >= 16 and byte & 0x7F in b"sutaA([<>{lr"
    ]
    place = rng.choice(places) + 1
    return seed.data[:place] + struct.pack("<I", rng.choice(NASTY_NUMBERS)) + seed.data[place + 4 :]


def _type_code(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    places = [at for at, byte in enumerate(seed.data) if at >= 16 and byte & 0x7F in TYPE_CODES]
    changed = bytearray(seed.data)
    changed[rng.choice(places)] = rng.choice(TYPE_CODES) | rng.choice((0, 0x80))
    return bytes(changed)


def _splice(seed: Seed, rng: random.Random, seeds: Sequence[Seed]) -> bytes:
    other = rng.choice(seeds).data
    start, end = sorted(rng.randrange(16, len(other)) for _ in range(2))
    first, last = sorted(rng.randrange(16, len(seed.data)) for _ in range(2))
    return seed.data[:first] + other[start:end] + seed.data[rng.choice((first, last)) :]


def _removed(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    place = rng.randrange(16, len(seed.data))
    return seed.data[:place] + seed.data[place + rng.choice((1, 2, 4, 5, 50)) :]


def _field(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    """Bits of one field of one code object."""
    _, start, end = rng.choice(seed.fields)
    return seed.header + flip_bits(seed.plain, rng, start, end)


def _field_replaced(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    """One field of one code object by another value: of its type, or of another."""
    name, start, end = rng.choice(seed.fields)
    if name in BARE_NUMBERS:
        new = struct.pack("<I", rng.choice(NASTY_NUMBERS))
    else:
        writer = Writer(seed.version)
        noise = rng.randbytes(rng.choice((0, 1, 2, 7, 64, 1000)))
        writer.write(
            rng.choice(
                (noise, noise, noise, noise.decode("latin-1"), (), (noise,), None, 1, ("a", "b"))
            )
        )
        new = bytes(writer.data)
    return seed.header + seed.plain[:start] + new + seed.plain[end:]


def _field_swapped(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    """One field of one code object by that of another."""
    name, start, end = rng.choice(seed.fields)
    _, first, last = rng.choice([place for place in seed.fields if place[0] == name])
    return seed.header + seed.plain[:start] + seed.plain[first:last] + seed.plain[end:]


def _bomb(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    return seed.header + bomb(rng, seed.version)


def _noise(seed: Seed, rng: random.Random, _: Sequence[Seed]) -> bytes:
    if rng.random() < 0.5:
        return seed.header + rng.randbytes(rng.randrange(2000))
    return seed.header + bytes(rng.choice(TYPE_CODES) for _ in range(rng.randrange(2000)))


Mutation = Callable[[Seed, random.Random, Sequence[Seed]], bytes]
MUTATIONS: dict[str, Mutation] = {
    function.__name__.lstrip("_"): function
    for function in (
        _body_bits,
        _header,
        _other_version,
        _truncation,
        _bytes_set,
        _number_set,
        _length_set,
        _type_code,
        _splice,
        _removed,
        _field,
        _field_replaced,
        _field_swapped,
        _bomb,
        _noise,
    )
}
