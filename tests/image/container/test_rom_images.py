"""Images that boot ROMs read, opened: the code inside is a part, and what does not hold is told."""

from collections.abc import Callable
from pathlib import Path

import pytest
import samples
from rom import CODE, allwinner_image, changed, marvell, mkimage, nxp, pi, rockchip_image, st, ti, xilinx

from firmward.image import catalogue
from firmward.image.budget import Budget
from firmward.image.opening import Image, Opening
from firmward.image.source import Bytes
from firmward.model.report import Role

UBOOT = b"\x0f\0\0\xea" + bytes(60) + b"U-Boot SPL 2023.01 (Feb 01 2023 - 00:00:00)\0" + CODE[:4000]


def opened(data: bytes) -> Image:
    return Opening(Budget(), lambda _: None).file("test", Bytes(data))


def parts(data: bytes) -> list[tuple[str, str, Role]]:
    return [(part.id, part.kind, part.role) for part in opened(data).parts]


def or_skip(make: Callable[[], bytes]) -> bytes:
    try:
        return make()
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def egon(folder: Path) -> bytes:
    return mkimage(folder, "-T", "sunxi_egon", "-A", "arm", "-n", "sun50i-a64", code=UBOOT)


LOADER = Role.BOOT_LOADER
INSIDE: dict[str, tuple[Callable[[Path], bytes], list[str]]] = {
    "imx-ivt": (nxp.signed_image, ["payload"]),
    "imx-ahab": (nxp.signed_container, ["executable", "executable~2"]),
    "stm32": (st.signed_version_1, ["payload"]),
    "ti-k3": (lambda _: ti.combined(), ["sbl", "sysfw"]),
    "ti-mlo": (lambda folder: ti.mlo(folder, swapped=True), ["payload"]),
    "egon": (egon, ["payload"]),
    "toc0": (allwinner_image.toc0, ["firmware"]),
    "rockchip-id": (lambda folder: rockchip_image.id_block(folder, "rk3066", "rkspi", CODE), ["init", "boot"]),
    "rockchip-rkns": (lambda folder: rockchip_image.id_block(folder, "rk3568", boot=CODE), ["init", "boot"]),
    "rockchip-loader": (lambda _: rockchip_image.loader(), ["payload"]),
    "rockchip-trust": (lambda _: rockchip_image.trust(), ["bl31-0", "bl32-1"]),
    "kwbimage": (marvell.version_1, ["memory-training", "payload"]),
    "zynq-boot": (xilinx.partitions, ["first-stage", "partition-1"]),
}


@pytest.mark.parametrize("kind", INSIDE)
def test_the_code_is_a_part_for_a_boot_loader(kind: str, tmp_path: Path) -> None:
    make, names = INSIDE[kind]
    image = opened(or_skip(lambda: make(tmp_path)))
    assert image.parts[0].kind == kind
    assert image.parts[0].problem is None
    inside = [part for part in image.parts if part.parent == "image"]
    assert [part.id for part in inside] == [f"image/{name}" for name in names]
    assert {part.role for part in inside} == {LOADER}


@pytest.mark.parametrize("kind", ["toc0", "imx-ivt", "imx-ahab", "stm32", "ti-k3", "rockchip-rkns", "kwbimage"])
def test_a_changed_byte_of_the_code_is_told(kind: str, tmp_path: Path) -> None:
    data = or_skip(lambda: INSIDE[kind][0](tmp_path))
    *_, payload = (part for part in opened(data).parts if part.parent == "image")
    assert payload.offset is not None
    problem = opened(changed(data, payload.offset + 500)).parts[0].problem
    assert problem is not None
    assert "does not hold" in problem


def test_what_is_cut_off_is_told(tmp_path: Path) -> None:
    data = or_skip(lambda: st.plain(tmp_path))
    image = opened(data[:4000])
    assert image.parts[1].problem == f"cut off: {4000 - 256} of {len(CODE)} bytes are there"


def test_uboot_inside_is_known_for_what_it_is(tmp_path: Path) -> None:
    data = or_skip(lambda: egon(tmp_path))
    assert parts(data)[:2] == [("image", "egon", Role.OTHER), ("image/payload", "u-boot", LOADER)]


@pytest.mark.parametrize(("kind", "place"), [("imx-ivt", 0x400), ("egon", 0x2000), ("rockchip-id", 0x8000)])
def test_it_is_found_on_a_card_where_the_rom_looks(kind: str, place: int, tmp_path: Path) -> None:
    data = or_skip(lambda: INSIDE[kind][0](tmp_path))
    image = opened(bytes(place) + data + bytes(0x4000))
    assert next((part.kind, part.offset) for part in image.parts if part.parent == "image") == (kind, place)


def test_the_files_of_an_eeprom_are_parts() -> None:
    data = or_skip(pi.eeprom)
    image = opened(data)
    assert image.parts[0].kind == "raspberry-pi-eeprom"
    assert [part.id for part in image.parts if part.parent == "image"] == [
        "image/bootcode",
        "image/bootconf.txt",
        "image/bootconf.sig",
        "image/pubkey.bin",
    ]
    assert image.parts[0].problem is None
    at = data.index(b"BOOT_ORDER=0xf21")
    assert "signature of bootconf.txt" in (opened(changed(data, at)).parts[0].problem or "")


def test_formats_without_a_strong_mark_are_not_looked_for_in_raw_bytes() -> None:
    carved = {form.name: form.carve for form in catalogue.formats()}
    assert [name for name in ("imx-ahab", "ti-k3", "kwbimage") if carved[name]] == []
