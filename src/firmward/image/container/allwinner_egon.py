"""eGON images: the first stage of Allwinner chips that are not fused."""

from firmward.formats import allwinner
from firmward.formats.rom_image import Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format


def parse(read: Read, _: int) -> allwinner.Egon:
    return allwinner.parse_egon(read)


ABOUT = About(
    title="Allwinner eGON.BT0",
    reads=("The code behind the header, the checksum."),
    limits=("It bears no signature; what follows it on the medium is a part of its own."),
    witness="mkimage -T sunxi_egon",
)

FORMAT = rom_format("egon", (Magic(allwinner.EGON, allwinner.EGON_AT),), parse, allwinner.verify, ABOUT)
