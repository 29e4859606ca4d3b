"""Show what is in a .pyc file: its header, and the tree of code objects with their tables.

Any version's header is read, and the code of CPython 3.8 to 3.15, whatever this interpreter is. Nothing
in the file is trusted or run. `pyinternals dis FILE` shows its instructions.

examples:
  pyinternals pyc show __pycache__/shapes.cpython-313.pyc
  pyinternals pyc show shapes.pyc --json
"""

from __future__ import annotations

import argparse
import sys

from ..errors import UsageError
from ..render.output import output_for
from .delivery import add_output_arguments, check_output_arguments, deliver, write_out

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pyinternals pyc show``."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="a .pyc file")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """``pyinternals pyc show``."""
    if sys.stdout is None:
        raise UsageError("standard output is closed", hint="there is nowhere to write to")
    output = output_for(width=args.width)
    if args.json_schema:
        from ..render.json_envelope import schema_text

        write_out([schema_text("pyc-show")], output.stream)
        return 0
    check_output_arguments(args)
    if args.file is None:
        raise UsageError("no file", hint="name a .pyc file")
    from ..bytecode.pyc_file import read_pyc
    from ..render.pyc_reports import show_report

    deliver(show_report(read_pyc(args.file)), args, output)
    return 0
