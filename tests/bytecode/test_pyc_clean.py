"""Cleaning removes dead caches, and nothing else, however hard the tree tries."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pyc_cases
import pytest
from pyc_cases import compiled, write

from pyinternals.bytecode.pyc_audit import pyc
from pyinternals.bytecode.pyc_clean import Outcome, PycCleaning, clean_pycs


def clean(folder: Path, *, act: bool = True, foreign: bool = False) -> PycCleaning:
    return clean_pycs(pyc(folder), act=act, foreign=foreign)


def outcomes(cleaning: PycCleaning) -> dict[str, Outcome]:
    return {Path(one.finding.path).name: one.outcome for one in cleaning.removals}


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below `folder`, with the content of files; links are not followed."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        if path.is_file() and not path.is_symlink()
        else None
        for path in folder.rglob("*")
    }


def orphan(folder: Path, name: str = "a") -> Path:
    path = compiled(write(folder / f"{name}.py"))
    (folder / f"{name}.py").unlink()
    return path


@pytest.fixture
def every_state(tmp_path: Path) -> dict[str, Path]:
    """A folder with one file in each case of the corpus, by the case's name."""
    return {name: case.make(tmp_path / name) for name, case in made(tmp_path)}


def made(folder: Path):
    for name, case in pyc_cases.CASES.items():
        (folder / name).mkdir()
        yield name, case


def test_a_dry_run_touches_nothing(tmp_path: Path, every_state) -> None:
    before = tree(tmp_path)
    cleaning = clean(tmp_path, act=False, foreign=True)
    assert len(cleaning.with_outcome(Outcome.WOULD_BE_REMOVED)) > 15
    assert cleaning.with_outcome(Outcome.REMOVED) == ()
    assert tree(tmp_path) == before


def test_what_is_dead_in_a_cache_folder_goes_and_all_else_stays(tmp_path, every_state) -> None:
    audit = pyc(tmp_path)
    doomed = {
        os.path.relpath(finding.path, tmp_path)
        for finding in audit.findings
        if finding.state in ("stale", "orphan", "corrupt")
        and os.path.basename(os.path.dirname(finding.path)) == "__pycache__"
        and not os.path.islink(finding.path)
    }
    before = tree(tmp_path)
    cleaning = clean_pycs(audit, act=True)
    gone = set(before) - set(tree(tmp_path))
    folders = {os.path.relpath(folder, tmp_path) for folder in cleaning.removed_folders}
    assert len(doomed) > 10
    assert gone == doomed | folders
    assert {os.path.basename(folder) for folder in folders} == {"__pycache__"}


def test_a_file_of_another_python_goes_only_if_that_is_asked_for(tmp_path: Path) -> None:
    path = pyc_cases.python_3_8(tmp_path)
    assert clean(tmp_path).removals == ()
    assert path.exists()
    assert outcomes(clean(tmp_path, foreign=True)) == {path.name: Outcome.REMOVED}
    assert not path.exists()


def test_bytes_freed_are_those_of_the_files(tmp_path: Path) -> None:
    size = orphan(tmp_path).stat().st_size
    assert clean(tmp_path, act=False).freed_bytes == size
    assert clean(tmp_path).freed_bytes == size


def test_a_cache_folder_left_empty_goes_and_one_that_is_not_stays(tmp_path: Path) -> None:
    empty = orphan(tmp_path / "one").parent
    full = orphan(tmp_path / "two").parent
    (full / "notes.txt").write_text("mine")
    cleaning = clean(tmp_path)
    assert cleaning.removed_folders == (str(empty),)
    assert not empty.exists()
    assert os.listdir(full) == ["notes.txt"]


def test_a_module_outside_a_cache_folder_is_kept(tmp_path: Path) -> None:
    path = pyc_cases.stale_beside_its_source(tmp_path)
    broken = tmp_path / "broken.pyc"
    broken.write_bytes(b"")
    cleaning = clean(tmp_path)
    assert set(outcomes(cleaning).values()) == {Outcome.KEPT}
    assert path.exists()
    assert broken.exists()


def test_a_file_that_changed_since_the_audit_is_kept(tmp_path: Path) -> None:
    path = orphan(tmp_path)
    audit = pyc(tmp_path)
    path.write_bytes(path.read_bytes() + b"more")
    (removal,) = clean_pycs(audit, act=True).removals
    assert (removal.outcome, removal.reason) == (
        Outcome.KEPT,
        "it has changed since it was looked at",
    )
    assert path.exists()


def test_another_file_of_that_name_is_kept(tmp_path: Path) -> None:
    path = orphan(tmp_path)
    audit = pyc(tmp_path)
    status = path.stat()
    data = path.read_bytes()
    path.rename(tmp_path / "moved")  # keeps the inode, so that the new file gets another one
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert outcomes(clean_pycs(audit, act=True)) == {path.name: Outcome.KEPT}
    assert path.exists()


def test_a_file_that_is_gone_is_no_error(tmp_path: Path) -> None:
    path = orphan(tmp_path)
    audit = pyc(tmp_path)
    path.unlink()
    assert outcomes(clean_pycs(audit, act=True)) == {path.name: Outcome.KEPT}


def test_a_symlinked_file_and_what_it_leads_to_are_kept(tmp_path: Path) -> None:
    path = orphan(tmp_path)
    path.rename(tmp_path / "precious.pyc")
    path.symlink_to("../precious.pyc")
    assert outcomes(clean(tmp_path))[path.name] is Outcome.KEPT
    assert path.is_symlink()
    assert (tmp_path / "precious.pyc").exists()


def test_a_cache_folder_that_is_a_symlink_is_left_alone(tmp_path: Path) -> None:
    path = orphan(tmp_path / "elsewhere")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "__pycache__").symlink_to("../elsewhere/__pycache__")
    (removal,) = clean(tmp_path / "tree").removals
    assert (removal.outcome, removal.reason) == (Outcome.KEPT, "its folder is a symlink")
    assert path.exists()


def test_a_cache_folder_swapped_for_a_symlink_after_the_audit_is_left_alone(tmp_path) -> None:
    path = orphan(tmp_path / "tree")
    audit = pyc(tmp_path / "tree")
    path.parent.rename(tmp_path / "elsewhere")
    path.parent.symlink_to("../elsewhere")
    assert outcomes(clean_pycs(audit, act=True)) == {path.name: Outcome.KEPT}
    assert (tmp_path / "elsewhere" / path.name).exists()


def test_dead_files_below_the_pycache_prefix_go(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "mirror"))
    path = orphan(tmp_path / "src")
    kept = compiled(write(tmp_path / "src" / "b.py"))
    assert outcomes(clean(tmp_path / "src")) == {path.name: Outcome.REMOVED}
    assert not path.exists()
    assert kept.exists()


def test_what_the_system_forbids_is_said(tmp_path: Path, monkeypatch) -> None:
    path = orphan(tmp_path)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    audit = pyc(".")
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    else:
        path.parent.chmod(0o555)
    try:
        (removal,) = clean_pycs(audit, act=True).removals
    finally:
        if is_root:
            os.seteuid(0)
        path.parent.chmod(0o755)
    assert (removal.outcome, removal.reason) == (Outcome.FAILED, "permission denied")
    assert path.exists()
