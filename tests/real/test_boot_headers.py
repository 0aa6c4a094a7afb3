"""What boot ROMs read first, in every board's boot loader that Debian ships: none is signed, each for its reason.

The table says per package which files begin with which header; no board and no file is left out.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from real.packages import unpacked
from real.roots import NoPackagesError

from firmward.formats import allwinner, imx_ivt, rockchip, stm32, ti_boot
from firmward.formats.rom_image import Held, Read, RomImage, Signed
from firmward.image.opening import open_image
from firmward.image.source import open_file
from firmward.model.report import Role

pytestmark = pytest.mark.proof


@dataclass(frozen=True)
class Maker:
    """How a kind is read, and the words by which it says that nothing is signed."""

    parse: Callable[[Read, int], RomImage]
    verify: Callable[[Read, RomImage], tuple[Held, ...]]
    says: str


def nothing(_: Read, __: RomImage) -> tuple[Held, ...]:
    return ()


MAKERS = {
    "imx-ivt": Maker(lambda read, _: imx_ivt.parse(read), nothing, "the pointer to the CSF is 0"),
    "stm32": Maker(lambda read, _: stm32.parse(read), stm32.verify, "the signature is all zeros"),  # type: ignore[arg-type]
    "ti-mlo": Maker(lambda read, _: ti_boot.parse_mlo(read), nothing, "a GP header (CHSETTINGS)"),
    "egon": Maker(lambda read, _: allwinner.parse_egon(read), allwinner.verify, "no place for a signature"),  # type: ignore[arg-type]
    "rockchip-id": Maker(rockchip.parse_id_block, nothing, "no place for a signature"),
}
ROWS = [
    ("u-boot-imx", "armhf", {"SPL": "imx-ivt", "*.imx": "imx-ivt"}, 11),
    ("u-boot-stm32", "armhf", {"*.stm32": "stm32"}, 1),
    ("u-boot-omap", "armhf", {"MLO": "ti-mlo"}, 7),
    ("u-boot-sunxi", "armhf", {"u-boot-sunxi-with-spl.bin": "egon"}, 27),
    ("u-boot-sunxi", "arm64", {"sunxi-spl.bin": "egon"}, 13),
    ("u-boot-rockchip", "armhf", {"idbloader.img": "rockchip-id"}, 1),
    ("u-boot-rockchip", "arm64", {"idbloader.img": "rockchip-id"}, 10),
]
BARE = [
    ("u-boot-omap", "armhf", "u-boot.bin"),
    ("u-boot-tegra", "armhf", "u-boot-tegra.bin"),
    ("u-boot-amlogic", "arm64", "u-boot.bin"),
    ("u-boot-rpi", "armhf", "u-boot.bin"),
    ("u-boot-rpi", "arm64", "u-boot.bin"),
]
"""Boot loaders that something of the maker's starts, which Debian does not ship: no header to read."""


def files(package: str, architecture: str, pattern: str) -> list[Path]:
    try:
        folder = unpacked(package, architecture)
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    return sorted((folder / "usr/lib/u-boot").glob(f"*/{pattern}"))


@pytest.mark.parametrize(("package", "architecture", "patterns", "count"), ROWS)
def test_no_board_is_left_out(package: str, architecture: str, patterns: dict[str, str], count: int) -> None:
    found = {path.parent for pattern in patterns for path in files(package, architecture, pattern)}
    left = {path.parent for path in files(package, architecture, "*")} - found
    bare = {path.parent for one in BARE if one[:2] == (package, architecture) for path in files(*one)}
    assert left == bare


@pytest.mark.parametrize(("package", "architecture", "patterns", "count"), ROWS)
def test_every_board_is_unsigned_and_shows_why(
    package: str, architecture: str, patterns: dict[str, str], count: int
) -> None:
    seen = 0
    for pattern, kind in patterns.items():
        maker = MAKERS[kind]
        for path in files(package, architecture, pattern):
            source = open_file(path)
            image = maker.parse(source.read, source.size)
            signing = image.signing
            assert signing.signed is Signed.NO, path
            assert signing.uncovered, path
            assert any(maker.says in one.says for one in signing.evidence), path
            assert all(one.holds for one in maker.verify(source.read, image)), path
            assert all(one.offset + one.size <= source.size for one in image.payloads), path
            seen += 1
    assert seen == count


@pytest.mark.parametrize(("package", "architecture", "patterns", "count"), ROWS)
def test_uboot_is_a_part_inside(package: str, architecture: str, patterns: dict[str, str], count: int) -> None:
    kinds: Counter[str] = Counter()
    for pattern, kind in patterns.items():
        for path in files(package, architecture, pattern):
            image = open_image(path)
            assert image.parts[0].kind == kind, path
            assert image.parts[0].problem is None, path
            inside = [part for part in image.parts if part.parent == "image" and part.role is Role.BOOT_LOADER]
            assert inside, path
            kinds.update(part.kind for part in inside if part.id.endswith(("/payload", "/init")))
    assert kinds == Counter({"u-boot": count})


@pytest.mark.parametrize(("package", "architecture", "name"), BARE)
def test_boot_loaders_without_a_header_are_named_by_their_content(package: str, architecture: str, name: str) -> None:
    found = files(package, architecture, name)
    assert found
    for path in found:
        assert open_image(path).parts[0].kind in ("u-boot", "arm64-image", "raw"), path
