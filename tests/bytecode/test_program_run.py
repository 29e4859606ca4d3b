"""Running a program: it behaves as without us, both runs get the same, and losses are said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from program_runs import TARGETS, Ran, run_program

from pyinternals.bytecode.program_run import RunRequest, run_target
from pyinternals.errors import ProgramError, SourceError, UsageError

Run = Callable[..., Ran]


@pytest.fixture
def run() -> Run:
    return run_program


def python(*arguments: str | Path) -> tuple[str, int]:
    """What Python itself prints and returns."""
    finished = subprocess.run(
        [sys.executable, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return finished.stdout.decode(), finished.returncode


# It behaves as without us


@pytest.mark.parametrize("args", [("a", "b c"), ("raise",)])
@pytest.mark.parametrize("kind", ["script", "relative script", "module", "code"])
def test_a_program_sees_what_it_sees_under_python(
    run: Run, monkeypatch: pytest.MonkeyPatch, kind: str, args: tuple[str, ...]
) -> None:
    path = TARGETS / "surroundings.py"
    text = path.read_text()
    monkeypatch.chdir(TARGETS)
    # only a script's buffered output comes before its traceback; ours always does
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    command, wishes = {
        "script": ([path], {}),
        "relative script": (["./surroundings.py"], {"filename": "./surroundings.py"}),
        "module": (["-m", "surroundings"], {"kind": "module", "module_name": "surroundings"}),
        "code": (["-c", text], {"kind": "code", "filename": "<string>"}),
    }[kind]

    expected, status = python(*command, *args)
    ran = run("surroundings.py", *args, **wishes)

    assert ran.output == expected
    assert ran.program.exit_status == ran.program.counting_exit_status == status


def test_a_package_is_run_by_its_main_module(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("print('the package')\n")
    main = package / "__main__.py"
    main.write_text("from . import __name__ as name\nprint(name, __package__, __file__)\n")
    monkeypatch.chdir(tmp_path)

    ran = run(
        "",
        source=main.read_bytes(),
        kind="module",
        module_name="package.__main__",
        filename=str(main),
    )

    assert ran.output == python("-m", "package")[0]


@pytest.mark.parametrize(
    ("how", "status", "output"),
    [
        ("return", 0, ""),
        ("exit-3", 3, ""),
        ("exit-text", 1, "goodbye\n"),
        ("without-builtins", 0, ""),
        ("fork", 0, ""),
    ],
)
def test_a_program_ends_as_it_wishes(run: Run, how: str, status: int, output: str) -> None:
    ran = run("endings.py", how)

    assert ran.program.exit_status == ran.program.counting_exit_status == status
    assert ran.output == output
    assert ran.program.warnings == ()
    assert ran.count_of("work") == 1


@pytest.mark.parametrize("how", ["raise", "interrupt-itself"])
def test_an_exception_is_shown_as_python_shows_it(run: Run, how: str) -> None:
    expected, status = python(TARGETS / "endings.py", how)
    ran = run("endings.py", how)

    assert ran.output == expected
    assert ran.program.exit_status == status
    assert ran.count_of("failing") == (1 if how == "raise" else 0)


@pytest.mark.parametrize(("how", "name"), [("exit-handler", "at_exit"), ("thread", "in_thread")])
def test_what_runs_after_the_main_thread_is_seen(run: Run, how: str, name: str) -> None:
    ran = run("endings.py", how)

    assert ran.program.warnings == ()
    assert ran.count_of(name) == 1
    assert ran.count_of("work") == 2


def test_a_thread_started_without_threading_is_counted(run: Run) -> None:
    ran = run("endings.py", "bare-thread")

    assert ran.program.warnings == ()
    assert ran.count_of("work") == 2


def test_a_program_may_run_into_the_recursion_limit(run: Run) -> None:
    ran = run("endings.py", "recursion-limit")

    assert ran.program.exit_status == ran.program.counting_exit_status == 0
    if sys.version_info >= (3, 12):
        assert ran.program.warnings == ()
        assert ran.count_of("work") == 2
    else:  # the interpreter drops a trace function that can't be called
        assert ran.warnings == {"count-incomplete"}


def test_a_program_may_write_megabytes(run: Run) -> None:
    assert len(run("endings.py", "megabytes").output) == 2 * 64 * 65536


def test_both_runs_hash_strings_alike(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    source = (
        b"import os, sys\nassert 'PYTHONHASHSEED' not in os.environ\nsys.exit(hash('x') % 251)\n"
    )
    ran = run("", kind="code", filename="<string>", source=source)

    assert ran.program.exit_status == ran.program.counting_exit_status


@pytest.mark.parametrize(("optimize", "seen"), [(0, "0 True"), (1, "1 False"), (2, "2 False")])
def test_the_level_of_optimisation_is_the_program_s(run: Run, optimize: int, seen: str) -> None:
    source = b"import sys\nprint(sys.flags.optimize, __debug__)\n"
    ran = run("", kind="code", filename="<string>", source=source, optimize=optimize)

    assert ran.output == seen + "\n"


def test_a_program_from_standard_input_sees_what_it_sees_under_python(run: Run) -> None:
    source = b"import sys\nnames = sorted(item for item in globals().items() if item[0] != 'sys')\n"
    source += b"print(sys.argv, sys.path[0] == '', names)\n"
    expected = subprocess.run(
        [sys.executable, "-", "x"], input=source, capture_output=True, check=True
    ).stdout.decode()
    ran = run("", "x", filename="<stdin>", source=source)

    assert ran.output == expected
    assert ran.program.argv == ("-", "x")


@pytest.mark.parametrize("kind", ["script", "module", "code"])
def test_a_removed_directory_is_no_more_than_it_is_for_python(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    text = "import sys\nprint(sys.path)\n"
    path = tmp_path / "program.py"
    path.write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    command, filename = {
        "script": ([path], path),
        "module": (["-m", "program"], path),
        "code": (["-c", text], "<string>"),
    }[kind]
    expected = python(*command)[0]
    ran = run("", source=text.encode(), kind=kind, filename=str(filename), module_name="program")
    monkeypatch.chdir(tmp_path)

    assert ran.output == expected
    assert ran.program.warnings == ()


@pytest.mark.parametrize("name", ["PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE"])
def test_python_s_own_variables_hold(run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    ran = run("surroundings.py")

    assert ran.output == python(TARGETS / "surroundings.py")[0]
    assert ran.program.warnings == ()


# What can't be known is said


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ("kill-itself", -signal.SIGKILL, "ended by SIGKILL"),
        ("_exit", 4, "past its exit handlers"),
        ("exec", 6, "past its exit handlers"),
        ("closes-all-files", 0, "closed the file descriptor for its report"),
    ],
)
def test_an_end_without_exit_handlers_loses_the_report(
    run: Run, how: str, status: int, reason: str
) -> None:
    ran = run("endings.py", how)

    assert ran.program.exit_status == status
    assert ran.warnings == {"run-lost", "count-lost"}
    assert reason in ran.program.warnings[0].message
    assert ran.program.run_count == 1
    assert ran.result.records == {}


@pytest.mark.parametrize("how", ["own-tool", "own-trace"])
def test_a_program_that_gets_in_our_way_has_incomplete_counts(run: Run, how: str) -> None:
    ran = run("endings.py", how)

    assert ran.warnings == {"count-incomplete"}
    assert not ran.program.is_complete
    assert not any(0 in (record.counts or ()) for record in ran.result.records.values())


def test_a_program_that_does_not_do_the_same_twice_is_found_out(run: Run, tmp_path: Path) -> None:
    ran = run("endings.py", "differently", str(tmp_path / "marker"))

    assert ran.warnings == {"runs-differ"}
    assert ran.count_of("at_exit") is None


def test_another_exit_status_when_counting_is_said(run: Run, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    source = f"import os, sys\nif os.path.exists({str(marker)!r}): sys.exit(9)\n"
    source += f"open({str(marker)!r}, 'w').close()\n"
    ran = run("", kind="code", filename="<string>", source=source.encode())

    assert (ran.program.exit_status, ran.program.counting_exit_status) == (0, 9)
    assert ran.warnings == {"runs-differ"}


def test_without_counting_it_is_run_once(run: Run) -> None:
    ran = run("endings.py", "return", count=False)

    assert ran.program.run_count == 1
    assert not ran.program.is_counted
    assert ran.program.counting_exit_status is None
    assert {record.counts for record in ran.result.records.values()} == {None}


@pytest.mark.parametrize(
    ("how", "status", "warnings"),
    [
        ("forever", -signal.SIGINT, {"timeout", "count-lost"}),
        ("forever-deaf", -signal.SIGKILL, {"timeout", "run-lost", "count-lost"}),
    ],
)
def test_a_timeout_interrupts_and_then_kills(
    run: Run, monkeypatch: pytest.MonkeyPatch, how: str, status: int, warnings: set[str]
) -> None:
    monkeypatch.setattr("pyinternals.bytecode.program_child.GRACE_SECONDS", 0.5)
    ran = run("endings.py", how, timeout_seconds=0.5)

    assert ran.output.startswith("ready\n")
    assert ran.program.exit_status == status
    assert ran.warnings == warnings
    assert ran.program.is_timed_out


def test_a_report_that_can_t_be_made_is_said_and_not_shown_in_the_program(run: Run) -> None:
    ran = run("endings.py", "breaks-sys")

    assert (ran.program.exit_status, ran.output) == (0, "")
    assert ran.warnings == {"count-lost"}
    assert "could not report (TypeError)" in ran.program.warnings[0].message


@pytest.mark.parametrize("how", ["no-files", "clears-temporary-files"])
def test_a_report_needs_no_files(run: Run, how: str) -> None:
    ran = run("endings.py", how)

    assert ran.program.warnings == ()
    assert ran.output == ""
    assert ran.count_of("work") == 1


def test_a_timeout_ends_what_the_program_started() -> None:
    source = b"import subprocess, sys\n"
    source += b"subprocess.Popen([sys.executable, '-c', 'while True: pass']).wait()\n"
    request = RunRequest(
        kind="code", filename="<string>", source=source, stdin=None, timeout_seconds=0.5
    )
    read_end, write_end = os.pipe()
    run_target(request, output=write_end)
    os.close(write_end)

    with os.fdopen(read_end) as pipe:
        pipe.read()  # ends only when nobody is left who could write


def test_what_a_program_executes_does_not_inherit_our_descriptor(run: Run) -> None:
    ran = run("endings.py", "lists-files-of-a-child")

    assert ran.program.warnings == ()
    assert ran.output == python(TARGETS / "endings.py", "lists-files-of-a-child")[0]


def test_an_interpreter_that_does_not_come_up_is_an_error(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\nos._exit(9)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ProgramError, match="status 9 before it came to the program"):
        run("endings.py", "return")


def test_a_run_that_took_too_long_ends_as_timeout_does() -> None:
    command = ["-m", "pyinternals", "dis", "-c", "while True: pass", "--timeout", "0.2", "--run"]
    finished = subprocess.run([sys.executable, *command], capture_output=True, check=False)

    assert finished.returncode == 124
    assert b"stopped after 200.0 ms" in finished.stderr


# What can't be run


def test_a_module_that_is_not_there_can_t_be_started(run: Run) -> None:
    with pytest.raises(ProgramError, match="No module named"):
        run("endings.py", kind="module", module_name="not_there.at_all")


def test_source_that_does_not_compile_is_not_run(run: Run) -> None:
    with pytest.raises(SourceError):
        run("", source=b"a b", filename="bad.py")


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_timeout_is_a_time(run: Run, seconds: float) -> None:
    with pytest.raises(UsageError, match="timeout"):
        run("endings.py", "return", timeout_seconds=seconds)


def test_a_function_of_a_script_makes_no_sense(run: Run) -> None:
    with pytest.raises(UsageError):
        run("endings.py", function="work")


def test_an_interpreter_that_is_gone_is_an_error(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ProgramError, match="no such file"):
        run("endings.py", "return")
