"""The search for many magics at once, at memory speed.

Hyperscan looks for all of them in one pass, about a gigabyte a second however many there are. Where its wheel is not to
be had (it is for x86-64 and arm64) a regular expression does the same a dozen times slower.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from functools import cache

HITS = 1 << 16
"""Hits given of one piece of bytes at most, so that a piece made of magics costs no memory."""

SMALL = 256 << 10
"""Bytes up to which loading Hyperscan costs more than it saves."""

Hit = tuple[int, int]
"""Where a magic begins, and its index."""


class Signatures(ABC):
    """Finds magics in bytes. Magics may begin with one another; each place of each is a hit."""

    @abstractmethod
    def find(self, data: bytes) -> list[Hit]:
        """All hits in order of place, or the first HITS that were met."""


class Together(Signatures):
    """By Hyperscan's literal matcher."""

    def __init__(self, magics: Sequence[bytes]) -> None:
        import hyperscan

        self._lengths = [len(magic) for magic in magics]
        self._ended = hyperscan.ScanTerminated
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(
            expressions=[b"".join(b"\\x%02x" % byte for byte in magic) for magic in magics],
            ids=list(range(len(magics))),
            elements=len(magics),
            flags=[hyperscan.HS_FLAG_DOTALL] * len(magics),
        )

    def find(self, data: bytes) -> list[Hit]:
        found: list[Hit] = []
        lengths = self._lengths

        def keep(index: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            found.append((end - lengths[index], index))
            return len(found) >= HITS

        with suppress(self._ended):  # raised when `keep` has enough
            self._database.scan(data, match_event_handler=keep)
        found.sort()
        return found


class OneByOne(Signatures):
    """By a regular expression that looks at each place."""

    def __init__(self, magics: Sequence[bytes]) -> None:
        self._magics = list(magics)
        first = b"".join(sorted({re.escape(magic[:1]) for magic in magics}))
        rests = b"|".join(sorted({re.escape(magic[1:]) for magic in magics}))
        self._pattern = re.compile(b"[" + first + b"](?=" + rests + b")", re.DOTALL)

    def find(self, data: bytes) -> list[Hit]:
        found: list[Hit] = []
        for match in self._pattern.finditer(data):
            place = match.start()
            found += [(place, index) for index, magic in enumerate(self._magics) if data.startswith(magic, place)]
            if len(found) >= HITS:
                break
        return found


@cache
def signatures(magics: tuple[bytes, ...], size: int) -> Signatures:
    """The best way to search `size` bytes. Ask with the same few sizes: the answers are kept."""
    if size > SMALL:
        with suppress(ImportError):
            return Together(magics)
    return OneByOne(magics)
