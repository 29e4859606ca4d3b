"""Running a program: it behaves as without us, both runs get the same, and losses are said."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pyinternals.bytecode.disassemble import code_object_fact
from pyinternals.bytecode.program_run import RunRequest, RunResult, run_target
from pyinternals.bytecode.specialisation import apply_run
from pyinternals.errors import ProgramError, SourceError, UsageError

if TYPE_CHECKING:
    from conftest import RunInTerminal

TARGETS = Path(__file__).parents[1] / "targets"
Run = Callable[..., "Ran"]


class Ran:
    """A result and what the program wrote."""

    def __init__(self, result: RunResult, output: str) -> None:
        self.result = result
        self.program = result.program
        self.output = output

    @property
    def warnings(self) -> set[str]:
        return {warning.code for warning in self.program.warnings}

    def count_of(self, name: str) -> int | None:
        """How often the function's frame was entered."""
        function = apply_run(code_object_fact(self.result.root), self.result)[name]
        assert function.run is not None
        assert function.run.counts is not None
        names = [instruction.base_opname for instruction in function]
        return function.run.counts[names.index("RESUME")]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run_it(name: str, *args: str, **wishes: Any) -> Ran:
        path = TARGETS / name
        wishes = {"kind": "script", "filename": str(path), "stdin": None, **wishes}
        if "source" not in wishes:
            wishes["source"] = path.read_bytes()
        with (tmp_path / "output").open("w+b") as output:
            result = run_target(RunRequest(args=args, **wishes), output=output.fileno())
            output.seek(0)
            return Ran(result, output.read().decode())

    return run_it


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


# What can't be known is said


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ("kill-itself", -signal.SIGKILL, "ended by SIGKILL"),
        ("_exit", 4, "past its exit handlers"),
        ("exec", 6, "past its exit handlers"),
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


# Standard input and output


DRIVER = """
import json, sys
from pyinternals.bytecode import program_child
from pyinternals.bytecode.disassemble import code_object_fact
from pyinternals.bytecode.program_run import RunRequest, run_target
from pyinternals.bytecode.specialisation import apply_run

program_child.GRACE_SECONDS = 0.5
path, *args = sys.argv[1:]
with open(path, "rb") as file:
    source = file.read()
request = RunRequest(kind="script", source=source, filename=path, args=tuple(args))
result = run_target(request)
found = apply_run(code_object_fact(result.root), result)
counts = {
    item.name: item.run.counts[[ins.base_opname for ins in item].index("RESUME")]
    for item in found.walk() if item.run is not None and item.run.counts
}
warnings = [warning.code for warning in result.program.warnings]
print(json.dumps([result.program.exit_status, counts, warnings]))
"""


def drive(stdin: int, *arguments: str | Path) -> subprocess.Popen[bytes]:
    """A process of its own that calls `run_target` and prints what it found as JSON."""
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, *map(str, arguments)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_the_program_s_output_goes_to_our_standard_error() -> None:
    with drive(subprocess.PIPE, TARGETS / "reads_input.py") as driver:
        output, errors = driver.communicate(b"one\ntwo\nthree\n")

    assert errors == b"ONE\nTWO\nTHREE\n"
    assert json.loads(output)[:2] == [0, {"<module>": 1, "take": 3}]


def test_a_file_as_standard_input_is_read_by_both_runs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "input").write_text("skipped\none\ntwo\n")
    with (tmp_path / "input").open("rb", buffering=0) as file:
        file.seek(len("skipped\n"))
        ran = run("reads_input.py", stdin=file.fileno())

    assert ran.output == "ONE\nTWO\n"
    assert ran.count_of("take") == 2


def test_a_pipe_as_standard_input_is_read_by_both_runs(run: Run) -> None:
    lines = b"a line\n" * 50_000  # more than a pipe holds
    with writing(lines) as read_end:
        ran = run("reads_input.py", stdin=read_end)

    assert ran.output == "A LINE\n" * 50_000
    assert ran.count_of("take") == 50_000


def test_a_program_that_does_not_read_needs_no_end_of_input(run: Run) -> None:
    read_end, write_end = os.pipe()
    try:
        ran = run("endings.py", "return", stdin=read_end)
    finally:
        os.close(read_end)
        os.close(write_end)

    assert ran.program.exit_status == 0
    assert ran.count_of("work") == 1


def test_a_closed_standard_input_is_an_empty_one(run: Run) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    os.close(write_end)

    assert run("reads_input.py", stdin=read_end).count_of("take") == 0


def test_a_terminal_as_standard_input_belongs_to_the_first_run(
    run_in_terminal: RunInTerminal, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys\n"
        "def on_a_terminal():\n"
        "    print('in our group:', os.getpgrp() == os.getpgid(os.getppid()))\n"
        "def elsewhere():\n"
        "    assert sys.stdin.read() == ''\n"
        "on_a_terminal() if sys.stdin.isatty() else elsewhere()\n"
    )
    session = run_in_terminal([sys.executable, "-c", DRIVER, program])

    first, second = session.output.splitlines()
    assert first == "in our group: True"
    assert json.loads(second)[1] == {"<module>": 1, "on_a_terminal": 0, "elsewhere": 1}


@contextlib.contextmanager
def writing(data: bytes) -> Iterator[int]:
    read_end, write_end = os.pipe()

    def write() -> None:
        with os.fdopen(write_end, "wb") as pipe:
            pipe.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield read_end
    finally:
        os.close(read_end)
        thread.join()


# Interrupts


@pytest.mark.parametrize(("how", "is_reported"), [("forever", True), ("forever-deaf", False)])
def test_an_interrupt_goes_to_the_program_and_leaves_no_child(how: str, is_reported: bool) -> None:
    with drive(subprocess.DEVNULL, TARGETS / "endings.py", how) as driver:
        assert driver.stderr is not None
        assert driver.stderr.readline() == b"ready\n"
        driver.send_signal(signal.SIGINT)
        # standard error ends only when the program has gone too
        output, errors = driver.communicate()

    assert b"KeyboardInterrupt" in errors
    if is_reported:
        assert json.loads(output) == [-signal.SIGINT, {}, ["interrupted", "count-lost"]]
    else:
        assert output == b""
        assert driver.returncode == -signal.SIGINT


# What can't be run


def test_a_module_that_is_not_there_can_t_be_started(run: Run) -> None:
    with pytest.raises(ProgramError, match="No module named"):
        run("endings.py", kind="module", module_name="not_there.at_all")


def test_source_that_does_not_compile_is_not_run(run: Run) -> None:
    with pytest.raises(SourceError):
        run("", source=b"a b", filename="bad.py")


def test_a_function_of_a_script_makes_no_sense(run: Run) -> None:
    with pytest.raises(UsageError):
        run("endings.py", function="work")


def test_an_interpreter_that_is_gone_is_an_error(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ProgramError, match="no such file"):
        run("endings.py", "return")
