"""How an instruction is worded and coloured, wherever one is shown."""

from __future__ import annotations

from typing import Final

from ..bytecode.facts import Instruction

__all__ = ["argument_text", "opname_style"]

_FILLERS: Final = frozenset(
    (
        "CACHE",
        "NOP",
        "RESUME",
        "NOT_TAKEN",
        "EXTENDED_ARG",
        "COPY_FREE_VARS",
        "MAKE_CELL",
        "RETURN_GENERATOR",
        "PUSH_NULL",
        "PRECALL",
        "END_FOR",
        "END_SEND",
        "POP_ITER",
    )
)


def argument_text(instruction: Instruction) -> str:
    """What the argument means, or its number where it means nothing else."""
    if instruction.argrepr or instruction.arg is None:
        return instruction.argrepr
    return str(instruction.arg)


def opname_style(instruction: Instruction) -> str:
    """The theme's style for an instruction's name."""
    name = instruction.base_opname
    if instruction.is_specialised:
        return "run.specialised"
    if instruction.jump_target is not None:
        return "dis.opname.jump"
    if name in _FILLERS:
        return "dis.opname.filler"
    if name.startswith("CALL"):
        return "dis.opname.call"
    if name in ("RAISE_VARARGS", "RERAISE"):
        return "dis.opname.raise"
    if name.startswith(("RETURN", "YIELD")):
        return "dis.opname.return"
    return "dis.opname"
