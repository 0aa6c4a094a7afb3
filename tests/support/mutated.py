"""Seeded damage to bytes: flipped, cut, spliced. The same seed gives the same damage."""

import random
from collections.abc import Iterator

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF)


def mutated(data: bytes, count: int, seed: int = 1, span: int | None = None) -> Iterator[bytes]:
    """`count` damaged copies; flips fall on the first `span` bytes, where headers are."""
    chance = random.Random(seed)
    span = min(span or len(data), len(data))
    for number in range(count):
        match number % 4:
            case 0:
                yield data[: chance.randrange(len(data))]
            case 1:
                start, length, to = (chance.randrange(span) for _ in range(3))
                yield data[:to] + data[start : start + length] + data[to:]
            case _:
                copy = bytearray(data)
                for _ in range(chance.choice((1, 2, 8))):
                    copy[chance.randrange(span)] = chance.choice((*EXTREMES, chance.randrange(256)))
                yield bytes(copy)
