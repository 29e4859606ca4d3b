"""Gives damaged .pyc files of every version to the reader, and looks for anything but a fact or a `PycError`.

    python tests/bytecode/fuzz_pyc.py [--mutants 10000] [--seed 1] [--jobs 2] [--versions 3.8 3.15]
    python tests/bytecode/fuzz_pyc.py --only 3.12:4711          one mutant, in this process

The valid files come from the interpreters that are found (see ``pyc_corpus.py``), or from the samples
in ``tests/data/pyc``. A mutant is made by its number and the seed alone. Batches run in child processes,
so that a crash or a hang is seen and counted, too. Prints, for each version: mutants, accepted, refused,
the slowest one (processor time), the highest resident size of a child, other exceptions, dead children.
Exit code 1 if there is one of the latter, or if a mutant passes 1 s or a child 200 MiB.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pyc_corpus
from pyc_mutations import Seed, make_seed, mutate

from pyinternals.bytecode.pyc_code import pyc_code_object
from pyinternals.bytecode.pyc_file import PycFile, parse_pyc
from pyinternals.errors import PycError
from pyinternals.safe_text import safe_repr

BATCH = 500
BATCH_SECONDS = 300
SLOWEST_SECONDS = 1.0
LARGEST_MIB = 200


def walk(pyc: PycFile) -> None:
    """Everything that is done with a file to show it."""
    assert pyc.header.python
    assert pyc.header.mode
    if pyc.code is None:
        assert pyc.note
        return
    for code in pyc.code.walk():
        units = len(code.co_code) // 2
        assert sum(1 for _ in code.co_lines()) <= len(code.co_linetable) + len(code.co_lnotab) + 1
        assert sum(1 for _ in code.co_positions()) <= units
        safe_repr(code)
        safe_repr(code.co_consts)
        for names in (code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars):
            assert safe_repr(names).isprintable()
    decoded = pyc_code_object(pyc, positions=True)
    assert decoded is not None
    for code_object in decoded.walk():
        assert all(instruction.argrepr.isprintable() for instruction in code_object)


@dataclass
class Tally:
    """What came of a number of mutants."""

    accepted: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    slowest: str = ""
    peak_mib: float = 0.0
    crashes: list[str] = field(default_factory=list)
    """Exceptions of other families, with their tracebacks."""
    dead: list[str] = field(default_factory=list)
    """Batches whose child died or hung."""
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.accepted += other.accepted
        self.refused += other.refused
        if other.slowest_s > self.slowest_s:
            self.slowest_s, self.slowest = other.slowest_s, other.slowest
        self.peak_mib = max(self.peak_mib, other.peak_mib)
        self.crashes += other.crashes
        self.dead += other.dead
        self.kinds.update(other.kinds)

    @property
    def is_fine(self) -> bool:
        fits = self.slowest_s <= SLOWEST_SECONDS and self.peak_mib <= LARGEST_MIB
        return fits and not self.crashes and not self.dead


def mutant(seeds: Sequence[Seed], seed: int, number: int) -> tuple[str, bytes]:
    """Mutant `number`: the same in every run."""
    version = ".".join(map(str, seeds[0].version))
    return mutate(seeds, random.Random(f"{seed}-{version}-{number}"))


def run_batch(seeds: Sequence[Seed], seed: int, numbers: Sequence[int]) -> Tally:
    """Read and walk the mutants of these `numbers`, in this process."""
    tally = Tally()
    version = ".".join(map(str, seeds[0].version))
    for number in numbers:
        name, data = mutant(seeds, seed, number)
        tally.kinds[name] += 1
        started = time.process_time()
        try:
            walk(parse_pyc(data))
            tally.accepted += 1
        except PycError:
            tally.refused += 1
        except Exception:  # noqa: BLE001 - whatever else comes out is what we are looking for
            tally.crashes.append(f"{version}:{number} ({name})\n{traceback.format_exc()}")
        taken = time.process_time() - started
        if taken > tally.slowest_s:
            tally.slowest_s, tally.slowest = taken, f"{version}:{number} ({name})"
    tally.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return tally


@cache
def seeds_of(version: tuple[int, int]) -> tuple[Seed, ...]:
    """Valid files of `version`: freshly compiled where its interpreter is here, else the samples."""
    interpreter = pyc_corpus.find_interpreter(version)
    if interpreter is None:
        tag = f".cpython-{version[0]}{version[1]}.pyc"
        files = [path.read_bytes() for path in pyc_corpus.samples() if path.name.endswith(tag)]
    else:
        modules = pyc_corpus.compile_corpus(interpreter, version)
        modes = ("timestamp", "checked-hash", "unchecked-hash")
        files = [module.pyc(modes[number % 3]) for number, module in enumerate(modules)]
    return tuple(make_seed(version, data) for data in files)


def load_seeds(folder: Path, version: tuple[int, int]) -> tuple[Seed, ...]:
    """The seeds that `save_seeds` left in `folder`, so that every child starts from the same."""
    return tuple(make_seed(version, path.read_bytes()) for path in sorted(folder.glob("*.pyc")))


def save_seeds(folder: Path, seeds: Sequence[Seed]) -> None:
    folder.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds):
        (folder / f"{number}.pyc").write_bytes(seed.data)


def run_child(folder: Path, version: str, seed: int, first: int, count: int) -> Tally:
    """A batch in a child process; its death is part of the result."""
    command = [sys.executable, "-X", "faulthandler", __file__, "--batch", str(folder), version]
    command += ["--seed", str(seed), "--first", str(first), "--mutants", str(count)]
    where = f"{version}:{first}-{first + count - 1}"
    try:
        finished = subprocess.run(
            command, capture_output=True, encoding="utf-8", timeout=BATCH_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Tally(dead=[f"{where}: still running after {BATCH_SECONDS} s"])
    if finished.returncode:
        return Tally(dead=[f"{where}: exit code {finished.returncode}\n{finished.stderr[-2000:]}"])
    answer = json.loads(finished.stdout)
    return Tally(**{**answer, "kinds": Counter(answer["kinds"])})


def fuzz(versions: Sequence[tuple[int, int]], mutants: int, seed: int, jobs: int) -> bool:
    """Fuzz them all and print a line for each; whether all went well."""
    print("version  mutants accepted  refused  slowest  peak RSS  other exceptions  dead children")
    all_fine = True
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        for version in versions:
            name = ".".join(map(str, version))
            home = Path(folder, name)
            save_seeds(home, seeds_of(version))
            starts = range(0, mutants, BATCH)
            total = Tally()
            for tally in pool.map(
                lambda first: run_child(home, name, seed, first, min(BATCH, mutants - first)),
                starts,
            ):
                total.add(tally)
            print(
                f"{name:7} {mutants:8,} {total.accepted:8,} {total.refused:8,} "
                f"{total.slowest_s * 1000:5.0f} ms {total.peak_mib:5.0f} MiB "
                f"{len(total.crashes):17} {len(total.dead):14}   slowest: {total.slowest}",
                flush=True,
            )
            print(*total.crashes[:5], *total.dead[:5], sep="\n", end="", flush=True)
            all_fine &= total.is_fine
    return all_fine


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=10_000, help="for each version")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="child processes at a time")
    parser.add_argument("--versions", nargs="+", type=_version, default=pyc_corpus.VERSIONS)
    parser.add_argument("--only", help="VERSION:NUMBER of one mutant")
    parser.add_argument("--batch", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.batch:
        folder, version = Path(arguments.batch[0]), _version(arguments.batch[1])
        numbers = range(arguments.first, arguments.first + arguments.mutants)
        print(json.dumps(vars(run_batch(load_seeds(folder, version), arguments.seed, numbers))))
        return 0
    if arguments.only:
        version, number = arguments.only.split(":")
        tally = run_batch(seeds_of(_version(version)), arguments.seed, [int(number)])
        print(tally)
        return int(not tally.is_fine)
    return int(not fuzz(arguments.versions, arguments.mutants, arguments.seed, arguments.jobs))


if __name__ == "__main__":
    sys.exit(main())
