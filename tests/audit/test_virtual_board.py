"""A virtual board's boot loader stands in memory that the device cannot write; no other board's does."""

import pytest

from firmward.audit.chain import of_image
from firmward.audit.virtual_board import MEMORY
from firmward.facts.boot_pieces import BootPiece, BootPieces, Stage
from firmward.model.chain import BOOT_LOADER, BOOT_ROM, FIRST_STAGE, Link, State
from firmward.model.facts import Facts, Source
from firmward.model.location import Location

LOADER = BootPiece(
    Location(part="image/boot/u-boot.bin"), Stage.LOADER, "boot loader", State.UNVERIFIED, "bears no signature"
)
FIRST = BootPiece(Location(part="image/u-boot.imx"), Stage.FIRST, "first stage", State.UNVERIFIED, "bears no signature")


def links(board: str | None, *pieces: BootPiece) -> dict[str, Link]:
    facts = Facts("image", Source.IMAGE, {BootPieces: BootPieces(pieces)})
    return {link.link: link for link in of_image(facts, (), board).links}


@pytest.mark.parametrize("board", sorted(MEMORY))
def test_a_virtual_board_s_chain_begins_in_its_read_only_memory(board: str) -> None:
    drawn = links(board, LOADER)
    assert drawn[BOOT_ROM].state is State.VERIFIED
    assert drawn[BOOT_LOADER].state is State.VERIFIED
    assert drawn[BOOT_LOADER].evidence[0].at == LOADER.at
    assert FIRST_STAGE not in drawn


@pytest.mark.parametrize("board", [None, "imx6ull", "qemu"])
def test_no_other_board_s_boot_loader_is_taken_for_read_only(board: str | None) -> None:
    drawn = links(board, LOADER)
    assert drawn[BOOT_ROM].state is State.UNKNOWN
    assert drawn[BOOT_LOADER].state is State.UNVERIFIED


def test_without_a_boot_loader_there_is_nothing_that_stands_in_that_memory() -> None:
    assert links("qemu-arm64")[BOOT_ROM].state is State.UNKNOWN


def test_a_first_stage_in_the_image_is_still_asked_for_its_signature() -> None:
    drawn = links("qemu-arm64", FIRST, LOADER)
    assert drawn[FIRST_STAGE].state is State.UNVERIFIED
    assert drawn[BOOT_LOADER].state is State.UNVERIFIED
