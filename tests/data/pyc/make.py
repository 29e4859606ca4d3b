"""Makes the .pyc files in this folder: ``python tests/data/pyc/make.py``.

One for each CPython 3.8-3.15 that is found here (see ``tests/bytecode/pyc_corpus.py``) and each of its
sources that is chosen below. They hold nothing that depends on where or when they are made.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "bytecode"))

import pyc_corpus  # noqa: E402 - the folder of the tests comes first

MODES = {
    "everyday": "timestamp",
    "matching": "checked-hash",
    "groups": "unchecked-hash",
    "templates": "checked-hash",
}


def main() -> None:
    """Write the files and print their sizes."""
    for version, interpreter in pyc_corpus.interpreters().items():
        for module in pyc_corpus.compile_corpus(interpreter, version):
            if module.name not in MODES:
                continue
            path = HERE / f"{module.name}.cpython-{version[0]}{version[1]}.pyc"
            path.write_bytes(module.pyc(MODES[module.name]))
            print(f"{path.name}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
