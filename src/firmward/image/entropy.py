"""How random bytes look: near 8 bits per byte for what is encrypted or compressed, far below for code and text."""

import math
from collections import Counter

from firmward.image.source import Source

SAMPLE = 64 << 10
"""Bytes looked at."""
PIECES = 16
"""Pieces that the sample is taken in, spread evenly, so that a plain head does not hide a random body."""


def bits_per_byte(source: Source) -> float:
    """Shannon's entropy of a sample of the bytes, 0 to 8; 0 where there are none."""
    if source.size <= SAMPLE:
        sample = source.read(0, source.size)
    else:
        length = SAMPLE // PIECES
        last = source.size - length
        sample = b"".join(source.read(last * number // (PIECES - 1), length) for number in range(PIECES))
    counts = Counter(sample).values()
    return max(0.0, sum(count / len(sample) * math.log2(len(sample) / count) for count in counts))
