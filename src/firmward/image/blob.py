"""Pieces of an image that are no file system: kernels, device trees, boot loaders, configurations.

They are named and given a role here; what they say is for the collectors. A kernel may carry an initramfs, its own
configuration or a compressed copy of itself, so that what `holds` parts is searched for them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from firmward.formats import (
    avb,
    efi_variables,
    fdt,
    kernel_bzimage,
    kernel_elf,
    kernel_flat,
    kernel_zboot,
    kernel_zimage,
    uboot_env,
    verity,
)
from firmward.formats.malformed import Malformed
from firmward.image.format import Magic
from firmward.image.source import Source
from firmward.model.report import Role

HEAD = 4096
"""Bytes looked at to tell a text."""

GLANCE = uboot_env.HEAD
"""Bytes that show whether a kind without a magic may begin."""

SAYS = 16 << 10
"""Bytes from the start within which a kind without a magic says one of its texts."""

TEXT_SEARCH = 64 << 20
"""Bytes searched for a version string."""

BOOT_LOADER_LIMIT = 16 << 20
"""Bytes of memory that a boot loader with the header of a kernel takes."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A kind of blob. `measure` works as a format's; from offset `holds` on other parts may lie inside (0: none).

    One without a magic has `begins`, a cheap look at its first GLANCE bytes, tried at the start of a part. `says` are
    texts of which one stands in nearly all of its kind, within SAYS bytes: in raw bytes the sectors before are tried.
    """

    name: str
    role: Role
    magics: tuple[Magic, ...]
    measure: Callable[[Source], int | None]
    carve: bool = True
    holds: int = 0
    begins: Callable[[bytes], bool] | None = None
    says: tuple[bytes, ...] = ()


def _device_tree(source: Source) -> int | None:
    try:
        header = fdt.parse_header(source.read(0, fdt.HEADER_SIZE))
    except Malformed:
        return None
    return header.total if header.total <= source.size else None


def _flat_kernel(source: Source) -> int | None:
    """The header gives the size in memory, with what is zeroed at start, so that it may exceed the file."""
    try:
        return kernel_flat.parse(source.read(0, kernel_flat.HEAD_SIZE)).size or None
    except Malformed:
        return None


def _flat_boot_loader(source: Source) -> int | None:
    """A U-Boot that bears the header of a kernel, so that who starts kernels starts it (LINUX_KERNEL_IMAGE_HEADER)."""
    size = _flat_kernel(source)
    if size is None or size > BOOT_LOADER_LIMIT:
        return None
    limit = min(size, source.size)
    return size if _says(source, U_BOOT, limit) and not _says(source, KERNEL, limit) else None


def _zimage(source: Source) -> int | None:
    try:
        return kernel_zimage.size_of(source.read)
    except Malformed:
        return None


def _bzimage(source: Source) -> int | None:
    try:
        return kernel_bzimage.size_of(source.read)
    except Malformed:
        return None


def _zboot(source: Source) -> int | None:
    """What stands behind the payload only the sections of the PE header say."""
    try:
        kernel_zboot.parse(source.read, source.size)
    except Malformed:
        return None
    return source.size


def _elf(source: Source) -> int | None:
    head = source.read(0, 7)
    return source.size if len(head) == 7 and head[4] in (1, 2) and head[5] in (1, 2) and head[6] == 1 else None


BANNER = b"Linux version "
"""What a kernel says first, before its version."""


def _kernel_elf(source: Source) -> int | None:
    """An ELF file with the banner of a kernel; modules have none, and programs only its words."""
    at = source.find(BANNER, 0, TEXT_SEARCH) if _elf(source) else -1
    while at >= 0 and not source.read(at + len(BANNER), 1).isdigit():
        at = source.find(BANNER, at + 1, TEXT_SEARCH)
    return None if at < 0 else source.size


def _self_expanding(source: Source) -> int | None:
    try:
        return source.size if kernel_elf.compressed(source.read, source.size) else None
    except Malformed:
        return None


def _pe(source: Source) -> int | None:
    at = int.from_bytes(source.read(0x3C, 4), "little")
    return source.size if 0x40 <= at < 1 << 16 and source.read(at, 4) == b"PE\0\0" else None


def _environment(source: Source) -> int | None:
    try:
        return uboot_env.parse(source.read).size
    except Malformed:
        return None


def _hash_tree(source: Source) -> int | None:
    """The superblock takes a hash block, as veritysetup writes it; the tree follows."""
    try:
        shape = verity.parse_superblock(source.read(0, verity.SUPERBLOCK_SIZE))
    except Malformed:
        return None
    return min(max(shape.hash_block, verity.SUPERBLOCK_SIZE) + shape.tree_size, source.size)


def _vbmeta(source: Source) -> int | None:
    try:
        return min(avb.size_of(source.read(0, avb.HEADER_SIZE)), source.size)
    except Malformed:
        return None


@dataclass(frozen=True, slots=True)
class Content:
    """A kind of blob that has no magic, told by what it says: a pattern in its head, or a text in its bytes."""

    name: str
    role: Role
    pattern: re.Pattern[bytes]
    text: bytes
    holds: int = 0


KERNEL = Content("kernel", Role.KERNEL, re.compile(rb"Linux version \d+\.\d+\S* \("), BANNER, holds=1)
U_BOOT = Content("u-boot", Role.BOOT_LOADER, re.compile(rb"U-Boot (SPL |TPL )?20\d\d\.\d\d"), b"U-Boot ", holds=1)


def _efi_variables(source: Source) -> int | None:
    """A firmware volume with its store, or U-Boot's file."""
    try:
        if source.read(efi_variables.UBOOT_MAGIC_OFFSET, 8) == efi_variables.UBOOT_MAGIC:
            return efi_variables.parse_uboot(source.read(0, efi_variables.SIZE_LIMIT)).size
        return min(efi_variables.parse_volume(source.read).size, source.size)
    except Malformed:
        return None


EFI_VARIABLES = (
    Magic(efi_variables.VOLUME_MAGIC, efi_variables.VOLUME_MAGIC_OFFSET),
    Magic(efi_variables.UBOOT_MAGIC, efi_variables.UBOOT_MAGIC_OFFSET),
)

# In the order they are tried, for those whose magics are equally long.
BLOBS = (
    Blob("device-tree", Role.DEVICE_TREE, (Magic(fdt.MAGIC),), _device_tree),
    Blob("dm-verity", Role.OTHER, (Magic(verity.MAGIC),), _hash_tree),
    Blob("vbmeta", Role.OTHER, (Magic(avb.MAGIC),), _vbmeta),
    Blob(U_BOOT.name, U_BOOT.role, (Magic(kernel_flat.ARM64, kernel_flat.ARM64_AT),), _flat_boot_loader, holds=1),
    Blob("efi-variables", Role.OTHER, EFI_VARIABLES, _efi_variables),
    Blob("arm64-image", Role.KERNEL, (Magic(kernel_flat.ARM64, kernel_flat.ARM64_AT),), _flat_kernel, holds=1),
    Blob("riscv-image", Role.KERNEL, (Magic(kernel_flat.RISCV_OLD, kernel_flat.RISCV_OLD_AT),), _flat_kernel, holds=1),
    Blob("efi-zboot", Role.KERNEL, (Magic(kernel_zboot.MAGIC),), _zboot, carve=False, holds=1),
    Blob("zimage", Role.KERNEL, (Magic(kernel_zimage.MAGIC, kernel_zimage.MAGIC_AT),), _zimage, holds=1),
    Blob("bzimage", Role.KERNEL, (Magic(kernel_bzimage.MAGIC, kernel_bzimage.MAGIC_AT),), _bzimage, holds=1),
    Blob("vmlinux", Role.KERNEL, (Magic(b"\x7fELF"),), _kernel_elf, carve=False, holds=1),
    Blob("vmlinuz", Role.KERNEL, (Magic(b"\x7fELF"),), _self_expanding, carve=False, holds=1),
    Blob("elf", Role.OTHER, (Magic(b"\x7fELF"),), _elf, carve=False),
    Blob("u-boot-env", Role.OTHER, (), _environment, begins=uboot_env.may_begin, says=uboot_env.COMMON),
    Blob("efi-program", Role.BOOT_LOADER, (Magic(b"MZ"),), _pe, carve=False),
)


# A pattern is looked for around the text; the text alone is searched for quickly.
CONTENTS = (
    Content(
        "kernel-config", Role.KERNEL_CONFIG, re.compile(rb"# Linux/\S+ [\d.]+\S* Kernel Configuration"), b"# Linux/"
    ),
    Content("u-boot-config", Role.OTHER, re.compile(rb"# U-Boot 20\d\d\.\d\d\S* Configuration"), b"# U-Boot 20"),
    KERNEL,
    U_BOOT,
    Content("barebox", Role.BOOT_LOADER, re.compile(rb"barebox 20\d\d\.\d\d"), b"barebox 20", holds=1),
)

OPTION_LINE = re.compile(rb"^(CONFIG_\w+=\S+|# CONFIG_\w+ is not set)$", re.MULTILINE)
OPTIONS = 10
"""Option lines in the head that make a text a kernel configuration (a defconfig has no title)."""

PLACES = 64
"""Occurrences of a text at which its pattern is tried."""


def by_content(source: Source) -> Content | None:
    """The kind of blob that a source without a magic is."""
    head = source.read(0, HEAD)
    for kind in CONTENTS:
        limit = HEAD if kind.name.endswith("config") else min(source.size, TEXT_SEARCH)
        if _says(source, kind, limit):
            return kind
    return CONTENTS[0] if len(OPTION_LINE.findall(head)) >= OPTIONS else None


def _says(source: Source, kind: Content, limit: int) -> bool:
    place = -1
    for _ in range(PLACES):
        place = source.find(kind.text, place + 1, limit)
        if place < 0:
            return False
        if kind.pattern.match(source.read(place, 256)):
            return True
    return False


def is_text(head: bytes) -> bool:
    """Whether bytes look like text: no NUL, few control characters."""
    return b"\0" not in head and len(head.translate(None, bytes(range(32)))) > 0.85 * len(head)
