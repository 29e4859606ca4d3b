"""Standard input and output of a program that is run twice: both runs read the same."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from program_runs import TARGETS, drive, run_program

from pyinternals.bytecode.program_run import RunRequest, run_target
from pyinternals.errors import ProgramError


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


def test_the_program_s_output_goes_to_our_standard_error() -> None:
    with drive(subprocess.PIPE, TARGETS / "reads_input.py") as driver:
        output, errors = driver.communicate(b"one\ntwo\nthree\n")

    assert errors == b"ONE\nTWO\nTHREE\n"
    assert json.loads(output)[:2] == [0, {"<module>": 1, "take": 3}]


@pytest.mark.parametrize("where", ["closed", "read-only", "full"])
def test_a_program_runs_without_anywhere_to_write_to(where: str) -> None:
    source = (TARGETS / "surroundings.py").read_bytes()
    path, flags = ("/dev/full", os.O_WRONLY) if where == "full" else (os.devnull, os.O_RDONLY)
    if not os.path.exists(path):
        pytest.skip("only Linux has a full device")
    descriptor = os.open(path, flags)
    if where == "closed":
        os.close(descriptor)
    request = RunRequest(kind="code", source=source, filename="<string>", stdin=None)
    try:
        program = run_target(request, output=descriptor).program
    finally:
        if where != "closed":
            os.close(descriptor)

    assert (program.exit_status, program.warnings) == (0, ())


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "2>&- <&-"])
def test_the_report_is_shown_where_the_program_can_t_write(redirection: str) -> None:
    if "full" in redirection and not os.path.exists("/dev/full"):
        pytest.skip("only Linux has a full device")
    program = "import sys; print(sys.stdin.read() if sys.stdin else '')"
    command = [sys.executable, "-m", "pyinternals", "dis", "-c", program, "--json", "--run"]
    finished = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=True,
    )
    document = json.loads(finished.stdout)

    assert document["data"]["run"]["exit_status"] == 0
    assert document["warnings"] == []


def test_a_file_as_standard_input_is_read_by_both_runs(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("skipped\none\ntwo\n")
    with (tmp_path / "input").open("rb", buffering=0) as file:
        file.seek(len("skipped\n"))
        ran = run_program("reads_input.py", stdin=file.fileno())

    assert ran.output == "ONE\nTWO\n"
    assert ran.count_of("take") == 2


def test_a_pipe_as_standard_input_is_read_by_both_runs() -> None:
    lines = b"a line\n" * 50_000  # more than a pipe holds
    with writing(lines) as read_end:
        ran = run_program("reads_input.py", stdin=read_end)

    assert ran.output == "A LINE\n" * 50_000
    assert ran.count_of("take") == 50_000


def test_a_program_that_does_not_read_needs_no_end_of_input() -> None:
    read_end, write_end = os.pipe()
    try:
        ran = run_program("endings.py", "return", stdin=read_end)
    finally:
        os.close(read_end)
        os.close(write_end)

    assert ran.program.exit_status == 0
    assert ran.count_of("work") == 1


def test_a_closed_standard_input_is_an_empty_one() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    os.close(write_end)

    assert run_program("reads_input.py", stdin=read_end).count_of("take") == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a full device")
def test_a_full_disk_under_what_is_kept_of_a_pipe_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w+b", buffering=0) as full, writing(b"one\ntwo\n") as read_end:
        monkeypatch.setattr("pyinternals.bytecode.program_input._temporary_file", lambda: full)
        ran = run_program("reads_input.py", stdin=read_end)

    assert ran.output == "ONE\nTWO\n"
    assert ran.warnings == {"count-lost"}
    assert "could not be kept" in ran.program.warnings[0].message


def test_nowhere_to_keep_standard_input_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    request = RunRequest(kind="code", source=b"", filename="<string>")
    with writing(b"") as read_end, pytest.raises(ProgramError, match="nowhere to keep it"):
        run_target(replace(request, stdin=read_end))
    # what reads no pipe needs no such place
    assert run_target(replace(request, stdin=None)).program.warnings == ()
