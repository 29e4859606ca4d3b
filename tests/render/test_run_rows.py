"""The words, bars and colours for what a run found out; built by hand, no program is run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyinternals.bytecode.disassemble import dis
from pyinternals.bytecode.facts import CodeObject
from pyinternals.bytecode.run_record import run_record
from pyinternals.bytecode.specialisation import Form, LineRecord
from pyinternals.render.palette import ansi_palette, html_palette, plain_palette
from pyinternals.render.run_rows import (
    bar_text,
    coloured_source_lines,
    execution_text,
    form_style,
    heat_style,
    share_text,
)
from pyinternals.render.theme import STYLES

LINE = LineRecord(
    line=1,
    instruction_count=4,
    specialisable_count=1,
    specialised_count=1,
    execution_count=4000,
    busiest_count=1000,
    specialisable_execution_count=1000,
    specialised_execution_count=1000,
    is_executed=True,
    is_complete=True,
)


def with_run(code_object: CodeObject, event: int) -> CodeObject:
    """As if each instruction of it and of what is nested had been executed `event` times."""
    code = code_object.code
    units = [event] * (len(code.co_code) // 2)
    record = run_record(code, specialised=code.co_code, executed=units, entered=units)
    children = tuple(with_run(child, event) for child in code_object.children)
    return replace(code_object, children=children, run=record)


@pytest.mark.parametrize(
    ("count", "is_complete", "unicode", "text"),
    [
        (0, True, True, "never"),
        (1234567, True, True, "1,234,567"),
        (None, True, True, "?"),
        (1000, False, True, "≥1,000"),
        (1000, False, False, ">=1,000"),
        (0, False, True, "?"),
    ],
)
def test_never_is_said_and_unknown_too(
    count: int | None, is_complete: bool, unicode: bool, text: str
) -> None:
    assert execution_text(count, is_complete=is_complete, unicode=unicode) == text


@pytest.mark.parametrize(
    ("share", "bar", "text"),
    [
        (None, "        ", ""),
        (0.0, "........", "0 %"),
        (0.001, "#.......", "0 %"),
        (0.5, "####....", "50 %"),
        (0.999, "#######.", "99 %"),
        (1.0, "########", "100 %"),
    ],
)
def test_a_share_is_full_only_when_nothing_is_missing(
    share: float | None, bar: str, text: str
) -> None:
    assert bar_text(share, unicode=False) == bar
    assert share_text(share) == text


@pytest.mark.parametrize(
    ("changes", "style"),
    [
        ({}, "run.specialised"),
        ({"is_executed": False, "busiest_count": 0}, "run.never"),
        ({"specialised_execution_count": 499}, "run.hot"),
        ({"specialised_execution_count": 0, "busiest_count": 999}, "run.generic"),
        ({"specialisable_execution_count": 0}, "source.text"),
        ({"is_executed": None, "specialised_execution_count": 0}, "source.text"),
        ({"specialisable_execution_count": None, "execution_count": None}, "run.specialised"),
    ],
)
def test_a_line_has_the_heat_of_its_executions(changes: dict[str, object], style: str) -> None:
    assert heat_style(replace(LINE, **changes)) == style  # type: ignore[arg-type]
    assert style in STYLES


@pytest.mark.parametrize("form", list(Form))
def test_every_form_has_a_style(form: Form) -> None:
    assert form_style(form) in STYLES


def test_source_is_shown_behind_its_counts() -> None:
    module = with_run(dis("x = 1\n\nif x < 0:\n    y = x + 1\n"), 7)

    assert list(coloured_source_lines(module, plain_palette())) == [
        "1  7                 x = 1",
        "2",
        "3  7 ........   0 %  if x < 0:",
        "4  7 ........   0 %      y = x + 1",
    ]


def test_what_was_never_executed_says_so() -> None:
    module = with_run(dis("x = 1\n"), 0)

    assert list(coloured_source_lines(module, plain_palette())) == [
        "1  never                 x = 1"
    ]
    (line,) = coloured_source_lines(module, ansi_palette())
    opening, _ = ansi_palette().marks("run.never")
    assert f"{opening}x = 1" in line


def test_of_a_function_only_its_lines_are_shown() -> None:
    module = with_run(dis("x = 1\ndef f(a):\n    return a\ny = 2\n"), 1)

    lines = [line.split("  ", 1)[0] for line in coloured_source_lines(module["f"], plain_palette())]
    assert lines == ["2", "3"]


def test_hostile_source_and_tabs_are_made_safe() -> None:
    module = with_run(dis("if 1:\n\tx = '\x1b[2J <b>'\n"), 1)

    plain = list(coloured_source_lines(module, plain_palette()))[-1]
    assert plain.endswith("        x = '\\x1b[2J <b>'")
    assert plain.isascii()
    assert "&lt;b&gt;" in list(coloured_source_lines(module, html_palette()))[-1]


def test_lines_are_cut_only_to_a_width_that_is_given() -> None:
    source = f"x = '{'a' * 300}'\ny = '{'猫' * 300}'\n"
    module = with_run(dis(source), 1)

    whole = list(coloured_source_lines(module, plain_palette()))
    assert whole[0].endswith("a'")
    for line in coloured_source_lines(module, plain_palette(), width=60):
        assert line.endswith("...")
        assert len(line.encode("gb18030")) <= 62  # two columns, two bytes a character


def test_without_a_run_or_source_there_is_nothing_to_show() -> None:
    module = dis("x = 1\n")

    assert list(coloured_source_lines(module, plain_palette())) == []
    assert (
        list(coloured_source_lines(replace(with_run(module, 1), source=None), plain_palette()))
        == []
    )


def test_a_line_in_a_function_counts_its_busiest_instruction() -> None:
    module = with_run(dis("f = lambda: 1"), 3)

    assert next(coloured_source_lines(module, plain_palette())).startswith("1  3 ")
