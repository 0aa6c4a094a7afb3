"""Loader images of Rockchip: uboot.img and trustos.img."""

from firmward.formats import rockchip
from firmward.formats.rom_image import Held, Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format


def parse(read: Read, _: int) -> rockchip.Loader:
    return rockchip.parse_loader(read)


def verify(_: Read, __: rockchip.Loader) -> tuple[Held, ...]:
    """The CRC and what the digest goes over are Rockchip's own."""
    return ()


ABOUT = About(
    title="Rockchip loader image (uboot.img, trustos.img)",
    reads=("The image behind its header; whether a signature stands there."),
    limits=("CRC, digest and signature are not verified."),
    witness="own writer from the published layout",
)

FORMAT = rom_format(
    "rockchip-loader", (Magic(rockchip.LOADER + bytes(8)), Magic(rockchip.TRUST_OS + bytes(8))), parse, verify, ABOUT
)
