"""Images of TI K3 behind an X.509 certificate."""

from firmward.formats import ti_boot
from firmward.formats.rom_image import Read
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format


def parse(read: Read, _: int) -> ti_boot.K3Image:
    return ti_boot.parse_k3(read)


ABOUT = About(
    title="TI K3 image behind an X.509 certificate (AM6, J7)",
    reads=(
        "The components that the certificate names in their order; their digests; the signature by the "
        "certificate's own RSA key."
    ),
    limits=("Inside a raw dump it is not looked for. What is encrypted is not opened. Certificates inside are named."),
    witness="openssl",
)

FORMAT = rom_format("ti-k3", (Magic(b"\x30\x82"),), parse, ti_boot.verify, ABOUT, carve=False)
