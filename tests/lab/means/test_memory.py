"""A file is found in the device's memory by its first page, and overwritten where it lies."""

import os

from hypothesis import given
from hypothesis import strategies as st

from firmward.lab.means.memory import PAGE, PIECE, shared

SIZE = 4 * PIECE


def test_a_page_that_begins_so_is_found_with_all_that_it_holds() -> None:
    with shared(SIZE) as memory:
        memory.overwrite(3 * PAGE, b"#!/bin/sh\necho own\n")
        (page,) = memory.pages(b"#!/bin/sh")
    assert page.at == 3 * PAGE
    assert page.data == b"#!/bin/sh\necho own\n".ljust(PAGE, b"\0")


@given(st.sets(st.integers(0, 40), max_size=8), st.integers(1, PAGE - 1))
def test_all_pages_are_found_and_nothing_between_them(numbers: set[int], within: int) -> None:
    with shared(SIZE) as memory:
        for number in numbers:
            memory.overwrite(number * PAGE, b"beginning")
            if within + 9 <= PAGE and number + 1 not in numbers:
                memory.overwrite(number * PAGE + max(within, 9), b"beginning"[: PAGE - max(within, 9)])
        assert {page.at for page in memory.pages(b"beginning")} == {number * PAGE for number in numbers}


def test_what_the_device_has_not_touched_takes_no_room_when_it_is_searched() -> None:
    with shared(1 << 30) as memory:
        memory.overwrite(1 << 29, b"here")
        assert [page.at for page in memory.pages(b"here")] == [1 << 29]
        assert os.fstat(memory.descriptor).st_blocks * 512 < PIECE


def test_what_is_overwritten_stays_as_long_as_it_was() -> None:
    with shared(SIZE) as memory:
        memory.overwrite(PAGE, b"one two three")
        memory.overwrite(PAGE, b"own")
        (page,) = memory.pages(b"own")
    assert page.data.startswith(b"own two three")


def test_qemu_is_handed_all_of_it_by_its_descriptor() -> None:
    with shared(256 << 20) as memory:
        words = " ".join(memory.arguments)
        assert os.fstat(memory.descriptor).st_size == 256 << 20
    assert f"size={256 << 20},mem-path=/proc/self/fd/{memory.descriptor},share=on" in words
