"""What the root file system is by its format: some can never be written to, whatever mounts them."""

from dataclasses import dataclass

from firmward.facts.mounts import IMMUTABLE
from firmward.model.parts import Parts

WRITABLE = frozenset(("ext2", "ext3", "ext4", "ubifs", "jffs2", "yaffs2", "fat12", "fat16", "fat32", "btrfs", "f2fs"))


@dataclass(frozen=True, slots=True)
class Medium:
    """`format` is the part's kind (`squashfs`, `ext4`, `tar`); `is_immutable` whether no driver can write to it, and
    `is_writable` whether one can. An archive or a folder is neither: it says nothing of what the device has."""

    format: str
    is_immutable: bool
    is_writable: bool


def collect(parts: Parts | None) -> Medium | None:
    if parts is None:
        return None
    kind = parts.own.part.kind
    return Medium(kind, any(kind.startswith(name) for name in IMMUTABLE), kind.startswith(tuple(WRITABLE)))
