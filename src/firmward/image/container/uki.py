"""Unified kernel images (formats/uki): PE files whose sections are a kernel, an initramfs, a command line and more.

The command line of an addon comes beside the image's own, so that it is a piece of one. What stands in a profile is
named with the profile's number.
"""

from collections.abc import Iterator

from firmward.formats import pe, uki
from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import placed
from firmward.image.source import Source
from firmward.model.report import Role

# By the name of the section: what its bytes are called when nothing identifies them, and what they are for.
KINDS = {
    "linux": ("kernel", Role.KERNEL),
    "initrd": ("initramfs", Role.INITRAMFS),
    "ucode": ("microcode", None),
    "cmdline": ("kernel-command-line", None),
    "dtb": ("device-tree", Role.DEVICE_TREE),
    "dtbauto": ("device-tree", Role.DEVICE_TREE),
    "efifw": ("firmware", None),
    "hwids": ("hardware-ids", None),
    "osrel": ("os-release", None),
    "uname": ("kernel-release", None),
    "splash": ("picture", None),
    "sbat": ("sbat", None),
    "pcrsig": ("pcr-signature", None),
    "pcrpkey": ("public-key", None),
    "profile": ("profile", None),
}
PIECE_OF_LINE = "kernel-command-line-addon"


def parse(source: Source) -> uki.Uki | None:
    """None when there is no PE file, or it is neither image nor addon."""
    try:
        return uki.parse(pe.parse(source.read, source.size), source.read)
    except Malformed:
        return None


def measure(source: Source) -> int | None:
    """All there is: a signature covers what lies behind the sections too."""
    return None if parse(source) is None else source.size


def open_uki(source: Source, budget: Budget) -> Iterator[Child]:
    image = parse(source)
    if image is None:
        raise Damaged("no PE file with the sections of an image or an addon")
    for piece in image.base:
        yield _child(source, piece, piece.kind, is_addon=image.is_addon)
    for profile in image.profiles:
        for piece in profile.pieces:
            yield _child(source, piece, f"{piece.kind}@{profile.number}", is_addon=image.is_addon)


def _child(source: Source, piece: uki.Piece, name: str, *, is_addon: bool) -> Child:
    kind, role = KINDS[piece.kind]
    size = piece.size
    if piece.kind == "cmdline":
        kind = PIECE_OF_LINE if is_addon else kind
        size = len(source.read(piece.offset, min(size, uki.TEXT_LIMIT)).rstrip(b"\0"))
    return placed(source, name, piece.offset, size, kind, role)


ABOUT = About(
    title="UKI: unified kernel image of UEFI",
    reads=(
        "Each section by its name: kernel, initramfs, command line, device trees, microcode, release texts, picture, "
        "keys; profiles; addons."
    ),
    limits=(
        "Signatures are not checked here. One whose headers or sections lie outside the file is a program of EFI and "
        "no more."
    ),
    witness="objcopy with systemd's stub",
)

FORMAT = Format("uki", (Magic(pe.MAGIC),), measure, open_uki, ABOUT, carve=False)
