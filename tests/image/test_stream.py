"""Where a compressed stream ends: one that holds hardly anything was met by chance."""

import gzip
import random

from firmward.image.budget import Budget
from firmward.image.source import Bytes
from firmward.image.stream import length
from firmward.image.wrapper.gzip import CODEC

NOISE = random.Random(7).randbytes(100_000)


def test_a_damaged_stream_is_believed_when_enough_came_out() -> None:
    packed = gzip.compress(NOISE)
    assert length(Bytes(packed), CODEC, Budget()) == len(packed)
    assert length(Bytes(packed[:60_000]), CODEC, Budget()) == 60_000
    assert length(Bytes(packed[:6_000]), CODEC, Budget()) == 0
