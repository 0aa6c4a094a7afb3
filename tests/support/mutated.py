"""Seeded damage to bytes: flipped, cut, spliced. The same seed gives the same damage."""

import random
from collections.abc import Callable, Iterator, Sequence

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


NUMBERS = (0, 1, 4, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, (1 << 64) - 1)
HEAD = 1024


def damaged(corpus: Sequence[bytes], mend: Callable[[bytearray], object] | None, seed: int) -> bytes:
    """The input of a seed: a sample, the small ones more often, changed, and half of them with checksums that hold."""
    chance = random.Random(seed)
    data = changed(chance.choices(corpus, [1 / (1024 + len(one)) for one in corpus])[0], corpus, chance)
    if mend is None or chance.random() < 0.5:
        return data
    copy = bytearray(data)
    mend(copy)
    return bytes(copy)


def changed(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """One damaged copy: bits, lengths and offsets, runs that move, and pieces of other samples."""
    if chance.random() < 0.05:
        return data[: chance.randrange(len(data) + 1)]
    copy = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16, 64))):
        if not copy:
            break
        place = chance.randrange(min(len(copy), HEAD) if chance.random() < 0.5 else len(copy))
        chance.choice(_CHANGES)(copy, place, others, chance)
    return bytes(copy)


def _flip(data: bytearray, place: int, _: Sequence[bytes], chance: random.Random) -> None:
    data[place] ^= 1 << chance.randrange(8)


def _byte(data: bytearray, place: int, _: Sequence[bytes], chance: random.Random) -> None:
    data[place] = chance.choice((*EXTREMES, chance.randrange(256)))


def _number(data: bytearray, place: int, _: Sequence[bytes], chance: random.Random) -> None:
    """A field that says 0, -1, something huge, where it stands itself, how much there is, or one more than it did."""
    size = chance.choice((1, 2, 4, 4, 4, 8))
    order = chance.choice(("little", "big"))
    place -= place % size if chance.random() < 0.7 else 0
    said = int.from_bytes(data[place : place + size], order)
    value = chance.choice((*NUMBERS, place, len(data), len(data) - place, said + 1, said - 1, said * 2, -said))
    data[place : place + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, order)[: len(data) - place]


def _move(data: bytearray, place: int, _: Sequence[bytes], chance: random.Random) -> None:
    """Two runs change their places."""
    size = chance.choice((4, 16, 64, 512))
    other = chance.randrange(len(data))
    low, high = sorted((place, other))
    if low + size <= high and high + size <= len(data):
        data[low : low + size], data[high : high + size] = data[high : high + size], data[low : low + size]


def _repeat(data: bytearray, place: int, _: Sequence[bytes], chance: random.Random) -> None:
    size = chance.choice((1, 4, 16, 256))
    data[place:place] = data[place : place + size] * chance.choice((1, 1, 2, 40))


def _drop(data: bytearray, place: int, _: Sequence[bytes], chance: random.Random) -> None:
    del data[place : place + chance.choice((1, 4, 16, 512))]


def _splice(data: bytearray, place: int, others: Sequence[bytes], chance: random.Random) -> None:
    other = chance.choice(others)
    start = chance.randrange(len(other) + 1)
    piece = other[start : start + chance.choice((4, 32, 512, 4096))]
    data[place : place + chance.choice((0, len(piece)))] = piece


_CHANGES = (_flip, _byte, _byte, _number, _number, _number, _move, _repeat, _drop, _splice)
