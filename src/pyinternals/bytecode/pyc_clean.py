"""Removes .pyc files that no import uses as they are, and nothing else.

Only files that end in ``.pyc`` and lie in a ``__pycache__`` or below the pycache_prefix are touched, and
only if they are still the file that was audited. The folder is opened first and must not be a symlink;
the file is looked at and removed relative to the open folder (openat(2), unlinkat(2)), so that nobody can
put another one in its place meanwhile.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..fact import Fact
from .pyc_findings import DEAD_STATES, FileIdentity, PycAudit, PycFinding, PycState
from .pyc_names import CACHE_FOLDER
from .pyc_paths import reason_of

__all__ = ["Outcome", "PycCleaning", "Removal", "clean_pycs"]

_HAS_OPENAT: Final = os.unlink in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")


class Outcome(StrEnum):
    """What became of a file."""

    WOULD_BE_REMOVED = "would be removed"
    REMOVED = "removed"
    KEPT = "kept"
    """It isn't in a cache folder, or isn't what was audited any more."""
    FAILED = "failed"
    """The system did not let us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One dead file, and what became of it."""

    finding: PycFinding
    outcome: Outcome
    reason: str
    """Why it was kept; else why it is dead."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PycCleaning(Fact):
    """What was removed, or would be."""

    is_dry_run: bool
    removals: tuple[Removal, ...]
    removed_folders: tuple[str, ...]
    """Cache folders that were left empty and are gone, too."""

    def with_outcome(self, *outcomes: Outcome) -> tuple[Removal, ...]:
        """The files that one of `outcomes` was the end of."""
        return tuple(removal for removal in self.removals if removal.outcome in outcomes)

    @property
    def freed_bytes(self) -> int:
        """Bytes of the files that were removed, or would be."""
        gone = self.with_outcome(Outcome.REMOVED, Outcome.WOULD_BE_REMOVED)
        return sum(removal.finding.size_bytes or 0 for removal in gone)


def clean_pycs(audit: PycAudit, *, foreign: bool = False, act: bool = False) -> PycCleaning:
    """Remove the files of `audit` that are stale, orphan or corrupt; with `foreign` another Python's too.

    Without `act` nothing is touched.
    """
    doomed = DEAD_STATES | {PycState.FOREIGN_VERSION} if foreign else DEAD_STATES
    dead = [finding for finding in audit.findings if finding.state in doomed]
    removals = [_removal(finding, act=act) for finding in dead]
    touched = {
        os.path.dirname(removal.finding.path)
        for removal in removals
        if removal.outcome is Outcome.REMOVED
    }
    return PycCleaning(
        is_dry_run=not act,
        removals=tuple(removals),
        removed_folders=tuple(_removed_folders(touched)),
    )


def _removal(finding: PycFinding, *, act: bool) -> Removal:
    folder, filename = os.path.split(finding.path)
    if not finding.is_in_cache or not filename.endswith(".pyc"):
        return Removal(finding=finding, outcome=Outcome.KEPT, reason="it is in no cache folder")
    try:
        reason = _remove(folder, filename, finding.identity, act=act)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            return Removal(finding=finding, outcome=Outcome.KEPT, reason="its folder is a symlink")
        if isinstance(error, FileNotFoundError):
            return Removal(finding=finding, outcome=Outcome.KEPT, reason="it is gone")
        return Removal(finding=finding, outcome=Outcome.FAILED, reason=reason_of(error))
    if reason is not None:
        return Removal(finding=finding, outcome=Outcome.KEPT, reason=reason)
    outcome = Outcome.REMOVED if act else Outcome.WOULD_BE_REMOVED
    return Removal(finding=finding, outcome=outcome, reason=finding.reason)


def _remove(folder: str, filename: str, identity: FileIdentity | None, *, act: bool) -> str | None:
    """Remove the file with `act` set; return why it must be kept, or None."""
    if not _HAS_OPENAT:
        return _remove_at(None, os.path.join(folder, filename), identity, act=act)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        return _remove_at(descriptor, filename, identity, act=act)
    finally:
        os.close(descriptor)


def _remove_at(
    folder: int | None, filename: str, identity: FileIdentity | None, *, act: bool
) -> str | None:
    status = os.stat(filename, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        return "it is a symlink"
    found = FileIdentity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    if found != identity:
        return "it has changed since it was looked at"
    if act:
        os.unlink(filename, dir_fd=folder)
    return None


def _removed_folders(touched: Iterable[str]) -> list[str]:
    """The folders of `touched` that were empty."""
    removed = []
    for folder in sorted(touched):
        if os.path.basename(os.path.abspath(folder)) != CACHE_FOLDER:
            continue
        try:
            os.rmdir(folder)
        except OSError:  # something else is in it, or it must stay
            continue
        removed.append(folder)
    return removed
