"""MLO: the first stage of OMAP3 to AM57xx behind a configuration header."""

from firmward.formats import ti_boot
from firmward.formats.rom_image import Extent, Held, Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format

SWAPPED = b"ESHCNITT\0\0SG"
"""The name of the settings when words are big endian."""


def parse(read: Read, _: int) -> ti_boot.Mlo:
    return ti_boot.parse_mlo(read)


def verify(_: Read, __: ti_boot.Mlo) -> tuple[Held, ...]:
    """Nothing in the header speaks for the code."""
    return ()


def content(read: Read, image: ti_boot.Mlo, _: Extent) -> bytes | None:
    return ti_boot.content(read, image) if image.swapped else None


ABOUT = About(
    title="TI MLO (OMAP3, OMAP4, AM335x, AM57xx)",
    reads=("The code behind the configuration header, in either order of bytes."),
    limits=("The raw form without that header has no magic. Images for HS chips are named, not opened."),
    witness="mkimage -T omapimage",
)

FORMAT = rom_format("ti-mlo", (Magic(ti_boot.CHSETTINGS, 20), Magic(SWAPPED, 20)), parse, verify, ABOUT, content)
