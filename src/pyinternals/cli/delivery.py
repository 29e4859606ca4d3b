"""The output options every command has, and the one place that hands a report over."""

from __future__ import annotations

import argparse
import contextlib
import os

from ..errors import TargetUnreadable, UsageError
from ..render.output import Output, write_lines
from ..render.report import Report
from ..safe_text import escape

__all__ = ["add_output_arguments", "check_output_arguments", "deliver", "positive"]


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


def check_output_arguments(args: argparse.Namespace) -> None:
    """Raise `UsageError` where they contradict each other."""
    if args.json and args.html is not None:
        raise UsageError("--json and --html exclude each other")


def deliver(report: Report, args: argparse.Namespace, output: Output) -> None:
    """Write `report` as `args` asks: a JSON document, an HTML page, or lines that suit the output."""
    if args.json:
        from ..render.json_envelope import json_lines

        write_lines(json_lines(report.document()), output.stream)
    elif args.html is not None:
        _write_page(report, args.html)
    else:
        write_lines(report.lines(output.palette, output.width), output.stream)


def _write_page(report: Report, filename: str) -> None:
    """Write the page beside its place first, so that a full disk leaves no half of one."""
    from ..render.html import html_page

    unfinished = f"{filename}.unfinished"
    try:
        with open(unfinished, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(html_page(report))
        os.replace(unfinished, filename)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise TargetUnreadable(
            f"can't be written: {error.strerror}",
            target=escape(filename),
            hint="give another --html",
        ) from error
