"""What the initramfs beside the root does before it goes on there: does it verify the root at all?

An init that is a shell script is read as text, with all scripts beside it (initramfs-tools, dracut, Yocto's and makers'
own): words of tools that verify (`veritysetup`, `dmsetup`, `evmctl`, `openssl`, `sha256sum`) decide whether nothing of
that kind is there. systemd as init sets verity up only when the command line or veritytab names a root hash. Any other
program may do what it likes. What the scripts do on each way is told by initramfses.py,
once for the whole image.
"""

from dataclasses import dataclass
from enum import StrEnum

from firmward.facts.early_scripts import SCRIPT_LIMIT, said
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Role
from firmward.model.tree import Kind, Tree


class Root(StrEnum):
    """What becomes of the root."""

    UNVERIFIED = "unverified"
    """It is mounted, and nothing in the scripts could verify it."""
    PERHAPS = "perhaps"
    """Something that verifies is at work, or it cannot be told."""


@dataclass(frozen=True, slots=True)
class Initramfs:
    """`root` says what becomes of the root file system, `at` where that is read, `why` in words what shows it."""

    root: Root
    at: Location
    why: str


def collect(parts: Parts | None) -> Initramfs | None:
    if parts is None or parts.own.part.role is not Role.ROOT:
        return None
    found = [
        one
        for one in parts.beside()
        if one.part.role is Role.INITRAMFS and one.tree is not None and one.part.belongs_to in (None, parts.here)
    ]
    judged = [_judged(one, one.tree) for one in found if one.tree is not None]
    return min(judged, key=lambda one: one.root is Root.PERHAPS, default=None)


def _judged(one: OpenPart, tree: Tree) -> Initramfs:
    path = next((name for name in ("init", "linuxrc", "sbin/init") if tree.lstat_through(name) is not None), "init")
    at = Location(path, part=one.part.id)
    entry = tree.resolve(path)
    if one.part.problem:
        return Initramfs(Root.PERHAPS, at, f"{one.part.id} was read only in part: {one.part.problem}")
    if entry is None or entry.kind is not Kind.FILE:
        return Initramfs(Root.PERHAPS, at, "its first program is not known")
    if entry.name == "systemd":
        return Initramfs(Root.UNVERIFIED, at, "systemd mounts the root, and no root hash is named")
    try:
        head = tree.read(entry.path, SCRIPT_LIMIT) or b""
        if not head.startswith(b"#!"):
            return Initramfs(Root.PERHAPS, at, f"{path} is a program, and what it does is not known")
        tool, mounts = said(tree, one.part.id)
    except Unavailable as reason:
        return Initramfs(Root.PERHAPS, at, str(reason))
    if tool is not None:
        return Initramfs(Root.PERHAPS, at, f"its scripts use {tool}")
    if not mounts:
        return Initramfs(Root.PERHAPS, at, "its scripts go on to no other root")
    return Initramfs(Root.UNVERIFIED, at, "its scripts mount the root and verify nothing")
