"""Show the bytecode of a file, module or function, with its source. Nothing is executed without --run.

targets:
  file.py                 a source file
  file.py::Class.method   a name in it, however deep
  file.py::/regex/        all names that match
  file.cpython-39.pyc     compiled code of any CPython from 3.8 on
  json.decoder            a module, found without importing it
  json:dumps              a name in a module
  -m NAME                 what `python -m NAME` runs
  -c CODE                 source on the command line
  -                       standard input

examples:
  pyinternals dis shapes.py
  pyinternals dis shapes.py::Shape.area --explain
  pyinternals dis json:dumps --flow=svg > dumps.svg
  pyinternals dis shapes.py --compare=-O
  pyinternals dis hot_loop.py --run 1000
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ..errors import UsageError
from ..safe_text import escape
from . import print_warning
from .delivery import (
    add_output_arguments,
    deliver,
    positive,
    positive_seconds,
    prepared_output,
    write_out,
)

if TYPE_CHECKING:
    from ..bytecode.compare import CodeDifference
    from ..bytecode.facts import CodeObject
    from ..bytecode.flow import FlowGraph
    from ..bytecode.pyc_target import PycTarget
    from ..bytecode.targets import SourceTarget
    from ..render.json_envelope import Json
    from ..render.report import Report

_DRAWINGS: Final = ("mermaid", "dot", "svg")
_OPTIMISATION_LEVELS: Final = {"-O0": 0, "-O": 1, "-O1": 1, "-OO": 2, "-O2": 2}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pyinternals dis``."""
    parser.usage = (
        "pyinternals dis [options] TARGET\n       pyinternals dis [options] -m NAME | -c CODE"
    )
    target = parser.add_argument_group("target")
    target.add_argument(
        "target", nargs="?", metavar="TARGET", help="file, module, name in it, or -"
    )
    target.add_argument("-m", dest="module", metavar="NAME", help="a module, as python -m finds it")
    target.add_argument("-c", dest="code", metavar="CODE", help="source on the command line")
    target.add_argument(
        "-O", dest="optimize", action="count", default=None,
        help="compile as python -O does (-OO: without docstrings too)",
    )  # fmt: skip
    target.add_argument(
        "--max-bytes", type=positive, metavar="N", help="largest source that is read (16 MiB)"
    )
    view = parser.add_argument_group("view")
    view.add_argument("--tree", action="store_true", help="only the tree of nested code objects")
    view.add_argument("--explain", action="store_true", help="say what each opcode does")
    view.add_argument("--caches", action="store_true", help="show inline caches")
    view.add_argument(
        "--positions", action="store_true", help="mark each instruction's source span"
    )
    view.add_argument("--bytes", action="store_true", help="show raw bytes")
    view.add_argument("--no-source", action="store_true", help="leave the text of the source out")
    view.add_argument(
        "--no-header", action="store_true", help="only instructions: no tree, no headers"
    )
    other = parser.add_argument_group("other views")
    other.add_argument("--stats", action="store_true", help="opcode histogram, size by function")
    other.add_argument(
        "--flow",
        nargs="?",
        const="text",
        choices=("text", *_DRAWINGS),
        help="control-flow graph (default: text)",
    )
    other.add_argument(
        "--compare", metavar="OTHER",
        help="aligned difference to another target, or to -O0, -O, -OO (write --compare=-O)",
    )  # fmt: skip
    running = parser.add_argument_group("running it")
    running.add_argument(
        "--run", nargs=argparse.REMAINDER, metavar="ARG",
        help="execute the target with these arguments; show counts and specialisation (last option)",
    )  # fmt: skip
    running.add_argument(
        "--warmup", type=positive, metavar="N", help="with --run: call the named function N times"
    )
    running.add_argument(
        "--no-count", action="store_true", help="run once only: no execution counts"
    )
    running.add_argument("--lines", action="store_true", help="with --run: source lines only")
    running.add_argument(
        "--timeout", type=positive_seconds, metavar="SECONDS", help="end a run after this long"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """``pyinternals dis``."""
    output = prepared_output(args, _schema_name(args))
    if output is None:
        return 0
    _check(args)
    target = _target(args)
    if args.run is not None:
        from .dis_run import run_target

        roots, warnings, run_document, exit_status = run_target(target, args, optimize=_level(args))
    else:
        roots, warnings = _facts(target, args)
        run_document, exit_status = None, 0
    if args.flow in _DRAWINGS:
        write_out(_drawing(roots, args.flow), output.stream)
        return exit_status
    deliver(_report(roots, args, warnings, run_document), args, output)
    return exit_status


def _facts(
    target: SourceTarget | PycTarget, args: argparse.Namespace
) -> tuple[Sequence[CodeObject], list[Json]]:
    """The code objects asked for; what the compiler warned of is said on stderr and kept for JSON."""
    from ..render.json_envelope import warning

    needs_positions = args.positions or args.json or args.html is not None
    roots, found = target.facts(optimize=_level(args), positions=needs_positions)
    warnings = []
    for line, message in found:
        place = f"{escape(target.filename)}:{line}" if line else escape(target.filename)
        text = f"{place}: {escape(message)}"
        print_warning(text)
        warnings.append(warning("compiler", text))
    return roots, warnings


def _level(args: argparse.Namespace) -> int:
    return args.optimize if args.optimize is not None else -1


def _report(
    roots: Sequence[CodeObject], args: argparse.Namespace, warnings: list[Json], run: Json | None
) -> Report:
    from ..render import dis_reports

    if args.compare is not None:
        return dis_reports.difference_report(_difference(roots, args), warnings=warnings)
    if args.stats:
        return dis_reports.statistics_report([root.stats for root in roots], warnings=warnings)
    if args.flow is not None:
        return dis_reports.flow_report(_flows(roots), warnings=warnings)
    if args.tree:
        return dis_reports.tree_report(roots, warnings=warnings)
    from ..render.instruction_rows import ListingOptions

    options = ListingOptions(
        tree=not args.no_header,
        header=not args.no_header,
        source=not args.no_source,
        caches=args.caches,
        raw_bytes=args.bytes,
        positions=args.positions,
        explain=args.explain,
        lines_only=args.lines,
    )
    return dis_reports.listing_report(roots, options=options, warnings=warnings, run=run)


def _flows(roots: Sequence[CodeObject]) -> list[FlowGraph]:
    return [nested.flow for root in roots for nested in root.walk()]


def _drawing(roots: Sequence[CodeObject], kind: str) -> Iterator[str]:
    """The flow of one code object as mermaid, dot or SVG: formats that hold a single drawing."""
    from importlib import import_module

    others = sum(1 for root in roots for _ in root.walk()) - 1
    if others:
        name = escape(roots[0].qualname)
        print_warning(f"only {name} is drawn, {others} more are not: name one, as in file.py::name")
    draw = getattr(import_module(f"..render.flow_{kind}", __package__), f"flow_{kind}")
    yield draw(roots[0].flow).rstrip("\n")


def _difference(roots: Sequence[CodeObject], args: argparse.Namespace) -> CodeDifference:
    from ..bytecode.compare import compare

    level = _OPTIMISATION_LEVELS.get(args.compare)
    if level is None and args.compare.startswith("-O"):
        raise UsageError(f"no optimisation level {escape(args.compare)}", hint="-O0, -O or -OO")
    if level is not None:
        others, _ = _target(args).facts(optimize=level)
    else:
        from ..bytecode.targets import resolve_target

        others, _ = resolve_target(args.compare).facts(optimize=_level(args))
    for side in (roots, others):
        if len(side) > 1:
            names = ", ".join(escape(root.qualname) for root in side)
            raise UsageError("--compare takes one on each side", hint=f"this names {names}")
    return compare(roots[0], others[0])


def _schema_name(args: argparse.Namespace) -> str:
    if args.compare is not None:
        return "dis-compare"
    if args.flow is not None:
        return "dis-flow"
    return "dis-stats" if args.stats else "dis"


def _check(args: argparse.Namespace) -> None:
    named = [name for name in ("target", "module", "code") if getattr(args, name) is not None]
    if not named:
        raise UsageError("no target", hint="name a file or a module, or - for standard input")
    if len(named) > 1:
        raise UsageError("give one of TARGET, -m and -c")
    chosen = [f"--{view}" for view in ("stats", "flow", "compare", "tree") if getattr(args, view)]
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} are different views", hint="give one of them")
    if chosen:
        for option in ("explain", "caches", "positions", "bytes", "no_source", "no_header"):
            if getattr(args, option):
                raise UsageError(
                    f"--{option.replace('_', '-')} is for the listing, not for {chosen[0]}"
                )
    if args.optimize is not None and args.optimize > 2:
        raise UsageError("there is no more than -OO")
    if args.flow in _DRAWINGS and (args.json or args.html is not None):
        raise UsageError(
            f"--flow={args.flow} is a format of its own", hint="leave --json and --html out"
        )
    if args.run is None:
        for option in ("warmup", "no_count", "lines", "timeout"):
            if getattr(args, option):
                raise UsageError(f"--{option.replace('_', '-')} needs --run")
    elif args.compare is not None:
        raise UsageError("--run and --compare exclude each other")


def _target(args: argparse.Namespace) -> SourceTarget | PycTarget:
    from ..bytecode import targets
    from ..bytecode.source import LARGEST_SOURCE_BYTES

    if args.code is not None:
        return targets.code_target(args.code)
    if args.module is not None:
        return targets.module_target(args.module, as_program=True)
    return targets.resolve_target(args.target, largest_bytes=args.max_bytes or LARGEST_SOURCE_BYTES)
