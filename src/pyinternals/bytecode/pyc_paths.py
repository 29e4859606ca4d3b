"""Finds .pyc files: one by name, those of a source, of a folder and all below it, of a distribution.

Folders are listed in the order of their names, so two runs find the same. Symlinks to folders are not
followed, as `compileall` doesn't, so there are no circles; a ``__pycache__`` that is one is looked into.
What can't be looked into is kept with the reason. Leftovers of an interrupted write
(``x.cpython-313.pyc.140213``) are no .pyc files.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..errors import NotPython, TargetNotFound, TargetUnreadable
from ..safe_text import escape
from .pyc_names import CACHE_FOLDER, CacheFolder, CacheName, Place

__all__ = ["FoundPyc", "PycFinder", "SkippedPath", "reason_of"]

_DISTRIBUTION_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_HERE = os.curdir + os.sep


class FoundPyc(NamedTuple):
    """A .pyc file before anybody has opened it."""

    path: str
    place: Place
    source_path: str | None
    """Where its source is, or would be; None where nothing says."""
    name: CacheName | None
    """The parts of its name; None for a name without an interpreter's tag."""
    is_in_cache_folder: bool
    """Whether it lies where interpreters keep caches, whatever its name is."""


class SkippedPath(NamedTuple):
    """Something that was to be looked into, and why it wasn't."""

    path: str
    reason: str


class PycFinder:
    """Collects the .pyc files of everything that it is given, each once.

    `prefix` is the folder that mirrors the file system (`sys.pycache_prefix`); None for none.
    """

    def __init__(self, prefix: str | None = None) -> None:
        self.prefix = os.path.abspath(prefix).rstrip(os.sep) if prefix else None
        self.found: list[FoundPyc] = []
        self.skipped: list[SkippedPath] = []
        self._seen_folders: dict[str, str] = {}  # real path to the one it was found by
        self._seen_files: set[str] = set()

    def add(self, path: str) -> None:
        """A .pyc file, a source, a folder, or the name of an installed distribution.

        Raises `TargetNotFound`, `TargetUnreadable`, or `NotPython` for any other kind of file.
        """
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            if os.path.islink(path) and path.endswith(".pyc"):
                self._add_file(path)
                return
            if _DISTRIBUTION_NAME.fullmatch(path) and not path.endswith((".py", ".pyc")):
                self._add_distribution(path)
                return
            raise TargetNotFound(
                "no such file, folder or installed distribution", target=escape(path)
            ) from error
        except (OSError, ValueError) as error:  # ValueError: a null character in the path
            raise _unreadable(path, error) from error
        if stat.S_ISDIR(status.st_mode):
            self._check_is_listed(path)
            self.add_tree(path)
        elif path.endswith(".pyc"):
            self._add_file(path)
        elif path.endswith((".py", ".pyw")):
            self._add_caches_of([path])
        else:
            raise NotPython(
                "is neither a .pyc file nor a source",
                target=escape(path),
                hint="name a .pyc, a .py, or a folder",
            )

    def add_search_path(self, entries: Iterable[str]) -> None:
        """Every folder of `sys.path`; archives and what isn't there are skipped."""
        for entry in entries:
            folder = entry or os.curdir
            if os.path.isdir(folder):
                self.add_tree(folder)
            elif os.path.isfile(folder):
                self._skip(folder, "an archive: its caches are inside")

    def add_tree(self, root: str) -> None:
        """Everything in `root` and below it, and what mirrors it below the prefix."""
        for folder in self._folders(root):
            self._add_folder(*folder)
        if self.prefix is not None:
            mirror = self.prefix + os.path.abspath(root)
            if os.path.isdir(mirror):
                for folder in self._folders(mirror):
                    self._add_folder(*folder)

    def _folders(self, root: str) -> Iterator[tuple[str, list[str]]]:
        """(folder, names of its .pyc files) of `root` and below, each folder once in all."""
        stack = [(root, os.path.realpath(root))]
        while stack:
            folder, real = stack.pop()
            if real in self._seen_folders and not self._is_cache_after_all(folder, real):
                continue
            self._seen_folders[real] = folder
            pycs, folders = self._listed(folder)
            yield folder, pycs
            for name, is_link in reversed(folders):
                below = os.path.join(folder, name)
                at = os.path.realpath(below) if is_link else os.path.join(real, name)
                stack.append((below, at))

    def _is_cache_after_all(self, folder: str, real: str) -> bool:
        """Whether a folder that was met by another name is a ``__pycache__`` by this one."""
        earlier = self._seen_folders[real]
        if not CacheFolder(folder).is_cache or CacheFolder(earlier, self.prefix).is_cache:
            return False
        earlier = earlier.removeprefix(_HERE)
        self.found = [one for one in self.found if os.path.dirname(one.path) != earlier]
        return True

    def _listed(self, folder: str) -> tuple[list[str], list[tuple[str, bool]]]:
        """Sorted names of the .pyc files and of the folders in `folder`; whether those are symlinks."""
        pycs: list[str] = []
        folders: list[tuple[str, bool]] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append((entry.name, False))
                    elif entry.name.endswith(".pyc"):
                        pycs.append(entry.name)
                    elif entry.is_symlink() and os.path.isdir(entry.path):
                        self._meet_link(entry, folders)
        except OSError as error:
            self._skip(folder, reason_of(error))
        pycs.sort()
        folders.sort()
        return pycs, folders

    def _meet_link(self, entry: os.DirEntry[str], folders: list[tuple[str, bool]]) -> None:
        if entry.name == CACHE_FOLDER:
            folders.append((entry.name, True))
        else:
            reason = "a symlink to a folder: not followed unless named"
            self._skip(entry.path, reason)

    def _add_folder(self, path: str, filenames: Sequence[str]) -> None:
        if not filenames:
            return
        folder = CacheFolder(path, self.prefix)
        if self._seen_files:
            real = os.path.realpath(path)
            filenames = [
                name for name in filenames if os.path.join(real, name) not in self._seen_files
            ]
        for filename in filenames:
            self.found.append(_found(os.path.join(path, filename), folder, filename))

    def _add_file(self, path: str) -> None:
        folder, filename = os.path.split(path)
        real = os.path.join(os.path.realpath(folder), filename)
        if real in self._seen_files or os.path.dirname(real) in self._seen_folders:
            return
        self._seen_files.add(real)
        self.found.append(_found(path, CacheFolder(folder, self.prefix), filename))

    def _add_caches_of(self, sources: Sequence[str]) -> None:
        """The caches of `sources` in the ``__pycache__`` beside each, in the mirror, and beside them."""
        stems: dict[str, set[str]] = {}
        for source in sources:
            folder, filename = os.path.split(source)
            stems.setdefault(folder, set()).add(os.path.splitext(filename)[0])
        for folder, wanted in stems.items():
            places = [os.path.join(folder, CACHE_FOLDER), folder]
            if self.prefix is not None:
                places.append(self.prefix + os.path.abspath(folder))
            for place in places:
                if os.path.isdir(place or os.curdir):
                    self._add_files_of(place, wanted)

    def _add_files_of(self, path: str, stems: set[str]) -> None:
        folder = CacheFolder(path, self.prefix)
        for filename in self._listed(path or os.curdir)[0]:
            name = folder.place(filename)[2]
            if (filename[: -len(".pyc")] if name is None else name.stem) in stems:
                self._add_file(os.path.join(path, filename))

    def _add_distribution(self, name: str) -> None:
        from .distribution_files import distribution_files

        files = distribution_files(name)
        self._add_caches_of([path for path in files if path.endswith(".py")])
        for path in files:
            if path.endswith(".pyc") and os.path.lexists(path):
                self._add_file(path)

    def _skip(self, path: str, reason: str) -> None:
        self.skipped.append(SkippedPath(path.removeprefix(_HERE), reason))

    def _check_is_listed(self, folder: str) -> None:
        """A folder that was asked for by name and can't be listed is an error, not a note."""
        try:
            with os.scandir(folder):
                pass
        except OSError as error:
            raise _unreadable(folder, error) from error


def _found(path: str, folder: CacheFolder, filename: str) -> FoundPyc:
    place, source_path, name = folder.place(filename)
    if source_path is not None:
        source_path = source_path.removeprefix(_HERE)
    return FoundPyc(path.removeprefix(_HERE), place, source_path, name, folder.is_cache)


def _unreadable(path: str, error: OSError | ValueError) -> TargetUnreadable:
    return TargetUnreadable(reason_of(error), target=escape(path))


def reason_of(error: OSError | ValueError) -> str:
    """What the system says, in the middle of a sentence."""
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "symlinks in a circle"
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]
