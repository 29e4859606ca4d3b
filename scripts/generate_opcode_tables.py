"""Writes `src/pyinternals/bytecode/opcodes/v3_X.py` from what an interpreter says of its opcodes.

::

    python3.X scripts/generate_opcode_tables.py [--all] [--check]

Runs under every version from 3.8 to 3.15 and writes the file of the one that runs it; with ``--all``
it runs itself under each that is found. With ``--check`` nothing is written, and the exit code is 1
if a file isn't what would be written.

Everything is read by `bytecode/host_opcodes.py`, but for the stack effects: they are a function in
the interpreter, and become numbers here. A file is not written unless those numbers give what
`dis.stack_effect` gives, for each opcode with and without a jump, over the arguments in `ARGUMENTS`.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from interpreters import BYTECODE_VERSIONS, find_interpreter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "pyinternals" / "bytecode"

ARGUMENTS = (*range(1025), 65535, 65536, 1 << 20, (1 << 24) + 3)

TERMS = {
    "arg": lambda arg: arg,
    "arg & 1": lambda arg: arg & 1,
    "arg >> 1 & 1": lambda arg: arg >> 1 & 1,
    "arg >> 2 & 1": lambda arg: arg >> 2 & 1,
    "arg >> 3 & 1": lambda arg: arg >> 3 & 1,
    "arg & 255": lambda arg: arg & 255,
    "arg >> 8": lambda arg: arg >> 8,
    "arg == 3": lambda arg: arg == 3,
}
"""What a stack effect may depend on; `opcode_table` computes the same."""

FORMS = (
    ("arg",),
    ("arg & 1",),
    ("arg >> 2 & 1",),
    ("arg & 1", "arg >> 1 & 1", "arg >> 2 & 1", "arg >> 3 & 1"),
    ("arg & 255", "arg >> 8"),
    ("arg == 3",),
)
"""The sums of terms that are tried, the simplest first."""

HEADER = '''"""The opcodes of CPython {version}, as its `opcode` module has them.

Written by scripts/generate_opcode_tables.py under CPython {version}. What the names mean is said
in the package's docstring.
"""

from typing import Any, Final

__all__ = [
    "BYTES_PER_JUMP_UNIT",
    "CACHES",
    "COMMON_CONSTANTS",
    "EFFECTS_BY_ARGUMENT",
    "JUMP_EFFECTS",
    "OPCODES",
    "SPECIALISED",
    "TEXTS",
]
'''


def host_opcodes() -> "Any":
    """The module that probes the running interpreter, without the package that it is a part of."""
    spec = importlib.util.spec_from_file_location("host_opcodes", str(PACKAGE / "host_opcodes.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOST = host_opcodes()


class UnknownEffect(Exception):
    """The stack effect of an opcode is no sum of the known terms."""


def fitted_effect(name: str, effect_of: "Callable[[int], int]") -> "tuple[int, dict[str, int]]":
    """The constant part of an opcode's stack effect, and the weight of each term it depends on."""
    expected = [effect_of(arg) for arg in ARGUMENTS]
    constant = expected[0]
    for form in ((), *FORMS):
        weights = {term: _weight(term, constant, effect_of) for term in form}
        weights = {term: weight for term, weight in weights.items() if weight}
        if expected == [effect(constant, weights, arg) for arg in ARGUMENTS]:
            return constant, weights
    raise UnknownEffect(f"{name}: stack effect {expected[:20]}...")


def _weight(term: str, constant: int, effect_of: "Callable[[int], int]") -> int:
    """What the effect grows by at the smallest argument for which `term` is 1."""
    first = next(arg for arg in ARGUMENTS if TERMS[term](arg) == 1)
    return effect_of(first) - constant


def effect(constant: int, weights: "Mapping[str, int]", arg: int) -> int:
    """The stack effect with argument `arg`, from what `fitted_effect` found."""
    return constant + sum(weight * TERMS[term](arg) for term, weight in weights.items())


def table_text() -> str:
    """The file of the running version."""
    rows, by_argument, by_jump = [], {}, {}
    for number, name, kind in HOST.opcode_kinds():
        if kind == "NONE":
            constant = HOST.stack_effect(number, None, jump=False)
        else:
            constant, weights = fitted_effect(
                name, lambda arg, number=number: HOST.stack_effect(number, arg, jump=False)
            )
            jump, jump_weights = fitted_effect(
                name, lambda arg, number=number: HOST.stack_effect(number, arg, jump=True)
            )
            if weights:
                by_argument[name] = weights
            if (jump, jump_weights) != (constant, weights):
                if jump_weights:
                    raise UnknownEffect(f"{name}: its jump depends on the argument")
                by_jump[name] = jump
        rows.append((number, name, kind, constant))
    version = version_text()
    sections = [HEADER.format(version=version), *_sections(rows, by_argument, by_jump)]
    return "\n".join(sections)


def _sections(
    rows: "Iterable[Any]", by_argument: "Mapping[str, Any]", by_jump: "Mapping[str, Any]"
) -> "Iterator[str]":
    opcodes = "tuple[tuple[int, str, str, int], ...]"
    yield _tuple("OPCODES", opcodes, rows, "number, name, kind of argument, stack effect")
    yield _mapping("EFFECTS_BY_ARGUMENT", "dict[str, dict[str, int]]", by_argument)
    yield _mapping("JUMP_EFFECTS", "dict[str, int]", by_jump)
    yield f"BYTES_PER_JUMP_UNIT: Final = {HOST.BYTES_PER_JUMP_UNIT}\n"
    specialised = "tuple[tuple[int, str, str], ...]"
    found = HOST.specialised_opcodes()
    yield _tuple("SPECIALISED", specialised, found, "number, name, what it stands for")
    layouts = {name: dict(layout) for name, layout in sorted(HOST.cache_layouts().items())}
    yield _mapping("CACHES", "dict[str, dict[str, int]]", layouts)
    yield _mapping("TEXTS", "dict[str, tuple[str, ...]]", HOST.texts())
    yield _tuple("COMMON_CONSTANTS", "tuple[Any, ...]", HOST.common_constants())


def _tuple(name: str, kind: str, items: "Iterable[Any]", columns: str = "") -> str:
    return _literal(name, kind, "()", [_text(item) for item in items], columns)


def _mapping(name: str, kind: str, items: "Mapping[str, Any]") -> str:
    lines = [f"{_text(key)}: {_text(value)}" for key, value in items.items()]
    return _literal(name, kind, "{}", lines)


def _literal(name: str, kind: str, brackets: str, lines: "list[str]", columns: str = "") -> str:
    """One constant, an item a line; items too long for a line are opened, as `ruff format` does."""
    opening = f"{name}: Final[{kind}] = {brackets[0]}"
    if not lines:
        return opening + brackets[1] + "\n"
    body = ["    # " + columns] if columns else []
    for line in lines:
        body.extend(_indented(line + ","))
    return "\n".join([opening, *body, brackets[1]]) + "\n"


def _indented(line: str) -> "list[str]":
    if len(line) <= 96:
        return ["    " + line]
    start = next(index for index, character in enumerate(line) if character in "({") + 1
    parts = line[start:-2].split(", ")
    return ["    " + line[:start], *("        " + part + "," for part in parts), "    " + line[-2:]]


def _text(value: "Any") -> str:
    """A literal as `ruff format` writes it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        pairs = ", ".join(f"{_text(key)}: {_text(item)}" for key, item in value.items())
        return f"{{{pairs}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_text, value))})"
    return repr(value)


def version_text() -> str:
    """The running version without its patch release, in which these facts don't change."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def update(*, check: bool) -> bool:
    """Write the file of the running version, or look at it; whether it was as it should be."""
    path = PACKAGE / "opcodes" / f"v{version_text().replace('.', '_')}.py"
    expected = table_text()
    is_same = path.is_file() and path.read_text("utf-8") == expected
    if not check and not is_same:
        path.write_bytes(expected.encode("utf-8"))
    state = "as committed" if is_same else "differs" if check else "written"
    print(f"{path.name}: {state}, from {sys.version.split()[0]}")
    return is_same or not check


def update_all(*, check: bool) -> bool:
    """Do the same under every interpreter that is found."""
    succeeded = True
    for version in BYTECODE_VERSIONS:
        interpreter = find_interpreter(version)
        if interpreter is None:
            print(f"no python{version[0]}.{version[1]} found: left out")
            continue
        command = [interpreter, "-E", "-s", "-B", __file__, *(["--check"] if check else [])]
        succeeded &= subprocess.run(command, check=False).returncode == 0
    return succeeded


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--all", action="store_true", help="run under every interpreter found")
    parser.add_argument("--check", action="store_true", help="only look whether a file differs")
    args = parser.parse_args()
    sys.stdout.flush()
    return 0 if (update_all if args.all else update)(check=args.check) else 1


if __name__ == "__main__":
    sys.exit(main())
