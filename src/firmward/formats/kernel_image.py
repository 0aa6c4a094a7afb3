"""Kernel images of any architecture: what the header says, and where the kernel itself lies when it is compressed.

What an image is its first bytes say: bzImage (x86), zImage (arm), Image (arm64, riscv, loongarch), the compressed EFI
boot image, ELF (mips, powerpc and whoever starts a vmlinux). The banner and the configuration stand in the expanded
kernel: whoever has the means expands `payload` and asks `identity`.
"""

from dataclasses import dataclass

from firmward.formats import (
    ikconfig,
    kernel_banner,
    kernel_bzimage,
    kernel_elf,
    kernel_flat,
    kernel_zboot,
    kernel_zimage,
)
from firmward.formats.kernel_banner import Banner
from firmward.formats.kernel_payload import HEAD, Payload, compression_of
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read


@dataclass(frozen=True, slots=True)
class KernelImage:
    """`form` is bzimage, zimage, image, efi-zboot, elf or the name of a compression for a stream alone; `architecture`
    is Linux's, empty where the form does not say. `size` in bytes, None where the header does not say; in memory for
    `image`. `release` is what an uncompressed header names. `payload` is None where the kernel is not compressed, or
    is not found."""

    form: str
    architecture: str
    size: int | None = None
    is_efi: bool = False
    release: str = ""
    payload: Payload | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What an expanded kernel says of itself: its banner, and its own configuration as text, None where it has none.
    `problem` says why a configuration that is there cannot be read."""

    banner: Banner | None
    configuration: str | None
    problem: str | None = None


def parse(read: Read, size: int) -> KernelImage:
    """Raises Malformed when the bytes begin no kernel image that is known."""
    head = read(0, kernel_bzimage.HEAD_SIZE)
    if head.startswith(kernel_zboot.MAGIC):
        zboot = kernel_zboot.parse(read, size)
        return KernelImage("efi-zboot", zboot.architecture, is_efi=True, payload=zboot.payload)
    if head[kernel_bzimage.MAGIC_AT :][:4] == kernel_bzimage.MAGIC:
        boot = kernel_bzimage.parse(read, size)
        name = "x86-64" if boot.is_64 else "x86"
        return KernelImage("bzimage", name, boot.size, boot.is_efi, boot.release, boot.payload)
    if head[kernel_zimage.MAGIC_AT :][:4] == kernel_zimage.MAGIC:
        compressed = kernel_zimage.parse(read, size)
        return KernelImage("zimage", "arm", compressed.size, compressed.is_efi, payload=compressed.payload)
    if head.startswith(kernel_elf.MAGIC):
        return _elf(read, size)
    compression = compression_of(head[:HEAD])
    if compression:
        return KernelImage(compression, "", payload=Payload(compression, 0))
    flat = kernel_flat.parse(head)
    return KernelImage("image", flat.architecture, flat.size or None, flat.is_efi)


def identity(read: Read, size: int) -> Identity:
    """By the bytes of an expanded kernel."""
    banner = kernel_banner.find(read, size)
    place = ikconfig.find(read, size)
    if place is None:
        return Identity(banner, None)
    try:
        return Identity(banner, ikconfig.text(read(place.offset, place.size)))
    except Malformed as reason:
        return Identity(banner, None, str(reason))


def _elf(read: Read, size: int) -> KernelImage:
    architecture = kernel_elf.parse(read).architecture
    banner = kernel_banner.find(read, size)
    if banner is not None:
        return KernelImage("elf", architecture, release=banner.release)
    payload = kernel_elf.compressed(read, size)
    if payload is None:
        raise Malformed("an ELF file with neither a kernel's banner nor a compressed kernel")
    return KernelImage("elf", architecture, payload=payload)
