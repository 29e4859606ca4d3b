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
import sys

from ..errors import UsageError
from ..render.output import output_for
from .delivery import add_output_arguments, check_output_arguments, deliver, write_out

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pyinternals pyc diff``."""
    parser.usage = "pyinternals pyc diff [options] FILE FILE"
    parser.add_argument("files", nargs="*", metavar="FILE", help="two .pyc files")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """``pyinternals pyc diff``."""
    if sys.stdout is None:
        raise UsageError("standard output is closed", hint="there is nowhere to write to")
    output = output_for(width=args.width)
    if args.json_schema:
        from ..render.json_envelope import schema_text

        write_out([schema_text("pyc-diff")], output.stream)
        return 0
    check_output_arguments(args)
    if len(args.files) != 2:
        raise UsageError(f"{len(args.files)} files", hint="name two .pyc files")
    from ..bytecode.pyc_diff import diff_pycs
    from ..render.pyc_reports import pyc_difference_report

    deliver(pyc_difference_report(diff_pycs(*args.files)), args, output)
    return 0
