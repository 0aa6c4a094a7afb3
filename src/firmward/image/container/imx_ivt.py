"""i.MX images behind an image vector table, with what HAB signs."""

from firmward.formats import imx_csf, imx_ivt
from firmward.formats.imx_ivt import Ivt
from firmward.formats.rom_image import Held, Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format


def parse(read: Read, _: int) -> Ivt:
    return imx_ivt.parse(read)


def verify(read: Read, table: Ivt) -> tuple[Held, ...]:
    if table.is_behind:
        return ()  # its signatures are over bytes that this part does not have
    imx_ivt.dcd(read, table)
    if not table.csf or imx_csf.is_empty(read, table):
        return ()
    return imx_csf.verify(read, table, imx_csf.parse(read, table))


ABOUT = About(
    title="i.MX image with an image vector table (i.MX 5, 6, 7, 8M)",
    reads=(
        "The code that boot data and entry point tell; device configuration data; the commands of a CSF, with "
        "certificates, digests and RSA signatures verified."
    ),
    limits=(
        "A table that stands behind what it speaks for (signed kernels) has no parts. What is encrypted is not "
        "opened; elliptic keys verify nothing."
    ),
    witness="mkimage -T imximage, srktool, csf_parser",
)

FORMAT = rom_format("imx-ivt", tuple(Magic(magic) for magic in imx_ivt.MAGICS), parse, verify, ABOUT)
