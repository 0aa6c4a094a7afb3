"""TOC0 images: the first stage of Allwinner chips that are fused to be secure."""

from firmward.formats import allwinner
from firmward.formats.rom_image import Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format


def parse(read: Read, _: int) -> allwinner.Toc0:
    return allwinner.parse_toc0(read)


ABOUT = About(
    title="Allwinner TOC0",
    reads=("The firmware item; checksum, digest, and both RSA signatures of certificate and key item."),
    limits=("Encrypted items are not opened; a certificate of another form than the ROM reads makes it damaged."),
    witness="mkimage -T sunxi_toc0",
)

FORMAT = rom_format("toc0", (Magic(allwinner.TOC0),), parse, allwinner.verify, ABOUT)
