"""ID blocks of Rockchip: the first stages of older chips."""

from firmward.formats import rockchip
from firmward.formats.rom_image import Extent, Held, Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format


def verify(_: Read, __: rockchip.IdBlock) -> tuple[Held, ...]:
    """Nothing in the block speaks for the code."""
    return ()


def content(read: Read, block: rockchip.IdBlock, extent: Extent) -> bytes | None:
    return rockchip.content(read, block, extent) if block.encrypted or block.is_spi else None


ABOUT = About(
    title="Rockchip ID block (RK30 to RK33)",
    reads=("Both stages; RC4 with the key of all chips; the form for SPI flash, put together."),
    limits=("The size of what is appended by hand is not told: it ends with the image, 512 KiB at most."),
    witness="mkimage -T rksd, mkimage -T rkspi",
)

FORMAT = rom_format("rockchip-id", (Magic(rockchip.MAGIC),), rockchip.parse_id_block, verify, ABOUT, content)
