"""What tests of running programs share: a run in this process, and one in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from pyinternals.bytecode.disassemble import code_object_fact
from pyinternals.bytecode.program_run import RunRequest, RunResult, run_target
from pyinternals.bytecode.specialisation import RunRecord, apply_run

TARGETS = Path(__file__).parents[1] / "targets"


class Ran:
    """A result and what the program wrote."""

    def __init__(self, result: RunResult, output: str) -> None:
        self.result = result
        self.program = result.program
        self.output = output

    @property
    def warnings(self) -> set[str]:
        return {warning.code for warning in self.program.warnings}

    def record_of(self, name: str) -> RunRecord:
        found = apply_run(code_object_fact(self.result.root), self.result)[name].run
        assert found is not None
        return found

    def count_of(self, name: str) -> int | None:
        """How often the function's frame was entered."""
        function = apply_run(code_object_fact(self.result.root), self.result)[name]
        assert function.run is not None
        assert function.run.counts is not None
        names = [instruction.base_opname for instruction in function]
        return function.run.counts[names.index("RESUME")]


def run_program(name: str, *args: str, **wishes: Any) -> Ran:
    """Run the target of this name, or ``source=``, with what else `RunRequest` takes."""
    path = TARGETS / name
    wishes = {"kind": "script", "filename": str(path), "stdin": None, **wishes}
    if "source" not in wishes:
        wishes["source"] = path.read_bytes()
    with tempfile.TemporaryFile() as output:
        result = run_target(RunRequest(args=args, **wishes), output=output.fileno())
        output.seek(0)
        return Ran(result, output.read().decode())


def run_source(source: str, *args: str, **wishes: Any) -> Ran:
    """Run this text as ``python -c`` does."""
    return run_program(
        "", *args, source=source.encode(), **{"kind": "code", "filename": "<string>", **wishes}
    )


DRIVER = """
import json, os, sys
from pyinternals.bytecode import program_child
from pyinternals.bytecode.disassemble import code_object_fact
from pyinternals.bytecode.program_run import RunRequest, run_target
from pyinternals.bytecode.specialisation import apply_run

program_child.GRACE_SECONDS = 0.5
path, *args = sys.argv[1:]
with open(path, "rb") as file:
    source = file.read()
timeout = os.environ.get("TIMEOUT_SECONDS")
request = RunRequest(
    kind="script", source=source, filename=path, args=tuple(args),
    timeout_seconds=float(timeout) if timeout else None,
)
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
        env={name: value for name, value in os.environ.items() if name != "TIMEOUT_SECONDS"},
    )
