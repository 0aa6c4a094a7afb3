"""What boot ROMs start, of every kind that is told: unsigned, signed, and changed afterwards."""

from datetime import date
from pathlib import Path

import pytest
import samples

from firmward.audit.engine import judge
from firmward.checks.boot.bootloader_unsigned import bootloader_unsigned
from firmward.facts import first_stages
from firmward.facts.first_stages import FirstStages
from firmward.formats import imx_ivt
from firmward.image import catalogue
from firmward.image.source import Bytes
from firmward.model.clock import Clock
from firmward.model.facts import Facts, Source
from firmward.model.finding import Outcome
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part

KINDS = {form.name: module for _, module, form in catalogue.modules() if form.name in first_stages.READERS}
SIGNED = {
    "egon": ["no"],
    "toc0": ["yes"],
    "imx-ahab": ["no", "yes"],
    "imx-ivt": ["no", "no", "yes"],
    "kwbimage": ["no", "no"],
    "raspberry-pi-eeprom": ["yes", "no"],
    "rockchip-id": ["no", "no", "no", "no"],
    "rockchip-rkns": ["no", "no", "yes"],
    "stm32": ["no", "yes", "no", "yes"],
    "ti-k3": ["yes", "no", "yes"],
    "ti-mlo": ["no", "no"],
    "uki": ["no", "no", "no"],
    "zynq-boot": ["no", "no", "no"],
}
"""Of each sample in its order; the makers' own tools made most of them."""


def stages(kind: str, *images: bytes) -> FirstStages | None:
    parts = {f"image/{n}": OpenPart(Part(f"image/{n}", kind), Bytes(image)) for n, image in enumerate(images)}
    return first_stages.collect(Parts("image", parts))


def outcome(found: FirstStages | None) -> Outcome:
    facts = Facts("image", Source.IMAGE, {FirstStages: found})
    return judge(bootloader_unsigned, facts, None, Clock(date(2026, 11, 20))).outcome


def made(kind: str, folder: Path) -> list[bytes]:
    try:
        return list(samples.samples(KINDS[kind], folder))
    except samples.NoProgramError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kind", SIGNED)
def test_of_every_kind_it_is_told_whether_it_is_signed(kind: str, tmp_path: Path) -> None:
    images = made(kind, tmp_path)
    found = stages(kind, *images)
    assert found is not None
    assert found.unread == ()
    assert [one.signed.value for one in found.found] == SIGNED[kind]
    for image, signed in zip(images, SIGNED[kind], strict=True):
        assert outcome(stages(kind, image)) is (Outcome.PASS if signed == "yes" else Outcome.FAIL)


@pytest.mark.parametrize("left", [None, 0x00, 0xFF], ids=["ends there", "zeros", "erased"])
def test_an_imx_boot_loader_as_its_build_leaves_it_is_not_signed(left: int | None, tmp_path: Path) -> None:
    data = made("imx-ivt", tmp_path)[SIGNED["imx-ivt"].index("yes")]
    table = imx_ivt.parse(lambda at, length: data[at : at + length])
    place = table.offset(table.csf)
    rest = b"" if left is None else bytes([left]) * (len(data) - place)
    found = stages("imx-ivt", data[:place] + rest)
    assert outcome(found) is Outcome.FAIL
    assert found is not None
    assert "the place for a CSF is empty" in found.found[0].evidence


def test_no_kind_that_a_boot_rom_reads_is_left_out() -> None:
    assert {*SIGNED, "efi-program"} == {*first_stages.READERS}


@pytest.mark.parametrize("kind", ["imx-ivt", "imx-ahab", "stm32", "toc0"])
def test_code_that_was_changed_after_signing_is_told(kind: str, tmp_path: Path) -> None:
    image = made(kind, tmp_path)[SIGNED[kind].index("yes")]
    broken = 0
    for at in range(len(image) // 8, len(image), len(image) // 8):
        data = bytearray(image)
        data[at] ^= 1
        found = stages(kind, bytes(data))
        broken += found is not None and any(one.broken for one in found.found)
    assert broken


def test_what_cannot_be_read_is_no_pass() -> None:
    found = stages("stm32", b"STM2" + bytes(20))
    assert found is not None
    assert found.unread
    assert outcome(found) is Outcome.UNKNOWN
