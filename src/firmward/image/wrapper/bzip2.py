"""bzip2: a stream begins with the block size in 100 kB and the magic of a block, or of the end."""

import bz2
from collections.abc import Iterator

from firmward.image import stream
from firmward.image.budget import Budget
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Source

BLOCK = bytes.fromhex("314159265359")
LAST = bytes.fromhex("177245385090")


def _begins(head: bytes) -> bool:
    return head[:3] == b"BZh" and head[3:4] in b"123456789" and head[4:10] in (BLOCK, LAST)


CODEC = stream.Codec(bz2.BZ2Decompressor, (OSError, ValueError, EOFError), _begins)


def measure(source: Source) -> int | None:
    return source.size if _begins(source.read(0, 10)) else None


def open_bzip2(source: Source, budget: Budget) -> Iterator[Child]:
    yield from stream.child("content", stream.expand(source, CODEC, budget), source)


def end(source: Source, budget: Budget) -> int:
    return stream.length(source, CODEC, budget)


ABOUT = About(
    title="bzip2",
    reads="Concatenated streams.",
    limits="A damaged stream gives what came before.",
    witness="bzip2",
)

FORMAT = Format("bzip2", (Magic(b"BZh"),), measure, open_bzip2, ABOUT, end=end)
