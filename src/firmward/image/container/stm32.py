"""STM32 images: the first stage of STM32MP1 and MP2."""

from firmward.formats import stm32
from firmward.formats.rom_image import Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format


def parse(read: Read, _: int) -> stm32.Header:
    return stm32.parse(read)


ABOUT = About(
    title="STM32 image (STM32MP1, STM32MP2)",
    reads=(
        "The payload behind the header with its extensions; the checksum; the ECDSA signature by the key in the header."
    ),
    limits=("An encrypted payload is not opened. Which key is fused is not known here."),
    witness="mkimage -T stm32image, openssl",
)

FORMAT = rom_format("stm32", (Magic(stm32.MAGIC),), parse, stm32.verify, ABOUT)
