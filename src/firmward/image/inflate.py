"""The engine for gzip, zlib and bare deflate: ISA-L where its wheel is installed, which is twice as fast, else zlib.

Both give the same bytes; of a stream that is cut off they may give some bytes more or less.
"""

import zlib
from importlib.util import find_spec
from typing import Any, Protocol

ENGINE: Any = zlib
if find_spec("isal"):  # there is none for some architectures
    from isal import isal_zlib

    ENGINE = isal_zlib


class Inflater(Protocol):
    """What the decompressor of zlib can do."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


ERRORS: tuple[type[Exception], ...] = (zlib.error, ENGINE.error)

GZIP, ZLIB, BARE = 31, 15, -15
"""What stands around the stream, as zlib's window bits say it."""


def inflater(wrapping: int) -> Inflater:
    """A fresh decompressor, which raises one of ERRORS."""
    engine: Inflater = ENGINE.decompressobj(wrapping)
    return engine
