"""AHAB containers of i.MX 8, 8X, 8ULP and 9."""

from firmward.formats import imx_ahab
from firmward.image.format import About, Magic
from firmward.image.rom_image import rom_format

ABOUT = About(
    title="AHAB containers (i.MX 8, 8X, 8ULP, 9)",
    reads=(
        "Every image of the containers that follow each other, digests, root keys, and signatures made by a root "
        "key (RSA, ECDSA)."
    ),
    limits=(
        "A container whose images belong to another one is not looked for inside it. Signatures below a "
        "certificate are not verified; encrypted images are not opened."
    ),
    witness="mkimage -T imx8image, srktool",
)

FORMAT = rom_format(
    "imx-ahab", (Magic(bytes((imx_ahab.TAG,)), 3),), imx_ahab.parse_flash, imx_ahab.verify_flash, ABOUT, carve=False
)
