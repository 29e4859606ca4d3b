""".pyc files: their headers of all times, and their code as their own interpreter reads it."""

from __future__ import annotations

import importlib.util
import marshal
import os
import py_compile
import struct
import sys
from pathlib import Path
from typing import Any

import pyc_corpus
import pyc_truth
import pytest

import pyinternals
from pyinternals import NotPython, PycError, TargetNotFound, TargetUnreadable, read_pyc
from pyinternals.bytecode.magic_numbers import MAGIC_SERIES, maker_of
from pyinternals.bytecode.marshal_limits import Limits
from pyinternals.bytecode.pyc_file import PycHeader, parse_pyc, parse_pyc_header, read_pyc_header

HOST = sys.version_info[:2]
VERSIONS = [
    pytest.param(version, id=".".join(map(str, version))) for version in pyc_corpus.VERSIONS
]
SAMPLES = [pytest.param(path, id=path.stem) for path in pyc_corpus.samples()]


def interpreter_of(version: tuple[int, int]) -> str:
    found = pyc_corpus.find_interpreter(version)
    if found is None:
        pytest.skip(f"no CPython {version[0]}.{version[1]} on PATH or among pyenv's")
    return found


def header_of(magic_number: int, rest: bytes = b"\0" * 12) -> PycHeader:
    return parse_pyc_header(struct.pack("<H", magic_number) + b"\r\n" + rest)


MODES = {
    py_compile.PycInvalidationMode.TIMESTAMP: "timestamp",
    py_compile.PycInvalidationMode.CHECKED_HASH: "checked-hash",
    py_compile.PycInvalidationMode.UNCHECKED_HASH: "unchecked-hash",
}


@pytest.mark.parametrize(("mode", "name"), MODES.items(), ids=MODES.values())
def test_the_header_is_what_py_compile_wrote(
    mode: py_compile.PycInvalidationMode, name: str, tmp_path: Path
) -> None:
    source = tmp_path / "module.py"
    source.write_text("x = 1\n")
    os.utime(source, (1_600_000_000, 1_600_000_000))
    compiled = py_compile.compile(str(source), doraise=True, invalidation_mode=mode)
    assert compiled is not None
    found = read_pyc(compiled)
    is_timestamp = name == "timestamp"
    assert found.header == PycHeader(
        magic_number=int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little"),
        implementation="cpython",
        version=HOST,
        is_prerelease=False,
        mode=name,  # type: ignore[arg-type]
        flags={"timestamp": 0, "checked-hash": 3, "unchecked-hash": 1}[name],
        source_mtime_s=1_600_000_000 if is_timestamp else None,
        source_size_bytes=6 if is_timestamp else None,
        source_hash=None if is_timestamp else importlib.util.source_hash(b"x = 1\n").hex(),
        size_bytes=16,
    )
    assert read_pyc_header(compiled) == found.header
    assert found.path == compiled
    assert found.size_bytes == os.path.getsize(compiled)
    assert found.trailing_bytes == 0
    assert found.note is None
    assert found.code is not None
    assert found.code.co_filename == str(source)


def test_the_magic_number_of_every_release_names_its_version() -> None:
    for series in MAGIC_SERIES:
        maker = maker_of(series.final)
        assert (maker.implementation, maker.version) == ("cpython", series.version)
        assert maker.is_prerelease is False
        assert maker.is_readable is (series.version >= (3, 8))


def test_magic_numbers_do_not_overlap() -> None:
    known = [number for series in MAGIC_SERIES for number in range(series.first, series.last + 1)]
    assert len(known) == len(set(known))


@pytest.mark.parametrize("version", VERSIONS)
def test_an_interpreter_writes_the_magic_number_of_its_release(version: tuple[int, int]) -> None:
    said = pyc_corpus.run_interpreter(
        interpreter_of(version),
        "-c",
        "import importlib.util; print(int.from_bytes(importlib.util.MAGIC_NUMBER[:2], 'little'))",
    )
    assert int(said) == next(series.final for series in MAGIC_SERIES if series.version == version)


@pytest.mark.parametrize(
    ("magic_number", "python"),
    [
        (62211, "2.7"),
        (62212, "2.7"),
        (62191, "2.7 pre-release"),
        (3131, "3.0"),
        (3180, "3.2"),
        (3351, "3.5"),
        (3394, "3.7"),
        (3413, "3.8"),
        (3400, "3.8 pre-release"),
        (3439, "3.10"),
        (3494, "3.11 pre-release"),
        (3666, "3.15"),
        (3667, "3.15"),
        (3700, "3.16"),
        (3762, "3.17"),
        (62218, "PyPy 2.7"),
        (3187, "PyPy 3.2"),
        (112, "PyPy 3.5"),
        (336, "PyPy 3.9"),
        (384, "PyPy 3.10"),
        (480, "PyPy (magic number 480)"),
        (20121, "unknown (magic number 20121)"),
        (0, "unknown (magic number 0)"),
    ],
)
def test_a_magic_number_in_words(magic_number: int, python: str) -> None:
    assert header_of(magic_number).python == python


@pytest.mark.parametrize(
    ("magic_number", "size", "fields"),
    [
        (62211, 8, (1, None, None)),
        (3180, 8, (1, None, None)),
        (3200, 8, (1, None, None)),
        (3210, 12, (1, 2, None)),
        (3379, 12, (1, 2, None)),
        (3391, 12, (1, 2, None)),
        (3392, 16, (2, 3, 1)),
        (3394, 16, (2, 3, 1)),
        (48, 8, (1, None, None)),
        (160, 12, (1, 2, None)),
        (240, 16, (2, 3, 1)),
        (20121, 16, (2, 3, 1)),
    ],
)
def test_headers_have_grown(magic_number: int, size: int, fields: tuple[Any, ...]) -> None:
    if size == 16:
        header = header_of(magic_number, struct.pack("<3I", 0, 2, 3))
        fields = (*fields[:2], 0)
    else:
        header = header_of(magic_number, struct.pack("<3I", 1, 2, 3))
    assert header.size_bytes == size
    assert (header.source_mtime_s, header.source_size_bytes, header.flags) == fields
    assert header.mode == "timestamp"


def test_a_flag_for_a_check_without_a_hash_is_a_timestamp_as_in_the_importer() -> None:
    assert header_of(3531, struct.pack("<3I", 2, 5, 6)).mode == "timestamp"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "is empty"),
        (b"\xcb\r\r", "is no .pyc file: 3 B"),
        (b"import os\n", "is no .pyc file: it starts with b'impo', not with a magic number"),
        (b"\x7fELF", "is no .pyc file"),
        (b"\xcb\r\r\n\0\0\0", "ends within its header, after 7 of 16 bytes"),
        (b"\xcb\r\r\n\4\0\0\0" + b"\0" * 8, "has flags 0x4 in its header"),
        (b"\xcb\r\r\n" + b"\0" * 12, "ends within an object"),
        (b"\xcb\r\r\n" + b"\0" * 12 + b"N", "holds a NoneType, not code"),
        (b"\xcb\r\r\n" + b"\0" * 12 + b"[\0\0\0\0", "holds a MarshalList, not code"),
    ],
)
def test_what_is_no_pyc_file_is_refused(data: bytes, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "bad\x1b.pyc"
    path.write_bytes(data)
    with pytest.raises(PycError, match=complaint) as caught:
        read_pyc(path)
    assert str(caught.value).startswith(f"{tmp_path}/bad\\x1b.pyc: ")
    assert caught.value.exit_code == 3


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.pyc"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse
    with pytest.raises(PycError, match=r"1\.0 TiB is over the limit of 64\.0 MiB"):
        read_pyc(path)
    with pytest.raises(PycError, match="over the limit of 10 B"):
        parse_pyc(b"\0" * 11, limits=Limits(file_bytes=10))


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(TargetNotFound):
        read_pyc(tmp_path / "none.pyc")
    with pytest.raises(NotPython, match="is a directory"):
        read_pyc(tmp_path)
    with pytest.raises(TargetUnreadable):
        read_pyc(str(tmp_path / "nul\0"))
    with pytest.raises(NotPython, match="not a regular file"):
        read_pyc("/dev/zero")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pyc")
    with pytest.raises(NotPython, match="not a regular file"):
        read_pyc(tmp_path / "pipe.pyc")


def test_bytes_behind_the_code_are_counted() -> None:
    data = pyc_corpus.samples()[0].read_bytes()
    assert parse_pyc(data + b"tail").trailing_bytes == 4


@pytest.mark.parametrize(
    ("magic_number", "note"),
    [
        (62211, "code is read of Python 3.8 to 3.15, and this is older"),
        (3394, "code is read of Python 3.8 to 3.15, and this is older"),
        (3400, "magic number 3400 is of a Python 3.8 in development"),
        (3700, "code is read of Python 3.8 to 3.15, and this is newer"),
        (3667, "magic number 3667 is of a Python 3.15 in development"),
        (384, "PyPy's bytecode is not CPython's"),
        (1, "we know no Python whose magic number is 1"),
    ],
)
def test_code_that_we_do_not_read_is_said_to_be_so(magic_number: int, note: str) -> None:
    found = parse_pyc(struct.pack("<H", magic_number) + b"\r\n" + b"\0" * 12 + b"anything")
    assert found.code is None
    assert found.note is not None
    assert note in found.note
    assert (found.trailing_bytes, found.object_count, found.reference_count) == (None, None, None)


@pytest.mark.parametrize("path", SAMPLES)
def test_a_sample_of_every_version_is_read_whole(path: Path) -> None:
    found = read_pyc(path)
    name, _, tag = path.stem.partition(".cpython-3")
    assert found.header.version == (3, int(tag))
    assert found.header.mode == {
        "everyday": "timestamp",
        "matching": "checked-hash",
        "groups": "unchecked-hash",
        "templates": "checked-hash",
    }.get(name)
    assert found.code is not None
    assert found.trailing_bytes == 0
    assert found.code.co_filename == f"{name}.py"
    for code in found.code.walk():
        assert code.version == found.header.version
        assert len(list(code.co_positions())) == len(code.co_code) // 2
        assert [*code.co_lines()][-1][1] == len(code.co_code)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_reads_as_its_own_interpreter_reads_it(
    version: tuple[int, int], tmp_path: Path
) -> None:
    interpreter = interpreter_of(version)
    modes = ("timestamp", "checked-hash", "unchecked-hash")
    paths = []
    for optimize in (0, 2):
        for number, module in enumerate(pyc_corpus.compile_corpus(interpreter, version, optimize)):
            path = tmp_path / f"{module.name}.opt-{optimize}.pyc"
            path.write_bytes(module.pyc(modes[number % 3]))
            paths.append(path)
    truths = list(pyc_truth.truth_of(interpreter, *paths))
    assert len(truths) == len(paths)
    for path, (_, _, facts) in zip(paths, truths, strict=True):
        found = read_pyc(path)
        actual = pyc_truth.describe_code(found.code, version)
        assert list(pyc_truth.differences(facts, actual, path.name)) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_few_modules_of_every_standard_library_read_as_there(version: tuple[int, int]) -> None:
    interpreter = interpreter_of(version)
    modules, codes, found = pyc_truth.compare_stdlib(interpreter, every=300, start=7)
    assert found == []
    assert modules
    assert codes > 20


def test_the_code_is_found_without_being_run_or_hashed(tmp_path: Path) -> None:
    code = compile("boom = frozenset({1, 2}); x = boom in {1, (2, 3)}", "f.py", "exec")
    path = tmp_path / "f.pyc"
    path.write_bytes(importlib.util.MAGIC_NUMBER + b"\0" * 12 + marshal.dumps(code))
    found = read_pyc(path)
    assert found.code is not None
    kinds = {type(const).__name__ for const in found.code.co_consts}
    assert "MarshalSet" in kinds
    assert "frozenset" not in kinds


def test_it_is_public() -> None:
    assert pyinternals.read_pyc is read_pyc
    assert issubclass(pyinternals.PycError, pyinternals.TargetError)
