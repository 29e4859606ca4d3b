"""Calling a function of an imported module many times: every kind of callable, and what can't be."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyinternals.bytecode.disassemble import code_object_fact
from pyinternals.bytecode.facts import CodeObject
from pyinternals.bytecode.program_run import ProgramRun, RunRequest, run_target
from pyinternals.bytecode.specialisation import apply_run
from pyinternals.errors import ProgramError

CALLABLES = Path(__file__).parents[1] / "targets" / "callables.py"


class Called:
    """How the program went, what it wrote, and its code objects."""

    def __init__(self, program: ProgramRun, output: str, root: CodeObject) -> None:
        self.program = program
        self.output = output
        self.root = root

    def counts_of(self, name: str) -> tuple[int | None, ...]:
        function = self.root[name]
        assert function.run is not None
        assert function.run.counts is not None
        return function.run.counts

    def entries_of(self, name: str) -> int | None:
        """How often the function's frame was entered."""
        names = [instruction.base_opname for instruction in self.root[name]]
        return self.counts_of(name)[names.index("RESUME")]


def call(
    function: str,
    *call_args: str,
    output: Path,
    warmup: int = 1,
    path: Path = CALLABLES,
    module_name: str = "callables",
) -> Called:
    request = RunRequest(
        kind="import",
        source=path.read_bytes(),
        filename=str(path),
        module_name=module_name,
        function=function,
        warmup=warmup,
        call_args=call_args,
        stdin=None,
    )
    with output.open("w+b") as file:
        result = run_target(request, output=file.fileno())
        file.seek(0)
        text = file.read().decode()
    return Called(result.program, text, apply_run(code_object_fact(result.root), result))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.mark.parametrize(
    ("function", "call_args", "counted"),
    [
        ("plus", ("1", "2"), "plus"),
        ("plus", ("hello", "'world'"), "plus"),
        ("drain", ("[1, 2, 3]",), "drain"),
        ("generate", ("3",), "generate"),
        ("coroutine", ("'x'",), "coroutine"),
        ("generate_later", ("3",), "generate_later"),
        ("outer", (), "outer.<locals>.inner"),
        ("Plain.method", ("2",), "Plain.method"),
        ("Plain.static", ("2",), "Plain.static"),
        ("Plain.of_class", ("2",), "Plain.of_class"),
        ("Plain.value", (), "Plain.value"),
        ("Plain.Nested.method", (), "Plain.Nested.method"),
        ("Demanding", ("2",), "Demanding.__init__"),
    ],
)
def test_a_function_is_called_as_often_as_asked(
    output: Path, function: str, call_args: tuple[str, ...], counted: str
) -> None:
    ran = call(function, *call_args, output=output, warmup=100)

    assert ran.program.exit_status == 0, ran.output
    assert ran.program.warnings == ()
    assert ran.program.call_count == 100
    assert ran.entries_of(counted) == 100


def test_each_call_gets_new_arguments(output: Path) -> None:
    assert 30 in call("drain", "[1, 2, 3]", output=output, warmup=10).counts_of("drain")


def test_the_module_is_imported_under_its_name(output: Path) -> None:
    ran = call("where", output=output)

    assert ran.output == "callables callables\n"


def test_a_module_in_a_package_finds_its_neighbours(output: Path, tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    # the package imports the module before we could
    (package / "__init__.py").write_text("from . import inner\n")
    (package / "near.py").write_text("value = 7\n")
    inner = package / "inner.py"
    inner.write_text("from .near import value\ndef f():\n    print(__name__, value)\n")
    ran = call("f", output=output, path=inner, module_name="package.inner")

    assert ran.output == "package.inner 7\n"
    assert ran.entries_of("f") == 1


def test_an_exception_in_the_function_is_the_program_s(output: Path) -> None:
    ran = call("failing", output=output)

    assert ran.program.exit_status == 1
    assert ran.output.startswith("Traceback (most recent call last):\n")
    assert "run_" not in ran.output
    assert ran.output.endswith("ValueError: in the function\n")


@pytest.mark.parametrize(
    ("function", "call_args", "message"),
    [
        ("plus", (), "missing 1 required positional argument"),
        ("nothing", (), "nothing is not there"),
        ("number", (), "number can't be called"),
        ("outer.<locals>.inner", (), "made anew by each call"),
        ("Demanding.method", (), r"Demanding\(\) fails without arguments: TypeError"),
    ],
)
def test_what_can_t_be_called_is_said_in_one_line(
    output: Path, function: str, call_args: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ProgramError, match=message) as caught:
        call(function, *call_args, output=output)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
