"""Makes a delta of blocks (formats/block_delta.py): where the target has what the base has, however it has moved.

Neither is cut at fixed places, since files in a compressed file system begin at any byte. A place is looked up where
two bytes follow one another that do so once in 256 bytes of noise: the 32 bytes there are the key. From a key that both
have, the match grows both ways for as long as they are the same. Finding such places and comparing are each one call
for many bytes, so that Python does this for 100 MB in half a second.
"""

import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.formats.block_delta import CHUNK, RUN_LIMIT, Run, written

KEY = 32
LEAST = 128
"""Bytes that are copied at once, at least: an entry of the index takes ten."""
SIZE_LIMIT = 1 << 30
"""Bytes of base and of target, which are both held in memory."""
MATCHES_LIMIT = 30_000
"""With what comes along between them, and cut to a run's limit, they fit into an index of a target of that size."""
STEP, STEPS_LIMIT = 64, 256 << 10
"""Bytes that are compared at once: few to begin with, then more."""
INCOMPRESSIBLE = 0.98
"""What zlib leaves of a chunk that LZMA would be tried on for nothing, at a tenth of its speed."""
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": CHUNK}]

Tell = Callable[[float], None]
"""How far it has come, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Match:
    """`at` in the target is the same as `offset` in the base, for `length` bytes."""

    at: int
    offset: int
    length: int


def delta(base: bytes, target: bytes, limit: int, tell: Tell = lambda done: None) -> bytes | None:
    """None where it would have more than `limit` bytes."""
    placed = list(_runs(target, _kept(list(matches(base, target)))))
    along = b"".join(target[at : at + run.length] for at, run in placed if run.offset is None)
    chunks: list[bytes] = []
    size = 0
    for at in range(0, len(along), CHUNK):
        tell(at / len(along))
        chunks.append(_packed(along[at : at + CHUNK]))
        size += len(chunks[-1])
        if size > limit:
            return None
    made = b"".join((written((run for _, run in placed), map(len, chunks)), *chunks))
    return made if len(made) <= limit else None


def matches(base: bytes, target: bytes) -> Iterator[Match]:
    """In the target's order, none overlapping another there."""
    known = _places(base)
    done = at = shift = 0
    while (found := _ANCHOR.search(target, at)) is not None:
        place = found.start()
        at = place + 1
        offset = _offset(base, known, target[place : place + KEY], place + shift)
        if offset is None:
            continue
        match = _grown(base, target, place, offset, done)
        if match.length >= LEAST:
            yield match
            done = at = match.at + match.length
            shift = match.offset - match.at


def _class(remainder: int) -> bytes:
    """A sixteenth of the bytes of noise, and about as much of text, but not what empty space is filled with."""
    return b"[" + b"".join(re.escape(bytes([byte])) for byte in range(remainder, 256, 16)) + b"]"


_ANCHOR = re.compile(_class(5) + _class(9), re.DOTALL)


def _places(base: bytes) -> dict[bytes, int]:
    """The first of each key."""
    found: dict[bytes, int] = {}
    for one in _ANCHOR.finditer(base):
        found.setdefault(base[one.start() : one.start() + KEY], one.start())
    return found


def _offset(base: bytes, known: dict[bytes, int], key: bytes, expected: int) -> int | None:
    """Of a key in the base: where it is expected behind the last match, if it is there."""
    if len(key) < KEY:
        return None
    if expected >= 0 and base[expected : expected + KEY] == key:
        return expected
    return known.get(key)


def _grown(base: bytes, target: bytes, at: int, offset: int, done: int) -> Match:
    """Both ways from one place of both, and not into what is made already."""
    before = _alike(
        at - done, offset, lambda first, last: target[at - last : at - first] == base[offset - last : offset - first]
    )
    behind = _alike(
        len(target) - at,
        len(base) - offset,
        lambda first, last: target[at + first : at + last] == base[offset + first : offset + last],
    )
    return Match(at - before, offset - before, before + behind)


def _alike(one: int, other: int, is_same: Callable[[int, int], bool]) -> int:
    """How many bytes are the same, of at most this many on either side; `is_same` says it of those from a first to
    before a last."""
    end, same, step = min(one, other), 0, STEP
    while same < end:
        last = min(same + step, end)
        if is_same(same, last):
            same, step = last, min(step * 4, STEPS_LIMIT)
        elif last == same + 1:
            break
        else:  # the first that differs is before this
            end, step = last, max((last - same) // 2, 1)
    return same


def _kept(found: list[Match]) -> list[Match]:
    """As many as an index holds, the longest of them."""
    if len(found) <= MATCHES_LIMIT:
        return found
    longest = sorted(found, key=lambda match: -match.length)[:MATCHES_LIMIT]
    return sorted(longest, key=lambda match: match.at)


def _runs(target: bytes, found: list[Match]) -> Iterator[tuple[int, Run]]:
    """Each with its place in the target."""
    done = 0
    for match in (*found, Match(len(target), 0, 0)):
        for at in range(done, match.at, RUN_LIMIT):
            yield at, _run(target, at, min(match.at - at, RUN_LIMIT), None)
        for at in range(0, match.length, RUN_LIMIT):
            length = min(match.length - at, RUN_LIMIT)
            yield match.at + at, _run(target, match.at + at, length, match.offset + at)
        done = match.at + match.length


def _run(target: bytes, at: int, length: int, offset: int | None) -> Run:
    return Run(length, offset, zlib.crc32(target[at : at + length]))


def _packed(chunk: bytes) -> bytes:
    """As it is where nothing is won."""
    if len(zlib.compress(chunk, 1)) > INCOMPRESSIBLE * len(chunk):
        return chunk
    made = lzma.compress(chunk, lzma.FORMAT_RAW, filters=_FILTERS)
    return made if len(made) < len(chunk) else chunk
