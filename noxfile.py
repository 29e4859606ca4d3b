"""Everything that is checked, one session each: ``nox`` runs all of it, ``nox -s tests-3.13`` one.

The Python versions are the classifiers of pyproject.toml, the tools its dependency groups. An
interpreter that isn't on PATH is an error where ``CI`` is set; anywhere else its session is
skipped, with the reason.
"""

from __future__ import annotations

import os
from pathlib import Path

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
VERSIONS = nox.project.python_versions(PYPROJECT)

# Debian's Pythons lack ensurepip, which venv needs and virtualenv does not.
nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_missing_interpreters = bool(os.environ.get("CI"))
nox.options.reuse_existing_virtualenvs = True


def group(*names: str) -> list[str]:
    """The requirements of pyproject's dependency groups `names`."""
    return nox.project.dependency_groups(PYPROJECT, *names)


@nox.session(python=VERSIONS)
def tests(session: nox.Session) -> None:
    """The test suite; arguments behind ``--`` go to pytest."""
    session.install("-e", ".", *group("test"))
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """What an installed wheel ships and promises, as opposed to what the source tree holds."""
    session.install("--force-reinstall", "--no-deps", ".")
    session.install(".", *group("test"))
    session.run("python", "-m", "pytest", "tests/test_packaging.py")


@nox.session
def lint(session: nox.Session) -> None:
    """Style: ruff's rules and its formatting."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types: mypy, strictly."""
    session.install("-e", ".", *group("lint"))
    session.run("mypy", "--strict")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation; a broken link is an error. The pages are in ``site/``."""
    session.install(*group("docs"))
    session.run("mkdocs", "build", "--strict")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Every benchmark once, to see that it still runs. Figures come from running one by hand."""
    session.install("-e", ".", *group("bench"))
    for script in sorted(Path("benchmarks").glob("*.py")):
        session.run("python", str(script), "--smoke")
