"""``pyinternals pyc`` and what stands behind it: the table, the JSON, exit codes, bad input."""

from __future__ import annotations

import json
import os
import py_compile
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyinternals.render.json_envelope import schema_text

TAG = sys.implementation.cache_tag
LONG_AGO = 1_700_000_000
PYTHON = "{}.{}".format(*sys.version_info)


def write(path: Path, text: str = "x = 1\n", at: int = LONG_AGO) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def compiled(path: Path, **options) -> Path:
    return Path(py_compile.compile(str(path), doraise=True, **options))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A valid, a stale, an orphan, a corrupt and a secretly other file."""
    compiled(write(tmp_path / "valid.py", "def area(a, b):\n    return a * b\n"))
    compiled(write(tmp_path / "package" / "stale.py"))
    write(tmp_path / "package" / "stale.py", at=LONG_AGO + 9)
    compiled(write(tmp_path / "orphan.py"))
    (tmp_path / "orphan.py").unlink()
    compiled(write(tmp_path / "broken.py")).write_bytes(b"hello")
    other = compiled(write(tmp_path / "package" / "other.py", "x = 'evil'\n"))
    secret = compiled(write(tmp_path / "secret.py", "x = 'good'\n"))
    secret.write_bytes(secret.read_bytes()[:16] + other.read_bytes()[16:])
    return tmp_path


def rows(stdout: str) -> dict[str, str]:
    """State by path, as a reader of the table sees them."""
    table = stdout.partition("\n\n")[0].splitlines()
    return {
        match[3]: match[1]
        for match in (re.match(r"(\S+) .* (B|KiB)  (\S+)", line) for line in table)
        if match
    }


def test_the_table_has_a_line_for_each_file_and_totals(run_cli, project) -> None:
    finished = run_cli("pyc", ".")
    assert finished.returncode == 0
    assert finished.stderr == ""
    assert rows(finished.stdout) == {
        "broken.py": "corrupt",
        "orphan.py": "orphan",
        "package/other.py": "valid",
        "package/stale.py": "stale",
        "secret.py": "valid",
        "valid.py": "valid",
    }
    assert "6 files" in finished.stdout
    assert re.search(r"dead weight: 3 files, \d+ B \(stale, orphan, corrupt\)", finished.stdout)


def test_reading_deep_finds_what_no_header_tells(run_cli, project) -> None:
    stdout = run_cli("pyc", "--deep", ".").stdout
    assert rows(stdout)["secret.py"] == "differs"
    assert "    <module>: constants[0] 'evil' -> 'good'" in stdout


def test_paths_are_relative_where_that_is_shorter(run_cli, project) -> None:
    assert set(rows(run_cli("pyc", project).stdout)) == set(rows(run_cli("pyc", ".").stdout))
    elsewhere = run_cli("pyc", project, cwd=Path("/")).stdout
    assert f"{project}/valid.py" in elsewhere


def test_a_state_can_be_asked_for(run_cli, project) -> None:
    finished = run_cli("pyc", ".", "--state", "stale,orphan")
    assert set(rows(finished.stdout).values()) == {"stale", "orphan"}
    assert "2 files" in finished.stdout


@pytest.mark.parametrize(
    ("states", "code"),
    [("stale", 1), ("ambiguous,orphan", 1), ("ambiguous,unchecked-hash", 0), ("differs", 1)],
)
def test_fail_on_exits_with_1_where_a_file_is_in_such_a_state(
    run_cli, project, states, code
) -> None:
    finished = run_cli("pyc", ".", "--fail-on", states)
    assert finished.returncode == code
    assert "6 files" in finished.stdout
    assert len(finished.stderr.splitlines()) == code
    if code:
        assert finished.stderr.startswith("pyinternals: error: --fail-on: found 1 ")


def test_fail_on_looks_at_files_that_are_not_shown(run_cli, project) -> None:
    finished = run_cli("pyc", ".", "--state", "valid", "--fail-on", "stale")
    assert finished.returncode == 1


@pytest.mark.parametrize(
    ("command", "schema"),
    [
        (["pyc", "."], "pyc"),
        (["pyc", ".", "--deep"], "pyc"),
        (["pyc", "clean", "."], "pyc-clean"),
        (["pyc", "show", f"__pycache__/valid.{TAG}.pyc"], "pyc-show"),
        (
            ["pyc", "diff", f"__pycache__/valid.{TAG}.pyc", f"__pycache__/secret.{TAG}.pyc"],
            "pyc-diff",
        ),
    ],
)
def test_the_json_is_what_its_schema_says(run_cli, project, command, schema: str) -> None:
    import jsonschema

    finished = run_cli(*command, "--json")
    assert finished.returncode == 0
    words = command[:2] if "-" in schema else command[:1]
    shown = run_cli(*words, "--json-schema").stdout
    assert shown == schema_text(schema) + "\n"
    validator = jsonschema.Draft202012Validator(json.loads(shown))
    validator.check_schema(json.loads(shown))
    assert list(validator.iter_errors(json.loads(finished.stdout))) == []


def test_the_json_names_every_file(run_cli, project) -> None:
    data = json.loads(run_cli("pyc", ".", "--json").stdout)["data"]
    (stale,) = [one for one in data["files"] if one["state"] == "stale"]
    assert stale["path"] == f"package/__pycache__/stale.{TAG}.pyc"
    assert stale["source_path"] == "package/stale.py"
    assert stale["python"] == PYTHON
    assert stale["mode"] == "timestamp"
    assert stale["size_bytes"] == (project / stale["path"]).stat().st_size
    assert data["totals"]["states"] == {"valid": 3, "stale": 1, "orphan": 1, "corrupt": 1}


def test_two_runs_are_identical_byte_for_byte(run_cli, project) -> None:
    for options in ([], ["--deep"], ["--json", "--deep"]):
        runs = [run_cli("pyc", ".", *options, env={"PYTHONHASHSEED": seed}) for seed in "12"]
        assert runs[0].stdout == runs[1].stdout


def test_clean_only_says_what_it_would_remove(run_cli, project) -> None:
    finished = run_cli("pyc", "clean", ".")
    assert finished.returncode == 0
    assert finished.stdout.count("would be removed") == 3
    assert (project / "__pycache__" / f"orphan.{TAG}.pyc").exists()


def test_clean_removes_with_yes_and_then_there_is_nothing_left(run_cli, project) -> None:
    finished = run_cli("pyc", "clean", ".", "--yes")
    assert finished.returncode == 0
    assert re.search(r"^removed 3 files, \d+ B$", finished.stdout, re.MULTILINE)
    assert not (project / "__pycache__" / f"orphan.{TAG}.pyc").exists()
    assert (project / "__pycache__" / f"valid.{TAG}.pyc").exists()
    assert run_cli("pyc", "clean", ".").stdout == "nothing to remove\n"
    assert (project / "package" / "stale.py").exists()


def test_show_lists_header_code_objects_and_tables(run_cli, project) -> None:
    stdout = run_cli("pyc", "show", f"__pycache__/valid.{TAG}.pyc").stdout
    assert f"python       {PYTHON}, magic number" in stdout
    assert f"2023-11-14 22:13:20 UTC ({LONG_AGO})" in stdout
    assert "references among them" in stdout or "reference among them" in stdout
    assert re.search(r"^code object area  .*valid\.py:1$", stdout, re.MULTILINE)
    assert re.search(r"^  locals    a, b$", stdout, re.MULTILINE)


def test_show_reads_the_header_of_a_version_whose_code_it_does_not_read(run_cli, tmp_path) -> None:
    (tmp_path / "old.pyc").write_bytes((62211).to_bytes(2, "little") + b"\r\n" + bytes(20))
    finished = run_cli("pyc", "show", "old.pyc")
    assert finished.returncode == 0
    assert "2.7, magic number 62211" in finished.stdout
    assert "Only its header is read" in finished.stdout


def test_diff_says_that_equal_files_are_identical(run_cli, project) -> None:
    path = f"__pycache__/valid.{TAG}.pyc"
    stdout = run_cli("pyc", "diff", path, path).stdout
    assert stdout.splitlines()[2] == "identical"


def test_diff_tells_the_header_from_the_code(run_cli, tmp_path: Path) -> None:
    source = write(tmp_path / "a.py")
    paths = [tmp_path / "one.pyc", tmp_path / "two.pyc"]
    compiled(source, cfile=str(paths[0]))
    write(source, at=LONG_AGO + 60)
    compiled(source, cfile=str(paths[1]))
    stdout = run_cli("pyc", "diff", *paths).stdout
    assert "the same code; what differs: the header" in stdout
    assert "source time  2023-11-14 22:13:20 UTC -> 2023-11-14 22:14:20 UTC" in stdout


def diff(run_cli, folder: Path, one: str, other: str, **options) -> str:
    """What ``pyc diff`` says of two sources, compiled under the names that `options` give them."""
    paths = []
    for name, text in (("one", one), ("two", other)):
        source = write(folder / f"{name}.py", text)
        path = folder / f"{name}.pyc"
        py_compile.compile(
            str(source), cfile=str(path), dfile=options.get(name, "a.py"), doraise=True
        )
        paths.append(path)
    return run_cli("pyc", "diff", *paths).stdout


def test_diff_tells_paths_and_line_tables_from_the_code(run_cli, tmp_path: Path) -> None:
    paths = diff(run_cli, tmp_path, "x = 1\n", "x = 1\n", two="b.py")
    assert "the same code; what differs: paths" in paths
    lines = diff(run_cli, tmp_path, "x = 1\n\n", "\nx = 1\n")
    assert "the same code; what differs: line tables" in lines


def test_diff_aligns_the_instructions_of_other_code(run_cli, tmp_path: Path) -> None:
    stdout = diff(run_cli, tmp_path, "def f(a):\n return a + 1\n", "def f(a):\n return a - 1\n")
    assert re.search(r"^different: .*the code", stdout, re.MULTILINE)
    assert re.search(r"^~ code object .*f: changed", stdout, re.MULTILINE)
    assert re.search(r"^~.*BINARY_OP +\+ .*BINARY_OP +-", stdout, re.MULTILINE)


def test_diff_names_what_marshal_leaves_to_chance(run_cli, tmp_path: Path) -> None:
    path = compiled(write(tmp_path / "a.py", "def f(a):\n    return a\n"))
    data = path.read_bytes()
    interned, not_interned = b"\xda\x01f", b"\xfa\x01f"  # TYPE_SHORT_ASCII(_INTERNED) | FLAG_REF
    assert data.count(interned) == 1
    (tmp_path / "other.pyc").write_bytes(data.replace(interned, not_interned))
    stdout = run_cli("pyc", "diff", path, "other.pyc").stdout
    assert "the same code; what differs: the encoding" in stdout


def test_nothing_hostile_reaches_the_output(run_cli, tmp_path: Path) -> None:
    text = "def \u0430(x):\n    return '\\x1b[31mred \\u202e [/bold] \\ud800'\n"
    paths = [
        compiled(write(tmp_path / os.fsdecode(name), text))
        for name in (b"\x1b[2Jclear.py", b"caf\xe9.py", "\u202egnp.py".encode(), b"a\nb.py")
    ]
    commands = [["pyc", "."], ["pyc", ".", "--deep"], ["pyc", "clean", "."]]
    commands += [["pyc", "show", path] for path in paths]
    commands += [["pyc", "diff", paths[0], paths[1]]]
    for command in commands:
        for options in ([], ["--json"], ["--html", "page.html"]):
            finished = run_cli(*command, *options)
            assert finished.returncode == 0, finished.stderr
            assert "\x1b" not in finished.stdout
            assert "\u202e" not in finished.stdout
        assert "\x1b" not in (tmp_path / "page.html").read_text("utf-8", "surrogateescape")
    assert len(rows(run_cli("pyc", ".").stdout)) == 4


def not_there(folder: Path) -> list[str]:
    return ["pyc", "gone"]


def no_pyc(folder: Path) -> list[str]:
    (folder / "notes.txt").write_text("x")
    return ["pyc", "notes.txt"]


def show_of_nothing(folder: Path) -> list[str]:
    return ["pyc", "show", "gone.pyc"]


def show_of_a_folder(folder: Path) -> list[str]:
    return ["pyc", "show", "."]


def show_of_text(folder: Path) -> list[str]:
    (folder / "a.pyc").write_text("import this\n")
    return ["pyc", "show", "a.pyc"]


def diff_with_nothing(folder: Path) -> list[str]:
    path = compiled(write(folder / "a.py"))
    return ["pyc", "diff", str(path), "gone.pyc"]


def cleaning_nothing(folder: Path) -> list[str]:
    return ["pyc", "clean", "gone"]


def a_hostile_name(folder: Path) -> list[str]:
    return ["pyc", "\x1b[31mgone"]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (not_there, "gone: no such file, folder or installed distribution"),
        (no_pyc, "notes.txt: is neither a .pyc file nor a source"),
        (show_of_nothing, "gone.pyc: no such file"),
        (show_of_a_folder, "is a directory"),
        (show_of_text, "a.pyc: is no .pyc file"),
        (diff_with_nothing, "gone.pyc: no such file"),
        (cleaning_nothing, "gone: no such file"),
        (a_hostile_name, "\\x1b[31mgone: no such file"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_3(run_cli, tmp_path, make, expected) -> None:
    finished = run_cli(*make(tmp_path))
    assert finished.returncode == 3
    assert finished.stdout == ""
    (line,) = finished.stderr.splitlines()
    assert line.startswith("pyinternals: error: ")
    assert expected in line


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [".", "--fail-on", "stale,rotten"],
        [".", "--state", ""],
        [".", "--python", "three"],
        [".", "--json", "--html", "p"],
        ["show"],
        ["diff", "one.pyc"],
        ["clean"],
    ],
)
def test_bad_usage_exits_with_2(run_cli, arguments: list[str]) -> None:
    finished = run_cli("pyc", *arguments)
    assert finished.returncode == 2
    assert len(finished.stderr.splitlines()) == 1


def test_an_empty_folder_is_fine(run_cli, tmp_path: Path) -> None:
    finished = run_cli("pyc", ".")
    assert finished.returncode == 0
    assert finished.stdout == "no .pyc files\n"


def test_a_file_that_is_called_show_can_be_given_as_a_path(run_cli, tmp_path: Path) -> None:
    compiled(write(tmp_path / "show" / "a.py"))
    assert rows(run_cli("pyc", "./show").stdout) == {"show/a.py": "valid"}


@pytest.mark.parametrize("words", [["pyc"], ["pyc", "show"], ["pyc", "diff"], ["pyc", "clean"]])
def test_help_has_an_example(run_cli, words: list[str]) -> None:
    finished = run_cli(*words, "--help")
    assert finished.returncode == 0
    assert f"usage: pyinternals {' '.join(words)} " in finished.stdout
    assert f"\n  pyinternals {' '.join(words)} " in finished.stdout.partition("examples:")[2]


def test_a_pipe_gets_plain_lines_that_are_never_cut(run_cli, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a_rather_long_name_of_a_folder"] * 8)
    compiled(write(deep / "a.py"))
    (line,) = [one for one in run_cli("pyc", tmp_path).stdout.splitlines() if "a.py" in one]
    assert line.endswith(f"{deep.relative_to(tmp_path)}/a.py")
    assert line.isascii()


def test_a_terminal_gets_colour_and_lines_that_fit(run_in_terminal, project) -> None:
    write(project.joinpath(*["a_rather_long_name_of_a_folder"] * 8) / "a.py")
    compiled(project.joinpath(*["a_rather_long_name_of_a_folder"] * 8) / "a.py")
    path = project / "__pycache__" / f"valid.{TAG}.pyc"
    other = project / "__pycache__" / f"secret.{TAG}.pyc"
    for words in (["."], [".", "--deep"], ["clean", "."], ["show", path], ["diff", path, other]):
        for columns in (60, 80, 200):
            command = [sys.executable, "-m", "pyinternals", "pyc", *words]
            session = run_in_terminal(command, columns=columns)
            assert session.returncode == 0
            assert "\x1b[" in session.output
            lines = re.sub(r"\x1b\[[\d;]*m", "", session.output).splitlines()
            assert max(map(len, lines)) <= columns, (words, columns)


def test_quick_work_shows_no_progress_bar(run_in_terminal, project) -> None:
    session = run_in_terminal([sys.executable, "-m", "pyinternals", "pyc", "."])
    assert "reading .pyc files" not in session.output


def test_a_progress_bar_is_drawn_on_a_terminal_once_a_second_has_passed() -> None:
    from io import StringIO

    from pyinternals.render.progress import DelayedProgress

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    now = iter((0.0, 0.5, 1.5, 2.0))
    for stream, is_drawn in ((Terminal(), True), (StringIO(), False)):
        now = iter((0.0, 0.5, 1.5, 2.0))
        with DelayedProgress("reading", stream, clock=lambda: next(now)) as progress:
            for done in (1, 2, 3):
                progress.update(done, 3)
        assert ("reading" in stream.getvalue()) is is_drawn


def test_plain_and_json_output_load_no_rich(project: Path) -> None:
    program = (
        "import sys; from pyinternals.cli import main; main(sys.argv[1:]); "
        "sys.exit('rich' in sys.modules)"
    )
    for options in (["."], [".", "--json"], [".", "--deep"], ["clean", "."]):
        finished = subprocess.run(
            [sys.executable, "-c", program, "pyc", *options],
            stdout=subprocess.DEVNULL,
            cwd=project,
        )
        assert finished.returncode == 0


def test_html_is_one_page_that_needs_nothing_else(run_cli, project: Path) -> None:
    assert run_cli("pyc", ".", "--html", "page.html").returncode == 0
    page = (project / "page.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert 'class="pyc-stale"' in page
    assert not re.search(r"(src|href)=|@import|url\(", page)


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m pyinternals pyc --all | head -n 1'
    finished = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=tmp_path)
    assert finished.stderr == ""
