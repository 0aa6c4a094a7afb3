"""Boot images of Marvell: Kirkwood and Armada."""

from firmward.formats import kwbimage
from firmward.formats.rom_image import Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format


def parse(read: Read, _: int) -> kwbimage.Image:
    return kwbimage.parse(read)


ABOUT = About(
    title="Marvell boot image (Kirkwood, Armada)",
    reads=("The code that trains the memory, and the payload; both checksums."),
    limits=("Inside a raw dump it is not looked for. The signatures of a secure header are seen, not verified."),
    witness="mkimage -T kwbimage",
)

FORMAT = rom_format(
    "kwbimage", tuple(Magic(bytes((medium,))) for medium in kwbimage.MEDIA), parse, kwbimage.verify, ABOUT, carve=False
)
