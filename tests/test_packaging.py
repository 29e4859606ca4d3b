"""What a newcomer gets: an import that costs nothing, true metadata, examples that work."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata, resources
from pathlib import Path

import pytest

import pyinternals
from pyinternals import features

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

EXPENSIVE_MODULES = {"argparse", "dataclasses", "dis", "inspect", "json", "numpy", "re", "rich"}
"""What commands may need and a plain import must not pay for."""


def run_python(*arguments: str, cwd: Path | None = None) -> str:
    finished = subprocess.run(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        check=False,
        timeout=60,
    )
    assert finished.stderr == ""
    assert finished.returncode == 0
    return finished.stdout


def modules_brought_by(statement: str) -> set[str]:
    """Names of the modules that running `statement` imports in a fresh, isolated interpreter."""
    program = (
        "import sys; before = set(sys.modules); "
        f"{statement}; print(*sorted(set(sys.modules) - before))"
    )
    return set(run_python("-I", "-c", program).split())


def test_importing_the_package_imports_nothing_expensive() -> None:
    assert modules_brought_by("import pyinternals") & EXPENSIVE_MODULES == set()


def test_importing_the_package_imports_nothing_else_of_it() -> None:
    brought = modules_brought_by("import pyinternals")
    assert {name for name in brought if name.startswith("pyinternals")} == {"pyinternals"}


@pytest.mark.parametrize("name", pyinternals.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(pyinternals, name) is not None


def test_public_names_are_listed_once_and_by_dir() -> None:
    assert sorted(set(pyinternals.__all__)) == sorted(pyinternals.__all__) == dir(pyinternals)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'disassemble_all'"):
        _ = pyinternals.disassemble_all


def test_type_information_is_shipped() -> None:
    assert (resources.files("pyinternals") / "py.typed").is_file()


def test_everything_in_the_source_tree_is_shipped() -> None:
    package = resources.files("pyinternals")
    source = ROOT / "src" / "pyinternals"
    names = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert [name for name in names if not (package / name).is_file()] == []


def test_the_metadata_bear_the_version() -> None:
    assert metadata.version("pyinternals") == pyinternals.__version__


def test_the_console_script_is_the_command_line() -> None:
    (script,) = metadata.distribution("pyinternals").entry_points.select(group="console_scripts")
    assert script.name == "pyinternals"
    assert script.load().__module__ == "pyinternals.cli"


def test_the_classifiers_name_the_supported_versions() -> None:
    listed = re.findall(r"Python :: 3\.(\d+)", " ".join(PYPROJECT["project"]["classifiers"]))
    assert tuple((3, int(minor)) for minor in listed) == features.SUPPORTED_VERSIONS


def test_the_changelog_knows_what_comes_next() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## \[?([^\]\n]+)", changelog, re.MULTILINE)[0] == "Unreleased"


def test_the_navigation_of_the_docs_names_every_page_once() -> None:
    configuration = (ROOT / "mkdocs.yml").read_text("utf-8")
    named = re.findall(r"^\s+- .*?(\S+\.md)$", configuration, re.MULTILINE)
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(named) == sorted(pages)


def test_the_readme_installs_what_the_tests_need() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (installed,) = re.findall(r"pip install -q ([a-z -]+) &&", readme)
    needed = [re.split(r"[<>=]", name)[0] for name in PYPROJECT["dependency-groups"]["test"]]
    assert installed.split() == needed


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_runs(path: Path, tmp_path: Path) -> None:
    assert run_python(str(path), cwd=tmp_path) != ""
