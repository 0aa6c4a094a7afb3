"""Where EFI programs lie in an image, and what of them the firmware or a boot manager starts by itself.

Of a medium without a boot entry, firmware starts EFI/BOOT/BOOT<machine>.EFI (UEFI 2.10, 3.5.1.1). Boot entries name
loaders in the folder of a vendor, as a rule shim, GRUB or systemd-boot. systemd-boot offers what lies in EFI/Linux, and
the stub of a unified kernel image adds the addons beside it (systemd-boot(7), systemd-stub(7)). FAT knows no case.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats.malformed import Malformed
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.parts import Content, OpenPart, Parts
from firmward.model.report import Role
from firmward.model.tree import Kind, Tree

FOLDERS = ("", "boot", "boot/efi", "efi", "boot/firmware", "mnt/boot")
"""Where a tree may have an EFI system partition, or be one."""
PROGRAM, UKI = "efi-program", "uki"
ARCHIVES = frozenset(("folder", "tar", "zip"))
PROGRAMS_LIMIT = 200
SIZE_LIMIT = 256 << 20
DEPTH = 5

_FALLBACK = re.compile(r"efi/boot/boot(?:x64|ia32|aa64|arm|riscv32|riscv64|loongarch64|ia64)\.efi")
_MANAGED = re.compile(r"efi/linux/[^/]+\.efi")
_ADDON = re.compile(r"(?:.*\.efi\.extra\.d|loader/addons)/[^/]+\.addon\.efi")
_ENTRY = re.compile(r"efi/[^/]+/(?:shim|grub|systemd-boot|refind|bootmgfw|vmlinu|linux|bzimage|image)[^/]*\.efi")
_VENDOR = re.compile(r"efi/(?!boot/|linux/)[^/]+/[^/]+\.efi")


class Place(StrEnum):
    FALLBACK = "fallback"
    """What firmware starts of a medium without a boot entry."""
    ENTRY = "entry"
    """A loader in a vendor's folder: a boot entry, shim or the fallback starts it."""
    MANAGED = "managed"
    """A unified kernel image that a boot manager offers."""
    ADDON = "addon"
    """What the stub of a unified kernel image adds to it."""
    ALONE = "alone"
    """In no file system: the image itself, or what a partition holds."""
    BESIDE = "beside"
    """Nothing here says that it is started: a tool, a driver."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A file: its bytes, and `system`, the part in whose file system it lies, with `folder` in there as its root."""

    at: Location
    place: Place
    content: Content
    system: str | None = None
    folder: str = ""

    @property
    def path(self) -> str:
        """In lower case, from the root of the EFI system partition."""
        return (self.at.path or "").lower().removeprefix(f"{self.folder}/" if self.folder else "")


@dataclass(frozen=True, slots=True)
class FileContent:
    """The bytes of a file of a tree."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length] if offset >= 0 and length > 0 else b""


def programs(parts: Parts, unread: list[str]) -> Iterator[Placed]:
    """All of an image; what cannot be read is told. A copy of another part is left out."""
    for id, one in parts.all.items():
        if one.part.same_as is not None or one.part.role is Role.INITRAMFS:
            continue
        if one.tree is not None:
            yield from _of_tree(id, one.tree, parts, unread)
        elif one.part.kind in (PROGRAM, UKI) and one.content is not None and _is_apart(one, parts):
            yield Placed(Location(part=id), Place.ALONE, one.content)


def _is_apart(one: OpenPart, parts: Parts) -> bool:
    """Whether it lies in no file system and no archive, or is a whole kernel image in an archive of build results."""
    step = one.part.parent
    while step is not None and step in parts.all:
        above = parts.all[step]
        if above.tree is not None:
            is_archive = above.part.kind in ARCHIVES and above.part.role is not Role.ROOT
            return is_archive and one.part.kind == UKI and not _is_listed(one.part.id, step)
        step = above.part.parent
    return True


def _is_listed(id: str, system: str) -> bool:
    """Whether it is found by its folder."""
    return id.removeprefix(f"{system}/").lower().startswith(tuple(f"{place}/efi/".lstrip("/") for place in FOLDERS))


def _of_tree(id: str, tree: Tree, parts: Parts, unread: list[str]) -> Iterator[Placed]:
    found: dict[str, str] = {}
    for folder in sorted(FOLDERS, key=len, reverse=True):
        for path in _named(tree, folder):
            found.setdefault(path, folder)
    has_fallback = {folder for path, folder in found.items() if _FALLBACK.fullmatch(_below(path, folder))}
    for path, folder in list(found.items())[:PROGRAMS_LIMIT]:
        place = _place(_below(path, folder), has_fallback=folder in has_fallback)
        try:
            content = _content(id, path, tree, parts)
        except (Unavailable, Malformed) as reason:
            unread.append(f"{id}: {path}: {reason}")
            continue
        yield Placed(Location(path, part=id), place, content, id, folder)
    if len(found) > PROGRAMS_LIMIT:
        unread.append(f"{id}: more than {PROGRAMS_LIMIT} EFI programs")


def _below(path: str, folder: str) -> str:
    return path.lower().removeprefix(f"{folder}/" if folder else "")


def _named(tree: Tree, folder: str) -> Iterator[str]:
    """The files `*.efi` of a system partition."""
    for path in tree.list(folder):
        name = path.rpartition("/")[2].lower()
        if name in ("efi", "loader"):
            yield from _efi_files(tree, path.removeprefix("/"), DEPTH)


def _efi_files(tree: Tree, folder: str, depth: int) -> Iterator[str]:
    for path in tree.list(folder):
        entry = tree.lstat_through(path)
        if entry is None or entry.kind is Kind.SYMLINK:
            continue
        if entry.kind is Kind.DIRECTORY and depth:
            yield from _efi_files(tree, path, depth - 1)
        elif entry.kind is Kind.FILE and path.lower().endswith(".efi"):
            yield path


def _place(path: str, *, has_fallback: bool) -> Place:
    for pattern, place in ((_FALLBACK, Place.FALLBACK), (_MANAGED, Place.MANAGED), (_ENTRY, Place.ENTRY)):
        if pattern.fullmatch(path):
            return place
    if _ADDON.fullmatch(path):
        return Place.ADDON
    return Place.ENTRY if not has_fallback and _VENDOR.fullmatch(path) else Place.BESIDE


def _content(id: str, path: str, tree: Tree, parts: Parts) -> Content:
    part = parts.all.get(f"{id}/{path}")
    if part is not None and part.part.kind in (PROGRAM, UKI) and part.content is not None:
        return part.content
    data = tree.read(path, SIZE_LIMIT)
    if data is None:
        raise Malformed("it is no regular file")
    return FileContent(data)
