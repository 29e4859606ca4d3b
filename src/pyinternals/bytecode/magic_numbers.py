"""Which Python a .pyc file's magic number stands for.

Stands on the lists in CPython's Include/internal/pycore_magic_number.h (3.14+), Lib/importlib/
_bootstrap_external.py (3.3-3.13) and Python/import.c (before), and on PyPy's pypy/interpreter/pycode.py.
A magic number is a 16-bit number that CPython raises with every change of the bytecode; two bytes
CR LF follow it in the file.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["MAGIC_SERIES", "MagicSeries", "Maker", "maker_of"]


class MagicSeries(NamedTuple):
    """The magic numbers of one CPython version, from its first alpha to its release."""

    version: tuple[int, int]
    first: int
    """The first alpha's."""
    readable_from: int | None
    """From here on code objects are laid out as in the release; None where we don't read them."""
    final: int
    """The release's; what is between is a pre-release's."""
    last: int
    """Beyond `final` where a released version or a variant of it raised the number once more."""


MAGIC_SERIES: Final = (
    # 62212 is 2.7 started with -U
    MagicSeries((2, 7), 62171, None, 62211, 62212),
    MagicSeries((3, 0), 3000, None, 3131, 3131),
    MagicSeries((3, 1), 3141, None, 3151, 3151),
    MagicSeries((3, 2), 3160, None, 3180, 3180),
    MagicSeries((3, 3), 3190, None, 3230, 3230),
    MagicSeries((3, 4), 3250, None, 3310, 3310),
    # 3351 came with 3.5.2 (bpo-27286)
    MagicSeries((3, 5), 3320, None, 3350, 3351),
    MagicSeries((3, 6), 3360, None, 3379, 3379),
    MagicSeries((3, 7), 3390, None, 3394, 3394),
    # 3410: co_posonlyargcount (PEP 570)
    MagicSeries((3, 8), 3400, 3410, 3413, 3413),
    MagicSeries((3, 9), 3420, 3420, 3425, 3425),
    # 3438: the line table as it was released (PEP 626)
    MagicSeries((3, 10), 3430, 3438, 3439, 3439),
    # 3494: the location table as it was released (PEP 657)
    MagicSeries((3, 11), 3450, 3494, 3495, 3495),
    MagicSeries((3, 12), 3500, 3500, 3531, 3531),
    MagicSeries((3, 13), 3550, 3550, 3571, 3571),
    MagicSeries((3, 14), 3600, 3600, 3627, 3627),
    MagicSeries((3, 15), 3650, 3650, 3666, 3666),
)

_BY_NUMBER: Final = {
    number: series for series in MAGIC_SERIES for number in range(series.first, series.last + 1)
}

# "bump it by 16": pypy_incremental_magic, always below CPython's first 3000; 2.7 and 3.2 add 7 to
# CPython's number instead
_PYPY: Final = {
    62218: (2, 7),
    3187: (3, 2),
    48: (3, 2),
    64: (3, 3),
    112: (3, 5),
    160: (3, 6),
    192: (3, 6),
    224: (3, 7),
    240: (3, 7),
    256: (3, 8),
    320: (3, 9),
    336: (3, 9),
    384: (3, 10),
    416: (3, 11),
}

_FIRST_COMPUTED: Final = 3700
_LAST_COMPUTED: Final = 4999
_NUMBERS_PER_VERSION: Final = 50


class Maker(NamedTuple):
    """Who wrote a .pyc file, by its magic number."""

    implementation: str | None
    """``"cpython"``, ``"pypy"`` or None: a number that we don't know."""
    version: tuple[int, int] | None
    """The Python version, where the number tells."""
    is_prerelease: bool | None
    """Whether an alpha, a beta or a release candidate wrote it; None where that isn't known."""
    is_readable: bool
    """Whether we know how its code objects are laid out."""


def maker_of(magic_number: int) -> Maker:
    """Who writes `magic_number`. From 3.11 on CPython 3.n has the fifty numbers from 2900+50n on."""
    series = _BY_NUMBER.get(magic_number)
    if series is not None:
        is_readable = series.readable_from is not None and magic_number >= series.readable_from
        return Maker("cpython", series.version, magic_number < series.final, is_readable)
    if magic_number in _PYPY:
        return Maker("pypy", _PYPY[magic_number], None, False)
    if 0 < magic_number < 3000 and magic_number % 16 == 0:
        return Maker("pypy", None, None, False)
    for known in MAGIC_SERIES[-5:]:
        if known.last < magic_number < known.first + _NUMBERS_PER_VERSION:
            return Maker("cpython", known.version, None, False)
    if _FIRST_COMPUTED <= magic_number <= _LAST_COMPUTED:
        minor = (magic_number - 2900) // _NUMBERS_PER_VERSION
        return Maker("cpython", (3, minor), None, False)
    return Maker(None, None, None, False)
