"""ID blocks of newer Rockchip chips, with digests or a signature."""

from firmward.formats import rockchip
from firmward.formats.rom_image import Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format


def parse(read: Read, _: int) -> rockchip.NewIdBlock:
    return rockchip.parse_new_id_block(read)


ABOUT = About(
    title="Rockchip ID block (RKNS: RK35)",
    reads=("Its images and their digests, and the digest of the header where no signature stands in its place."),
    limits=("Signatures are seen, not verified: Rockchip does not publish what they are made of."),
    witness="mkimage -T rksd",
)

FORMAT = rom_format("rockchip-rkns", (Magic(rockchip.NEW_MAGIC),), parse, rockchip.verify, ABOUT)
