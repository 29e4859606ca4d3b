"""``pyinternals dis``: what is shown for what, and how bad input is answered."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyinternals.render.json_envelope import schema_text

SOURCE = '''\
import math


class Shape:
    """A shape."""

    def area(self, scale=1):
        def half():
            return scale / 2
        try:
            return self.x * half()
        except ZeroDivisionError:
            return None


def names(items):
    return [str(item) for item in items if item]
'''


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    path = tmp_path / "shapes.py"
    path.write_text(SOURCE)
    return path


def headers(stdout: str) -> list[str]:
    return re.findall(r"^code object (\S+)", stdout, re.MULTILINE)


def test_a_file_is_shown_whole_with_everything_nested_in_it(run_cli, shapes) -> None:
    finished = run_cli("dis", shapes)
    assert finished.returncode == 0
    assert finished.stderr == ""
    expected = ["<module>", "Shape", "Shape.area", "Shape.area.<locals>.half", "names"]
    if sys.version_info < (3, 12):
        expected.append("names.<locals>.<listcomp>")
    assert headers(finished.stdout) == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("::Shape.area", "Shape.area"),
        ("::Shape.area.half", "Shape.area.<locals>.half"),
        ("::Shape.area.<locals>.half", "Shape.area.<locals>.half"),
        ("::half", "Shape.area.<locals>.half"),
        ("::/^nam/", "names"),
    ],
)
def test_a_name_in_a_file_is_found(run_cli, shapes, selector: str, expected: str) -> None:
    finished = run_cli("dis", f"{shapes}{selector}")
    assert finished.returncode == 0
    assert headers(finished.stdout)[0] == expected


def test_a_regular_expression_finds_several(run_cli, shapes) -> None:
    finished = run_cli("dis", f"{shapes}::/a/", "--no-source")
    assert {"Shape", "names"} <= set(headers(finished.stdout))


def test_a_module_is_found_without_being_executed(run_cli, tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("open('executed', 'w')\n")
    (package / "inner.py").write_text("open('executed', 'w')\ndef f(): return 1\n")
    finished = run_cli("dis", "package.inner:f")
    assert headers(finished.stdout) == ["f"]
    assert not (tmp_path / "executed").exists()


def test_m_shows_what_python_m_would_run(run_cli) -> None:
    finished = run_cli("dis", "-m", "json.tool", "--tree")
    assert finished.stdout.startswith("-m json.tool")


def test_source_on_the_command_line_and_on_standard_input_read_the_same(run_cli) -> None:
    given = run_cli("dis", "-c", "x = 1 + y").stdout
    piped = run_cli("dis", "-", stdin="x = 1 + y").stdout
    assert given.splitlines()[2:] == piped.splitlines()[2:]
    assert "STORE_NAME" in given


def test_the_optimisation_level_is_the_compiler_s(run_cli) -> None:
    code = "assert x\ndef f():\n    'doc'"
    assert "RAISE_VARARGS" in run_cli("dis", "-c", code).stdout
    assert "RAISE_VARARGS" not in run_cli("dis", "-c", code, "-O").stdout
    assert "'doc'" in run_cli("dis", "-c", code, "-O").stdout
    assert "'doc'" not in run_cli("dis", "-c", code, "-OO", "--no-source").stdout


def test_every_instruction_s_row_in_a_pipe_names_its_line_and_opcode(run_cli, shapes) -> None:
    stdout = run_cli("dis", f"{shapes}::names", "--no-header").stdout
    rows = [row for row in stdout.splitlines() if not re.match(r" *(\d+|--) \|", row)]
    assert rows
    assert all(re.match(r" *(\d+|--) +\d+ +\d+ .*[A-Z_]{3,}", row) for row in rows if row)
    assert stdout.isascii()


def test_the_exception_table_is_drawn_with_its_handler(run_cli, shapes) -> None:
    stdout = run_cli("dis", f"{shapes}::Shape.area").stdout
    handler = re.search(r"except -> (L\d+), depth 0", stdout)
    assert handler is not None
    assert re.search(rf"{handler[1]} PUSH_EXC_INFO", stdout)


def test_two_runs_are_identical_byte_for_byte(run_cli) -> None:
    code = "def f(a):\n    return a in {'x', 'y', 'z', 'w', 1, 2.5} and (lambda: a)"
    options = ([], ["--json"], ["--flow"], ["--flow=svg"], ["--stats"], ["--compare=-O"])
    for option in options:
        first = run_cli("dis", "-c", code, *option, env={"PYTHONHASHSEED": "1"})
        second = run_cli("dis", "-c", code, *option, env={"PYTHONHASHSEED": "2"})
        assert first.returncode == 0
        assert first.stdout == second.stdout


@pytest.mark.parametrize(
    ("options", "schema"),
    [
        ([], "dis"),
        (["--stats"], "dis-stats"),
        (["--flow"], "dis-flow"),
        (["--compare=-O"], "dis-compare"),
    ],
)
def test_the_json_is_what_its_schema_says(run_cli, shapes, options, schema: str) -> None:
    import jsonschema

    finished = run_cli("dis", shapes, "--json", *options)
    document = json.loads(finished.stdout)
    shown = run_cli("dis", "--json-schema", *options).stdout
    assert shown == schema_text(schema) + "\n"
    validator = jsonschema.Draft202012Validator(json.loads(shown))
    validator.check_schema(json.loads(shown))
    assert list(validator.iter_errors(document)) == []


def test_the_json_lists_code_objects_and_their_instructions(run_cli, shapes) -> None:
    document = json.loads(run_cli("dis", shapes, "--json").stdout)
    code_objects = {found["qualname"]: found for found in document["data"]["code_objects"]}
    half = code_objects["Shape.area.<locals>.half"]
    assert half["first_line"] == 8
    assert half["free_names"] == ["scale"]
    parent = document["data"]["code_objects"][half["parent"]]
    assert parent["qualname"] == "Shape.area"
    assert "BINARY_OP" in [ins["opname"] for ins in half["instructions"]]


HOSTILE = """\
def f():
    return ("\\x1b[31mred", "[/bold]", "\\ud800", "\\u202egpj", "a" * 1, b"\\x00", 1e400)
"""


def test_nothing_hostile_reaches_the_output(run_cli, tmp_path: Path) -> None:
    path = tmp_path / "hostile.py"
    path.write_bytes(HOSTILE.encode() + b"# \x1b[2J raw escape\nx = '\x1b]0;title\x07'\n")
    for options in ([], ["--html", "page.html"], ["--json"], ["--flow"]):
        finished = run_cli("dis", path, *options)
        assert finished.returncode == 0
        assert "\x1b" not in finished.stdout
        assert "\u202e" not in finished.stdout
    assert "\x1b" not in (tmp_path / "page.html").read_text()


def test_a_megabyte_of_text_is_cut_with_its_length(run_cli, tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text(f"x = '{'a' * 1_000_000}'\ny = 0x{'f' * 100_000}\n")
    finished = run_cli("dis", "long.py")
    assert "(1,000,000 characters)" in finished.stdout
    assert "(400,000 bits)" in finished.stdout
    assert len(finished.stdout) < 20_000


def no_such_file(folder: Path) -> list[str]:
    return ["shaps.py"]


def a_folder(folder: Path) -> list[str]:
    return [str(folder)]


def a_syntax_error(folder: Path) -> list[str]:
    (folder / "bad.py").write_text("def f(:\n    pass\n")
    return ["bad.py"]


def a_binary(folder: Path) -> list[str]:
    return [sys.executable]


def null_bytes(folder: Path) -> list[str]:
    (folder / "nul.py").write_bytes(b"x = 1\n\0\n")
    return ["nul.py"]


def latin_1_without_a_cookie(folder: Path) -> list[str]:
    (folder / "latin.py").write_bytes("x = 'é'\n".encode("latin-1"))
    return ["latin.py"]


def utf_16(folder: Path) -> list[str]:
    (folder / "wide.py").write_text("x = 1\n", "utf-16")
    return ["wide.py"]


def fifty_megabytes(folder: Path) -> list[str]:
    with (folder / "big.py").open("wb") as file:
        file.truncate(50_000_000)
    return ["big.py"]


def a_name_that_is_not_there(folder: Path) -> list[str]:
    (folder / "names.py").write_text(SOURCE)
    return ["names.py::Shape.aera"]


def a_module_in_c(folder: Path) -> list[str]:
    return ["sys"]


def no_such_module(folder: Path) -> list[str]:
    return ["jsonn.decoder"]


def too_deep_for_the_compiler(folder: Path) -> list[str]:
    (folder / "deep.py").write_text(f"x = {'(' * 5000}{')' * 5000}\n")
    return ["deep.py"]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (no_such_file, "no such file"),
        (a_folder, "is a directory"),
        (a_syntax_error, "SyntaxError"),
        (a_binary, "is an ELF binary"),
        (null_bytes, "is a binary file"),
        (latin_1_without_a_cookie, "SyntaxError"),
        (utf_16, "UTF-16"),
        (fifty_megabytes, "47.7 MiB of source is over the limit of 16.0 MiB"),
        (a_name_that_is_not_there, "nearest: Shape.area"),
        (a_module_in_c, "written in C"),
        (no_such_module, "no such module"),
        (too_deep_for_the_compiler, "too many nested parentheses"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_3(run_cli, tmp_path, make, expected) -> None:
    finished = run_cli("dis", *make(tmp_path))
    assert finished.returncode == 3
    assert finished.stdout == ""
    first, *rest = finished.stderr.splitlines()
    assert first.startswith("pyinternals: error: ")
    assert expected in first
    assert rest == [] or "^" in rest[-1]  # a syntax error shows its line and caret


def test_a_syntax_error_points_at_its_place(run_cli, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("x = 1\nif x:\n\tdef f(:\n\t\tpass\n")
    stderr = run_cli("dis", "bad.py").stderr.splitlines()
    assert stderr[0].startswith("pyinternals: error: bad.py:3: SyntaxError: ")
    assert stderr[1:] == ["    def f(:", "          ^"]


def test_an_empty_file_is_fine(run_cli, tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_bytes(b"")
    finished = run_cli("dis", "empty.py")
    assert finished.returncode == 0
    assert headers(finished.stdout) == ["<module>"]


def test_a_file_in_another_encoding_shows_its_text(run_cli, tmp_path: Path) -> None:
    text = "# -*- coding: latin-1 -*-\nx = 'é'\n"
    (tmp_path / "latin.py").write_bytes(text.encode("latin-1"))
    finished = run_cli("dis", "latin.py")
    assert finished.returncode == 0
    assert "x = 'é'" in finished.stdout


def test_closed_standard_input_is_said(tmp_path: Path) -> None:
    command = f'exec "{sys.executable}" -m pyinternals dis - <&-'
    finished = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=tmp_path)
    assert finished.returncode == 3
    assert finished.stderr.startswith("pyinternals: error: standard input: ")
    assert len(finished.stderr.splitlines()) == 1


def test_an_unreadable_file_is_said(run_cli, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root can read everything")
    path = tmp_path / "secret.py"
    path.touch(0)
    finished = run_cli("dis", path)
    assert finished.returncode == 3
    assert "permission denied" in finished.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a.py", "-c", "x"],
        ["-c", "x", "--json", "--html", "p"],
        ["-c", "x", "--stats", "--flow"],
    ],
)
def test_bad_usage_exits_with_2(run_cli, arguments: list[str]) -> None:
    finished = run_cli("dis", *arguments)
    assert finished.returncode == 2
    assert len(finished.stderr.splitlines()) == 1


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m pyinternals dis argparse | head -n 1'
    finished = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=tmp_path)
    assert finished.stderr == ""
    assert len(finished.stdout.splitlines()) == 1


def test_a_terminal_gets_colour_box_drawing_and_lines_that_fit(run_in_terminal, shapes) -> None:
    command = [sys.executable, "-m", "pyinternals", "dis", shapes, "--explain"]
    for columns in (80, 200):
        session = run_in_terminal(command, columns=columns)
        assert session.returncode == 0
        assert "\x1b[" in session.output
        assert "│" in session.output
        lines = re.sub(r"\x1b\[[\d;]*m", "", session.output).splitlines()
        assert max(map(len, lines)) <= columns


def test_no_color_holds_on_a_terminal(run_in_terminal, shapes) -> None:
    command = [sys.executable, "-m", "pyinternals", "dis", shapes]
    session = run_in_terminal(command, env={"NO_COLOR": "1"})
    assert "\x1b" not in session.output


def test_force_color_holds_in_a_pipe(run_cli, shapes) -> None:
    finished = run_cli("dis", shapes, env={"FORCE_COLOR": "1"})
    assert "\x1b[" in finished.stdout


def test_plain_and_json_output_load_neither_rich_nor_numpy(shapes, tmp_path: Path) -> None:
    program = (
        "import sys; from pyinternals.cli import main; "
        "main(sys.argv[1:]); "
        "sys.exit(sum(name in sys.modules for name in ('rich', 'numpy')))"
    )
    for option in ((), ("--json",), ("--stats",), ("--flow",)):
        finished = subprocess.run(
            [sys.executable, "-c", program, "dis", str(shapes), *option],
            stdout=subprocess.DEVNULL,
            cwd=tmp_path,
        )
        assert finished.returncode == 0


def test_help_has_an_example(run_cli) -> None:
    finished = run_cli("dis", "--help")
    assert finished.returncode == 0
    assert "pyinternals dis shapes.py" in finished.stdout


@pytest.mark.parametrize("kind", ["mermaid", "dot", "svg"])
def test_flow_can_be_drawn_for_other_programs(run_cli, shapes, kind: str) -> None:
    finished = run_cli("dis", f"{shapes}::names", f"--flow={kind}")
    assert finished.returncode == 0
    opening = {"mermaid": "\nflowchart ", "dot": "digraph ", "svg": "<svg "}[kind]
    assert opening in f"\n{finished.stdout}"


def test_a_drawing_of_one_code_object_says_what_it_leaves_out(run_cli, shapes) -> None:
    finished = run_cli("dis", shapes, "--flow=svg")
    assert finished.returncode == 0
    assert finished.stdout.startswith("<svg ")
    assert "only <module> is drawn" in finished.stderr


def test_compare_shows_what_optimising_takes_away(run_cli) -> None:
    finished = run_cli("dis", "-c", "assert x\ny = 1", "--compare=-O")
    assert finished.returncode == 0
    removed = [line for line in finished.stdout.splitlines() if line.startswith("- ")]
    assert any("RAISE_VARARGS" in line for line in removed)
    assert not any("STORE_NAME" in line for line in removed)


def test_compare_of_equal_targets_says_so(run_cli, shapes) -> None:
    finished = run_cli("dis", shapes, "--compare", shapes)
    assert "no difference" in finished.stdout


def test_html_is_one_page_that_needs_nothing_else(run_cli, shapes, tmp_path: Path) -> None:
    finished = run_cli("dis", shapes, "--html", "page.html")
    assert finished.returncode == 0
    page = (tmp_path / "page.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert not re.search(r"(src|href)=|@import|url\(", page)
    assert page.count("data-line='11'") >= 2


def test_compiler_warnings_are_one_line_on_stderr_and_in_the_json(run_cli, tmp_path: Path) -> None:
    (tmp_path / "warned.py").write_text("x = '\\d'\n")
    finished = run_cli("dis", "warned.py", "--json")
    assert finished.stderr.startswith("pyinternals: warning: warned.py:1: ")
    assert len(finished.stderr.splitlines()) == 1
    assert json.loads(finished.stdout)["warnings"][0]["code"] == "compiler"


PROGRAM = """\
import sys

def add(values):
    total = 0
    for value in values:
        total += value
    return total

def unused():
    return 1

print("out", add(range(int(sys.argv[1]))))
sys.exit(5)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def test_a_run_counts_and_shows_what_was_specialised(run_cli, program) -> None:
    finished = run_cli("dis", f"{program}::add", "--run", "300")
    (row,) = [row for row in finished.stdout.splitlines() if "BINARY_OP_ADD_INT" in row]
    assert " 300 " in row
    assert "out 44850" in finished.stderr
    assert "out" not in finished.stdout
    assert finished.returncode == 5


def test_a_function_that_never_ran_says_never(run_cli, program) -> None:
    stdout = run_cli("dis", f"{program}::unused", "--run", "3").stdout
    assert "never executed" in stdout
    rows = [row for row in stdout.splitlines() if "RETURN" in row]
    assert all(" never " in row for row in rows)


def test_a_run_in_json_is_what_the_schema_says(run_cli, program) -> None:
    import jsonschema

    finished = run_cli("dis", program, "--json", "--run", "10")
    document = json.loads(finished.stdout)
    jsonschema.validate(document, json.loads(schema_text("dis")))
    assert document["data"]["run"]["exit_status"] == 5
    counts = [
        ins["execution_count"]
        for found in document["data"]["code_objects"]
        if found["qualname"] == "add"
        for ins in found["instructions"]
        if ins["base_opname"] == "BINARY_OP"
    ]
    assert counts == [10]


def test_lines_shows_the_source_alone(run_cli, program) -> None:
    stdout = run_cli("dis", program, "--lines", "--run", "300").stdout
    (line,) = [line for line in stdout.splitlines() if "total += value" in line]
    assert re.match(r" *6 +300 #+ 100 % +total \+= value", line)
    assert "LOAD_FAST" not in stdout


def test_warmup_calls_the_function_with_literals(run_cli, tmp_path: Path) -> None:
    (tmp_path / "pure.py").write_text("def double(value):\n    return value + value\n")
    finished = run_cli("dis", "pure.py::double", "--warmup", "50", "--run", "1.5")
    assert finished.returncode == 0
    (row,) = [row for row in finished.stdout.splitlines() if "BINARY_OP_ADD_FLOAT" in row]
    assert " 50 " in row


def test_warmup_without_a_function_is_bad_usage(run_cli, program) -> None:
    finished = run_cli("dis", program, "--warmup", "50", "--run")
    assert finished.returncode == 2
    assert "name one" in finished.stderr


def test_the_page_of_a_run_colours_the_source(run_cli, program, tmp_path: Path) -> None:
    run_cli("dis", program, "--html", "page.html", "--run", "300")
    page = (tmp_path / "page.html").read_text()
    assert '<span class="run-specialised">        total += value</span>' in page
