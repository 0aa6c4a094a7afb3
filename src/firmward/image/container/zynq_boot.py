"""Boot images of Zynq."""

from firmward.formats import zynq_boot
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format

ABOUT = About(
    title="Zynq boot image (Zynq-7000, UltraScale+)",
    reads=("The first stage and the partitions; the checksum of the header."),
    limits=("Certificates are seen, not verified; what is encrypted is not opened."),
    witness="mkimage -T zynqimage, mkimage -T zynqmpimage",
)

FORMAT = rom_format(
    "zynq-boot", (Magic(zynq_boot.MAGIC, zynq_boot.MAGIC_AT),), zynq_boot.parse, zynq_boot.verify, ABOUT
)
