"""Coverage-guided fuzzing of the .pyc reader, with atheris (``pip install atheris``).

    python tests/bytecode/fuzz_pyc_atheris.py [CORPUS_FOLDER] [-max_total_time=1800]
    python tests/bytecode/fuzz_pyc_atheris.py SAVED_INPUT

Arguments are libFuzzer's. Starts from the samples in ``tests/data/pyc``; one input in four is made by the
mutations of ``pyc_mutations.py``, which know where the fields of a code object are. Anything but a fact or a
`PycError` ends the run with the input saved, as does one that takes 2 s or 500 MB.
"""

from __future__ import annotations

import random
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pyinternals"]):
    import fuzz_pyc
    import pyc_corpus
    import pyc_mutations

    from pyinternals.bytecode.pyc_file import parse_pyc
    from pyinternals.errors import PycError

    SEEDS = tuple(
        pyc_mutations.make_seed(version, path.read_bytes())
        for version in pyc_corpus.VERSIONS
        for path in pyc_corpus.samples()
        if path.name.endswith(f".cpython-{version[0]}{version[1]}.pyc")
    )
    for sample in SEEDS:  # what is imported at its first use is instrumented, too
        fuzz_pyc.walk(parse_pyc(sample.data))


def read(data: bytes) -> None:
    """One input."""
    with suppress(PycError):
        fuzz_pyc.walk(parse_pyc(data))


def mutated(data: bytes, max_size: int, seed: int) -> bytes:
    """The next input: libFuzzer's own mutation of `data`, or one of ours of a sample."""
    rng = random.Random(seed)
    if rng.random() < 0.75:
        return bytes(atheris.Mutate(data, max_size))
    return pyc_mutations.mutate(SEEDS, rng)[1][:max_size]


def main() -> None:
    options = ["-timeout=2", "-rss_limit_mb=500", "-max_len=16384", "-len_control=0"]
    given = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    corpus = Path(folders[0] if folders else tempfile.mkdtemp(prefix="fuzz_pyc-"))
    print(f"inputs are read from {corpus}")
    for number, seed in enumerate(SEEDS if corpus.is_dir() else ()):
        (corpus / f"sample-{number}-shared").write_bytes(seed.data)
        (corpus / f"sample-{number}-plain").write_bytes(seed.header + seed.plain)
    atheris.Setup([sys.argv[0], *options, *given, str(corpus)], read, custom_mutator=mutated)
    atheris.Fuzz()  # never returns


if __name__ == "__main__":
    main()
