"""A serial line without end is kept within bounds."""

import io

from hypothesis import given
from hypothesis import strategies as st

from firmward.lab.serial_log import LINE_LIMIT, Lines, SerialLog


def test_the_beginning_and_the_end_are_kept() -> None:
    log = SerialLog(limit=100)
    for number in range(1000):
        log.add(b"%03d " % number)
    content = log.content()
    assert content.startswith(b"000 001 ")
    assert content.endswith(b"998 999 ")
    assert b"bytes left out" in content
    assert len(content) < 100 + 60


@given(st.lists(st.binary(max_size=40), max_size=40))
def test_kept_and_left_out_are_all_that_came(pieces: list[bytes]) -> None:
    log = SerialLog(limit=64)
    for piece in pieces:
        log.add(piece)
    note = len(f"\n... {log.left_out} bytes left out ...\n") if log.left_out else 0
    assert len(log.content()) - note + log.left_out == sum(map(len, pieces))


def test_a_file_has_the_beginning_at_once_and_all_in_the_end() -> None:
    file = io.BytesIO()
    log = SerialLog(file, limit=8)
    log.add(b"abcdefgh")
    assert file.getvalue() == b"abcd"
    log.close()
    assert file.getvalue() == b"abcdefgh"


@given(st.binary(max_size=200), st.integers(1, 7))
def test_lines_are_the_same_however_the_bytes_arrive(data: bytes, step: int) -> None:
    whole, pieces = Lines(), Lines()
    expected = whole.add(data + b"\n")
    found = [line for at in range(0, len(data), step) for line in pieces.add(data[at : at + step])]
    assert found + pieces.add(b"\n") == expected


def test_a_line_without_end_is_cut() -> None:
    lines = Lines()
    found = [line for _ in range(10) for line in lines.add(b"x" * LINE_LIMIT)]
    assert len(found) >= 9
    assert {len(line) for line in found} == {LINE_LIMIT}
