"""Audit .pyc files: whether an import would use each of them, and whether it should.

paths:
  folder                  everything below it
  file.pyc, file.py       one cache, or all caches of a source
  NAME                    an installed distribution, without importing it
  --all                   everything on sys.path

states:
  valid                   an import would use it, and rightly so
  stale                   its source has changed: an import replaces it
  ambiguous               its source changed afterwards, but in the same second and to the same size
  orphan                  its source is gone
  foreign-version         valid, but for another Python
  corrupt                 no interpreter can read it
  unchecked-hash          an import would use it whatever its source says
  unreadable              the system does not let us look
  differs                 recompiling its source gives other code (--deep)

other commands:
  pyinternals pyc show FILE            header, code objects, constants, names
  pyinternals pyc diff FILE FILE       what differs
  pyinternals pyc clean PATH...        remove what is stale, orphan or corrupt

examples:
  pyinternals pyc .
  pyinternals pyc src --deep --fail-on stale,orphan,differs
  pyinternals pyc rich --json
"""

from __future__ import annotations

import argparse
import gc
import sys
from typing import TYPE_CHECKING

from ..errors import LimitExceeded, UsageError
from ..safe_text import escape
from .delivery import add_output_arguments, deliver, prepared_output

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..bytecode.pyc_findings import PycAudit, PycState

__all__ = ["add_arguments", "add_search_arguments", "audit_of", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pyinternals pyc``."""
    parser.usage = (
        "pyinternals pyc [options] PATH...\n       pyinternals pyc {show,diff,clean} --help"
    )
    add_search_arguments(parser)
    view = parser.add_argument_group("view")
    view.add_argument(
        "--state", metavar="STATE,...", help="show only files in these states; totals are theirs"
    )
    view.add_argument(
        "--fail-on", metavar="STATE,...", help="exit with 1 if a file is in one of these states"
    )
    add_output_arguments(parser)


def add_search_arguments(parser: argparse.ArgumentParser) -> None:
    """What is looked at, and how: for ``pyc`` and ``pyc clean``."""
    where = parser.add_argument_group("where")
    where.add_argument(
        "paths", nargs="*", metavar="PATH", help="folder, .pyc, .py, or an installed distribution"
    )
    where.add_argument("--all", action="store_true", help="everything on sys.path")
    where.add_argument(
        "--pycache-prefix", metavar="DIR",
        help="the folder that mirrors the file system (default: as PYTHONPYCACHEPREFIX says)",
    )  # fmt: skip
    how = parser.add_argument_group("how")
    how.add_argument(
        "--deep", action="store_true", help="read files whole, and compile their sources again"
    )
    how.add_argument(
        "--python", metavar="VERSION", help="judge for this Python, as 3.12 or pypy3.9 (this one)"
    )


def run(args: argparse.Namespace) -> int:
    """``pyinternals pyc``."""
    output = prepared_output(args, "pyc")
    if output is None:
        return 0
    shown, failing = _states(args.state, "--state"), _states(args.fail_on, "--fail-on")
    from ..bytecode.pyc_findings import PycState
    from ..render.pyc_reports import audit_report

    # only recompiling can find it: a check for it that looks at nothing would always pass
    args.deep = args.deep or PycState.DIFFERS in {*shown, *failing}
    audit = audit_of(args)
    deliver(audit_report(audit.only(shown) if shown else audit), args, output)
    _check_limit(audit, failing)
    return 0


def audit_of(args: argparse.Namespace) -> PycAudit:
    """The audit that `add_search_arguments` describe, with a progress bar where it takes long."""
    from ..bytecode.pyc_audit import pyc
    from ..render.progress import DelayedProgress

    if args.deep:
        gc.enable()  # compiling a whole tree leaves enough behind
    with DelayedProgress("reading .pyc files", sys.stderr) as progress:
        return pyc(
            *args.paths,
            deep=args.deep,
            sys_path=args.all,
            python=args.python,
            pycache_prefix=args.pycache_prefix,
            progress=progress.update,
        )


def _states(text: str | None, option: str) -> Collection[PycState]:
    if text is None:
        return ()
    from ..bytecode.pyc_findings import PycState

    known = {state.value: state for state in PycState}
    found = []
    for word in text.split(","):
        if word.strip() not in known:
            raise UsageError(
                f"{escape(word)!r} is no state",
                target=option,
                hint=f"give some of {','.join(known)}",
            )
        found.append(known[word.strip()])
    return found


def _check_limit(audit: PycAudit, failing: Collection[PycState]) -> None:
    counts = {state: count for state, count in audit.counts.items() if state in failing}
    if counts:
        found = ", ".join(f"{count:,} {state.value}" for state, count in counts.items())
        raise LimitExceeded(f"found {found}", target="--fail-on")
