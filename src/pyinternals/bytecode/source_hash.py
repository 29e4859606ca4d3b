"""The hash of a source that a .pyc file bears instead of its time and size (PEP 552), for any version.

Stands on `_imp.source_hash`, which `importlib.util.source_hash` calls with the magic number of its own
interpreter as the key: SipHash-1-3 since 3.11 (bpo-29410), SipHash-2-4 before, which is below.
"""

from __future__ import annotations

import _imp
import struct

__all__ = ["source_hash"]

_FIRST_WITH_SIPHASH_13 = 3450
"""3.11a1. Alphas of 3.11 before the change are not told apart."""
_MASK = 0xFFFFFFFFFFFFFFFF


def source_hash(magic_number: int, source: bytes) -> str:
    """The hash, in hexadecimal, that the Python with `magic_number` gives `source`."""
    key = magic_number | 0x0A0D << 16  # the four bytes of the file: the number, CR, LF
    if magic_number >= _FIRST_WITH_SIPHASH_13:
        return _imp.source_hash(key, source).hex()
    return struct.pack("<Q", _siphash_24(key, source)).hex()


def _siphash_24(key: int, data: bytes) -> int:
    """https://www.aumasson.jp/siphash/siphash.pdf, with the upper half of the key 0."""
    v0 = key ^ 0x736F6D6570736575
    v1 = 0x646F72616E646F6D
    v2 = key ^ 0x6C7967656E657261
    v3 = 0x7465646279746573
    padded = data + bytes(-(len(data) + 1) % 8) + bytes((len(data) & 0xFF,))
    for (word,) in struct.iter_unpack("<Q", padded):
        v0, v1, v2, v3 = _sip_round(*_sip_round(v0, v1, v2, v3 ^ word))
        v0 ^= word
    v2 ^= 0xFF
    for _ in range(4):
        v0, v1, v2, v3 = _sip_round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


def _sip_round(v0: int, v1: int, v2: int, v3: int) -> tuple[int, int, int, int]:
    v0 = (v0 + v1) & _MASK
    v1 = (v1 << 13 & _MASK | v1 >> 51) ^ v0
    v0 = v0 << 32 & _MASK | v0 >> 32
    v2 = (v2 + v3) & _MASK
    v3 = (v3 << 16 & _MASK | v3 >> 48) ^ v2
    v0 = (v0 + v3) & _MASK
    v3 = (v3 << 21 & _MASK | v3 >> 43) ^ v0
    v2 = (v2 + v1) & _MASK
    v1 = (v1 << 17 & _MASK | v1 >> 47) ^ v2
    v2 = v2 << 32 & _MASK | v2 >> 32
    return v0, v1, v2, v3
