"""The rules of the house that a machine can check (docs/architecture.md).

Every check reads a source tree and returns what it objects to, so that the tests can also show it a
tree that breaks the rule.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = "pyinternals"
SOURCE = Path(__file__).parents[1] / "src" / PACKAGE

STOREYS = (
    ("errors", "fact", "features", "safe_text", "units"),
    ("procfs",),
    ("interpreter",),
    ("bytecode", "collector", "machine", "memory", "objects"),
    ("render",),
    ("cli", "ipython", "pytest_plugin"),
    ("__main__",),
)
"""From the ground up. A room may import rooms of the storeys below it, never its own neighbours."""

GROUND_FLOOR = STOREYS[0]
"""These may import each other: a cycle among them is caught anyway."""

LOOKS_UP = {("fact", "render.showing")}
"""The one arrow that runs up: a fact that is printed asks for its renderer at that moment."""

MEETING_SUBJECTS: set[tuple[str, str]] = set()
"""(from, to): two subjects that meet because a third fact needs both."""

THIRD_PARTY_HOMES = {"rich": {"render"}}
"""Packages that a report is drawn with are imported where reports are drawn."""

FORBIDDEN_NAMES = {"base", "common", "core", "helpers", "misc", "utils"}

LONGEST_FILE_LINES = 400
LONG_FILES = {"bytecode/explanations.py": "a table: one entry per opcode"}


class Import(NamedTuple):
    """One imported module, and where it is imported."""

    source: str
    """Module that imports, without the package's name: ``bytecode.flow``; empty for the package."""
    target: str
    """Module that is imported: likewise within the package, else in full: ``rich.text``."""
    line: int
    is_ours: bool
    is_lazy: bool
    """Inside a function: it happens when the function is called."""

    def __str__(self) -> str:
        return f"{self.source or PACKAGE}:{self.line} imports {self.target or PACKAGE}"


def modules_of(tree: Path) -> dict[str, Path]:
    """Module name, without the package's, to file."""
    found = {}
    for path in sorted(tree.rglob("*.py")):
        parts = path.relative_to(tree).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(tree: Path) -> list[Import]:
    """Every import that can happen when the program runs: TYPE_CHECKING blocks are left out."""
    modules = modules_of(tree)
    found = []
    for name, path in modules.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for node, is_lazy in _running_nodes(ast.parse(path.read_text("utf-8")), is_lazy=False):
            for target, is_ours in _targets(node, package, modules):
                found.append(Import(name, target, node.lineno, is_ours, is_lazy))
    return found


def _running_nodes(parent: ast.AST, *, is_lazy: bool) -> Iterator[tuple[ast.AST, bool]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for other in node.orelse:
                yield other, is_lazy
                yield from _running_nodes(other, is_lazy=is_lazy)
            continue
        yield node, is_lazy
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        yield from _running_nodes(node, is_lazy=is_lazy or is_function)


def _targets(node: ast.AST, package: str, modules: dict[str, Path]) -> Iterator[tuple[str, bool]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield _ours_or_not(alias.name)
    elif isinstance(node, ast.ImportFrom):
        origin, is_ours = _resolved("." * node.level + (node.module or ""), package)
        if not is_ours:
            yield origin, False
            return
        for alias in node.names:
            member = f"{origin}.{alias.name}".lstrip(".")
            yield (member if member in modules else origin), True
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        written = _known_start(node.args[0]) if node.args else ""
        if written.strip("."):
            yield _resolved(written, package)


def _known_start(argument: ast.expr) -> str:
    """The text of a string, or of an f-string up to its first hole."""
    if isinstance(argument, ast.JoinedStr) and argument.values:
        argument = argument.values[0]
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return ""


def _resolved(written: str, package: str) -> tuple[str, bool]:
    relative = written.lstrip(".")
    level = len(written) - len(relative)
    if level == 0:
        return _ours_or_not(relative)
    parts = package.split(".") if package else []
    parts = parts[: len(parts) - (level - 1)]
    return ".".join([*parts, relative] if relative else parts), True


def _ours_or_not(name: str) -> tuple[str, bool]:
    if name == PACKAGE or name.startswith(f"{PACKAGE}."):
        return name.removeprefix(PACKAGE).removeprefix("."), True
    return name, False


def room_of(module: str) -> str:
    """The folder or top-level file that `module` is in; empty for the package itself."""
    return module.partition(".")[0]


def storey_of(module: str) -> int:
    """How far up `module` is; the package's own ``__init__`` is below everything."""
    room = room_of(module)
    if not room:
        return -1
    return next(number for number, rooms in enumerate(STOREYS) if room in rooms)


def unplaced_modules(tree: Path) -> list[str]:
    """Modules that are in none of the rooms."""
    rooms = {room for storey in STOREYS for room in storey}
    return [name for name in modules_of(tree) if name and room_of(name) not in rooms]


def arrows_that_run_up(tree: Path) -> list[str]:
    """Imports of a room from a room below it, or from its neighbour."""
    return [str(arrow) for arrow in imports_of(tree) if arrow.is_ours and _runs_up(arrow)]


def _runs_up(arrow: Import) -> bool:
    source, target = room_of(arrow.source), room_of(arrow.target)
    if source == target or (arrow.source, arrow.target) in LOOKS_UP:
        return False
    if source in GROUND_FLOOR and target in GROUND_FLOOR:
        return False
    if (source, target) in MEETING_SUBJECTS:
        return False
    return storey_of(arrow.target) >= storey_of(arrow.source)


def import_cycles(tree: Path) -> list[str]:
    """The first circle of imports that happen when a module is imported."""
    graph: dict[str, set[str]] = {name: set() for name in modules_of(tree)}
    for arrow in imports_of(tree):
        if arrow.is_ours and not arrow.is_lazy and arrow.source != arrow.target:
            graph[arrow.source].add(arrow.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" <- ".join(error.args[1])]
    return []


def strangers(tree: Path) -> list[str]:
    """Third-party packages imported by a room that isn't their home."""
    known = sys.stdlib_module_names
    return [
        str(found)
        for found in imports_of(tree)
        if not found.is_ours
        and room_of(found.target) not in known
        and room_of(found.source) not in THIRD_PARTY_HOMES.get(room_of(found.target), set())
    ]


def nameless_files(tree: Path) -> list[str]:
    """Files and folders whose name says nothing about what is in them."""
    return [
        str(path.relative_to(tree))
        for path in sorted(tree.rglob("*"))
        if path.stem in FORBIDDEN_NAMES and (path.is_dir() or path.suffix == ".py")
    ]


def overlong_files(tree: Path) -> list[str]:
    """Files that have grown a second subject, most likely."""
    return [
        f"{name}: {count} lines"
        for path in sorted(tree.rglob("*.py"))
        if (count := len(path.read_text("utf-8").splitlines())) > LONGEST_FILE_LINES
        and (name := path.relative_to(tree).as_posix()) not in LONG_FILES
    ]


def unexplained_handlers(tree: Path) -> list[str]:
    """Handlers that swallow everything, without a comment in their line that says why they must."""
    found = []
    for path in sorted(tree.rglob("*.py")):
        text = path.read_text("utf-8")
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ExceptHandler) and _swallows_everything(node):
                comment = lines[node.lineno - 1].partition("#")[2]
                if not re.search(r"[a-z']+ [a-z']+", re.sub(r"noqa(: [A-Z0-9, ]+)?", "", comment)):
                    found.append(f"{path.relative_to(tree).as_posix()}:{node.lineno}")
    return found


def _swallows_everything(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in ("BaseException", "Exception"))
        for kind in caught
    )


def test_every_module_is_in_a_room() -> None:
    assert unplaced_modules(SOURCE) == []


def test_imports_run_one_way() -> None:
    assert arrows_that_run_up(SOURCE) == []


def test_no_module_imports_itself_in_a_circle() -> None:
    assert import_cycles(SOURCE) == []


def test_third_party_packages_stay_in_their_rooms() -> None:
    assert strangers(SOURCE) == []


def test_the_package_itself_imports_nothing_of_its_own() -> None:
    assert [str(found) for found in imports_of(SOURCE) if not found.source and found.is_ours] == []


def test_every_file_name_says_what_is_in_it() -> None:
    assert nameless_files(SOURCE) == []


def test_every_file_has_one_subject() -> None:
    assert overlong_files(SOURCE) == []


def test_the_list_of_long_files_is_true() -> None:
    listed = {name: len((SOURCE / name).read_text("utf-8").splitlines()) for name in LONG_FILES}
    assert {name for name, count in listed.items() if count <= LONGEST_FILE_LINES} == set()


def test_whoever_swallows_every_exception_says_why() -> None:
    assert unexplained_handlers(SOURCE) == []


@pytest.mark.parametrize(
    ("check", "files", "complaint"),
    [
        pytest.param(unplaced_modules, {"attic/trunk.py": ""}, "attic.trunk", id="a new room"),
        pytest.param(
            arrows_that_run_up,
            {"bytecode/flow.py": "def f():\n    from ..render import html", "render/html.py": ""},
            "bytecode.flow:2 imports render.html",
            id="a subject that draws, lazily",
        ),
        pytest.param(
            arrows_that_run_up,
            {"memory/ledger.py": "import pyinternals.bytecode.flow", "bytecode/flow.py": ""},
            "memory.ledger:1 imports bytecode.flow",
            id="two subjects that meet",
        ),
        pytest.param(
            arrows_that_run_up,
            {"units.py": "from .procfs.maps import parse_maps", "procfs/maps.py": ""},
            "units:1 imports procfs.maps",
            id="the ground floor",
        ),
        pytest.param(
            arrows_that_run_up,
            {"render/html.py": "importlib.import_module(f'..cli.{name}', __package__)"},
            "render.html:1 imports cli.",
            id="an import by name",
        ),
        pytest.param(
            import_cycles,
            {"bytecode/a.py": "from .b import x", "bytecode/b.py": "from . import a"},
            "bytecode.a <- bytecode.b <- bytecode.a",
            id="a circle",
        ),
        pytest.param(
            strangers,
            {"cli/dis.py": "from rich.text import Text"},
            "cli.dis:1 imports rich.text",
            id="rich in a command",
        ),
        pytest.param(nameless_files, {"bytecode/utils.py": ""}, "bytecode/utils.py", id="utils"),
        pytest.param(
            overlong_files, {"cli/dis.py": "x = 1\n" * 401}, "cli/dis.py: 401 lines", id="long"
        ),
        pytest.param(
            unexplained_handlers,
            {"cli/dis.py": "try:\n    f()\nexcept (OSError, Exception):  # noqa: BLE001\n    pass"},
            "cli/dis.py:3",
            id="no reason given",
        ),
    ],
)
def test_a_broken_rule_is_seen(
    check: Callable[[Path], list[str]], files: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    _write_tree(tmp_path, files)
    assert complaint in _all_starts(check(tmp_path), complaint)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {
                "bytecode/facts.py": "if TYPE_CHECKING:\n    from .flow import FlowGraph",
                "bytecode/flow.py": "from .facts import CodeObject\nfrom ..errors import NotPython",
                "errors.py": "",
            },
            id="for type checkers only",
        ),
        pytest.param(
            {
                "bytecode/facts.py": "def flow():\n    from .flow import flow_graph",
                "bytecode/flow.py": "from .facts import CodeObject",
            },
            id="lazily, within a room",
        ),
        pytest.param(
            {
                "fact.py": "def show():\n    from .render.showing import show_text",
                "render/showing.py": "def f():\n    from ..fact import Fact",
            },
            id="a fact that is printed",
        ),
    ],
)
def test_what_the_rules_allow_is_let_through(files: dict[str, str], tmp_path: Path) -> None:
    _write_tree(tmp_path, files)
    assert arrows_that_run_up(tmp_path) == []
    assert import_cycles(tmp_path) == []


def _write_tree(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _all_starts(complaints: list[str], start: str) -> list[str]:
    return [complaint[: len(start)] for complaint in complaints]
