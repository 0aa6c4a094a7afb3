"""Whichever engine is installed, a stream says the same."""

import random
import zlib

import pytest

from firmward.image import inflate
from firmward.image.inflate import BARE, ERRORS, GZIP, ZLIB


def read(engine: inflate.Inflater, data: bytes, limit: int) -> tuple[bytes, bool, bytes]:
    content = b""
    while not engine.eof:
        piece = engine.decompress(data, limit)
        assert len(piece) <= limit
        content += piece
        data = engine.unconsumed_tail
        if not piece and not data:
            break
    return content, engine.eof, engine.unused_data


def packed(content: bytes, wrapping: int) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, wrapping)
    return engine.compress(content) + engine.flush()


@pytest.mark.parametrize("wrapping", [GZIP, ZLIB, BARE])
@pytest.mark.parametrize("limit", [1, 100, 1 << 20])
def test_a_whole_stream_ends_where_it_ends(wrapping: int, limit: int) -> None:
    chance = random.Random(wrapping * limit)
    for size in (0, 1, 999, 40_000 if limit > 1 else 2_000):
        content = bytes(chance.choice(b"abcd\0\0") for _ in range(size))
        behind = chance.randbytes(chance.choice((0, 1, 300)))
        assert read(inflate.inflater(wrapping), packed(content, wrapping) + behind, limit) == (content, True, behind)


@pytest.mark.parametrize("wrapping", [GZIP, ZLIB, BARE])
def test_damage_is_an_error_or_other_bytes_and_never_more_than_asked_for(wrapping: int) -> None:
    chance = random.Random(wrapping)
    content = bytes(chance.choice(b"abcd\0\0") for _ in range(20_000))
    whole = packed(content, wrapping)
    told = 0
    for _ in range(300):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        try:
            found, ended, _ = read(inflate.inflater(wrapping), bytes(data), 4096)
        except ERRORS:
            told += 1
        else:
            assert wrapping == BARE or not ended or found == content
    assert told > 50


@pytest.mark.parametrize("wrapping", [GZIP, ZLIB, BARE])
def test_a_stream_that_is_cut_off_has_not_ended(wrapping: int) -> None:
    content = bytes(range(256)) * 300
    whole = packed(content, wrapping)
    found, ended, _ = read(inflate.inflater(wrapping), whole[:-9], 4096)
    assert not ended
    assert content.startswith(found)
