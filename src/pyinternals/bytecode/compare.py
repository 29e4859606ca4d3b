"""What differs between two code objects, nested ones included, whatever moved around it.

Instructions are matched by what they do and mean: the opcode with the constant or name itself, never
with an offset or an index. A jump is the same if the instruction it leads to is the same. Code objects
are matched by their name within their parent; where siblings share a name, equal ones first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter
from typing import Any, NamedTuple

from ..fact import Fact
from ..safe_text import safe_repr
from .alignment import stretches
from .facts import CodeObject, Instruction
from .live import is_code
from .marshal_records import MarshalDict, MarshalList, MarshalSet

__all__ = ["Change", "CodeDifference", "CodePair", "InstructionPair", "compare"]


class Change(Enum):
    """How two things relate."""

    SAME = "same"
    CHANGED = "changed"
    REMOVED = "removed"
    """Only on the left."""
    ADDED = "added"
    """Only on the right."""


class InstructionPair(NamedTuple):
    """One row of an aligned difference."""

    change: Change
    left: Instruction | None
    right: Instruction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePair:
    """A code object on the left and the one on the right that corresponds to it."""

    identity: str
    """Its names from the root down, ``outer.inner``; ``#2`` marks the second of a name."""
    left: CodeObject | None
    right: CodeObject | None
    rows: tuple[InstructionPair, ...]
    """All instructions but EXTENDED_ARG, aligned."""
    facts: tuple[tuple[str, str, str], ...]
    """What else differs: (name of the fact, left, right), such as flags or stack size."""

    @property
    def change(self) -> Change:
        """How the two code objects themselves relate, without those nested in them."""
        if self.left is None:
            return Change.ADDED
        if self.right is None:
            return Change.REMOVED
        if self.facts or any(row.change is not Change.SAME for row in self.rows):
            return Change.CHANGED
        return Change.SAME


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CodeDifference(Fact):
    """The aligned difference of two code objects and all that are nested in them."""

    left: CodeObject
    right: CodeObject
    pairs: tuple[CodePair, ...]
    """Parents before their children, in the order of the left side; what was added follows."""

    @property
    def is_same(self) -> bool:
        """Whether nothing differs but offsets, indices and line numbers."""
        return all(pair.change is Change.SAME for pair in self.pairs)

    def count(self, change: Change) -> int:
        """How many code objects relate in this way."""
        return sum(pair.change is change for pair in self.pairs)


def compare(left: CodeObject, right: CodeObject) -> CodeDifference:
    """The difference of `left` and `right`; the two roots correspond whatever they are called."""
    identity = left.name if left.name == right.name else f"{left.name} / {right.name}"
    return CodeDifference(left=left, right=right, pairs=tuple(_pairs(left, right, identity)))


def _pairs(left: CodeObject | None, right: CodeObject | None, identity: str) -> Iterator[CodePair]:
    yield CodePair(
        identity=identity,
        left=left,
        right=right,
        rows=tuple(_aligned(left, right)),
        facts=_differing_facts(left, right) if left is not None and right is not None else (),
    )
    lefts = left.children if left is not None else ()
    rights = right.children if right is not None else ()
    for child_name, left_child, right_child in _matched(lefts, rights):
        yield from _pairs(left_child, right_child, f"{identity}.{child_name}")


def _matched(
    lefts: Sequence[CodeObject], rights: Sequence[CodeObject]
) -> Iterator[tuple[str, CodeObject | None, CodeObject | None]]:
    """Siblings of the same name, equal ones first, then in their order; then what one side lacks."""
    partner: dict[int, CodeObject] = {}
    taken: set[int] = set()
    keys: tuple[Callable[[CodeObject], Any], ...] = (_fingerprint, attrgetter("name"))
    for key_of in keys:
        waiting: dict[Any, deque[CodeObject]] = {}
        for right in rights:
            if id(right) not in taken:
                waiting.setdefault(key_of(right), deque()).append(right)
        for left in lefts:
            if id(left) not in partner and waiting.get(key := key_of(left)):
                partner[id(left)] = right = waiting[key].popleft()
                taken.add(id(right))
    seen: dict[str, int] = {}
    for left in lefts:
        yield _numbered(left.name, seen), left, partner.get(id(left))
    for right in rights:
        if id(right) not in taken:
            yield _numbered(right.name, seen), None, right


def _numbered(name: str, seen: dict[str, int]) -> str:
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}#{seen[name]}"


def _fingerprint(code_object: CodeObject) -> tuple[Any, ...]:
    return code_object.name, *map(_identity, _shown(code_object))


def _shown(code_object: CodeObject | None) -> list[Instruction]:
    if code_object is None:
        return []
    return [ins for ins in code_object.instructions if ins.base_opname != "EXTENDED_ARG"]


def _identity(instruction: Instruction) -> Any:
    """What makes an instruction the same one elsewhere: never an offset or an index."""
    if instruction.jump_target is not None:
        return instruction.base_opname
    if not instruction.argrepr:
        return instruction.base_opname, instruction.arg
    return instruction.base_opname, instruction.argrepr, _exact(instruction.argval)


def _exact(value: Any) -> Any:
    """A constant so that ``==`` tells 1 from True and 0.0 from -0.0, and code objects by their name.

    Flat, and without recursion: a file may nest constants as deep as it likes. A set's items are put
    in order; what `marshal_records` stands for is the same as the native thing.
    """
    parts: list[Any] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if is_code(item):
            parts.append(item.co_name)
            continue
        name, items = _taken_apart(item)
        if items is not None:
            parts.append((name, len(items)))
            waiting.extend(items)
        elif kind is float or kind is complex:
            parts.append((kind, repr(item)))
        else:
            parts.append((kind, item if isinstance(item, Hashable) else safe_repr(item)))
    return tuple(parts)


def _taken_apart(value: Any) -> tuple[str, Sequence[Any] | None]:
    """What kind of container `value` is, and what is in it; None where it is none."""
    if isinstance(value, tuple):
        return "tuple", value
    if isinstance(value, slice):
        return "slice", (value.start, value.stop, value.step)
    if isinstance(value, frozenset):
        return "frozenset", sorted(value, key=_order)
    if isinstance(value, MarshalSet):
        return "frozenset" if value.is_frozen else "set", sorted(value.items, key=_order)
    if isinstance(value, MarshalDict):
        return "frozendict" if value.is_frozen else "dict", sorted(value.pairs, key=_order)
    if isinstance(value, MarshalList):
        return "list", value.items
    if type(value).__name__ == "frozendict":
        return "frozendict", sorted(value.items(), key=_order)
    return "", None


def _order(item: Any) -> tuple[str, Any]:
    """Puts items in the same order whatever order they came in."""
    kind = type(item)
    return kind.__name__, item if kind in (str, bytes, int) else safe_repr(item)


def _aligned(left: CodeObject | None, right: CodeObject | None) -> Iterator[InstructionPair]:
    lefts, rights = _shown(left), _shown(right)
    rows = list(_align(lefts, rights))
    place = {
        row.left.offset: row.right.offset
        for row in rows
        if row.left is not None and row.right is not None
    }
    starts = {ins.start_offset: ins.offset for ins in lefts}
    right_starts = {ins.start_offset: ins.offset for ins in rights}
    for row in rows:
        if row.change is Change.SAME and row.left is not None and row.right is not None:
            target = row.left.jump_target
            if target is not None and row.right.jump_target is not None:
                # None for a jump to where no instruction is, which is as good as another such
                leads_to = place.get(starts.get(target, -1))
                if leads_to != right_starts.get(row.right.jump_target):
                    yield row._replace(change=Change.CHANGED)
                    continue
        yield row


def _align(lefts: list[Instruction], rights: list[Instruction]) -> Iterator[InstructionPair]:
    left_keys = [_identity(instruction) for instruction in lefts]
    right_keys = [_identity(instruction) for instruction in rights]
    for is_equal, (i, i_end), (j, j_end) in stretches(left_keys, right_keys):
        if is_equal:
            for pair in zip(lefts[i:i_end], rights[j:j_end], strict=True):
                yield InstructionPair(Change.SAME, *pair)
        else:
            yield from _replaced(lefts[i:i_end], rights[j:j_end])


def _replaced(lefts: list[Instruction], rights: list[Instruction]) -> Iterator[InstructionPair]:
    """Instructions of equal opcode in a replaced stretch are one that changed, not two."""
    left_names = [ins.base_opname for ins in lefts]
    right_names = [ins.base_opname for ins in rights]
    for is_equal, (i, i_end), (j, j_end) in stretches(left_names, right_names):
        if is_equal:
            for pair in zip(lefts[i:i_end], rights[j:j_end], strict=True):
                yield InstructionPair(Change.CHANGED, *pair)
            continue
        for instruction in lefts[i:i_end]:
            yield InstructionPair(Change.REMOVED, instruction, None)
        for instruction in rights[j:j_end]:
            yield InstructionPair(Change.ADDED, None, instruction)


def _differing_facts(left: CodeObject, right: CodeObject) -> tuple[tuple[str, str, str], ...]:
    facts = []
    for name, one, other in (
        ("stack size", left.stacksize, right.stacksize),
        ("flags", " ".join(left.flag_names), " ".join(right.flag_names)),
        ("arguments", _signature(left), _signature(right)),
        ("locals", ", ".join(left.varnames), ", ".join(right.varnames)),
        ("cells", ", ".join(left.cellvars), ", ".join(right.cellvars)),
        ("free", ", ".join(left.freevars), ", ".join(right.freevars)),
        ("exception regions", len(left.exception_table), len(right.exception_table)),
    ):
        if one != other:
            facts.append((name, str(one), str(other)))
    return tuple(facts)


def _signature(code_object: CodeObject) -> str:
    counts = (code_object.posonlyargcount, code_object.argcount, code_object.kwonlyargcount)
    return "/".join(map(str, counts))
