"""A binary's content as several searches look at it: its runs of data are found and marked once, when one asks.

Of a program (ELF) its data count, not its code; of anything else every byte.
"""

from functools import cached_property
from typing import NamedTuple

from firmward.formats import elf_data
from firmward.model.words import Within

ContentKey = tuple[int, int]
REMEMBERED = 64 << 10
"""Size from which on equal contents (BusyBox under its hundred names) are searched once."""
SHORTEST = 32
"""Bytes of a program's run that can hold anything."""


class Run(NamedTuple):
    """`data` from `start` on in the piece, and the words that occur in it, `marks`."""

    start: int
    data: bytes
    marks: frozenset[bytes]


class BinaryContent:
    """A piece of a file, `data`, whose equals have the same `key`, None for small ones."""

    def __init__(self, data: bytes, within: Within, within_program: Within) -> None:
        self.data = data
        self.key: ContentKey | None = (len(data), hash(data)) if len(data) >= REMEMBERED else None
        self.is_program = data.startswith(elf_data.MAGIC)
        self._within = within_program if self.is_program else within

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        if not self.is_program:
            return (Run(0, self.data, self._within(self.data)),)
        places = elf_data.ranges(len(self.data), self.read)
        pieces = ((start, self.data[start:end]) for start, end in places if end - start >= SHORTEST)
        return tuple(Run(start, piece, self._within(piece)) for start, piece in pieces)
