"""Compare two .pyc files: header, encoding, paths, line tables, code.

Files of the same code often differ byte for byte: in the time of the source, in which objects marshal
wrote as references, in the order of a set. This says which of it is the case, and if it is the code,
where: by code object, and instruction by instruction.

examples:
  pyinternals pyc diff old/__pycache__/shapes.cpython-313.pyc __pycache__/shapes.cpython-313.pyc
  pyinternals pyc diff shapes.cpython-313.pyc shapes.cpython-313.opt-1.pyc
"""

from __future__ import annotations

import argparse

from ..errors import UsageError
from .delivery import add_output_arguments, deliver, prepared_output

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pyinternals pyc diff``."""
    parser.usage = "pyinternals pyc diff [options] FILE FILE"
    parser.add_argument("files", nargs="*", metavar="FILE", help="two .pyc files")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """``pyinternals pyc diff``."""
    output = prepared_output(args, "pyc-diff")
    if output is None:
        return 0
    if len(args.files) != 2:
        raise UsageError(f"{len(args.files)} files", hint="name two .pyc files")
    from ..bytecode.pyc_diff import diff_pycs
    from ..render.pyc_reports import pyc_difference_report

    deliver(pyc_difference_report(diff_pycs(*args.files)), args, output)
    return 0
