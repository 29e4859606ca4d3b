"""Seeded .pyc files, each built by the interpreter's own compiler and labelled with the state it is in.

A case is a function that makes its files in an empty folder and returns the path that the audit must
judge. `case("stale")` registers it; the docstring is what makes it a case of its own.
"""

from __future__ import annotations

import importlib.util
import os
import py_compile
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from py_compile import PycInvalidationMode as Mode
from typing import NamedTuple

LONG_AGO = 1_700_000_000
MAGIC = importlib.util.MAGIC_NUMBER
TAG = sys.implementation.cache_tag

Make = Callable[[Path], Path]


class Case(NamedTuple):
    make: Make
    state: str
    reason: str
    """What the reason must contain."""
    deep_state: str
    """The state when bodies are read and sources recompiled."""


CASES: dict[str, Case] = {}


def case(state: str, reason: str = "", *, deep: str | None = None) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        CASES[make.__name__] = Case(make, state, reason, deep or state)
        return make

    return register


def write(path: Path, text: str = "x = 1\n", *, at: int = LONG_AGO) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def compiled(path: Path, mode: Mode = Mode.TIMESTAMP, *, optimize: int = 0) -> Path:
    return Path(
        py_compile.compile(os.fspath(path), doraise=True, invalidation_mode=mode, optimize=optimize)
    )


def patched(path: Path, offset: int, content: bytes) -> Path:
    """`path` with other bytes from `offset` on; its time stays."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[offset : offset + len(content)] = content
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return path


@case("valid")
def just_compiled(folder: Path) -> Path:
    return compiled(write(folder / "a.py"))


@case("valid")
def source_written_a_moment_before(folder: Path) -> Path:
    (folder / "a.py").write_text("x = 1\n")
    return compiled(folder / "a.py")


@case("valid")
def empty_source(folder: Path) -> Path:
    return compiled(write(folder / "a.py", ""))


@case("valid")
def package(folder: Path) -> Path:
    return compiled(write(folder / "package" / "__init__.py"))


@case("valid")
def optimised_once(folder: Path) -> Path:
    return compiled(write(folder / "a.py", "assert x\n"), optimize=1)


@case("valid")
def optimised_twice(folder: Path) -> Path:
    return compiled(write(folder / "a.py", '"doc"\nassert x\n'), optimize=2)


@case("valid")
def checked_hash(folder: Path) -> Path:
    return compiled(write(folder / "a.py"), Mode.CHECKED_HASH)


@case("valid")
def checked_hash_of_a_touched_source(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"), Mode.CHECKED_HASH)
    os.utime(folder / "a.py", (LONG_AGO + 100, LONG_AGO + 100))
    return path


@case("valid")
def source_from_after_2106(folder: Path) -> Path:
    """The header has 32 bits for the time."""
    try:
        return compiled(write(folder / "a.py", at=2**32 + 5))
    except OverflowError:
        return just_compiled(folder)  # this file system has no more than 32 bits either


@case("valid")
def symlinked_source(folder: Path) -> Path:
    write(folder / "real.txt")
    (folder / "a.py").symlink_to("real.txt")
    return compiled(folder / "a.py")


@case("valid")
def symlinked_cache_folder(folder: Path) -> Path:
    (folder / "elsewhere").mkdir()
    (folder / "package").mkdir()
    (folder / "package" / "__pycache__").symlink_to("../elsewhere")
    return compiled(write(folder / "package" / "a.py"))


@case("valid")
def symlinked_pyc(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    path.rename(folder / "kept.bin")
    path.symlink_to("../kept.bin")
    return path


@case("valid")
def name_that_is_not_utf_8(folder: Path) -> Path:
    return compiled(write(folder / os.fsdecode(b"caf\xe9.py")))


@case("valid")
def name_with_dots(folder: Path) -> Path:
    return compiled(write(folder / "conf.v1.py"))


@case("valid")
def name_with_control_characters(folder: Path) -> Path:
    return compiled(write(folder / "a\x1b[31m\nb.py"))


@case("valid", "source-less module")
def source_less_module(folder: Path) -> Path:
    path = compiled(write(folder / "a.py")).rename(folder / "a.pyc")
    (folder / "a.py").unlink()
    return path


@case("valid", "an import takes the source")
def beside_its_source(folder: Path) -> Path:
    return compiled(write(folder / "a.py")).rename(folder / "a.pyc")


@case("valid")
def test_module_rewritten_by_pytest(folder: Path) -> Path:
    path = compiled(write(folder / "test_a.py", "assert x\n"))
    body = path.read_bytes()
    return write_bytes(folder / "__pycache__" / f"test_a.{TAG}-pytest-8.4.2.pyc", body, path)


@case("valid")
def optimised_by_another_tool(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    other = write_bytes(
        folder / "__pycache__" / f"a.{TAG}.opt-tool0v1.pyc", path.read_bytes(), path
    )
    write(folder / "a.py")
    settle(other)
    return other


@case("stale", "newer than recorded")
def newer_source(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    write(folder / "a.py", at=LONG_AGO + 90)
    return path


@case("stale", "2 min newer than recorded")
def newer_source_of_the_same_size(folder: Path) -> Path:
    path = compiled(write(folder / "a.py", "x = 1\n"))
    write(folder / "a.py", "x = 2\n", at=LONG_AGO + 150)
    return path


@case("stale", "older than recorded")
def older_source(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    write(folder / "a.py", at=LONG_AGO - 86_400 * 3)
    return path


@case("stale", "7 bytes, 6 recorded")
def other_size_within_the_same_second(folder: Path) -> Path:
    path = compiled(write(folder / "a.py", "x = 1\n"))
    write(folder / "a.py", "x = 10\n")
    return path


@case("stale", "hash")
def checked_hash_of_other_content(folder: Path) -> Path:
    path = compiled(write(folder / "a.py", "x = 1\n"), Mode.CHECKED_HASH)
    write(folder / "a.py", "x = 2\n")
    return path


@case("stale")
def optimised_and_stale(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"), optimize=2)
    write(folder / "a.py", at=LONG_AGO + 1)
    return path


@case("stale", "not used")
def stale_beside_its_source(folder: Path) -> Path:
    path = compiled(write(folder / "a.py")).rename(folder / "a.pyc")
    write(folder / "a.py", at=LONG_AGO + 9)
    return path


@case("ambiguous", "within the recorded second", deep="differs")
def edited_within_the_second(folder: Path) -> Path:
    """Its time says that the edit came after the .pyc."""
    path = compiled(write(folder / "a.py", "x = 1\n"))
    at = LONG_AGO * 10**9
    (folder / "a.py").write_text("x = 2\n")
    os.utime(folder / "a.py", ns=(at, at + 300_000_000))
    os.utime(path, ns=(at, at + 200_000_000))
    return path


@case("ambiguous", deep="valid")
def touched_within_the_second(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    at = LONG_AGO * 10**9
    os.utime(folder / "a.py", ns=(at, at + 300_000_000))
    os.utime(path, ns=(at, at + 200_000_000))
    return path


@case("ambiguous", deep="differs")
def edited_and_its_time_set_back(folder: Path) -> Path:
    """Only the inode says that the edit came after the .pyc."""
    path = compiled(write(folder / "a.py", "x = 1\n"))
    write(folder / "a.py", "x = 2\n")
    return path


@case("orphan", "its source is gone")
def deleted_source(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    (folder / "a.py").unlink()
    return path


@case("orphan")
def deleted_source_of_an_optimised_one(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"), optimize=1)
    (folder / "a.py").unlink()
    return path


@case("orphan", "a folder now")
def source_replaced_by_a_folder(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    (folder / "a.py").unlink()
    (folder / "a.py").mkdir()
    return path


@case("orphan", "a package now")
def module_that_became_a_package(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    (folder / "a.py").unlink()
    write(folder / "a" / "__init__.py")
    return path


@case("orphan", "a symlink that leads nowhere")
def dangling_source(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    (folder / "a.py").unlink()
    (folder / "a.py").symlink_to("gone.py")
    return path


@case("orphan")
def source_in_a_circle_of_symlinks(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    (folder / "a.py").unlink()
    (folder / "a.py").symlink_to("a.py")
    return path


@case("orphan", "no interpreter's tag")
def nobody_s_name_in_a_cache_folder(folder: Path) -> Path:
    return compiled(write(folder / "a.py")).rename(folder / "__pycache__" / "a.pyc")


@case("orphan", "pycache_prefix")
def cache_outside_a_cache_folder(folder: Path) -> Path:
    return compiled(write(folder / "a.py")).rename(folder / f"a.{TAG}.pyc")


@case("orphan")
def unchecked_hash_without_source(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"), Mode.UNCHECKED_HASH)
    (folder / "a.py").unlink()
    return path


@case("foreign-version", "for Python 3.8", deep="corrupt")
def python_3_8(folder: Path) -> Path:
    return foreign(folder, 3413, "cpython-38")


@case("foreign-version", "for PyPy 3.9")
def pypy(folder: Path) -> Path:
    return foreign(folder, 336, "pypy39")


@case("foreign-version", "for Python 3.16")
def python_of_the_future(folder: Path) -> Path:
    return foreign(folder, 3700, "cpython-316")


@case("foreign-version", "unknown")
def far_future_magic(folder: Path) -> Path:
    return foreign(folder, 9999, "cpython-399")


@case("foreign-version", "for Python 3.6")
def python_3_6_with_12_bytes_of_header(folder: Path) -> Path:
    write(folder / "a.py")
    head = struct.pack("<H2s2I", 3379, b"\r\n", LONG_AGO, 6)
    path = write_bytes(folder / "__pycache__" / "a.cpython-36.pyc", head + b"N" * 20)
    settle(path)
    return path


@case("foreign-version", "source-less module", deep="corrupt")
def source_less_module_of_another_version(folder: Path) -> Path:
    return patched(source_less_module(folder), 0, struct.pack("<H", 3413))


@case("stale")
def another_version_s_and_stale(folder: Path) -> Path:
    path = foreign(folder, 3413, "cpython-38")
    write(folder / "a.py", at=LONG_AGO + 5)
    return path


@case("corrupt", "is empty")
def empty_file(folder: Path) -> Path:
    write(folder / "a.py")
    return write_bytes(folder / "__pycache__" / f"a.{TAG}.pyc", b"")


@case("corrupt", "within its header")
def cut_in_the_header(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    return write_bytes(path, path.read_bytes()[:11])


@case("corrupt", "behind its header")
def cut_behind_the_header(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    return write_bytes(path, path.read_bytes()[:16])


@case("corrupt", "no .pyc file")
def text_file(folder: Path) -> Path:
    write(folder / "a.py")
    return write_bytes(folder / "__pycache__" / f"a.{TAG}.pyc", b"import this, and more of it\n")


@case("corrupt", "magic number 7")
def magic_number_of_nobody(folder: Path) -> Path:
    return patched(compiled(write(folder / "a.py")), 0, struct.pack("<H", 7))


@case("corrupt", "flags")
def flags_of_nobody(folder: Path) -> Path:
    return patched(compiled(write(folder / "a.py")), 4, struct.pack("<I", 0x40))


@case("valid", deep="corrupt")
def cut_in_the_body(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    return write_bytes(path, path.read_bytes()[:-9], path)


@case("valid", deep="corrupt")
def zeros_for_a_body(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    return write_bytes(path, path.read_bytes()[:16] + bytes(100), path)


@case("unchecked-hash", "matches its source")
def unchecked_hash(folder: Path) -> Path:
    return compiled(write(folder / "a.py"), Mode.UNCHECKED_HASH)


@case("unchecked-hash", "does not match its source", deep="differs")
def unchecked_hash_of_other_content(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"), Mode.UNCHECKED_HASH)
    write(folder / "a.py", "x = 2\n")
    return path


@case("unchecked-hash", "does not match its source")
def unchecked_hash_of_another_comment(folder: Path) -> Path:
    path = compiled(write(folder / "a.py", "x = 1  # one\n"), Mode.UNCHECKED_HASH)
    write(folder / "a.py", "x = 1  # two\n")
    return path


@case("unreadable", "leads nowhere")
def dangling_pyc(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    path.unlink()
    path.symlink_to("gone.pyc")
    return path


@case("unreadable", "symlinks in a circle")
def pyc_in_a_circle_of_symlinks(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    path.unlink()
    path.symlink_to(path.name)
    return path


@case("unreadable", "not a regular file")
def pipe(folder: Path) -> Path:
    path = compiled(write(folder / "a.py"))
    path.unlink()
    os.mkfifo(path)
    return path


@case("valid", deep="differs")
def code_of_another_source_with_a_true_header(folder: Path) -> Path:
    """What an attacker would do: only recompiling finds it."""
    other = compiled(write(folder / "other.py", "x = 666\n")).read_bytes()
    path = compiled(write(folder / "a.py", "x = 1\n"))
    return write_bytes(path, path.read_bytes()[:16] + other[16:], path)


@case("unchecked-hash", "matches its source", deep="differs")
def code_of_another_source_with_the_right_hash(folder: Path) -> Path:
    other = compiled(write(folder / "other.py", "x = 666\n")).read_bytes()
    path = compiled(write(folder / "a.py", "x = 1\n"), Mode.UNCHECKED_HASH)
    return write_bytes(path, path.read_bytes()[:16] + other[16:], path)


@case("valid", deep="differs")
def code_of_another_optimisation_level(folder: Path) -> Path:
    source = write(folder / "a.py", "assert x\n")
    plain, optimised = compiled(source), compiled(source, optimize=1)
    return write_bytes(optimised, plain.read_bytes(), optimised)


def foreign(folder: Path, magic_number: int, tag: str) -> Path:
    """A cache of the source `a.py` whose header names another Python; the body is made up."""
    write(folder / "a.py")
    head = struct.pack("<H2s3I", magic_number, b"\r\n", 0, LONG_AGO, 6)
    body = b"N" if magic_number < 3700 else b"?"
    path = write_bytes(folder / "__pycache__" / f"a.{tag}.pyc", head + body * 20)
    settle(path)
    return path


def write_bytes(path: Path, data: bytes, time_of: Path | None = None) -> Path:
    """A file that was written after its source, whatever the clock says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    status = time_of.stat() if time_of is not None else None
    path.write_bytes(data)
    if status is not None:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return path


def settle(path: Path) -> None:
    """Write `path` again, so that no source has changed since."""
    path.write_bytes(path.read_bytes())
