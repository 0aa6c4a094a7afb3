"""What a boot loader may be given beside FITs: legacy uImages, and kernels that lie in no other image.

A uImage has checksums and no place for a signature, a bare kernel has neither. What lies within a FIT, a uImage or an
Android boot image is what that one vouches for, and no bare kernel.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.parts_of_kind import read_each
from firmward.formats import kernel_image, uimage
from firmward.formats.malformed import Malformed
from firmward.model.location import Location
from firmward.model.parts import Content, Parts

LEGACY = "uimage"
KERNELS = frozenset(("arm64-image", "riscv-image", "zimage", "bzimage", "efi-zboot", "vmlinux", "vmlinuz"))
HOLDERS = frozenset((LEGACY, "fit", "android-boot", "vendor-boot", "uki", "efi-zboot", "zimage", "bzimage"))
"""Kinds that give what they hold to whoever boots them."""

__all__ = ["BareImages", "BareKernel", "LegacyImage", "collect"]


@dataclass(frozen=True, slots=True)
class LegacyImage:
    """A uImage, `at`, of a `kind` as mkimage calls it (`kernel`, `script`); `holds` says whether its checksum does."""

    at: Location
    kind: str
    holds: bool = True


@dataclass(frozen=True, slots=True)
class BareKernel:
    """A kernel, `at`, of a `kind` (`arm64-image`, `zimage`); `is_efi` when it is a program for UEFI too."""

    at: Location
    kind: str
    is_efi: bool = False


@dataclass(frozen=True, slots=True)
class BareImages:
    """The images by kind: `legacy` ones and `kernels`; `unread` says in words which could not be read."""

    legacy: tuple[LegacyImage, ...] = ()
    kernels: tuple[BareKernel, ...] = ()
    unread: tuple[str, ...] = ()


def collect(parts: Parts) -> BareImages | None:
    legacy, damaged = read_each(parts, (LEGACY,), _legacy)
    found, unread = read_each(parts, KERNELS, _kernel)
    kernels = tuple(one for one in found if not _is_held(parts, one.at.part))
    return BareImages(tuple(legacy), kernels, (*damaged, *unread)) if legacy or kernels or damaged or unread else None


def _legacy(at: Location, _: str, content: Content) -> LegacyImage:
    header = uimage.parse_header(content.read(0, uimage.HEADER_SIZE))
    try:
        return LegacyImage(at, header.kind, uimage.holds(content.read, header))
    except Malformed:  # cut off: no loader takes it for whole
        return LegacyImage(at, header.kind, holds=False)


def _kernel(at: Location, kind: str, content: Content) -> BareKernel:
    try:
        return BareKernel(at, kind, kernel_image.parse(content.read, content.size).is_efi)
    except Malformed:  # an ELF file that begins no image of a kind that is unpacked is started all the same
        return BareKernel(at, kind)


def _is_held(parts: Parts, id: str | None) -> bool:
    return any(parts.all[above].part.kind in HOLDERS for above in _above(parts, id))


def _above(parts: Parts, id: str | None) -> Iterator[str]:
    """The parts that hold this one, from the inside out."""
    one = None if id is None else parts.all.get(id)
    while one is not None and one.part.parent is not None:
        yield one.part.parent
        one = parts.all.get(one.part.parent)
