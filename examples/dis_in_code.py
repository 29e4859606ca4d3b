"""Bytecode as data: what `pyinternals.dis` returns, and some questions to ask it."""

from __future__ import annotations

import pyinternals


def clamp(value: int, low: int = 0, high: int = 100) -> int:
    if value < low:
        return low
    return min(value, high)


def clamp_in_one(value: int, low: int = 0, high: int = 100) -> int:
    return low if value < low else min(value, high)


def main() -> None:
    code = pyinternals.dis(clamp)
    print(f"{code.qualname}: {len(code)} instructions, {code.size_bytes} bytes")

    jumps = [instruction for instruction in code if instruction.jump_target is not None]
    for jump in jumps:
        print(f"line {jump.line_number}: {jump.opname} at {jump.offset} goes to {jump.jump_target}")

    deepest = max(code, key=lambda instruction: instruction.stack_depth or 0)
    print(f"stack is deepest before {deepest.opname}: {deepest.stack_depth} of {code.stacksize}")

    most_frequent = code.stats.opcodes[0]
    print(f"{most_frequent.opname} occurs {most_frequent.count} times")

    print(f"{len(code.flow.blocks)} basic blocks")

    same = code.diff(clamp_in_one).is_same
    print(f"clamp and clamp_in_one compile to {'the same' if same else 'different'} instructions")

    module = pyinternals.dis("def outer():\n    def inner(): pass\n")
    print("nested:", ", ".join(nested.qualname for nested in module.walk()))

    try:
        pyinternals.dis(len)
    except pyinternals.NotPython as error:
        print(error)


if __name__ == "__main__":
    main()
