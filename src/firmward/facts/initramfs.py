"""What the initramfs beside the root does before it goes on there: does it verify the root at all?

An init that is a shell script is read as text, with all scripts beside it (initramfs-tools, dracut, Yocto's and makers'
own): words of tools that verify (`veritysetup`, `dmsetup`, `evmctl`, `openssl`, `sha256sum`) decide whether nothing of
that kind is there. systemd as init sets verity up only when the command line or veritytab names a root hash. Any other
program may do what it likes. What the scripts do on each way is told by initramfses.py,
once for the whole image.

The kernel starts another program than /init where a command line has `rdinit=` (init/main.c), and whatever /init would
have verified is not. Archives that follow each other are one tree to the kernel, so that it may lie in the one behind.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from firmward.facts.early_scripts import SCRIPT_LIMIT, said
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.model.facts import Unavailable, Unknown
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
    """`root` says what becomes of the root file system, `at` where that is read, `why` in words what shows it.
    `instead` is the program that a command line has the kernel start in place of /init."""

    root: Root
    at: Location
    why: str
    instead: str | None = None


INITS = ("init", "linuxrc", "sbin/init")
ARCHIVE = "cpio"
GOES_ON = re.compile(rb"^\s*(?:exec\s+)?/init\b", re.MULTILINE)


def collect(parts: Parts | None, command_lines: KernelCommandLine | None | Unknown) -> Initramfs | None:
    if parts is None or parts.own.part.role is not Role.ROOT:
        return None
    found = [one for one in parts.beside() if one.tree is not None and one.part.belongs_to in (None, parts.here)]
    early = [one for one in found if one.part.role is Role.INITRAMFS]
    judged = [_judged(one, one.tree, _init(one.tree)) for one in early if one.tree is not None]
    if judged:
        among = [*early, *(one for one in found if one.part.kind == ARCHIVE and one not in early)]
        judged += [_started(name, among, judged[0].at) for name in sorted(set(_instead(command_lines)))]
    # what a command line names is not verified by what it is started in place of
    return min(judged, key=lambda one: (one.root is Root.PERHAPS, one.instead is None), default=None)


def _init(tree: Tree) -> str:
    return next((name for name in INITS if tree.lstat_through(name) is not None), "init")


def _instead(command_lines: KernelCommandLine | None | Unknown) -> Iterator[str]:
    """Programs in place of /init, without the leading slash."""
    for line in command_lines.lines if isinstance(command_lines, KernelCommandLine) else ():
        named = (line.get("rdinit") or "").lstrip("/")
        if named and named != "init":
            yield named


def _started(path: str, among: list[OpenPart], init: Location) -> Initramfs:
    """What a program does that is started in place of init."""
    for one in among:
        if one.tree is not None and one.tree.lstat_through(path) is not None:
            found = _judged(one, one.tree, path)
            if found.root is Root.UNVERIFIED and GOES_ON.search(one.tree.read(path, SCRIPT_LIMIT) or b""):
                found = replace(found, root=Root.PERHAPS, why="it goes on to /init")
            return replace(found, why=f"rdinit= starts /{path}: {found.why}", instead=path)
    return Initramfs(Root.PERHAPS, init, f"rdinit= starts /{path}, which was not found", path)


def _judged(one: OpenPart, tree: Tree, path: str) -> Initramfs:
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
