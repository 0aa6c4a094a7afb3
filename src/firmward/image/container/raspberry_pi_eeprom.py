"""Images for the EEPROM of Raspberry Pi 4 and later."""

from firmward.formats import raspberry_pi
from firmward.formats.rom_image import Held, Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format


def verify(_: Read, image: raspberry_pi.Eeprom) -> tuple[Held, ...]:
    return raspberry_pi.verify(image)


ABOUT = About(
    title="Raspberry Pi EEPROM image (pieeprom.bin)",
    reads=("Every section and file; the signature of bootconf.txt by the key in the image."),
    limits=("The loader's own code is compressed in a way that is not published."),
    witness="own writer from the published layout",
)

FORMAT = rom_format(
    "raspberry-pi-eeprom", (Magic(bytes.fromhex("55aaf00f")),), raspberry_pi.parse_eeprom, verify, ABOUT
)
