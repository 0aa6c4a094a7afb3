"""Which product the files are of: name, board, processor, distribution.

Sources: os-release with OpenWrt's OPENWRT_ words, etc/openwrt_release (DISTRIB_TARGET), etc/hostname or OpenWrt's
etc/config/system, etc/machine and etc/board of vendors, and the machine for which the first program is built (the ELF
header's e_machine, its byte order and class).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.os_release import OsRelease
from firmward.formats import os_release, uci
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

PROGRAMS = (
    "bin/busybox",
    "sbin/init",
    "usr/lib/systemd/systemd",
    "lib/systemd/systemd",
    "bin/sh",
    "bin/bash",
    "usr/bin/env",
)
MACHINES = {3: "x86", 20: "powerpc", 21: "powerpc", 40: "arm", 62: "x86-64", 183: "arm64"}
MIPS, RISCV = 8, 243
SYSTEMS = {
    "alpine": "alpine",
    "balena-os": "balena",
    "buildroot": "buildroot",
    "debian": "debian",
    "lede": "openwrt",
    "openwrt": "openwrt",
    "raspbian": "debian",
    "ubuntu": "debian",
    **dict.fromkeys(("poky", "oe", "openembedded", "nodistro", "distro", "yocto", "poky-tiny"), "yocto"),
}
"""By os-release's ID and ID_LIKE."""
GENERIC = re.compile(
    r"(?i)localhost|openwrt|lede|buildroot|debian|raspberrypi|alpine|ubuntu|qemu\S*|\(none\)|unknown|linux"
)
"""Names that a system has before anybody names it."""
NAME = re.compile(r"[\w.,+ -]{1,80}")


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known: the `product`, its `version`, the `board`, the `architecture` and `system` in the policy's words,
    and `unread`, what could not be looked at."""

    product: str | None = None
    version: str | None = None
    board: str | None = None
    architecture: str | None = None
    system: str | None = None
    unread: tuple[str, ...] = ()


def collect(tree: Tree, release: OsRelease | None | Unknown) -> Identity | None:
    if not tree.names(""):
        return None
    known = release if isinstance(release, OsRelease) else OsRelease(Location())
    names = [known.image, *_host_names(tree)]
    return Identity(
        product=next((name for name in names if name and NAME.fullmatch(name) and not GENERIC.fullmatch(name)), None),
        version=known.image_version,
        board=_board(tree),
        architecture=_architecture(tree),
        system=next((SYSTEMS[word] for word in (known.id or "", *known.like) if word in SYSTEMS), None),
        unread=(release.reason,) if isinstance(release, Unknown) else (),
    )


def _text(tree: Tree, path: str) -> str:
    try:
        return tree.text(path, 64 << 10) or ""
    except Unavailable:
        return ""


def _host_names(tree: Tree) -> Iterator[str]:
    yield _text(tree, "etc/hostname").strip().partition("\n")[0]
    for section in uci.parse(_text(tree, "etc/config/system")):
        name = section.get("hostname")
        if name is not None:
            yield name.value


def _board(tree: Tree) -> str | None:
    words = {
        row.name: row.value
        for path in ("etc/openwrt_release", "etc/os-release", "usr/lib/os-release")
        for row in os_release.parse(_text(tree, path))
    }
    said = (words.get("OPENWRT_BOARD"), words.get("DISTRIB_TARGET"), _text(tree, "etc/machine").strip())
    return next((word for word in said if word and NAME.fullmatch(word.replace("/", "-"))), None)


def _architecture(tree: Tree) -> str | None:
    return next((name for path in PROGRAMS if (name := _machine(tree, path)) is not None), None)


def _machine(tree: Tree, path: str) -> str | None:
    entry = tree.resolve(path)
    if entry is None or entry.kind is not Kind.FILE:
        return None
    try:
        head = next(tree.chunks(entry), b"")[:20]
    except Unavailable:
        return None
    if len(head) < 20 or not head.startswith(b"\x7fELF"):
        return None
    order = "big" if head[5] == 2 else "little"
    machine = int.from_bytes(head[18:20], "big" if order == "big" else "little")
    if machine == MIPS:
        return "mips" if order == "big" else "mipsel"
    if machine == RISCV:
        return "riscv64" if head[4] == 2 else None
    return MACHINES.get(machine)
