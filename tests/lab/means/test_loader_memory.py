"""A boot loader whose every return leads to the attacker's program."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from firmward.lab.means import loader_memory
from firmward.lab.means.loader_memory import BRANCH, RETURN

PROGRAM = b"program!" * 4


def landing(number: int, word: int) -> int:
    """Where a branch in this word goes to, as a word."""
    return number + (word & 0x3FFFFFF)


@given(st.lists(st.one_of(st.just(RETURN), st.integers(0, 0xFFFFFFFF)), min_size=1, max_size=200))
def test_every_return_leads_to_the_program_and_nothing_else_is_changed(words: list[int]) -> None:
    made = loader_memory.hooked(struct.pack(f"<{len(words)}I", *words), PROGRAM)
    body, program = made[: -len(PROGRAM)], made[-len(PROGRAM) :]
    found = struct.unpack(f"<{len(body) // 4}I", body)
    assert program == PROGRAM
    assert len(body) % 8 == 0
    for number, word in enumerate(words):
        if word == RETURN:
            assert found[number] >> 26 == BRANCH >> 26
            assert landing(number, found[number]) == len(found)
        else:
            assert found[number] == word


def test_it_lies_where_u_boot_moves_itself() -> None:
    """What `bdinfo` of Debian's 2023.01 says of 256 MiB."""
    head = bytes(loader_memory.SIZE_IN_MEMORY) + struct.pack("<Q", 0xF8F80)
    assert loader_memory.place(head, loader_memory.END["qemu-arm64"]) == 0x4FEF7000
