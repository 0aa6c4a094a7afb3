"""The index of a delta: what it may say, and how much of it is taken."""

import struct
import zlib
from collections.abc import Sequence

import pytest
from delta_made import plain
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats import block_delta
from firmward.formats.block_delta import BASE_LIMIT, CHUNK, HEAD_SIZE, INDEX_LIMIT, RUN_LIMIT, Index, Run
from firmward.formats.malformed import Malformed

COPY, NEW = Run(100, 0, 1), Run(100, None, 2)
RUNS = st.builds(
    Run,
    st.integers(1, RUN_LIMIT),
    st.none() | st.integers(0, BASE_LIMIT - RUN_LIMIT),
    st.integers(0, (1 << 32) - 1),
)


def read(made: bytes, size: int, blob_size: int | None = None) -> Index:
    head = block_delta.head(made)
    stored = made[HEAD_SIZE : HEAD_SIZE + head.stored]
    return block_delta.index(head, stored, size, len(made) if blob_size is None else blob_size)


def chunks_of(runs: Sequence[Run]) -> list[int]:
    along = sum(run.length for run in runs if run.offset is None)
    return [min(CHUNK, along - at) for at in range(0, along, CHUNK)]


@given(st.lists(RUNS, max_size=40))
def test_what_is_written_is_read_again(runs: list[Run]) -> None:
    taken = chunks_of(runs)
    made = block_delta.written(runs, taken)
    found = read(made, sum(run.length for run in runs), len(made) + sum(taken))
    assert (list(found.runs()), list(found.taken())) == (runs, taken)
    assert (found.begin, found.along) == (len(made), sum(taken))


@pytest.mark.parametrize(
    ("runs", "chunks", "size", "said"),
    [
        ([COPY, NEW], [100], 201, "makes 200 bytes, and not 201"),
        ([COPY, NEW], [100], 100, "makes 200 bytes, and not 100"),
        ([], [], 1, "makes 0 bytes, and not 1"),
        ([COPY, Run(0, 0, 0)], [], 100, "a run has 0 bytes"),
        ([Run(0, None, 0), COPY], [], 100, "a run has 0 bytes"),
        ([Run(RUN_LIMIT + 1, 0, 0)], [], RUN_LIMIT + 1, "a run has 1048577 bytes"),
        ([Run(100, BASE_LIMIT - 99, 0)], [], 100, "in the base"),
        ([Run(100, (1 << 64) - 2, 0)], [], 100, "in the base"),
        ([NEW], [], 100, "100 bytes come along in no chunk"),
        ([NEW], [0], 100, "a chunk takes 0 bytes"),
        ([NEW], [101], 100, "a chunk takes 101 bytes"),
        ([COPY], [1], 100, "a chunk takes 1 bytes"),
        ([NEW], [99, 1], 100, "a chunk takes 1 bytes"),
        ([Run(CHUNK + 1, None, 0)], [CHUNK + 1], CHUNK + 1, "a chunk takes 262145 bytes"),
        ([Run(CHUNK + 1, None, 0)], [CHUNK], CHUNK + 1, "1 bytes come along in no chunk"),
    ],
    ids=str,
)
def test_an_index_that_cannot_make_the_target_is_refused(
    runs: list[Run], chunks: list[int], size: int, said: str
) -> None:
    with pytest.raises(Malformed, match=said):
        read(plain(runs, map(bytes, chunks)), size)


@pytest.mark.parametrize("more", [-1, 1], ids=str)
def test_a_delta_has_the_bytes_that_its_index_names_and_no_others(more: int) -> None:
    made = plain([COPY, NEW], [bytes(50)])
    assert read(made, 200).along == 100
    with pytest.raises(Malformed, match="and its index says"):
        read(made, 200, len(made) + more)


HEAD = struct.Struct("<8sIII")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        plain([COPY], [])[: HEAD_SIZE - 1],
        plain([COPY], []).replace(b"FWBLOCK1", b"FWBLOCK2"),
        HEAD.pack(b"FWBLOCK1", INDEX_LIMIT // 16 + 1, 0, 100),
        HEAD.pack(b"FWBLOCK1", 0, INDEX_LIMIT // 4 + 1, 100),
        HEAD.pack(b"FWBLOCK1", (1 << 32) - 1, (1 << 32) - 1, 100),
        HEAD.pack(b"FWBLOCK1", 1, 0, INDEX_LIMIT + 1),
    ],
    ids=str,
)
def test_a_head_of_another_version_or_of_too_large_an_index_is_refused(head: bytes) -> None:
    with pytest.raises(Malformed):
        block_delta.head(head)


@pytest.mark.parametrize(
    "index",
    [
        b"",
        b"no stream",
        zlib.compress(bytes(17)),
        zlib.compress(bytes(15)),
        zlib.compress(bytes(16))[:-1],
        zlib.compress(bytes(16)) + b"x",
        zlib.compress(bytes(100 << 20)),
    ],
    ids=len,
)
def test_an_index_is_expanded_to_the_bytes_that_its_head_names_or_not_at_all(index: bytes) -> None:
    with pytest.raises(Malformed):
        block_delta.expanded(index, 16)


def test_an_index_that_no_device_would_hold_is_not_written() -> None:
    with pytest.raises(Malformed, match="are taken"):
        block_delta.written([COPY] * (INDEX_LIMIT // 16 + 1), [])
