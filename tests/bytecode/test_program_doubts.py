"""Counts of a program that gets in the way of counting: what is executed is never shown as never."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from program_runs import Ran, run_program, run_source

FUNCTION = "import sys\ndef work():\n    return sum(i for i in range(10))\n"


def counts(ran: Ran, name: str) -> set[int | None]:
    return set(ran.record_of(name).counts or ())


# Trace and profile functions


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        ("sys.setprofile(lambda *event: None)", "sys.setprofile(None)"),
        ("import cProfile; p = cProfile.Profile(); p.enable()", "p.disable()"),
        pytest.param(
            "sys.settrace(lambda *event: None)",
            "sys.settrace(None)",
            marks=pytest.mark.skipif(
                sys.version_info < (3, 12), reason="3.11 has one trace function, and it is ours"
            ),
        ),
    ],
    ids=["setprofile", "cProfile", "settrace"],
)
@pytest.mark.parametrize("calls", [1, 3])
def test_counting_outlasts_trace_functions(start: str, stop: str, calls: int) -> None:
    call = "work()\n" * calls
    ran = run_source(f"{FUNCTION}{call}{start}\n{call}{stop}\n{call}{start}\n{call}{stop}\n{call}")

    assert counts(ran, "work") == {5 * calls}
    # what a trace function calls is not counted, and what it calls is not known
    assert ran.warnings == {"count-incomplete"}
    assert not ran.program.is_complete


@pytest.mark.parametrize("how", ["settrace", "setprofile"])
def test_what_a_trace_function_calls_is_not_said_never_to_be_executed(how: str) -> None:
    ran = run_source(
        f"{FUNCTION}"
        "def trace(frame, event, argument):\n    work()\n"
        f"def traced(): pass\nsys.{how}(trace)\ntraced()\nsys.{how}(None)\n"
    )

    assert ran.warnings == {"count-incomplete"}
    assert counts(ran, "work") == {None}
    assert ran.record_of("work").is_executed is not False


# Other code objects of the same source


@pytest.mark.parametrize(
    "replaced",
    [
        "work.__code__ = work.__code__.replace(co_name='other')",
        "work.__code__ = work.__code__.replace(co_consts=(*work.__code__.co_consts, 1))",
        "import types; work = types.FunctionType(work.__code__.replace(co_name='x'), globals())",
    ],
    ids=["name", "constants", "function"],
)
def test_a_code_object_that_was_replaced_has_lower_bounds(replaced: str) -> None:
    ran = run_source(
        f"{FUNCTION}def untouched(a, b):\n    return a < b\nwork()\n{replaced}\nwork()\n"
    )

    assert ran.warnings == {"count-incomplete"}
    assert "counts of work" in ran.program.warnings[0].message
    assert not ran.program.is_complete
    assert not ran.record_of("work").is_complete
    assert ran.count_of("work") == 1
    # of the others it is known
    assert ran.record_of("untouched").is_executed is False
    assert counts(ran, "untouched") == {0}


def test_a_decorator_that_replaces_the_code_object_is_noticed() -> None:
    ran = run_source("import types\n@types.coroutine\ndef work():\n    yield 1\nlist(work())\n")

    assert ran.warnings == {"count-incomplete"}
    assert 0 not in counts(ran, "work")
    assert ran.record_of("work").is_executed is not False


def test_a_file_that_is_imported_too_has_lower_bounds(tmp_path: Path) -> None:
    path = tmp_path / "twice.py"
    path.write_text(
        "def work():\n    return 1\nif __name__ == '__main__':\n    import twice\n    twice.work()\n"
    )
    ran = run_program("", source=path.read_bytes(), filename=str(path))

    assert ran.output == ""
    assert ran.program.exit_status == 0
    assert ran.warnings == {"count-incomplete"}
    assert counts(ran, "work") == {None}


def test_code_made_from_text_is_no_copy_of_the_program() -> None:
    ran = run_source(
        "import collections, dataclasses\n"
        "@dataclasses.dataclass\nclass Point:\n    x: int\n"
        "class Other:\n    def __init__(self): pass\n"
        "Pair = collections.namedtuple('Pair', 'a b')\n"
        "exec('def __init__(self): pass\\n__init__(1)')\n"
        "Point(1), Pair(1, 2), (lambda: 1)()\n"
    )

    assert ran.program.warnings == ()
    assert ran.record_of("Other.__init__").is_executed is False
