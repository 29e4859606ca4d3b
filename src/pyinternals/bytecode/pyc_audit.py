"""Judges .pyc files: whether an import would use each, and whether it should.

Stands on what `SourceLoader.get_code` and `_validate_timestamp_pyc` of Lib/importlib/
_bootstrap_external.py do, in their order. Of each file the first 16 bytes are read and its source is
looked at, which takes one stat(2); with `deep` the whole file is read by `pyc_file` and its source is
compiled (`pyc_recompile`). Nothing is imported, and nothing in a file is unmarshalled natively.
docs/pyc.md defines every state.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from typing import Final

from ..errors import PycError, UsageError
from .asked_python import AskedPython, named_python, running_python
from .magic_numbers import MAGIC_SERIES
from .marshal_reader import DEFAULT_LIMITS, Limits
from .pyc_file import LONGEST_HEADER_BYTES, PycHeader, parse_pyc_header
from .pyc_findings import FileIdentity, PycAudit, PycFinding, PycState
from .pyc_names import Place
from .pyc_paths import FoundPyc, PycFinder, reason_of
from .source_hash import source_hash

__all__ = ["audit_file", "pyc"]

_NEWEST_MAGIC: Final = MAGIC_SERIES[-1].last
_OPTIMISATION_LEVELS: Final = {"": 0, "1": 1, "2": 2}
_SECOND_NS: Final = 1_000_000_000

_WRITTEN_IN_PLACE_NS: Final = 500_000_000
"""A .pyc that importlib has written is renamed to its name at once; a copy got its time much earlier."""
_SOON_NS: Final = 2 * _SECOND_NS


def pyc(
    *paths: str | os.PathLike[str],
    deep: bool = False,
    sys_path: bool = False,
    python: str | None = None,
    pycache_prefix: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    progress: Callable[[int, int], None] | None = None,
) -> PycAudit:
    """Audit the .pyc files of `paths`: files, sources, folders with all below them, distributions by name.

    `sys_path` adds everything on `sys.path`. With `deep` files are read whole and their sources are
    compiled, never executed. `python` (``"3.12"``) is whose imports they are judged for, by default this
    interpreter's. `pycache_prefix` is the folder that mirrors the file system, by default
    `sys.pycache_prefix`. `progress` is called with the number of files that are done, and of all.

    Raises `TargetNotFound`, `TargetUnreadable` or `NotPython` for a path that can't be looked into, and
    `UsageError` for none at all.
    """
    if not paths and not sys_path:
        raise UsageError("no path", hint="name a folder, a file, or an installed distribution")
    asked = named_python(python) if python is not None else running_python()
    finder = PycFinder(pycache_prefix if pycache_prefix is not None else sys.pycache_prefix)
    for path in paths:
        finder.add(os.fspath(path))
    if sys_path:
        finder.add_search_path(sys.path)
    found = sorted(finder.found, key=lambda one: (one.source_path or one.path, one.path))
    findings = []
    for done, one in enumerate(found):
        if progress is not None:
            progress(done, len(found))
        findings.append(audit_file(one, asked, deep=deep, limits=limits))
    return PycAudit(
        python=asked.name, is_deep=deep, findings=tuple(findings), skipped=tuple(finder.skipped)
    )


def audit_file(
    found: FoundPyc, asked: AskedPython, *, deep: bool = False, limits: Limits = DEFAULT_LIMITS
) -> PycFinding:
    """What is to be said of one file."""
    try:
        status, head = _read_head(found.path)
    except OSError as error:
        return _finding(found, PycState.UNREADABLE, _why_unreadable(found.path, error))
    if not stat.S_ISREG(status.st_mode):
        return _finding(found, PycState.UNREADABLE, "is not a regular file")
    try:
        header = parse_pyc_header(head)
    except PycError as error:
        return _finding(found, PycState.CORRUPT, error.message, status)
    if header.implementation is None and header.magic_number <= _NEWEST_MAGIC:
        reason = f"no Python has magic number {header.magic_number}"
        return _finding(found, PycState.CORRUPT, reason, status)
    if status.st_size <= header.size_bytes:
        return _finding(found, PycState.CORRUPT, "ends behind its header", status, header)
    state, reason = _judged(found, header, status, asked)
    finding = _finding(found, state, reason, status, header)
    if deep:
        from .pyc_recompile import deepened

        return deepened(finding, found, header, limits=limits)
    return finding


def _finding(
    found: FoundPyc,
    state: PycState,
    reason: str,
    status: os.stat_result | None = None,
    header: PycHeader | None = None,
) -> PycFinding:
    name = found.name
    return PycFinding(
        path=found.path,
        source_path=found.source_path,
        python=header.python if header is not None else None,
        mode=header.mode if header is not None else None,
        state=state,
        reason=reason,
        size_bytes=status.st_size if status is not None else None,
        optimize=_OPTIMISATION_LEVELS.get(name.optimization) if name is not None else None,
        is_in_cache=found.is_in_cache_folder,
        identity=None
        if status is None
        else FileIdentity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns),
    )


def _read_head(path: str) -> tuple[os.stat_result, bytes]:
    """Status and first bytes of the file; a pipe or a device is never waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    number = os.open(path, flags)
    try:
        status = os.fstat(number)
        head = os.read(number, LONGEST_HEADER_BYTES) if stat.S_ISREG(status.st_mode) else b""
        return status, head
    finally:
        os.close(number)


def _why_unreadable(path: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "a symlink that leads nowhere" if os.path.islink(path) else "it is gone"
    return reason_of(error)


def _judged(
    found: FoundPyc, header: PycHeader, status: os.stat_result, asked: AskedPython
) -> tuple[PycState, str]:
    """State and reason, by the header and the source."""
    source_path = found.source_path
    if source_path is None:
        if found.is_in_cache_folder:
            return PycState.ORPHAN, "no import looks for this name: it has no interpreter's tag"
        return (
            PycState.ORPHAN,
            "no import looks here for the name of a cache: is it a pycache_prefix?",
        )
    try:
        source = os.stat(source_path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return PycState.UNREADABLE, f"its source can't be looked at: {reason_of(error)}"
        source = None
    if source is None or not stat.S_ISREG(source.st_mode):
        if found.place is Place.BESIDE:
            return _asked(PycState.VALID, "source-less module", header, asked)
        return PycState.ORPHAN, _why_orphan(source_path, source)
    state, reason = _compared(header, status, source, source_path)
    if found.place is Place.BESIDE:
        unused = "not used: an import takes the source beside it"
        reason = f"{reason}; {unused}" if reason else unused
    return _asked(state, reason, header, asked)


def _asked(
    state: PycState, reason: str, header: PycHeader, asked: AskedPython
) -> tuple[PycState, str]:
    """A valid file of another Python is not valid for the one asked about."""
    if state is not PycState.VALID or asked.accepts(header):
        return state, reason
    if header.version == asked.version and header.implementation == asked.implementation:
        other = f"magic number {header.magic_number} is not that of Python {asked.name}"
    else:
        other = f"for Python {header.python}".replace("Python PyPy", "PyPy")
    return PycState.FOREIGN_VERSION, f"{other}; {reason}" if reason else other


def _why_orphan(source_path: str, source: os.stat_result | None) -> str:
    if source is not None:
        kind = "a folder" if stat.S_ISDIR(source.st_mode) else "no regular file"
        return f"its source is {kind} now"
    if os.path.islink(source_path):
        return "its source is a symlink that leads nowhere"
    if os.path.exists(os.path.join(source_path.removesuffix(".py"), "__init__.py")):
        return "its source is gone: it is a package now"
    return "its source is gone"


def _compared(
    header: PycHeader, status: os.stat_result, source: os.stat_result, source_path: str
) -> tuple[PycState, str]:
    """State and reason by what the header says of a source that is there."""
    if header.mode != "timestamp":
        return _hash_compared(header, source_path)
    # as importlib does: the float's integer part, 32 bits of it
    mtime = int(source.st_mtime) & 0xFFFFFFFF
    if header.source_mtime_s is not None and mtime != header.source_mtime_s:
        seconds = mtime - header.source_mtime_s
        age = "newer" if seconds > 0 else "older"
        return PycState.STALE, f"its source is {_span(abs(seconds))} {age} than recorded"
    size = header.source_size_bytes
    if size is not None and source.st_size & 0xFFFFFFFF != size:
        return PycState.STALE, f"its source has {source.st_size:,} bytes, {size:,} recorded"
    if _changed_afterwards(source, status):
        return (
            PycState.AMBIGUOUS,
            "its source changed since, within the recorded second and size",
        )
    return PycState.VALID, ""


def _span(seconds: int) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size:,} {unit}"
    return f"{seconds} s"


def _changed_afterwards(source: os.stat_result, pyc: os.stat_result) -> bool:
    """Whether the source, whose second and size are the recorded ones, changed after the .pyc was written.

    Either its time says so, within the second that both were written in. Or the inode does: its content
    was replaced and its time set back, shortly after the .pyc was written where it lies now. Copied trees
    and hard-linked sources, whose inodes change for other reasons, don't count.
    """
    if (
        source.st_mtime_ns > pyc.st_mtime_ns
        and source.st_mtime_ns // _SECOND_NS == pyc.st_mtime_ns // _SECOND_NS
    ):
        return True
    return (
        os.name == "posix"  # elsewhere st_ctime is the time of creation
        and source.st_nlink == 1
        and 0 <= pyc.st_ctime_ns - pyc.st_mtime_ns < _WRITTEN_IN_PLACE_NS
        and 0 < source.st_ctime_ns - pyc.st_ctime_ns < _SOON_NS
    )


def _hash_compared(header: PycHeader, source_path: str) -> tuple[PycState, str]:
    is_checked = header.mode == "checked-hash"
    try:
        with open(source_path, "rb") as file:
            actual = source_hash(header.magic_number, file.read())
    except OSError as error:
        reason = f"its source can't be read: {reason_of(error)}"
        return (PycState.UNREADABLE if is_checked else PycState.UNCHECKED_HASH), reason
    is_same = actual == header.source_hash
    if not is_checked:
        matches = "matches its source" if is_same else "does not match its source"
        return PycState.UNCHECKED_HASH, matches
    if is_same:
        return PycState.VALID, ""
    return PycState.STALE, "the hash of its source is another"
