"""Checksums over a range of bytes, piece by piece, in time."""

import hashlib
import zlib
from collections.abc import Iterable

from firmward.image.budget import Budget
from firmward.image.source import Source


def crc32(windows: Iterable[Source], budget: Budget) -> int:
    """The CRC-32 of zlib over windows, one behind the other."""
    checksum = 0
    for window in windows:
        for piece in window.chunks():
            budget.check_time()
            checksum = zlib.crc32(piece, checksum)
    return checksum


def md5(windows: Iterable[Source], budget: Budget) -> bytes:
    """The MD5 of windows, one behind the other: an old format's checksum, not trusted for more."""
    digest = hashlib.md5(usedforsecurity=False)
    for window in windows:
        for piece in window.chunks():
            budget.check_time()
            digest.update(piece)
    return digest.digest()
