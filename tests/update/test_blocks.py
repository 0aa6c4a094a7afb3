"""A payload that is made of what the running slot holds: from any place on, within bounds, or refused."""

import builtins
import lzma
import random
import sys
import tracemalloc
import zlib
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from delta_made import Held, Line, applied, delta_of, material, plain
from hypothesis import example, given, settings
from hypothesis import strategies as st
from update_server import serving

from firmward.formats.block_delta import CHUNK, HEAD_SIZE, RUN_LIMIT, Run
from firmward.model.errors import DeviceError, TrustError
from firmward.trust.folder import Folder
from firmward.trust.web import Web
from firmward.update.sources import blocks
from firmward.update.sources.blocks import PIECE

CHANCE = random.Random(1)
BASE = CHANCE.randbytes(3 << 20)
TEXT = b"".join(b"%d is no %d.\n" % (number, number * 7) for number in range(40_000))
TARGET = BASE[1_000_000:2_500_000] + CHANCE.randbytes(CHUNK + 9) + TEXT + BASE[: RUN_LIMIT + 5] + b"end"
DELTA = delta_of(BASE, TARGET)
PLACES = st.integers(0, len(TARGET))


def crc(data: bytes) -> int:
    return zlib.crc32(data)


def test_a_payload_is_made_in_pieces_by_one_request() -> None:
    line = Line(DELTA)
    found = list(blocks.opened(material(BASE, DELTA, len(TARGET), line)).pieces(0))
    assert b"".join(found) == TARGET
    assert max(map(len, found)) <= PIECE
    assert line.asked == [0]
    assert len(DELTA) < len(TARGET) * 0.2


@given(PLACES)
@settings(max_examples=40)
def test_it_is_gone_on_with_anywhere(offset: int) -> None:
    line = Line(DELTA)
    found = b"".join(blocks.opened(material(BASE, DELTA, len(TARGET), line)).pieces(offset))
    assert found == TARGET[offset:]
    assert len(line.asked) <= 2


def test_the_same_source_gives_it_twice_and_from_behind_first() -> None:
    opened = blocks.opened(material(BASE, DELTA, len(TARGET)))
    for offset in (len(TARGET) - 10, 0, len(TARGET) // 2, 0):
        assert b"".join(opened.pieces(offset)) == TARGET[offset:]
    assert list(opened.pieces(len(TARGET))) == []


@given(PLACES, st.integers(100, 5000))
@settings(max_examples=30)
def test_pieces_of_a_line_may_be_of_any_size(offset: int, size: int) -> None:
    line = Line(DELTA, piece=size)
    opened = blocks.opened(material(BASE, DELTA, len(TARGET), line))
    assert b"".join(opened.pieces(offset)) == TARGET[offset:]


@given(PLACES)
@example(len(TARGET) - 1)
@settings(max_examples=40)
def test_a_server_that_knows_no_ranges_sends_what_is_passed_over(offset: int) -> None:
    line = Line(DELTA, knows_ranges=False)
    opened = blocks.opened(material(BASE, DELTA, len(TARGET), line))
    assert b"".join(opened.pieces(offset)) == TARGET[offset:]


@pytest.mark.parametrize("breaks", [20 << 10, 100 << 10], ids=str)
def test_a_line_that_breaks_again_and_again_is_gone_on_with_while_it_brings_something(breaks: int) -> None:
    line = Line(DELTA, breaks=breaks, piece=1000)
    assert b"".join(blocks.opened(material(BASE, DELTA, len(TARGET), line)).pieces(0)) == TARGET
    assert len(line.asked) == -(-len(DELTA) // -(-breaks // 1000 * 1000))


def test_a_line_that_brings_next_to_nothing_is_for_another_time() -> None:
    line = Line(DELTA, breaks=blocks.ENOUGH - 1, piece=blocks.ENOUGH - 1)
    with pytest.raises(DeviceError, match="the line broke"):
        list(blocks.opened(material(BASE, DELTA, len(TARGET), line)).pieces(0))
    assert line.asked == [0]


def test_what_was_made_when_the_line_broke_is_kept() -> None:
    line = Line(DELTA, breaks=HEAD_SIZE + 200, piece=50)
    found = blocks.opened(material(BASE, DELTA, len(TARGET), line)).pieces(0)
    came, told = b"", ""
    try:
        for piece in found:
            came += piece
    except DeviceError as error:
        told = str(error)
    assert told == "the line broke"
    assert came == TARGET[:1_500_000]


def test_it_comes_from_a_folder_and_over_http(tmp_path: Path) -> None:
    given = material(BASE, DELTA, len(TARGET))
    (tmp_path / given.source.blob.sha256).write_bytes(DELTA)
    with serving(tmp_path) as server, closing(Web(server.url)) as web:
        for place in (Folder(tmp_path), web):
            opened = blocks.opened(replace(given, blobs=place))
            assert b"".join(opened.pieces(0)) == TARGET
            assert b"".join(opened.pieces(len(TARGET) - 700_000)) == TARGET[-700_000:]


@pytest.mark.parametrize("end", [0, HEAD_SIZE - 1, HEAD_SIZE, HEAD_SIZE + 5, len(DELTA) - 1], ids=str)
def test_a_blob_that_ends_early_is_refused(end: int) -> None:
    with pytest.raises(TrustError):
        list(blocks.opened(material(BASE, DELTA, len(TARGET), Line(DELTA[:end]))).pieces(0))
    if end:
        with pytest.raises(TrustError):
            list(blocks.opened(material(BASE, DELTA[:end], len(TARGET))).pieces(0))


def test_another_base_is_found_at_its_first_run() -> None:
    other = bytearray(BASE)
    other[1_000_007] ^= 1
    found = blocks.opened(material(bytes(other), DELTA, len(TARGET))).pieces(0)
    came = [next(found) for _ in range(RUN_LIMIT // PIECE - 1)]
    assert b"".join(came)[8:] == TARGET[8 : sum(map(len, came))]
    with pytest.raises(TrustError, match="what the running slot holds is not what"):
        next(found)


def test_a_base_that_is_too_short_is_refused_at_its_end() -> None:
    found = blocks.opened(material(BASE[:1_200_000], DELTA, len(TARGET))).pieces(0)
    assert b"".join(next(found) for _ in range(200_000 // PIECE)) == TARGET[: 200_000 // PIECE * PIECE]
    with pytest.raises(TrustError, match="which the delta copies"):
        next(found)


def test_a_base_that_cannot_be_read_is_for_another_time() -> None:
    def broken(offset: int, length: int) -> bytes:
        raise OSError(5, "Input/output error")

    given = material(BASE, DELTA, len(TARGET))
    with pytest.raises(DeviceError, match="Input/output error"):
        list(blocks.opened(replace(given, base=broken)).pieces(0))


@given(st.integers(0, len(DELTA) - 1), st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_makes_no_difference(place: int, bit: int) -> None:
    made = bytearray(DELTA)
    made[place] ^= 1 << bit
    with suppress(TrustError):  # a few bits of compressed data say nothing
        assert applied(BASE, bytes(made), len(TARGET)) == TARGET


PACKED = lzma.compress(bytes(CHUNK), lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": CHUNK}])
BOMB = lzma.compress(bytes(64 << 20), lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": CHUNK}])
ZEROS = Run(CHUNK, None, crc(bytes(CHUNK)))


@pytest.mark.parametrize(
    ("chunk", "said"),
    [
        (BOMB, "a chunk has other than 262144 bytes"),
        (PACKED[:-1], "a chunk has other than 262144 bytes"),
        (PACKED + b"x", "a chunk has other than 262144 bytes"),
        (b"\x01\0\0", "a chunk has other than 262144 bytes"),
        (b"\xff" * 40, "cannot be expanded"),
    ],
    ids=str,
)
def test_a_chunk_is_expanded_to_what_it_stands_for_or_not_at_all(chunk: bytes, said: str) -> None:
    assert applied(b"", plain([ZEROS], [PACKED]), CHUNK) == bytes(CHUNK)
    tracemalloc.start()
    try:
        with pytest.raises(TrustError, match=said):
            applied(b"", plain([ZEROS], [chunk]), CHUNK)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 << 20


def test_runs_may_overlap_in_the_base_and_cut_chunks_anywhere() -> None:
    base, along = b"abcdefgh", bytes(range(256)) * 1025
    parts = [base[2:8], along[:1], base[1:7], along[1 : CHUNK + 1], base[:8], along[CHUNK + 1 :]]
    offsets = [2, None, 1, None, 0, None]
    runs = [Run(len(part), offset, crc(part)) for part, offset in zip(parts, offsets, strict=True)]
    target = b"".join(parts)
    made = plain(runs, [along[:CHUNK], along[CHUNK:]])
    for offset in (0, 5, 6, 7, 13, CHUNK, CHUNK + 13, CHUNK + 22, len(target) - 1):
        assert applied(base, made, len(target), offset) == target[offset:]


def test_memory_stays_within_a_few_mib_however_large_the_payload_is() -> None:
    run = Run(RUN_LIMIT, 0, crc(BASE[:RUN_LIMIT]))
    made = plain([ZEROS, *[run] * 300], [PACKED])
    size = CHUNK + 300 * RUN_LIMIT
    given = material(BASE, made, size)
    tracemalloc.start()
    try:
        came = sum(map(len, blocks.opened(given).pieces(0)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert came == size
    assert peak < 3 << 20
    assert isinstance(given.base, Held)
    assert given.base.longest <= PIECE


def test_a_python_without_lzma_takes_another_source(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "lzma":
            raise ImportError(name)
        return imported(name, *more)

    monkeypatch.delitem(sys.modules, "lzma")
    monkeypatch.setattr(builtins, "__import__", without)
    stored = CHANCE.randbytes(500)
    assert applied(b"", plain([Run(500, None, crc(stored))], [stored]), 500) == stored
    with pytest.raises(TrustError, match="which this Python does not have"):
        applied(b"", plain([ZEROS], [PACKED]), CHUNK)
