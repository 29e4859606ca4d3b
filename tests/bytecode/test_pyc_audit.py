"""The audit: which state each .pyc file is said to be in, and what is found where."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pyc_cases
import pyc_no_false_differs
import pytest
from pyc_cases import TAG, compiled, write

import pyinternals
from pyinternals import NotPython, TargetNotFound, TargetUnreadable, UsageError
from pyinternals.bytecode.pyc_audit import pyc
from pyinternals.bytecode.pyc_findings import PycAudit, PycFinding


def finding_of(audit: PycAudit, path: Path) -> PycFinding:
    (found,) = [one for one in audit.findings if one.path == str(path)]
    return found


def names(audit: PycAudit) -> list[str]:
    return sorted(Path(finding.path).name for finding in audit.findings)


def test_the_corpus_is_large_enough() -> None:
    assert len(pyc_cases.CASES) >= 50
    assert {one.deep_state for one in pyc_cases.CASES.values()} > {"differs", "corrupt", "valid"}


@pytest.mark.parametrize("name", pyc_cases.CASES)
def test_each_case_is_in_its_state(name: str, tmp_path: Path) -> None:
    case = pyc_cases.CASES[name]
    path = case.make(tmp_path)
    finding = finding_of(pyc(tmp_path), path)
    assert (finding.state, case.reason in finding.reason) == (case.state, True), finding.reason


@pytest.mark.parametrize("name", pyc_cases.CASES)
def test_each_case_is_in_its_state_when_read_whole(name: str, tmp_path: Path) -> None:
    case = pyc_cases.CASES[name]
    path = case.make(tmp_path)
    finding = finding_of(pyc(tmp_path, deep=True), path)
    assert finding.state == case.deep_state, finding.reason


def test_a_finding_says_what_the_name_and_the_header_say(tmp_path: Path) -> None:
    path = compiled(write(tmp_path / "a.py"), optimize=2)
    finding = finding_of(pyc(tmp_path), path)
    assert finding.source_path == str(tmp_path / "a.py")
    assert finding.python == "{}.{}".format(*sys.version_info)
    assert finding.mode == "timestamp"
    assert finding.optimize == 2
    assert finding.size_bytes == path.stat().st_size
    assert finding.is_in_cache


def test_totals_are_sums_over_the_files(tmp_path: Path) -> None:
    write(tmp_path / "a.py")
    kept = compiled(tmp_path / "a.py")
    orphan = compiled(write(tmp_path / "b.py"))
    (tmp_path / "b.py").unlink()
    audit = pyc(tmp_path)
    assert audit.counts == {"valid": 1, "orphan": 1}
    assert audit.size_bytes == kept.stat().st_size + orphan.stat().st_size
    assert audit.dead_bytes == orphan.stat().st_size


def test_what_differs_is_named(tmp_path: Path) -> None:
    other = compiled(write(tmp_path / "other.py", "def f(a):\n    return a + 2\n"))
    path = compiled(write(tmp_path / "a.py", "def f(a):\n    return a + 1\n"))
    path.write_bytes(path.read_bytes()[:16] + other.read_bytes()[16:])
    finding = finding_of(pyc(tmp_path, deep=True), path)
    (difference,) = finding.differences
    assert difference.identity == "f"
    assert {part.aspect for part in difference.parts} == {"code"}
    assert any("2" in part.left and "1" in part.right for part in difference.parts)


def test_leftovers_of_an_interrupted_write_are_no_pyc_files(tmp_path: Path) -> None:
    path = compiled(write(tmp_path / "a.py"))
    path.with_name(f"{path.name}.139872").write_bytes(path.read_bytes())
    path.with_name(f"{path.name}.tmp123").write_bytes(b"")
    assert names(pyc(tmp_path)) == [path.name]


def test_circles_of_symlinked_folders_end(tmp_path: Path) -> None:
    path = compiled(write(tmp_path / "package" / "a.py"))
    (tmp_path / "package" / "again").symlink_to("..")
    audit = pyc(tmp_path)
    assert names(audit) == [path.name]
    assert [Path(skipped.path).name for skipped in audit.skipped] == ["again"]


def test_a_folder_that_is_named_is_looked_into_though_it_is_a_symlink(tmp_path: Path) -> None:
    compiled(write(tmp_path / "real" / "a.py"))
    (tmp_path / "link").symlink_to("real")
    assert len(pyc(tmp_path / "link").findings) == 1


def test_what_is_named_twice_is_found_once(tmp_path: Path, monkeypatch) -> None:
    path = compiled(write(tmp_path / "package" / "a.py"))
    monkeypatch.chdir(tmp_path)
    ways = [tmp_path, tmp_path / "package", path, "package", "package/a.py", "."]
    assert len(pyc(*ways).findings) == 1
    assert len(pyc(*reversed(ways)).findings) == 1


def test_a_cache_folder_can_be_named_from_anywhere(tmp_path: Path, monkeypatch) -> None:
    path = compiled(write(tmp_path / "a.py"))
    assert pyc(path.parent).counts == {"valid": 1}
    assert pyc(f"{path.parent}/").counts == {"valid": 1}
    monkeypatch.chdir(path.parent)
    assert pyc(".").counts == {"valid": 1}
    assert pyc(path.name).counts == {"valid": 1}


def test_a_source_stands_for_all_of_its_caches(tmp_path: Path) -> None:
    source = write(tmp_path / "a.py")
    paths = [compiled(source, optimize=level) for level in (0, 1, 2)]
    compiled(write(tmp_path / "ab.py"))
    assert names(pyc(source)) == sorted(path.name for path in paths)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch) -> Path:
    """A pycache_prefix that this interpreter uses for as long as the test takes."""
    prefix = tmp_path / "mirror"
    monkeypatch.setattr(sys, "pycache_prefix", str(prefix))
    return prefix


def test_caches_below_the_pycache_prefix_are_found_with_their_sources(tmp_path, mirror) -> None:
    source = write(tmp_path / "src" / "package" / "a.py")
    path = compiled(source, optimize=1)
    assert path.is_relative_to(mirror)
    for named in (tmp_path / "src", mirror, source, path):
        (finding,) = pyc(named).findings
        assert (finding.path, finding.source_path) == (str(path), str(source))
        assert (finding.state, finding.optimize, finding.is_in_cache) == ("valid", 1, True)


def test_an_orphan_below_the_pycache_prefix_is_one(tmp_path: Path, mirror: Path) -> None:
    source = write(tmp_path / "src" / "a.py")
    path = compiled(source)
    source.unlink()
    assert finding_of(pyc(tmp_path / "src"), path).state == "orphan"


def test_an_installed_distribution_is_found_by_its_name_without_importing_it() -> None:
    before = set(sys.modules)
    audit = pyc("jsonschema")
    sources = {finding.source_path for finding in audit.findings if finding.state == "valid"}
    assert any(path.endswith(os.path.join("jsonschema", "validators.py")) for path in sources)
    assert not {name for name in set(sys.modules) - before if name.startswith("jsonschema")}


def test_an_editable_distribution_says_where_its_sources_are() -> None:
    with pytest.raises(TargetUnreadable, match=r"editable.*name the folder"):
        pyc("pyinternals")


def test_everything_on_sys_path_can_be_asked_for(tmp_path: Path, monkeypatch) -> None:
    path = compiled(write(tmp_path / "a.py"))
    archive = tmp_path / "archive.zip"
    archive.write_bytes(b"")
    entries = [str(tmp_path), str(archive), str(tmp_path / "gone"), str(tmp_path)]
    monkeypatch.setattr(sys, "path", entries)
    audit = pyc(sys_path=True)
    assert names(audit) == [path.name]
    assert [skipped.path for skipped in audit.skipped] == [str(archive)]


def test_another_python_can_be_asked_about(tmp_path: Path) -> None:
    own = compiled(write(tmp_path / "own" / "a.py"))
    old = pyc_cases.python_3_8(tmp_path / "old")
    pypy = pyc_cases.pypy(tmp_path / "pypy")
    expected = {
        "3.8": old,
        "cpython-38": old,
        "pypy3.9": pypy,
        "PyPy 3.9": pypy,
        TAG: own,
    }
    for name, valid in expected.items():
        audit = pyc(tmp_path, python=name)
        assert [one.path for one in audit.findings if one.state == "valid"] == [str(valid)]
        assert audit.counts["foreign-version"] == 2


def test_a_prerelease_of_the_same_version_is_another_python(tmp_path: Path) -> None:
    path = compiled(write(tmp_path / "a.py"))
    own = int.from_bytes(pyc_cases.MAGIC[:2], "little")
    pyc_cases.patched(path, 0, (own - 1).to_bytes(2, "little"))
    finding = finding_of(pyc(tmp_path), path)
    assert finding.state == "foreign-version"
    assert f"magic number {own - 1}" in finding.reason


@pytest.fixture
def as_nobody(tmp_path: Path, monkeypatch):
    """A function that gives up root's rights; the current folder is the test's."""
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    if os.geteuid() != 0:
        yield lambda: None
        return
    yield lambda: os.seteuid(65534)
    os.seteuid(0)


def test_what_may_not_be_read_is_unreadable_or_skipped(tmp_path: Path, as_nobody) -> None:
    secret = compiled(write(tmp_path / "a.py"))
    secret.chmod(0)
    compiled(write(tmp_path / "closed" / "b.py"))
    hidden = compiled(write(tmp_path / "open" / "c.py"))
    (tmp_path / "closed").chmod(0)
    as_nobody()
    audit = pyc(".")
    with pytest.raises(TargetUnreadable, match="permission denied"):
        pyc("closed")
    states = {Path(finding.path).name: finding.state for finding in audit.findings}
    assert states == {secret.name: "unreadable", hidden.name: "valid"}
    assert [tuple(skipped) for skipped in audit.skipped] == [("closed", "permission denied")]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("no-such-distribution-or-file", TargetNotFound),
        ("gone/a.pyc", TargetNotFound),
        ("gone.py", TargetNotFound),
        ("nul\0l", TargetUnreadable),
        (__file__.replace(".py", ""), TargetNotFound),
    ],
)
def test_a_path_that_is_not_there_is_said(path: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        pyc(path)


def test_a_file_of_another_kind_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(NotPython, match=r"neither a \.pyc file nor a source"):
        pyc(tmp_path / "notes.txt")


def test_no_path_at_all_is_bad_usage() -> None:
    with pytest.raises(UsageError):
        pyc()
    with pytest.raises(UsageError, match="no Python version"):
        pyc(".", python="three")


def test_a_true_cache_is_not_said_to_differ(tmp_path: Path) -> None:
    sources = pyc_no_false_differs.sources(pyc_no_false_differs.FOLDERS, every=61)
    pyc_no_false_differs.compile_apart(sources, tmp_path)
    count = pyc_no_false_differs.audit_without_short_cut(tmp_path)
    assert count.states["valid"] > 50
    assert count.complaints == []


def test_columns_that_were_not_recorded_are_a_note(tmp_path: Path) -> None:
    source = write(tmp_path / "a.py", "def f(a):\n    return a.b + a.c\n")
    pyc_no_false_differs.compile_apart([str(source)], tmp_path / "mirror", no_columns=True)
    audit = pyc(source, deep=True, pycache_prefix=str(tmp_path / "mirror"))
    assert audit.counts == {"valid": 3}
    assert all("no_debug_ranges" in finding.notes[0] for finding in audit.findings)


def test_a_path_compiled_in_is_a_note(tmp_path: Path) -> None:
    source = write(tmp_path / "a.py")
    path = compiled(source)
    other = compiled(write(tmp_path / "build" / "b.py"))
    path.write_bytes(path.read_bytes()[:16] + other.read_bytes()[16:])
    finding = finding_of(pyc(source, deep=True), path)
    assert finding.state == "valid"
    assert finding.notes == (f"compiled as {tmp_path / 'build' / 'b.py'}",)


def test_a_source_that_does_not_compile_any_more_differs(tmp_path: Path) -> None:
    path = compiled(write(tmp_path / "a.py", "x = 1\n"))
    write(tmp_path / "a.py", "x = (\n")
    finding = finding_of(pyc(tmp_path, deep=True), path)
    assert finding.state == "differs"
    assert "does not compile" in finding.reason


def test_other_lines_differ_though_the_code_is_the_same(tmp_path: Path) -> None:
    path = compiled(write(tmp_path / "a.py", "\n\nx = 1\n"))
    write(tmp_path / "a.py", "\nx = 1\n\n")
    finding = finding_of(pyc(tmp_path, deep=True), path)
    assert finding.state == "differs"
    assert "line tables" in finding.reason


def test_nothing_is_executed(tmp_path: Path) -> None:
    compiled(write(tmp_path / "a.py", f"open({str(tmp_path / 'executed')!r}, 'w')\n"))
    pyc(tmp_path, deep=True)
    assert not (tmp_path / "executed").exists()


def test_progress_counts_every_file(tmp_path: Path) -> None:
    for number in range(3):
        compiled(write(tmp_path / f"m{number}.py"))
    steps = []
    pyc(tmp_path, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(0, 3), (1, 3), (2, 3)]


def test_the_audit_shows_itself_and_turns_into_json(tmp_path: Path) -> None:
    compiled(write(tmp_path / "a.py"))
    audit = pyinternals.pyc(tmp_path)
    assert "1 valid" in str(audit)
    assert audit.to_json()["data"]["files"][0]["state"] == "valid"
    assert "<pre>" in audit._repr_html_()


def test_a_hash_of_a_version_before_3_11_is_checked_as_that_version_does(tmp_path: Path) -> None:
    # what CPython 3.10.13 writes for this source (SipHash-2-4, keyed with its magic number)
    source = bytes(range(33))
    path = tmp_path / "__pycache__" / "a.cpython-310.pyc"
    path.parent.mkdir()
    (tmp_path / "a.py").write_bytes(source)
    from pyinternals.bytecode.source_hash import source_hash

    assert source_hash(3439, source) == HASH_BY_3_10
    head = (3439).to_bytes(2, "little") + b"\r\n" + (3).to_bytes(4, "little")
    path.write_bytes(head + bytes.fromhex(HASH_BY_3_10) + b"N" * 9)
    assert finding_of(pyc(tmp_path, python="3.10"), path).state == "valid"
    (tmp_path / "a.py").write_bytes(source[:-1])
    assert finding_of(pyc(tmp_path, python="3.10"), path).state == "stale"


HASH_BY_3_10 = "3e8996efc7021d53"
