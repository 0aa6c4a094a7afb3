"""Seeded mutations of a sample: bits flipped, bytes set to extremes, cut off, pieces spliced elsewhere."""

import random
from collections.abc import Iterator

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF)


def mutations(sample: bytes, count: int, head: int = 4096) -> Iterator[bytes]:
    """So many variants, the same each time. Half of the changes go into the first `head` bytes."""
    chance = random.Random(len(sample) * 1_000_003 + count)
    yield sample
    for _ in range(count):
        yield _mutated(sample, chance, min(head, len(sample)))


def _mutated(sample: bytes, chance: random.Random, head: int) -> bytes:
    data = bytearray(sample)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        limit = head if chance.random() < 0.5 else len(data)
        at = chance.randrange(max(min(limit, len(data)), 1)) if data else 0
        kind = chance.randrange(6)
        if kind == 0 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and data:
            data[at] = chance.choice(EXTREMES)
        elif kind == 2:
            data[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\0\0\0\x80", b"\x80\0\0\0"))
        elif kind == 3:
            del data[chance.randrange(len(data) + 1) :]
        elif kind == 4:
            start = chance.randrange(len(data) + 1)
            data[at:at] = data[start : start + chance.choice((1, 4, 16, 64))]
        else:
            data[at : at + chance.choice((1, 8, 32))] = b""
    return bytes(data)
