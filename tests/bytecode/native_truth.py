"""What an interpreter's own `dis` says of the standard library that it came with.

    python3.X tests/bytecode/native_truth.py OUTPUT [--every N] [--start N]
    python3.X tests/bytecode/native_truth.py --show FILE INDEX

Runs under CPython 3.8-3.15 without our package: `any_version` starts it. Compiles each module, and
writes for each a pickled `(path, .pyc bytes, digests)`: one digest for each code object, parents
before their children, over the rows that `native_rows` gives. With ``--show`` it prints those rows
of one code object of one module.
"""

# ruff: noqa: UP036 - it runs under versions that pyinternals doesn't
import argparse
import dis
import hashlib
import marshal
import pickle
import sys
import sysconfig
import types
import warnings
from importlib.util import MAGIC_NUMBER
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

JUMPS = {*dis.hasjrel, *dis.hasjabs}


def stdlib_paths() -> "list[Path]":
    """The modules of the standard library, packages that were installed left out."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    paths = [path for path in stdlib.rglob("*.py") if "site-packages" not in path.parts]
    return sorted(path for path in paths if path.is_file())


def compiled(path: Path) -> "types.CodeType | None":
    """The module's code object; None for a sample of bad source (lib2to3's and test's)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compile(path.read_bytes(), str(path), "exec", dont_inherit=True, optimize=0)
        except (SyntaxError, ValueError):
            return None


def nested_codes(code: types.CodeType) -> "Iterator[types.CodeType]":
    """The code object and all in it, each before its children."""
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from nested_codes(const)


def native_rows(code: types.CodeType) -> "Iterator[tuple[Any, ...]]":
    """What is compared of one code object: its head, its instructions, its exception table."""
    yield head_row(code)
    lines = _lines_by_offset(code)
    for ins in dis.get_instructions(code):
        if sys.version_info >= (3, 13):
            target = ins.jump_target
        else:
            target = ins.argval if ins.opcode in JUMPS else None
        positions = tuple(ins.positions) if sys.version_info >= (3, 11) else None
        line = lines[ins.offset] if lines is not None else _line_of(ins)
        yield ins.offset, ins.opname, ins.arg, target, line, positions, shown_value(ins)
    if sys.version_info >= (3, 11):
        for entry in dis._parse_exception_table(code):
            yield entry.start, entry.end, entry.target, entry.depth, entry.lasti


def head_row(code: "Any") -> "tuple[Any, ...]":
    """What a code object, native or a record, says of itself. Qualified names exist since 3.11."""
    return (
        code.co_name,
        getattr(code, "co_qualname", code.co_name),
        code.co_filename,
        code.co_firstlineno,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_nlocals),
        code.co_stacksize,
        code.co_flags,
        (code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars),
        len(code.co_consts),
    )


def shown_value(ins: "Any") -> str:
    """`argval` where it is of a kind that is the same everywhere: strings, integers, pairs of names."""
    value = ins.argval
    if ins.opname == "LOAD_COMMON_CONSTANT":
        return "-"  # one interpreter's builtin is another's name
    if type(value) is int:
        return hex(value)
    if type(value) is str or (type(value) is tuple and all(type(item) is str for item in value)):
        return ascii(value)
    return "-"


def _lines_by_offset(code: types.CodeType) -> "dict[int, int | None] | None":
    """The line of each offset, for versions whose `dis` names only where a line starts."""
    if sys.version_info >= (3, 11):
        return None
    lines = {}
    if sys.version_info >= (3, 10):
        for start, end, line in code.co_lines():
            lines.update(dict.fromkeys(range(start, end, 2), line))
        return lines
    starts = dict(dis.findlinestarts(code))
    line = None
    for offset in range(0, len(code.co_code), 2):
        line = starts.get(offset, line)
        lines[offset] = line
    return lines


def _line_of(ins: dis.Instruction) -> "int | None":
    if sys.version_info >= (3, 13):
        return ins.line_number
    return ins.positions.lineno


def digest(rows: "Iterable[tuple[Any, ...]]") -> bytes:
    """A short fingerprint of the rows of a code object."""
    text = "\n".join(map(ascii, rows))
    return hashlib.sha256(text.encode("ascii")).digest()[:12]


def write_truth(output: str, every: int, start: int) -> None:
    """Write the truth of one module in `every`, from number `start` on."""
    header = MAGIC_NUMBER + bytes(12)
    with open(output, "wb") as file:
        for path in stdlib_paths()[start::every]:
            code = compiled(path)
            if code is not None:
                digests = [digest(native_rows(nested)) for nested in nested_codes(code)]
                pickle.dump((str(path), header + marshal.dumps(code), digests), file, 4)


def show(path: str, index: int) -> None:
    """Print the rows of code object number `index` of a module."""
    for row in native_rows(list(nested_codes(compiled(Path(path))))[index]):
        print(ascii(row))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("output", nargs="?", help="where the truth is written")
    parser.add_argument("--every", type=int, default=1, help="one module in N")
    parser.add_argument("--start", type=int, default=0, help="from module number N on")
    parser.add_argument("--show", nargs=2, metavar=("FILE", "INDEX"))
    args = parser.parse_args()
    if args.show:
        show(args.show[0], int(args.show[1]))
    else:
        write_truth(args.output, args.every, args.start)


if __name__ == "__main__":
    main()
