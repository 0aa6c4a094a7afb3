"""The kernel's command lines: what boot loaders give it, wherever in the image they keep it.

A line is whole where the boot loader gives the kernel just this (extlinux, GRUB, a loader entry, cmdline.txt, an
Android boot image, a UKI, `bootargs`); a piece where other words come beside it (CONFIG_CMDLINE, a fragment in
uEnv.txt, etc/default/grub, dracut's cmdline.d, an addon of a UKI, Android's vbmeta). A device tree's is a piece, unless
it lies in a FIT and every U-Boot in the image leaves it as it is: its environment is built in, and no variable in it
speaks of `bootargs`. A running machine has one, in proc/cmdline. What stands in a boot loader's binary is not told.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from firmward.facts.found_uboot import FoundUboot
from firmward.facts.uboots import Uboots
from firmward.formats import avb, boot_arguments, fdt, uboot_env
from firmward.formats.boot_arguments import Argument, Line
from firmward.formats.malformed import Malformed
from firmward.model.facts import Source, Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Role
from firmward.model.tree import Tree

FILE_LIMIT = 1 << 20
"""Bytes of a file of a boot loader."""
LIVE = "proc/cmdline"

__all__ = ["Argument", "CommandLine", "KernelCommandLine", "collect"]


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One line: its `arguments` in order, `at`, where it stands, and whether it `is_whole`."""

    arguments: tuple[Argument, ...]
    at: Location
    is_whole: bool

    def has(self, name: str) -> bool:
        return any(argument.name == name for argument in self.arguments)

    def get(self, name: str) -> str | None:
        """The last value, as the kernel takes most; empty for a word without one."""
        values = self.all(name)
        return values[-1] if values else None

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(argument.value or "" for argument in self.arguments if argument.name == name)


@dataclass(frozen=True, slots=True)
class KernelCommandLine:
    """All `lines` that may be in force; `unread` says in words what could not be read."""

    lines: tuple[CommandLine, ...]
    unread: tuple[str, ...] = ()

    @property
    def whole(self) -> tuple[CommandLine, ...]:
        return tuple(line for line in self.lines if line.is_whole)


@dataclass(frozen=True, slots=True)
class _Place:
    """Files of one boot loader in a tree."""

    pattern: str
    read: Callable[[str], Iterable[Line]]
    is_whole: bool = True


def _places(folder: str) -> tuple[_Place, ...]:
    """Below a folder that is the boot partition's root."""
    return tuple(
        _Place(f"{folder}{name}", read, is_whole)
        for name, read, is_whole in (
            ("extlinux/extlinux.conf", boot_arguments.extlinux, True),
            ("extlinux.conf", boot_arguments.extlinux, True),
            ("syslinux/syslinux.cfg", boot_arguments.extlinux, True),
            ("syslinux.cfg", boot_arguments.extlinux, True),
            ("isolinux/isolinux.cfg", boot_arguments.extlinux, True),
            ("loader/entries/*.conf", boot_arguments.entry, True),
            ("grub/grub.cfg", boot_arguments.grub, True),
            ("grub2/grub.cfg", boot_arguments.grub, True),
            ("EFI/*/grub.cfg", boot_arguments.grub, True),
            ("efi/EFI/*/grub.cfg", boot_arguments.grub, True),
            ("cmdline.txt", boot_arguments.single, True),
            ("firmware/cmdline.txt", boot_arguments.single, True),
            ("uEnv.txt", boot_arguments.assignments, False),
            ("uEnv/uEnv*.txt", boot_arguments.assignments, False),
            ("extra_uEnv.txt", boot_arguments.assignments, False),
            ("armbianEnv.txt", boot_arguments.assignments, False),
            ("orangepiEnv.txt", boot_arguments.assignments, False),
            ("boot.cmd", boot_arguments.script, True),
            ("boot.scr.txt", boot_arguments.script, True),
        )
    )


def _default_grub(text: str) -> Iterator[Line]:
    for number, line in enumerate(text.split("\n"), 1):
        name, sign, value = line.strip().partition("=")
        if sign and name in ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"):
            yield Line(value.strip("\"'"), number)


IN_ROOT = (
    *_places("boot/"),
    *_places("mnt/boot/"),
    *_places("uboot/"),
    _Place("etc/kernel/cmdline", boot_arguments.single),
    _Place("etc/default/grub", _default_grub, is_whole=False),
    _Place("etc/default/grub.d/*.cfg", _default_grub, is_whole=False),
    _Place("etc/cmdline.d/*.conf", boot_arguments.single, is_whole=False),
)
BESIDE = (*_places(""), *_places("boot/"), _Place("etc/cmdline.d/*.conf", boot_arguments.single, is_whole=False))


def collect(
    tree: Tree, source: Source, parts: Parts | None, uboots: Uboots | None | Unknown
) -> KernelCommandLine | None:
    if source is Source.LIVE:
        text = tree.text(LIVE)
        return None if text is None else KernelCommandLine((_line(text, Location(LIVE, 1)),))
    unread: list[str] = []
    lines = list(_files(tree, None, IN_ROOT, unread))
    kept = parts is not None and _leave_arguments(uboots)
    for part in () if parts is None else parts.beside():
        if part.tree is not None and part.part.role is not Role.ROOT:
            lines += _files(part.tree, part.part.id, BESIDE, unread)
        elif part.content is not None and part.part.kind in BLOBS:
            found = _blob(part, unread)
            lines += _as_whole(found) if kept and parts is not None and _is_in_fit(part, parts) else found
    distinct = {(line.arguments, line.at): line for line in lines if line.arguments}
    if not distinct and not unread:
        raise Unavailable("no boot loader's configuration in the image gives a command line")
    return KernelCommandLine(tuple(distinct.values()), tuple(unread))


def _leave_arguments(uboots: Uboots | None | Unknown) -> bool:
    """Whether the boot loaders give the kernel what the device tree has, and nothing else."""
    loaders = uboots.proper if isinstance(uboots, Uboots) and not uboots.unread else ()
    return bool(loaders) and all(map(_leaves_arguments, loaders))


def _leaves_arguments(loader: FoundUboot) -> bool:
    built_in = loader.environment_places == () and bool(loader.variables)
    return built_in and not any("bootargs" in words for one in loader.variables.items() for words in one)


def _is_in_fit(part: OpenPart, parts: Parts) -> bool:
    parent = parts.all.get(part.part.parent or "")
    return part.part.kind == "device-tree" and parent is not None and parent.part.kind == "fit"


def _as_whole(lines: Iterable[CommandLine]) -> Iterator[CommandLine]:
    return (replace(line, is_whole=True) for line in lines)


def whole_lines(parts: Parts) -> KernelCommandLine:
    """The whole lines that anything in the image gives a kernel, whatever root it boots."""
    lines: list[CommandLine] = []
    unread: list[str] = []
    for id, one in parts.all.items():
        if one.part.same_as is not None:
            continue
        if one.tree is not None:
            lines += _files(one.tree, id, IN_ROOT if one.part.role is Role.ROOT else BESIDE, unread)
        elif one.content is not None and one.part.kind in BLOBS:
            lines += _blob(one, unread)
    distinct = {(line.arguments, line.at): line for line in lines if line.arguments and line.is_whole}
    return KernelCommandLine(tuple(distinct.values()), tuple(unread))


def _line(text: str, at: Location, *, is_whole: bool = True) -> CommandLine:
    return CommandLine(boot_arguments.arguments(text), at, is_whole)


def _files(tree: Tree, part: str | None, places: Iterable[_Place], unread: list[str]) -> Iterator[CommandLine]:
    seen = set()
    for place in places:
        for path in tree.glob(place.pattern):
            entry = tree.resolve(path)
            if entry is None or entry.path in seen:
                continue
            seen.add(entry.path)
            try:
                text = tree.text(path, FILE_LIMIT)
            except Unavailable as reason:
                unread.append(str(reason))
                continue
            for line in _first(place.read(text or "")):
                yield _line(line.text, Location(path, line.number, part=part), is_whole=place.is_whole)


def _first(lines: Iterable[Line]) -> Iterator[Line]:
    yield from (line for line, _ in zip(lines, range(boot_arguments.LINES), strict=False))


CONFIGURED = re.compile(r'^CONFIG_CMDLINE="(?P<value>(?:[^"\\]|\\.)*)"', re.MULTILINE)


def _blob(found: OpenPart, unread: list[str]) -> Iterator[CommandLine]:
    """The command lines in a part that is no file system."""
    at = Location(part=found.part.id)
    try:
        for text in BLOBS[found.part.kind](found):
            yield _line(text, at, is_whole=found.part.kind not in PIECES)
    except Malformed as reason:
        unread.append(f"{found.part.id}: {reason}")


def _text(found: OpenPart) -> str:
    content = found.content
    return "" if content is None else content.read(0, min(content.size, FILE_LIMIT)).decode("utf-8", "replace")


def _environment(found: OpenPart) -> Iterator[str]:
    if found.content is not None:
        yield from boot_arguments.environment(uboot_env.parse(found.content.read).variables)


def _chosen(found: OpenPart) -> Iterator[str]:
    if found.content is None:
        return
    tree = fdt.DeviceTree(found.content.read)
    chosen = tree.node("chosen")
    text = None if chosen is None else tree.text(chosen, "bootargs")
    if text:
        yield text


def _configured(found: OpenPart) -> Iterator[str]:
    match = CONFIGURED.search(_text(found))
    if match and match["value"].strip():
        yield match["value"]


HASHTREE_ENABLED, HASHTREE_DISABLED = 1, 2
"""Flags of a descriptor in vbmeta: with which state of the hash trees the words are given."""


def _of_vbmeta(found: OpenPart) -> Iterator[str]:
    """What a boot loader adds by the descriptors; one that verifies nothing looks at none."""
    if found.content is None:
        return
    image = avb.parse(found.content.read(0, min(found.content.size, avb.SIZE_LIMIT)))
    left_out = HASHTREE_ENABLED if image.hashtree_disabled else HASHTREE_DISABLED
    for one in image.descriptors if not image.verification_disabled else ():
        if isinstance(one, avb.CommandLineDescriptor) and not one.flags & left_out:
            yield one.text


BLOBS: dict[str, Callable[[OpenPart], Iterable[str]]] = {
    "kernel-command-line": lambda found: (_text(found),),
    "kernel-command-line-addon": lambda found: (_text(found),),
    "u-boot-env": _environment,
    "device-tree": _chosen,
    "script": lambda found: (line.text for line in _first(boot_arguments.script(_text(found)))),
    "kernel-config": _configured,
    "vbmeta": _of_vbmeta,
}
PIECES = frozenset(("kernel-config", "device-tree", "kernel-command-line-addon", "vbmeta"))
