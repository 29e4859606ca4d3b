"""Signals to us while a program runs: it ends with us, and nobody's handlers are taken for good."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import threading
from typing import Any

import pytest
from program_runs import TARGETS, Ran, drive, run_source

from pyinternals.bytecode.program_run import RunRequest, run_target

ENDING = [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
TO_PARENT = "import os, signal\nos.kill(os.getppid(), signal.{})\n"


@pytest.mark.parametrize("how", ["forever-with-child", "forever-deaf"])
@pytest.mark.parametrize("number", ENDING)
def test_a_signal_that_ends_us_ends_the_program(number: signal.Signals, how: str) -> None:
    with drive(subprocess.DEVNULL, TARGETS / "endings.py", how) as driver:
        resource.prlimit(driver.pid, resource.RLIMIT_CORE, (0, 0))
        assert driver.stderr is not None
        assert driver.stderr.readline() == b"ready\n"
        driver.send_signal(number)
        # standard error ends only when the program, and what it started, have gone too
        output, _ = driver.communicate()

    assert driver.returncode == -number
    assert output == b""


def test_a_program_may_clean_up_when_we_are_ended() -> None:
    with drive(subprocess.DEVNULL, TARGETS / "endings.py", "forever-tidy") as driver:
        assert driver.stderr is not None
        assert driver.stderr.readline() == b"ready\n"
        driver.terminate()
        _, errors = driver.communicate()

    assert errors == b"tidied up\n"
    assert driver.returncode == -signal.SIGTERM


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in (*ENDING, signal.SIGTSTP, signal.SIGINT)]


def test_handlers_are_as_they_were_afterwards() -> None:
    before = handlers()
    run_source("pass")

    assert handlers() == before


def test_a_handler_of_the_user_s_stays_in_charge() -> None:
    class Asked(Exception):
        pass

    def on_signal(number: int, frame: object) -> None:
        raise Asked

    before = signal.signal(signal.SIGTERM, on_signal)
    read_end, write_end = os.pipe()
    source = TO_PARENT.format("SIGTERM") + "while True: pass\n"
    request = RunRequest(kind="code", source=source.encode(), filename="<string>", stdin=None)
    try:
        with pytest.raises(Asked):
            run_target(request, output=write_end)
        assert signal.getsignal(signal.SIGTERM) is on_signal
    finally:
        signal.signal(signal.SIGTERM, before)
        os.close(write_end)

    with os.fdopen(read_end) as pipe:
        pipe.read()  # ends only when nobody is left who could write


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        ran = run_source(TO_PARENT.format("SIGHUP"))
    finally:
        signal.signal(signal.SIGHUP, before)

    assert ran.program.warnings == ()


def test_a_second_interrupt_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    # the program would have this long to end by itself
    monkeypatch.setattr("pyinternals.bytecode.program_child.GRACE_SECONDS", 1e6)
    source = (
        "import os, signal\n"
        "signal.signal(signal.SIGINT, lambda *_: os.kill(os.getppid(), signal.SIGINT))\n"
        "os.kill(os.getppid(), signal.SIGINT)\n"
        "while True: pass\n"
    )
    with pytest.raises(KeyboardInterrupt):
        run_source(source)


def test_a_program_is_run_outside_the_main_thread_too() -> None:
    found: list[Ran] = []
    before = handlers()
    thread = threading.Thread(target=lambda: found.append(run_source("def f(): pass\nf()\n")))
    thread.start()
    thread.join()

    assert found[0].program.warnings == ()
    assert found[0].count_of("f") == 1
    assert handlers() == before


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
