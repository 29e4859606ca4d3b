"""What an audit of .pyc files can find: a state and a reason for each file, and totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from ..fact import Fact
from .record_difference import RecordDifference

if TYPE_CHECKING:
    from .pyc_paths import SkippedPath

__all__ = ["DEAD_STATES", "FileIdentity", "PycAudit", "PycFinding", "PycState"]


class PycState(StrEnum):
    """What a .pyc file is good for. docs/pyc.md has the precise definitions."""

    VALID = "valid"
    """An import would use it, and it is what its source says, as far as the header tells."""
    STALE = "stale"
    """Its source has changed: an import ignores and replaces it."""
    AMBIGUOUS = "ambiguous"
    """An import would use it, but its source changed afterwards in a way that the header can't tell."""
    ORPHAN = "orphan"
    """Its source is gone: no import looks for it."""
    FOREIGN_VERSION = "foreign-version"
    """Valid, but for another Python than the one asked about."""
    CORRUPT = "corrupt"
    """No interpreter can read it."""
    UNCHECKED_HASH = "unchecked-hash"
    """An import would use it whatever its source says."""
    UNREADABLE = "unreadable"
    """The system does not let us read it, or look for its source."""
    DIFFERS = "differs"
    """Recompiling its source gives other code (found by reading deep only)."""


DEAD_STATES: Final = frozenset((PycState.STALE, PycState.ORPHAN, PycState.CORRUPT))
"""States of files that no import uses as they are."""


class FileIdentity(NamedTuple):
    """What tells whether a path still leads to the file that was looked at (stat(2))."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PycFinding:
    """One .pyc file."""

    path: str
    source_path: str | None
    """Where its source is, or would be; None where nothing says."""
    python: str | None
    """Who wrote it, by its magic number: ``"3.13"``, ``"PyPy 3.9"``; None where that can't be read."""
    mode: str | None
    """``timestamp``, ``checked-hash`` or ``unchecked-hash`` (PEP 552); None where that can't be read."""
    state: PycState
    reason: str
    """Half a sentence on the state; empty for a file that is simply valid."""
    size_bytes: int | None
    """None where it can't be read."""
    optimize: int | None
    """0, 1 or 2: what its name says it was compiled with; None where it says nothing or another word."""
    is_in_cache: bool
    """Whether it lies in a ``__pycache__`` or below the pycache_prefix."""
    identity: FileIdentity | None
    """None where it can't be read."""
    notes: tuple[str, ...] = ()
    """What else reading deep has found."""
    differences: tuple[RecordDifference, ...] = ()
    """For `differs`: the code objects; the file on the left, the recompiled source on the right."""

    @property
    def is_dead(self) -> bool:
        """Whether no import uses it as it is."""
        return self.state in DEAD_STATES


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PycAudit(Fact):
    """The .pyc files that were looked at, in the order of their sources."""

    python: str
    """The Python they were judged for: ``"3.13"``."""
    is_deep: bool
    """Whether bodies were read and sources recompiled, or only headers read."""
    findings: tuple[PycFinding, ...]
    skipped: tuple[SkippedPath, ...]
    """What was to be looked into and couldn't be."""

    @property
    def counts(self) -> dict[PycState, int]:
        """How many files are in each state that occurs, in the order of `PycState`."""
        counted = Counter(finding.state for finding in self.findings)
        return {state: counted[state] for state in PycState if counted[state]}

    @property
    def size_bytes(self) -> int:
        """Bytes of all files whose size is known."""
        return _total(self.findings)

    @property
    def dead(self) -> tuple[PycFinding, ...]:
        """The files that no import uses as they are: stale, orphan, corrupt."""
        return tuple(finding for finding in self.findings if finding.is_dead)

    @property
    def dead_bytes(self) -> int:
        """Bytes of `dead`."""
        return _total(self.dead)

    def only(self, states: Collection[PycState]) -> PycAudit:
        """The same audit with the files in one of `states` only."""
        kept = tuple(finding for finding in self.findings if finding.state in states)
        return replace(self, findings=kept)


def _total(findings: tuple[PycFinding, ...]) -> int:
    return sum(finding.size_bytes or 0 for finding in findings)
