"""Trust images of Rockchip: trust.img with BL30 to BL33."""

from firmward.formats import rockchip
from firmward.formats.rom_image import Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format


def parse(read: Read, _: int) -> rockchip.Trust:
    return rockchip.parse_trust(read)


ABOUT = About(
    title="Rockchip trust image (BL3X)",
    reads=("Every component by its name; digests of SHA-256; whether a signature stands there."),
    limits=("The signature is not verified, nor digests of other kinds."),
    witness="own writer from the published layout",
)

FORMAT = rom_format("rockchip-trust", (Magic(rockchip.TRUST),), parse, rockchip.verify, ABOUT)
