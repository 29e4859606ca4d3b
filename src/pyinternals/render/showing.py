"""Which renderer shows which fact: what `Fact` asks when one is printed, or shown by rich or Jupyter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .output import output_for
from .palette import Palette, ansi_palette, html_palette, plain_palette
from .report import Report

if TYPE_CHECKING:
    from ..fact import Fact

__all__ = ["report_of", "show_html", "show_json", "show_plain", "show_rich", "show_text"]


def report_of(fact: Fact) -> Report:
    """The report on `fact`, whatever it is."""
    from ..bytecode.compare import CodeDifference
    from ..bytecode.facts import CodeObject
    from ..bytecode.flow import FlowGraph
    from ..bytecode.statistics import CodeStatistics
    from . import dis_reports

    if isinstance(fact, CodeObject):
        return dis_reports.listing_report([fact])
    if isinstance(fact, CodeStatistics):
        return dis_reports.statistics_report([fact])
    if isinstance(fact, CodeDifference):
        return dis_reports.difference_report(fact)
    if isinstance(fact, FlowGraph):
        return dis_reports.flow_report([fact])
    report = _report_on_pyc(fact)
    if report is not None:
        return report
    raise TypeError(f"no report on {type(fact).__name__}")


def _report_on_pyc(fact: Fact) -> Report | None:
    from ..bytecode.pyc_clean import PycCleaning
    from ..bytecode.pyc_diff import PycDifference
    from ..bytecode.pyc_file import PycFile
    from ..bytecode.pyc_findings import PycAudit
    from . import pyc_reports

    if isinstance(fact, PycAudit):
        return pyc_reports.audit_report(fact)
    if isinstance(fact, PycFile):
        return pyc_reports.show_report(fact)
    if isinstance(fact, PycDifference):
        return pyc_reports.pyc_difference_report(fact)
    if isinstance(fact, PycCleaning):
        return pyc_reports.cleaning_report(fact)
    return None


def show_text(fact: Fact) -> str:
    """The report as it suits standard output now: coloured on a terminal, plain anywhere else."""
    output = output_for(sys.stdout if sys.stdout is not None else sys.__stderr__)
    return _text(fact, output.palette, output.width)


def show_plain(fact: Fact) -> str:
    """The report without colour, drawn with box characters, as wide as it needs to be."""
    return _text(fact, plain_palette(unicode=True), None)


def show_rich(fact: Fact) -> Any:
    """The report as a rich renderable, laid out for the console that prints it."""
    return _RichReport(fact)


class _RichReport:
    """What rich asks for its lines once it knows how wide they may be."""

    def __init__(self, fact: Fact) -> None:
        self.fact = fact

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.text import Text

        palette = ansi_palette("truecolor", unicode=not options.ascii_only)
        for line in report_of(self.fact).lines(palette, options.max_width):
            yield Text.from_ansi(line, no_wrap=True)


def show_html(fact: Fact) -> str:
    """The report as an HTML fragment with its style sheet, for a notebook."""
    from .html import html_fragment

    return html_fragment(report_of(fact).lines(html_palette(), None))


def show_json(fact: Fact) -> dict[str, Any]:
    """The report in the JSON envelope, as plain values."""
    return report_of(fact).document()


def _text(fact: Fact, palette: Palette, width: int | None) -> str:
    return "\n".join(report_of(fact).lines(palette, width)).rstrip("\n")
