"""What a tree is for: a system's root, an initramfs, a boot partition, or data."""

import re
from itertools import islice

from firmward.model.report import Role
from firmward.model.tree import Entry, Kind, Tree

SYSTEM_FOLDERS = ("bin", "sbin", "usr", "lib")
FIRST_PROGRAMS = ("init", "linuxrc")

KERNEL_NAME = re.compile(r"(vmlinu[xz]|[zub]?Image|fitImage|uImage|kernel)([-._].*)?$")

IMAGE_NAME = re.compile(
    r"""(vmlinu[xz] | [zu]?Image | fitImage | initrd | initramfs | rootfs | u-boot | uboot | barebox | kernel
        | config-\d | openwrt- | firmware\.).*
      | .*\.(img | image | bin | squashfs | sqsh | sqfs | ext[234] | ubi | ubifs | jffs2 | cpio | dtb | dtbo | itb | fit
        | tar | swu | raucb | mender | fw | rom | trx | chk | iso | vfat | wic | sdcard | hddimg)
        (\.(gz | xz | zst | bz2 | lz4 | lzma))?$""",
    re.VERBOSE,
)
"""File names behind which a root file system may keep an image."""

LARGE = 4 << 20
"""Bytes from which on any file without an exec bit is looked at, whatever its name."""

PROGRAM_NAME = re.compile(r".*\.(so|a|ko|py|jar|mo|db|cache)([.\d]*)$|.*\.(ko|so)\.(gz|xz|zst)$")


KERNELS = 64
"""Names of kernels that are followed: each may be a link that leads a long way."""


def role_of(tree: Tree, kind: str) -> Role:
    """The role of a tree, by what is in it; `kind` is the format it came in."""
    if is_root(tree, kind):
        return Role.INITRAMFS if _is_initramfs(tree, kind) else Role.ROOT
    if kind == "folder":
        return Role.OTHER
    if kind.startswith("fat") or _has_kernel(tree):
        return Role.BOOT
    return Role.DATA


def is_root(tree: Tree, kind: str) -> bool:
    """Whether a tree looks like a Linux system: etc and folders of programs, or a first program and any such folder."""
    system = [name for name in SYSTEM_FOLDERS if tree.is_directory(name)]
    if system and (tree.is_directory("etc") or _is_link(tree, "etc")):
        return True
    first = any(_is_program(tree, name) for name in FIRST_PROGRAMS)
    return first and (bool(system) or kind == "cpio")


def _is_link(tree: Tree, path: str) -> bool:
    entry = tree.lstat(path)
    return entry is not None and entry.kind is Kind.SYMLINK


def _is_program(tree: Tree, path: str) -> bool:
    """A first program, which may be a link into a folder that is mounted later."""
    entry = tree.lstat(path)
    return entry is not None and (entry.kind is Kind.SYMLINK or (entry.kind is Kind.FILE and entry.mode & 0o111 != 0))


def _is_initramfs(tree: Tree, kind: str) -> bool:
    return kind == "cpio" or (tree.lstat("init") is not None and tree.lstat("etc/passwd") is None)


def _has_kernel(tree: Tree) -> bool:
    paths = (path for folder in ("", "boot") for path in tree.list(folder))
    named = (path for path in paths if KERNEL_NAME.match(path.rpartition("/")[2]))
    return any(tree.is_file(path) for path in islice(named, KERNELS))


def may_hold_image(entry: Entry) -> bool:
    """Whether a file inside a root file system is worth a look at its head."""
    if entry.path.startswith("boot/"):
        return True
    if entry.path.startswith(("lib/firmware/", "usr/lib/firmware/")):
        return entry.size >= LARGE
    if IMAGE_NAME.match(entry.name):
        return True
    return entry.size >= LARGE and not entry.mode & 0o111 and not PROGRAM_NAME.match(entry.name)
