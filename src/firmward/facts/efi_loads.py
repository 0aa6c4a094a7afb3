"""What a boot manager loads beside itself, and whether a signature covers it.

GRUB takes commands from grub.cfg as they stand, and of what they load only a kernel is shown to shim; initial ramdisk
and device tree are taken unseen (GRUB's manual, "UEFI secure boot and shim"). A GRUB that was built with a key asks for
detached signatures (`check_signatures`): a file FILE.sig says that this may be one. systemd-boot has firmware or shim
verify the kernel of an entry, and passes its options, initrd and devicetree on (boot loader specification, type 1).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

TEXT_LIMIT = 1 << 20
LOADS_LIMIT = 64
GRUB_FILES = (
    "EFI/*/grub.cfg",
    "efi/*/grub.cfg",
    "EFI/*/GRUB.CFG",
    "boot/efi/EFI/*/grub.cfg",
    "efi/EFI/*/grub.cfg",
    "grub/grub.cfg",
    "grub2/grub.cfg",
    "boot/grub/grub.cfg",
    "boot/grub2/grub.cfg",
)
ENTRIES = ("loader/entries/*.conf", "boot/loader/entries/*.conf", "efi/loader/entries/*.conf")

_COMMAND = re.compile(r"\s*(linux|initrd|devicetree)(?:efi|16)?\s+(\S.*)")
_KEYWORD = re.compile(r"\s*(linux|efi|uki|initrd|devicetree)\s+(\S+)\s*")
_KINDS = {
    "linux": "kernel", "efi": "kernel", "uki": "kernel", "initrd": "initramfs", "devicetree": "device-tree",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file of a `kind` (configuration, kernel, initramfs, device-tree) that is loaded by its `path`; `is_covered` by
    a signature that somebody verifies, None where that is not known."""

    kind: str
    path: str
    is_covered: bool | None = False


IsSigned = Callable[[Tree, str], bool | None]
"""Whether a kernel of a tree bears a signature that holds; None where it is not there."""


def of_grub(tree: Tree, is_signed: IsSigned) -> Iterator[Loaded]:
    """What the grub.cfg of a tree name, themselves first."""
    for path in dict.fromkeys(path for pattern in GRUB_FILES for path in tree.glob(pattern)):
        yield Loaded("configuration", path, None if tree.is_file(f"{path}.sig") else False)
        for number, line in enumerate(_text(tree, path).split("\n")):
            command = _COMMAND.fullmatch(line) if number < TEXT_LIMIT else None
            if command:
                words = command[2].split()
                names = words if command[1] == "initrd" else words[:1]
                yield from (_loaded(_KINDS[command[1]], name.strip("\"'"), tree, is_signed) for name in names)


def of_entries(tree: Tree, is_signed: IsSigned) -> Iterator[Loaded]:
    """What the entries of the boot loader specification name, themselves first where they say more than a program."""
    for path in (path for pattern in ENTRIES for path in tree.glob(pattern)):
        found = [match for line in _text(tree, path).split("\n") if (match := _KEYWORD.fullmatch(line))]
        yield Loaded("configuration", path)
        for match in found:
            yield _loaded(_KINDS[match[1]], match[2], tree, is_signed)


def _loaded(kind: str, path: str, tree: Tree, is_signed: IsSigned) -> Loaded:
    if kind == "kernel":
        return Loaded(kind, path, is_signed(tree, path))
    is_unclear = "$" in path or tree.is_file(f"{path}.sig") or tree.is_file(f"boot/{path}.sig")
    return Loaded(kind, path, None if is_unclear else False)


def _text(tree: Tree, path: str) -> str:
    try:
        return tree.text(path, TEXT_LIMIT) or ""
    except Unavailable:  # the file itself is told, which is as little covered as what it says
        return ""
