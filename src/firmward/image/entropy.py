"""How near bytes are to chance: what is encrypted, or compressed as far as it goes, cannot be told from random bytes.

A sample stands for the whole, so that a part costs milliseconds whatever its size: short windows, evenly spread, the
first and the last bytes among them.
"""

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterator

from firmward.image.source import Source

WINDOW = 1 << 10
"""Bytes looked at in one place."""

WINDOWS = 32
"""Places: with windows of 1 KiB, counting takes less than 10 ms."""

STEP = 64 << 10
"""Bytes from one look to the next where an end is searched."""

SMALLEST = 8 << 10
"""Bytes below which nothing is called random: keys, signatures and seeds are, and are no secret kept from the audit."""

RANDOM = 7.7
"""Bits per byte of a window: 1 KiB of chance has 7.81, give or take 0.02; machine code about 6, text below 5."""

RANDOM_HALF = 7.4
"""The same for half a window, whose chance has 7.59."""

DENSE = 0.95
"""How much of a sample of chance is left by compression, at least."""


def bits_per_byte(source: Source) -> float:
    """Shannon entropy of a sample of at most 32 KiB: 0.0 (one value only, or nothing) to 8.0 (chance)."""
    return _entropy(b"".join(_windows(source)))


def is_random(source: Source) -> bool:
    """Whether a source looks like chance over all of its length, erased or zeroed stretches aside.

    The first window is not asked, as a short header in plain text may stand before what is encrypted. At least half of
    the windows must hold something.
    """
    if source.size < SMALLEST:
        return False
    seen = []
    for window in list(_windows(source))[1:]:
        if not window.strip(b"\0") or not window.strip(b"\xff"):
            continue
        if not _looks_random(window):
            return False
        seen.append(window.strip(b"\0\xff"))
    sample = b"".join(seen)
    is_full = 2 * len(seen) >= min(WINDOWS, source.size // WINDOW) - 1
    return is_full and len(zlib.compress(sample, 1)) > DENSE * len(sample)  # a table may use all bytes alike


def random_end(source: Source, start: int, check: Callable[[], None]) -> int:
    """Where bytes that look like chance from `start` on cease to, to some 64 KiB; what is blank counts with them.

    `check` is called now and then, so that time may run out.
    """
    last = start
    for count, offset in enumerate(range(start, source.size, STEP)):
        if count % 256 == 0:
            check()
        window = source.read(offset, WINDOW)
        if not window.strip(b"\0\xff"):
            continue
        if not _looks_random(window):
            return last
        last = min(offset + STEP, source.size)
    return last


def _looks_random(window: bytes) -> bool:
    """Padding at the edge of a window is left out; what remains says nothing when it is short."""
    filled = window.strip(b"\0\xff")
    if len(filled) < WINDOW // 2:
        return True
    return _entropy(filled) >= (RANDOM if len(filled) > WINDOW - 16 else RANDOM_HALF)


def _windows(source: Source) -> Iterator[bytes]:
    """Evenly spread pieces, in order and without overlap; the whole when it is small."""
    if source.size <= WINDOW * WINDOWS:
        for offset in range(0, source.size, WINDOW):
            yield source.read(offset, WINDOW)
        return
    step = (source.size - WINDOW) / (WINDOWS - 1)
    for number in range(WINDOWS):
        yield source.read(int(number * step), WINDOW)


def _entropy(data: bytes) -> float:
    total = len(data)
    counts = Counter(data).values()
    return sum(count / total * math.log2(total / count) for count in counts) if total else 0.0
