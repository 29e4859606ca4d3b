"""Finds the CPython interpreters of this machine, for scripts that compare versions.

As ``python3.X`` on PATH, else as pyenv installs them: ``$PYENV_ROOT/versions/3.X.*``.
"""

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BYTECODE_VERSIONS", "find_interpreter"]

BYTECODE_VERSIONS = tuple((3, minor) for minor in range(8, 16))
"""The versions whose bytecode can be disassembled."""


@lru_cache(maxsize=None)  # noqa: UP033 - 3.8 has no `functools.cache`
def find_interpreter(version: "tuple[int, int]") -> "str | None":
    """The path of an interpreter of `version`; None where there is none."""
    return next((path for path in _candidates(version) if _is_cpython(path, version)), None)


def _candidates(version: "tuple[int, int]") -> "Iterator[str]":
    name = f"python{version[0]}.{version[1]}"
    on_path = shutil.which(name)
    if on_path:
        yield on_path
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = root.glob(f"versions/{version[0]}.{version[1]}.*/bin/{name}")
    yield from map(str, sorted(installed, key=_patch_release, reverse=True))


def _patch_release(executable: Path) -> "tuple[int, str]":
    patch = executable.parts[-3].split(".")[2]
    digits = "".join(character for character in patch if character.isdigit())
    return int(digits or 0), patch


def _is_cpython(path: str, version: "tuple[int, int]") -> bool:
    """Whether it runs and is what its name says: pyenv's shims stand for versions that are off."""
    program = "import sys; print(sys.implementation.name, *sys.version_info[:2])"
    answer = subprocess.run(
        [path, "-I", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    return answer.stdout.split() == [b"cpython", *(str(part).encode() for part in version)]
