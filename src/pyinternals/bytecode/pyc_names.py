"""What the name and the place of a .pyc file say: whose cache it is, of which source, how optimised.

Stands on PEP 3147 and PEP 488: the cache of ``json/decoder.py`` is
``json/__pycache__/decoder.cpython-313.pyc``, with ``.opt-1`` or ``.opt-2`` before the suffix for ``-O``
and ``-OO``. With `sys.pycache_prefix` the same name stands in a tree that mirrors the file system, and
in no ``__pycache__`` (`importlib.util.cache_from_source`). pytest adds itself to the tag of the test
modules that it rewrites.
"""

from __future__ import annotations

import os
import re
from enum import Enum
from typing import NamedTuple

__all__ = ["CACHE_FOLDER", "CacheFolder", "CacheName", "Place", "parse_cache_name"]

CACHE_FOLDER = "__pycache__"

_CACHE_NAME = re.compile(
    r"(?P<stem>.+?)"
    r"\.(?P<tag>[a-z]+-?[0-9][^.]*?(?P<pytest>-pytest-.+?)?)"
    r"(?:\.opt-(?P<optimization>[0-9A-Za-z]+))?"
    r"\.pyc",
    re.DOTALL,
)


class CacheName(NamedTuple):
    """The parts of a name such as ``decoder.cpython-313.opt-1.pyc``."""

    stem: str
    """The source's name without its suffix: ``decoder``."""
    tag: str
    """`sys.implementation.cache_tag` of the interpreter that looks for it: ``cpython-313``."""
    optimization: str
    """``1`` and ``2`` for -O and -OO; empty without; other tools put names of their own here."""
    is_pytest: bool
    """Whether it is a test module with the asserts that pytest has rewritten."""


def parse_cache_name(filename: str) -> CacheName | None:
    """The parts of a cache file's name; None for a name that no interpreter gives one."""
    match = _CACHE_NAME.fullmatch(filename)
    if match is None:
        return None
    stem, tag, pytest, optimization = match.groups()
    return CacheName(stem, tag, optimization or "", pytest is not None)


class Place(Enum):
    """Where a .pyc file lies, which says who looks for it there."""

    CACHE = "cache"
    """In a ``__pycache__``, or below the pycache_prefix, under a name that an interpreter gives."""
    BESIDE = "beside"
    """Where its source lies or would lie: a module of its own, if there is no source."""
    NOWHERE = "nowhere"
    """Where no import looks for it."""


class CacheFolder:
    """A folder with .pyc files in it; knows where the sources of its files are."""

    __slots__ = ("is_mirror", "path", "source_folder")

    def __init__(self, path: str, prefix: str | None = None) -> None:
        self.path = path
        self.is_mirror = False
        self.source_folder: str | None = None
        above, name = os.path.split(path)
        if name in ("", os.curdir, os.pardir):
            above, name = os.path.split(os.path.abspath(path))
        if name == CACHE_FOLDER:
            self.source_folder = above
        elif prefix is not None:
            absolute = os.path.abspath(path)
            if absolute == prefix or absolute.startswith(prefix + os.sep):
                self.is_mirror = True
                self.source_folder = absolute[len(prefix) :] or os.sep

    @property
    def is_cache(self) -> bool:
        """Whether interpreters keep their caches here."""
        return self.source_folder is not None

    def place(self, filename: str) -> tuple[Place, str | None, CacheName | None]:
        """Who looks for `filename` here, its source (None if unknown), and the parts of its name."""
        name = parse_cache_name(filename)
        if self.source_folder is None:
            if name is not None:
                return Place.NOWHERE, None, name
            return Place.BESIDE, os.path.join(self.path, filename[:-1]), None
        if name is None:
            return Place.NOWHERE, None, None
        return Place.CACHE, os.path.join(self.source_folder, f"{name.stem}.py"), name
