"""Show what is in a .pyc file: its header, and the tree of code objects with their tables.

Any version's header is read, and the code of CPython 3.8 to 3.15, whatever this interpreter is. Nothing
in the file is trusted or run. `pyinternals dis FILE` shows its instructions.

examples:
  pyinternals pyc show __pycache__/shapes.cpython-313.pyc
  pyinternals pyc show shapes.pyc --json
"""

from __future__ import annotations

import argparse

from ..errors import UsageError
from .delivery import add_output_arguments, deliver, prepared_output

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pyinternals pyc show``."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="a .pyc file")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """``pyinternals pyc show``."""
    output = prepared_output(args, "pyc-show")
    if output is None:
        return 0
    if args.file is None:
        raise UsageError("no file", hint="name a .pyc file")
    from ..bytecode.pyc_file import read_pyc
    from ..render.pyc_reports import show_report

    deliver(show_report(read_pyc(args.file)), args, output)
    return 0
