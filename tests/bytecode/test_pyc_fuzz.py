"""A short run of ``python tests/bytecode/fuzz_pyc.py``, and what it is made of."""

from __future__ import annotations

import marshal
import sys
from pathlib import Path

import fuzz_pyc
import pyc_corpus
import pyc_mutations
import pyc_truth
import pytest

VERSIONS = [
    pytest.param(version, id=".".join(map(str, version))) for version in pyc_corpus.VERSIONS
]
HOST = sys.version_info[:2]


def seeds_of(version: tuple[int, int]) -> tuple[pyc_mutations.Seed, ...]:
    """The running interpreter's own files; of the others the samples, so that no other is needed."""
    if version == HOST:
        return fuzz_pyc.seeds_of(version)
    tag = f".cpython-{version[0]}{version[1]}.pyc"
    files = [path for path in pyc_corpus.samples() if path.name.endswith(tag)]
    return tuple(pyc_mutations.make_seed(version, path.read_bytes()) for path in files)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_damaged_file_is_read_or_refused(version: tuple[int, int]) -> None:
    tally = fuzz_pyc.run_batch(seeds_of(version), seed=7, numbers=range(150))
    assert tally.crashes == []
    assert tally.accepted + tally.refused == 150
    assert min(tally.accepted, tally.refused) > 20
    assert tally.slowest_s < 2


def test_every_mutation_is_tried() -> None:
    tally = fuzz_pyc.run_batch(seeds_of((3, 13)), seed=1, numbers=range(300))
    assert set(tally.kinds) == set(pyc_mutations.MUTATIONS)


def test_a_mutant_is_the_same_in_every_run() -> None:
    seeds = seeds_of((3, 12))
    assert fuzz_pyc.mutant(seeds, 1, 17) == fuzz_pyc.mutant(seeds, 1, 17)
    assert fuzz_pyc.mutant(seeds, 1, 17) != fuzz_pyc.mutant(seeds, 1, 18)


def test_what_the_fuzzer_marshals_is_what_it_has_read() -> None:
    for seed in fuzz_pyc.seeds_of(HOST):
        expected = pyc_truth.describe_code(marshal.loads(seed.data[16:]), HOST)
        actual = pyc_truth.describe_code(marshal.loads(seed.plain), HOST)
        assert list(pyc_truth.differences(expected, actual)) == []


def test_a_dead_child_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crashing = tmp_path / "crashing.py"
    crashing.write_text("import os; os.abort()")
    monkeypatch.setattr(fuzz_pyc, "__file__", str(crashing))
    tally = fuzz_pyc.run_child(tmp_path, "3.12", 1, 0, 10)
    assert tally.dead
    assert "exit code -6" in tally.dead[0]
    assert not tally.is_fine
