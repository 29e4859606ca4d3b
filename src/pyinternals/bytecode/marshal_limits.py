"""How far the reader of marshalled data goes before it refuses to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..errors import PycError

__all__ = ["DEFAULT_LIMITS", "Limits", "check_progress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a reader goes before it refuses a file; what it refuses ends in a `PycError`."""

    file_bytes: int = 64 * 1024 * 1024
    """Bytes of the whole file."""
    depth: int = 500
    """Containers and code objects within one another. The interpreter's own limit is 2,000, its compiler's
    about 200."""
    objects: int = 4_000_000
    """Objects in the data, references included."""
    references: int = 4_000_000
    """References to objects that stand earlier in the data."""
    shared_bytes: int = 128 * 1024
    """Bytes that the data would grow by if every reference were replaced by what it refers to, beyond its
    own size: it may double, and this much more. Compiled modules grow by a third at most."""
    integer_bytes: int = 1024 * 1024
    """Bytes of one integer."""
    seconds: float = 10.0
    """Time that reading takes."""


DEFAULT_LIMITS: Final = Limits()


def check_progress(
    object_count: int,
    reference_count: int,
    limits: Limits,
    clock: Callable[[], float],
    deadline: float,
) -> None:
    """Raise `PycError` where a limit that grows with reading is passed."""
    if object_count > limits.objects:
        raise PycError(f"holds more than {limits.objects:,} objects")
    if reference_count > limits.references:
        raise PycError(f"holds more than {limits.references:,} references")
    if clock() > deadline:
        raise PycError(f"takes longer than {limits.seconds:g} s to read")
