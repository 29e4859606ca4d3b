"""What stands for the containers of marshalled data that a native one would have to hash, or let change.

A tuple and a slice are read as themselves. A set is not: to build one is to hash what is in it, and the
data decides how often that collides. A record shows itself as the native container would be shown by
`safe_text.safe_repr`, and as short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..safe_text import Budget, shown_items, shown_pairs, sorted_by_text

__all__ = ["MarshalDict", "MarshalList", "MarshalSet"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MarshalList:
    """A list."""

    items: tuple[Any, ...]

    def __repr__(self) -> str:
        return self.safe_repr()

    def safe_repr(self, depth: int = 0, budget: Budget | None = None) -> str:
        """The list as text, for `safe_text.safe_repr`."""
        return shown_items(self.items, "[", "]", depth, budget)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MarshalSet:
    """A set or a frozenset, in the order of the file, which may name an item twice."""

    items: tuple[Any, ...]
    is_frozen: bool

    def __repr__(self) -> str:
        return self.safe_repr()

    def safe_repr(self, depth: int = 0, budget: Budget | None = None) -> str:
        """The set as text, sorted, for `safe_text.safe_repr`."""
        if not self.items:
            return "frozenset()" if self.is_frozen else "set()"
        opening, closing = ("frozenset({", "})") if self.is_frozen else ("{", "}")
        return shown_items(sorted_by_text(self.items, depth), opening, closing, depth, budget)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MarshalDict:
    """A dict or a frozendict (3.15), in the order of the file, which may name a key twice."""

    pairs: tuple[tuple[Any, Any], ...]
    is_frozen: bool

    def __repr__(self) -> str:
        return self.safe_repr()

    def safe_repr(self, depth: int = 0, budget: Budget | None = None) -> str:
        """The dict as text, for `safe_text.safe_repr`."""
        opening, closing = ("frozendict({", "})") if self.is_frozen else ("{", "}")
        return shown_pairs(self.pairs, opening, closing, depth, budget)
