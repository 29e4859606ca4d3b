"""Marshalled data becomes inert values; data that is damaged, or means too much, is refused."""

from __future__ import annotations

import marshal
import math
import struct
import sys
import time
import types
import warnings
from typing import Any

import pyc_mutations
import pyc_truth
import pytest

from pyinternals.bytecode.code_record import CodeRecord
from pyinternals.bytecode.marshal_limits import DEFAULT_LIMITS, Limits
from pyinternals.bytecode.marshal_reader import read_marshal
from pyinternals.bytecode.marshal_records import MarshalDict, MarshalList, MarshalSet
from pyinternals.errors import PycError
from pyinternals.safe_text import safe_repr

HOST = sys.version_info[:2]


def read(data: bytes, *, version: tuple[int, int] = (3, 15), **limits: Any) -> Any:
    return read_marshal(data, version=version, limits=Limits(**limits)).value


VALUES = [
    None,
    True,
    False,
    ...,
    0,
    -1,
    2**31 - 1,
    -(2**31),
    2**31,
    -(2**64) - 12345,
    3**2000,
    0.0,
    -0.0,
    1.5e300,
    math.inf,
    2.5 - 1j,
    "",
    "ascii",
    "a" * 300,
    "café",
    "中文 \U0001f40d",
    "\ud800 alone",
    b"",
    b"\0\xff" * 400,
    (),
    (1, ("two", (3.0,)), None),
    tuple(range(300)),
    StopIteration,
]


@pytest.mark.parametrize("format_version", range(marshal.version + 1))
@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_a_value_is_read_as_it_was_written(value: Any, format_version: int) -> None:
    actual = read(marshal.dumps(value, format_version))
    assert (type(actual), repr(actual)) == (type(value), repr(value))


def test_not_a_number_is_read() -> None:
    assert math.isnan(read(marshal.dumps(math.nan)))
    assert math.isnan(read(b"f\x03nan"))


def test_an_integer_of_eight_bytes_is_read() -> None:
    assert read(b"I" + struct.pack("<q", -(2**40))) == -(2**40)


def test_containers_that_can_change_or_hash_are_records() -> None:
    found = read(marshal.dumps(([1, 2], {3, 4}, frozenset({5}), {"a": 1, 2: ()})))
    items, some, frozen, mapping = found
    assert isinstance(items, MarshalList)
    assert items.items == (1, 2)
    assert isinstance(some, MarshalSet)
    assert (set(some.items), some.is_frozen) == ({3, 4}, False)
    assert isinstance(frozen, MarshalSet)
    assert (frozen.items, frozen.is_frozen) == ((5,), True)
    assert isinstance(mapping, MarshalDict)
    assert (mapping.pairs, mapping.is_frozen) == ((("a", 1), (2, ())), False)


def test_empty_containers_are_records_too() -> None:
    data = b"(\x04\0\0\0" + b"[\0\0\0\0" + b"<\0\0\0\0" + b">\0\0\0\0" + b"{0"
    assert [repr(item) for item in read(data)] == ["[]", "set()", "frozenset()", "{}"]


def test_a_slice_is_read_since_3_14_and_a_frozendict_since_3_15() -> None:
    a_slice = b":" + b"i\x01\0\0\0" + b"NN"
    assert read(a_slice, version=(3, 14)) == slice(1, None, None)
    frozen = read(b"}\xda\x01ai\x01\0\0\x000", version=(3, 15))
    assert (frozen.pairs, frozen.is_frozen) == ((("a", 1),), True)
    for data, version in ((a_slice, (3, 13)), (b"}0", (3, 14))):
        with pytest.raises(PycError, match="unknown type code"):
            read(data, version=version)


def test_what_is_shared_in_the_data_is_shared_in_the_value() -> None:
    inner = (1.5, "text")
    first, second = read(marshal.dumps((inner, inner)))
    assert first is second


def test_references_count_from_where_an_object_begins() -> None:
    # (ref 0) of a (ref 1) tuple with a (ref 2) string; then references to 1 and 2
    data = b"\xa9\x03" + b"\xa9\x01\xda\x01a" + b"r\x01\0\0\0" + b"r\x02\0\0\0"
    assert read(data) == (("a",), ("a",), "a")


def test_what_was_read_is_counted() -> None:
    data = b"\xa9\x03" + b"\xa9\x01\xda\x01a" + b"r\x01\0\0\0" + b"r\x02\0\0\0" + b"rest"
    contents = read_marshal(data, version=(3, 12))
    assert (contents.object_count, contents.reference_count) == (5, 2)
    assert contents.end == len(data) - 4
    assert contents.shared_bytes == 5


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "ends within an object"),
        (b"i\x01\0", "ends within an object"),
        (b"g\0\0", "ends within an object"),
        (b"l\x01\0", "ends within an object"),
        (b")", "ends within an object"),
        (b")\x02N", "ends within an object"),
        (b"c\0\0\0\0", "ends within an object"),
        (b"z\x05abc", "says at byte 1 that 5 bytes"),
        (b"s\xff\xff\xff\x7fabc", "says at byte 1 that 2,147,483,647 bytes"),
        (b"s\xff\xff\xff\xff", "4,294,967,295 bytes"),
        (b"(\xff\xff\xff\x7fNNNNN", "says at byte 1 that 2,147,483,647"),
        (b"[\xff\xff\xff\x7fN", "says at byte 1"),
        (b">\xff\xff\xff\xffN", "says at byte 1"),
        (b"u\x03\0\0\0ab", "says at byte 1"),
        (b"u\x02\0\0\0a\xff", "not UTF-8 at byte 6"),
        (b"?", "unknown type code '\\?' at byte 0"),
        (b"\x00", "unknown type code"),
        (b"0", "nothing where an object should be"),
        (b")\x010", "nothing where an object should be"),
        (b"r\0\0\0\0", "refers to object 0 at byte 0, but 0 stand before it"),
        (b")\x02\xda\x01ar\x01\0\0\0", "refers to object 1"),
        (b"r\xff\xff\xff\xff", "refers to object 4,294,967,295"),
        (b"\xa9\x01r\0\0\0\0", "contains itself, by the reference at byte 2"),
        (b"\xdb\x01\0\0\0r\0\0\0\0", "contains itself"),
        (b"\xfbNr\0\0\0\x000", "contains itself"),
        (b"l\x02\0\0\0\x01\0\0\0", "not normalised"),
        (b"l\x01\0\0\0\0\x80", "not normalised"),
        (b"l\0\0\0\x80", "says at byte 1"),
        (b"f\x03one", "a number that is none"),
        (b"f\x031_0", "a number that is none"),
        (b"f\x03 10", "a number that is none"),
        (b"x\x011\x01x", "a number that is none"),
    ],
)
def test_damaged_data_is_refused_with_what_is_wrong(data: bytes, complaint: str) -> None:
    with pytest.raises(PycError, match=complaint):
        read(data)


@pytest.mark.parametrize("version", [(3, 7), (2, 7)])
def test_the_code_of_older_versions_is_not_read(version: tuple[int, int]) -> None:
    with pytest.raises(PycError, match="are not read"):
        read(b"N", version=version)


@pytest.mark.parametrize("levels", [28, 400])
@pytest.mark.parametrize("around", [b"%b", b">\x01\0\0\0%b", b"{%bN0", b":%bNN"])
def test_tuples_shared_many_levels_deep_are_refused_at_once(around: bytes, levels: int) -> None:
    data = around % pyc_mutations.shared_tuples(levels)
    started = time.perf_counter()
    with pytest.raises(PycError, match=r"would grow by more than 1\d\d\.\d KiB if it"):
        read(data)
    assert time.perf_counter() - started < 0.5


def test_data_may_double_by_what_it_shares_and_a_little_more() -> None:
    inner = b"\xf3" + struct.pack("<I", 10_000) + b"x" * 10_000
    data = b"(\x03\0\0\0" + inner + b"r\0\0\0\0" * 2
    assert read_marshal(data, version=(3, 12)).shared_bytes == 20_000
    assert len(read(data, shared_bytes=20_000 - len(data))) == 3
    with pytest.raises(PycError, match="would grow by more than"):
        read(b")\x01" + data, shared_bytes=20_000 - len(data) - 3)


def test_few_levels_of_sharing_are_fine() -> None:
    found = read(pyc_mutations.shared_tuples(10))
    assert found[0] is found[1]


def test_what_sharing_stands_for_is_told_to_the_byte() -> None:
    inner = b"\xa9\x03\xda\x01ar\x01\0\0\0r\x01\0\0\0"
    data = b")\x03" + inner + b"r\0\0\0\0" * 2
    assert read_marshal(data, version=(3, 12)).shared_bytes == 2 * len(inner)


@pytest.mark.parametrize("opening", [b")\x01", b"[\x01\0\0\0", b"<\x01\0\0\0", b"{N"])
def test_depth_has_a_limit_and_no_recursion(opening: bytes) -> None:
    read(opening * 400 + b"N" + (b"0" * 400 if opening == b"{N" else b""), depth=400)
    with pytest.raises(PycError, match="nested more than 400 deep"):
        read(opening * 401 + b"N", depth=400)
    with pytest.raises(PycError, match="nested more than 500 deep"):
        read(opening * 1_000_000)


def test_the_number_of_objects_has_a_limit() -> None:
    data = b"(\x10\x27\0\0" + b"N" * 10_000
    assert len(read(data, objects=10_001)) == 10_000
    with pytest.raises(PycError, match="holds more than 10,000 objects"):
        read(data, objects=10_000)


def test_the_number_of_references_has_a_limit() -> None:
    data = b"(\x0b\0\0\0" + b"\xda\x01a" + b"r\0\0\0\0" * 10
    assert len(read(data, references=10)) == 11
    with pytest.raises(PycError, match="holds more than 9 references"):
        read(data, references=9)


def test_the_size_of_an_integer_has_a_limit() -> None:
    with pytest.raises(PycError, match="an integer of more than 100 B"):
        read(marshal.dumps(1 << 900), integer_bytes=100)


def test_time_has_a_limit() -> None:
    ticks = iter([0.0, 1.0, 5.0, 11.0])
    data = b"(\x00\x90\x01\0" + b"N" * 102_400
    with pytest.raises(PycError, match="takes longer than 10 s to read"):
        read_marshal(data, version=(3, 12), limits=DEFAULT_LIMITS, clock=lambda: next(ticks))


@pytest.mark.parametrize("name", pyc_mutations.code_fields((3, 12)))
def test_a_part_of_a_code_object_of_another_type_is_refused(name: str) -> None:
    parts = pyc_mutations.plain_parts((3, 12))
    parts[name] = 2**31 if name in pyc_mutations.BARE_NUMBERS else 1.5
    writer = pyc_mutations.Writer((3, 12))
    writer.write_code(parts)
    if name == "co_firstlineno":  # may be anything
        assert read(bytes(writer.data), version=(3, 12)).co_firstlineno == -(2**31)
        return
    with pytest.raises(PycError, match=r"is of type float|contradict each other"):
        read(bytes(writer.data), version=(3, 12))


@pytest.mark.parametrize(
    ("version", "changes", "complaint"),
    [
        ((3, 12), {"co_code": b"odd"}, "half an instruction"),
        ((3, 12), {"co_names": ("a", 1)}, "a name that is not a string"),
        ((3, 12), {"co_localsplusnames": ("a", b"b")}, "a name that is not a string"),
        ((3, 12), {"co_localsplusnames": ("a",)}, "1 localsplusnames and 0 kinds"),
        ((3, 12), {"co_argcount": 1}, "contradict each other"),
        ((3, 12), {"co_flags": 4}, "contradict each other"),
        ((3, 8), {"co_posonlyargcount": 1}, "contradict each other"),
        ((3, 8), {"co_nlocals": 2**32 - 1}, "-1 local variables"),
        ((3, 10), {"co_varnames": ()}, None),
        ((3, 10), {"co_cellvars": (None,)}, "a name that is not a string"),
        ((3, 10), {"co_linetable": "text"}, "linetable is of type str, not bytes"),
    ],
)
def test_a_code_object_that_the_interpreter_would_not_make_is_refused(
    version: tuple[int, int], changes: dict[str, Any], complaint: str | None
) -> None:
    writer = pyc_mutations.Writer(version)
    writer.write_code(pyc_mutations.plain_parts(version) | changes)
    if complaint is None:
        assert isinstance(read(bytes(writer.data), version=version), CodeRecord)
        return
    with pytest.raises(PycError, match=complaint):
        read(bytes(writer.data), version=version)


def test_a_code_record_cannot_be_changed() -> None:
    record = read(marshal.dumps(compile("x = 1", "f.py", "exec")), version=HOST)
    with pytest.raises(AttributeError):
        record.co_code = b""
    with pytest.raises(AttributeError):
        record.other = 1
    with pytest.raises(AttributeError):
        del record.co_code
    assert record.co_code


def test_code_records_are_compared_by_identity() -> None:
    data = marshal.dumps(compile("x = 1", "f.py", "exec"))
    assert read(data, version=HOST) != read(data, version=HOST)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([1, [2, []], "\x1b"], "[1, [2, []], '\\x1b']"),
        ({1: "a", (2,): {3: [4]}}, "{1: 'a', (2,): {3: [4]}}"),
        ([[[[[[[[[1]]]]]]]]], "[[[[[[[...] (1 items)]]]]]]"),
        ({"one", 2, 3.0, b"4", None, (5, 6)}, "{None, b'4', 3.0, 2, 'one', (5, 6)}"),
        (frozenset({(1, 2)}), "frozenset({(1, 2)})"),
        (set(), "set()"),
        (frozenset(), "frozenset()"),
    ],
)
def test_a_record_shows_itself_as_what_it_stands_for(value: Any, text: str) -> None:
    record = read(marshal.dumps(value))
    assert record.safe_repr() == text
    assert len(repr(record)) <= len(text) + 60


def test_a_large_frozenset_is_shown_as_the_native_one() -> None:
    value = frozenset(range(100))
    assert read(marshal.dumps(value)).safe_repr() == safe_repr(value)


def test_a_code_record_shows_its_name_and_line() -> None:
    record = read(marshal.dumps(compile("def f(): pass", "f.py", "exec")), version=HOST)
    assert repr(record) == "<code record <module>, line 1>"


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        (b")\x01[\x01\0\0\0", b""),
        (b">\x01\0\0\0)\x02N", b""),
        (b"{)\x01N", b"0"),
        (b":NN)\x01", b""),
    ],
)
def test_what_is_nested_deep_is_shown_in_short(opening: bytes, closing: bytes) -> None:
    value = read(opening * 150 + b"N" + closing * 150)
    assert len(safe_repr(value)) < 500


def test_a_slice_of_slices_is_refused() -> None:
    with pytest.raises(PycError, match="a slice of slices"):
        read(b":N:NNNN")
    assert read(b":N)\x01:NNNN") == slice(None, (slice(None, None, None),), None)


def stdlib_sample(every: int) -> list[tuple[str, types.CodeType]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(pyc_truth.stdlib_modules(every, start=3))


def test_a_sample_of_the_standard_library_reads_as_the_interpreter_reads_it() -> None:
    code_count = 0
    for path, code in stdlib_sample(every=40):
        record = read(marshal.dumps(code), version=HOST)
        ours = pyc_truth.describe_code(record, HOST)
        assert list(pyc_truth.differences(pyc_truth.describe_code(code, HOST), ours, path)) == []
        code_count += sum(1 for _ in record.walk())
    assert code_count > 100


def test_names_in_records_are_as_many_as_the_kinds_say() -> None:
    for _, code in stdlib_sample(every=80):
        for record in read(marshal.dumps(code), version=HOST).walk():
            assert len(record.co_localsplusnames) == len(record.co_localspluskinds)
            assert record.co_nlocals == len(record.co_varnames)
