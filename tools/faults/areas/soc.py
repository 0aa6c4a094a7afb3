"""Headers that boot ROMs read: where the code lies, what is signed, what the signature leaves out."""

from fault import Fault

FAULTS = (
    Fault(
        "formats/imx_ivt.py",
        "        if not self.csf:\n",
        "        if False:\n",
        "tests/formats/test_imx_ivt.py",
        "an image without a CSF taken for signed",
    ),
    Fault(
        "formats/imx_csf.py",
        "return Signing(signed, tuple(evidence), covered, left_out(loaded, covered))",
        "return Signing(signed, tuple(evidence), covered)",
        "tests/formats/test_imx_csf.py",
        "what a CSF leaves out not told",
    ),
    Fault(
        "formats/imx_csf.py",
        'return "the commands themselves are not signed"',
        "return None",
        "tests/formats/test_imx_csf.py",
        "commands that nobody signed believed",
    ),
    Fault(
        "formats/imx_csf.py",
        "if length < 8 or len(record) < length:",
        "if length < 0:",
        "tests/formats/test_imx_csf.py",
        "a digest of a root key that is not there believed",
    ),
    Fault(
        "formats/imx_ahab.py",
        'if not self.signature or self.key_set == "none":',
        "if not self.signature:",
        "tests/formats/test_imx_ahab.py",
        "a signature that no flag asks for taken for one that is looked at",
    ),
    Fault(
        "formats/imx_ahab.py",
        "Signed.NO if Signed.NO in states else Signed.UNKNOWN",
        "Signed.YES",
        "tests/formats/test_imx_ahab.py",
        "one signed container speaking for all",
    ),
    Fault(
        "formats/stm32.py",
        "        if not self.asks:\n",
        "        if False:\n",
        "tests/formats/test_stm32.py",
        "a signature believed that the flags tell the ROM not to look at",
    ),
    Fault(
        "formats/stm32.py",
        "pieces(read, SIGNED_FROM, header.size - SIGNED_FROM,",
        "pieces(read, header.header_size, header.length,",
        "tests/formats/test_stm32.py",
        "the signature held against the payload alone, without the header",
    ),
    Fault(
        "formats/ti_boot.py",
        "        if self.is_degenerate:\n",
        "        if False:\n",
        "tests/formats/test_ti_boot.py",
        "the key of GP chips, which signs nothing, taken for a signature",
    ),
    Fault(
        "formats/allwinner.py",
        "certificate.key == image.keys.firmware",
        "True",
        "tests/formats/test_allwinner.py",
        "a certificate by a key that the root key did not let sign",
    ),
    Fault(
        "formats/rockchip.py",
        "return any(self.field[length:])",
        "return any(self.field)",
        "tests/formats/test_rockchip.py",
        "a digest that anybody can make taken for a signature",
    ),
    Fault(
        "formats/raspberry_pi.py",
        "        if signed and self.asks:\n",
        "        if signed:\n",
        "tests/formats/test_raspberry_pi.py",
        "a signed configuration that does not ask for signed images taken for enough",
    ),
    Fault(
        "formats/rom_image.py",
        "if last > at and first < end:",
        "if first < end:",
        "tests/formats/test_rom_image.py",
        "runs inside covered ones taken for left out",
    ),
    Fault(
        "image/rom_image.py",
        "if not held.holds]",
        "if False]",
        "tests/image/container/test_rom_images.py",
        "digests and signatures that do not hold not told",
    ),
)
