"""Where a pattern occurs in bytes read piece by piece: kernels are tens of megabytes, and may lie in a dump."""

import re
from collections.abc import Callable, Iterator

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

PIECE = 1 << 20


def occurrences(pattern: re.Pattern[bytes], longest: int, read: Read, end: int, start: int = 0) -> Iterator[int]:
    """The offsets in [`start`, `end`) at which the pattern matches, each once, in order.

    `longest` are the bytes that a match looks at: at the end of a piece so many more are read.
    """
    for begin in range(start, end, PIECE):
        length = min(PIECE, end - begin)
        piece = read(begin, min(length + longest, end - begin))
        for match in pattern.finditer(piece):
            if match.start() >= length:
                break
            yield begin + match.start()
        if len(piece) < length:
            return
