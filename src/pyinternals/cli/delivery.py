"""The output options every command has, and the one place that hands a report over."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterable
from typing import TextIO

from ..errors import TargetUnreadable, UsageError
from ..render.output import Output, output_for, write_lines
from ..render.report import Report
from ..safe_text import escape

__all__ = [
    "add_output_arguments",
    "deliver",
    "forget_stdout",
    "positive",
    "positive_seconds",
    "prepared_output",
    "write_out",
]


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """``--json``, ``--json-schema``, ``--html`` and ``--width``."""
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="one JSON document (docs/json.md)")
    output.add_argument(
        "--json-schema", action="store_true", help="the JSON Schema of that document"
    )
    output.add_argument("--html", metavar="FILE", help="write one self-contained page")
    output.add_argument("--width", type=positive, metavar="N", help="columns a line may take")


def positive(text: str) -> int:
    """An option's value that must be a whole number above zero."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def positive_seconds(text: str) -> float:
    """An option's value that must be a time above zero."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above zero")
    return seconds


def _check_output_arguments(args: argparse.Namespace) -> None:
    """Raise `UsageError` where they contradict each other."""
    if args.json and args.html is not None:
        raise UsageError("--json and --html exclude each other")


def prepared_output(args: argparse.Namespace, schema: str) -> Output | None:
    """Where the report goes, as the output options say; None where the schema was all that was asked for.

    The schema of that name is then written. Raises `UsageError` for a closed standard output and for
    options that contradict each other.
    """
    if sys.stdout is None:
        raise UsageError("standard output is closed", hint="there is nowhere to write to")
    output = output_for(width=args.width)
    if args.json_schema:
        from ..render.json_envelope import schema_text

        write_out([schema_text(schema)], output.stream)
        return None
    _check_output_arguments(args)
    return output


def deliver(report: Report, args: argparse.Namespace, output: Output) -> None:
    """Write `report` as `args` asks: a JSON document, an HTML page, or lines that suit the output."""
    if args.json:
        from ..render.json_envelope import json_lines

        write_out(json_lines(report.document()), output.stream)
    elif args.html is not None:
        from ..render.html import html_page

        page = html_page(report)
        if args.html == "-":
            write_out([page.rstrip("\n")], output.stream)
        else:
            _write_page(page, args.html)
    else:
        write_out(report.lines(output.palette, output.width), output.stream)


def write_out(lines: Iterable[str], stream: TextIO) -> None:
    """Write `lines`; a reader that went away ends that quietly."""
    try:
        write_lines(lines, stream)
    except BrokenPipeError:
        forget_stdout()


def forget_stdout() -> None:
    """Nobody reads on: let what is still held go nowhere instead of being complained about."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.close(devnull)


def _write_page(page: str, filename: str) -> None:
    """Write the page beside its place first, so that a full disk leaves no half of one.

    A link is followed, and a device or pipe is written to, not replaced.
    """
    place = os.path.realpath(filename)
    try:
        if os.path.exists(place) and not os.path.isfile(place):
            with open(place, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(page)
            return
        unfinished = f"{place}.{os.getpid()}.unfinished"
        with open(unfinished, "x", encoding="utf-8", errors="backslashreplace") as file:
            try:
                file.write(page)
                file.flush()
                os.replace(unfinished, place)
            except OSError:
                os.unlink(unfinished)
                raise
    except OSError as error:
        raise TargetUnreadable(
            f"can't be written: {(error.strerror or str(error)).lower()}",
            target=escape(filename) or "--html",
            hint="give another --html",
        ) from error
