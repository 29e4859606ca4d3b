"""Remove .pyc files that no import uses as they are: stale, orphan, corrupt. Without --yes only say which.

A file is only touched if it ends in .pyc, lies in a __pycache__ or below the pycache_prefix, and is still
the file that was looked at. Symlinks are left alone. A __pycache__ that is left empty goes, too.

examples:
  pyinternals pyc clean .
  pyinternals pyc clean src tests --yes
  pyinternals pyc clean . --foreign --yes
"""

from __future__ import annotations

import argparse

from ..errors import TargetUnreadable
from ..units import plural
from .delivery import add_output_arguments, deliver, prepared_output
from .pyc import add_search_arguments, audit_of

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pyinternals pyc clean``."""
    parser.usage = "pyinternals pyc clean [options] PATH..."
    add_search_arguments(parser)
    what = parser.add_argument_group("what")
    what.add_argument("--foreign", action="store_true", help="files of other Pythons, too")
    act = what.add_mutually_exclusive_group()
    act.add_argument("--yes", action="store_true", help="remove them")
    act.add_argument("--dry-run", action="store_true", help="only say which (the default)")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """``pyinternals pyc clean``."""
    output = prepared_output(args, "pyc-clean")
    if output is None:
        return 0
    from ..bytecode.pyc_clean import Outcome, clean_pycs
    from ..render.pyc_reports import cleaning_report

    cleaning = clean_pycs(audit_of(args), foreign=args.foreign, act=args.yes)
    deliver(cleaning_report(cleaning), args, output)
    failed = cleaning.with_outcome(Outcome.FAILED)
    if failed:
        raise TargetUnreadable(f"{plural(len(failed), 'file')} could not be removed")
    return 0
