"""What an interpreter says of its own code objects, as JSON: the truth that `read_pyc` is compared with.

    python3.X tests/bytecode/pyc_truth.py FILE.pyc ...
    python3.X tests/bytecode/pyc_truth.py --stdlib [--every N] [--start N]

Runs in any CPython from 3.8 on, without the package. Prints one line for each module: its name, its
marshalled code (base64; null for a file) and the facts of its code. `describe_code` takes our records,
too, so that both sides go through the same words. Compares by itself where the package is at hand:

    python tests/bytecode/pyc_truth.py --compare [--every N] python3.8 python3.9 ...
"""

import argparse
import base64
import json
import marshal
import struct
import subprocess
import sys
import sysconfig
import warnings
from pathlib import Path

FIELDS = (
    "co_name",
    "co_filename",
    "co_firstlineno",
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_nlocals",
    "co_stacksize",
    "co_flags",
    "co_code",
    "co_consts",
    "co_names",
    "co_varnames",
    "co_cellvars",
    "co_freevars",
)


def describe_code(code, version):
    """Every attribute of a code object of `version`, native or a record, as plain values."""
    names = list(FIELDS)
    if version >= (3, 11):
        names += ["co_qualname", "co_exceptiontable"]
    names.append("co_linetable" if version >= (3, 10) else "co_lnotab")
    facts = {name: describe(getattr(code, name), version) for name in names}
    if version >= (3, 10):
        facts["lines"] = [list(entry) for entry in code.co_lines()]
    else:
        facts["line starts"] = line_starts(code)
    if version >= (3, 11):
        facts["positions"] = [list(span) for span in code.co_positions()]
    return facts


def describe(value, version):
    """A constant by its type and all of its value; a set without its order."""
    kind = type(value).__name__
    if value is None or value is Ellipsis or kind in ("bool", "str", "int"):
        return [kind, hex(value) if kind == "int" else ascii(value)]
    if kind == "float":
        return [kind, struct.pack("<d", value).hex()]
    if kind == "complex":
        return [kind, struct.pack("<2d", value.real, value.imag).hex()]
    if kind == "bytes":
        return [kind, value.hex()]
    if kind == "tuple":
        return [kind, [describe(item, version) for item in value]]
    if kind in ("frozenset", "MarshalSet"):
        items = value if kind == "frozenset" else value.items
        return ["frozenset", sorted((describe(item, version) for item in items), key=json.dumps)]
    if kind == "slice":
        return [kind, [describe(part, version) for part in (value.start, value.stop, value.step)]]
    if hasattr(value, "co_code"):
        return ["code", describe_code(value, version)]
    raise TypeError(f"no compiler writes a {kind}")


def line_starts(code):
    """`dis.findlinestarts` of a native code object; of a record, where its ranges start."""
    if hasattr(code, "co_lines"):
        return [[start, line] for start, _, line in code.co_lines()]
    import dis

    return [list(entry) for entry in dis.findlinestarts(code)]


def stdlib_modules(every, start):
    """(path, code) of modules of the standard library that compile."""
    root = Path(sysconfig.get_paths()["stdlib"])
    paths = [path for path in sorted(root.rglob("*.py")) if "site-packages" not in path.parts]
    for path in paths[start::every]:
        try:
            yield str(path), compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError, OSError):
            continue


def print_truth(arguments):
    """One line of JSON for each module."""
    version = sys.version_info[:2]
    if arguments.stdlib:
        for path, code in stdlib_modules(arguments.every, arguments.start):
            body = base64.b64encode(marshal.dumps(code)).decode()
            print(json.dumps([path, body, describe_code(code, version)]))
    for path in arguments.paths:
        code = marshal.loads(Path(path).read_bytes()[16:])
        print(json.dumps([path, None, describe_code(code, version)]))


def truth_of(interpreter, *arguments):
    """The lines that `interpreter` prints, as they come: (name, marshalled code or None, facts)."""
    command = [interpreter, "-s", "-S", "-X", "utf8", __file__, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as child:
        for line in child.stdout:
            name, body, facts = json.loads(line)
            yield name, body and base64.b64decode(body), facts
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)


def differences(expected, actual, where=""):
    """Where two descriptions differ, as text, the innermost places only."""
    if isinstance(expected, dict) and isinstance(actual, dict) and expected.keys() == actual.keys():
        for name in expected:
            yield from differences(expected[name], actual[name], f"{where}.{name}")
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, pair in enumerate(zip(expected, actual)):
            yield from differences(*pair, where=f"{where}[{number}]")
    elif expected != actual:
        yield f"{where}: {expected!r:.200}, ours {actual!r:.200}"


def compare_stdlib(interpreter, every=1, start=0):
    """(modules, code objects, differences) between the interpreter's standard library and our reading."""
    from pyinternals.bytecode.marshal_reader import read_marshal

    said = subprocess.run(
        [interpreter, "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    version = tuple(map(int, said.stdout.split()))
    module_count = code_count = 0
    found = []
    for path, body, facts in truth_of(interpreter, "--stdlib", "--every", every, "--start", start):
        code = read_marshal(body, version=version).value
        module_count += 1
        code_count += sum(1 for _ in code.walk())
        found += [
            f"{path}{difference}" for difference in differences(facts, describe_code(code, version))
        ]
    return module_count, code_count, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stdlib", action="store_true", help="modules of the standard library")
    parser.add_argument("--every", type=int, default=1, help="every Nth of them")
    parser.add_argument("--start", type=int, default=0, help="from this one on")
    parser.add_argument("--compare", action="store_true", help="the paths are interpreters")
    parser.add_argument("paths", nargs="*")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if not arguments.compare:
        print_truth(arguments)
        return 0
    failed = False
    for interpreter in arguments.paths:
        modules, codes, found = compare_stdlib(interpreter, arguments.every, arguments.start)
        print(
            f"{interpreter}: {modules:,} modules, {codes:,} code objects, {len(found):,} differences"
        )
        print(*found[:20], sep="\n", end="\n" if found else "")
        failed |= bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
