"""Kernel images and modules, Android's vbmeta, and what vouches for single files."""

from fault import Fault

KERNEL = "tests/formats/test_kernel_image.py"
MODULE = "tests/formats/test_kernel_module.py"
AVB = "tests/formats/test_avb.py"

FAULTS = (
    Fault(
        "formats/kernel_banner.py",
        "if banner is not None and banner.version[1:2].isdigit():",
        "if banner is not None:",
        KERNEL,
        "the banner that nothing prints is taken for the kernel's",
    ),
    Fault(
        "formats/kernel_payload.py",
        "if head.startswith(magic) and holds(head):",
        "if head.startswith(magic):",
        KERNEL,
        "a constant of the decompressor is taken for the payload",
    ),
    Fault(
        "formats/kernel_bzimage.py",
        "or start + offset + length > size:",
        "or offset > size:",
        KERNEL,
        "a payload that lies outside of the image is believed",
    ),
    Fault(
        "formats/occurrences.py",
        "            if match.start() >= length:\n                break\n",
        "",
        KERNEL,
        "what stands where two pieces meet is met twice",
    ),
    Fault(
        "formats/ikconfig.py",
        "    if not decoder.eof:\n",
        "    if False:\n",
        KERNEL,
        "a configuration that is a bomb or cut off passes for one",
    ),
    Fault(
        "formats/kernel_module.py",
        "if algorithm or digest or name or key:",
        "if False:",
        MODULE,
        "a signature that contradicts itself, which the kernel refuses, is one",
    ),
    Fault(
        "formats/kernel_module.py",
        "for start in range(0, signature.signed, PIECE):",
        "for start in range(PIECE, signature.signed, PIECE):",
        f"{MODULE} tests/formats/test_module_signature.py",
        "the first bytes of a module are not looked at",
    ),
    Fault(
        "formats/avb.py",
        "    if digest != image.hash:\n",
        "    if False:\n",
        AVB,
        "the hash of vbmeta need not be that of its bytes",
    ),
    Fault(
        "formats/avb.py",
        "if not signature.verify_rsa_pkcs1(modulus, EXPONENT, name, digest, image.signature):",
        "if not image.signature:",
        AVB,
        "any signature of vbmeta holds",
    ),
    Fault(
        "formats/avb.py",
        "data[:HEADER_SIZE] + auxiliary,",
        "auxiliary,",
        AVB,
        "the header of vbmeta, with flags and rollback index, is not among what is signed",
    ),
    Fault(
        "formats/fsverity.py",
        "            if count == 1:\n",
        "            if len(pending) <= self._started.digest_size:\n",
        "tests/formats/test_fsverity.py",
        "a level that ends in one digest is taken for the top",
    ),
    Fault(
        "formats/ima.py",
        "    if attribute.version == 3:\n",
        "    if False:\n",
        "tests/formats/test_ima.py",
        "a signature of an fs-verity digest is held against the digest alone",
    ),
    Fault(
        "formats/luks.py",
        "        if state == _ENABLED\n",
        "",
        "tests/formats/test_luks.py",
        "slots that are not in use are counted",
    ),
    Fault(
        "formats/verity.py",
        "    if any(len(part.split()) != 1 for part in parts):",
        "    if False:",
        "tests/formats/test_verity.py",
        "a word of a command shifts the words of the table",
    ),
)
