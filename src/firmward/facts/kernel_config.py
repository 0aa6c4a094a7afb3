"""How the kernels that run a root were configured: which options are set, which are not, and which cannot be told.

A kernel's own configuration (CONFIG_IKCONFIG) is the best witness. Beside it come the files that distributions and
builds ship with a kernel (`boot/config-RELEASE`, `lib/modules/RELEASE/config`, `lib/modules/RELEASE/build/.config`) and
those that lie beside the root in the image. Of a file for a release of which no kernel is here nothing runs. What a
complete configuration does not name is off; a defconfig says nothing of what it leaves out. A running machine is asked
itself (/proc/config.gz), else the file for its release counts.

An initramfs beside a root runs with that root's kernel, and is not asked.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from firmward.facts.kernel_command_line import CommandLine
from firmward.facts.kernel_images import FoundKernel, KernelImages, outermost
from firmward.formats import boot_arguments, ikconfig, kernel_config
from firmward.formats.kernel_config import SIZE_LIMIT
from firmward.formats.malformed import Malformed
from firmward.model.facts import Source, Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.parts import Parts
from firmward.model.report import Role
from firmward.model.tree import Tree

KIND = "kernel-config"
LIVE, RELEASE = "proc/config.gz", "proc/sys/kernel/osrelease"
PLACES = (
    "boot/config-*", "boot/config", "boot/.config", "usr/lib/kernel/config-*", "usr/lib/ostree-boot/config-*",
    "lib/modules/*/config", "usr/lib/modules/*/config", "lib/modules/*/build/.config",
    "usr/lib/modules/*/build/.config",
)  # fmt: skip
FILES_LIMIT = 64
"""Configurations read of one root; a system that keeps old kernels has a few."""
GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class KernelOptions:
    """How one kernel was configured, as it stands `at`.

    `options` are values by name without `CONFIG_`: `y`, `m`, `n` for what is said not to be set, numbers, and texts
    without their quotes. `is_complete` says that what is not among them is off. `version` is that of the sources,
    `release` what `uname -r` says, `architecture` what Linux calls it in its folders (x86, arm, arm64); each is empty
    where nothing says it. `kernel` is the part of the kernel that this is the configuration of, None where none is
    known.
    """

    at: Location
    options: Mapping[str, str] = field(repr=False)
    is_complete: bool
    version: str = ""
    release: str = ""
    architecture: str = ""
    kernel: str | None = None

    def get(self, option: str) -> str | Unknown:
        """The value of an option, named with or without `CONFIG_`: `n` where it is off, Unknown where nothing says."""
        value = self.options.get(option.removeprefix("CONFIG_"))
        if value is not None:
            return value
        return "n" if self.is_complete else Unknown(f"{self.name} is not a complete one, and leaves {option} out")

    def is_on(self, option: str) -> bool | Unknown:
        """Whether an option is built in or a module."""
        value = self.get(option)
        return value if isinstance(value, Unknown) else value in ("y", "m")

    @property
    def command_line(self) -> CommandLine:
        """The words that are built in (CONFIG_CMDLINE)."""
        return CommandLine(boot_arguments.arguments(self.options.get("CMDLINE", "")), self.at, is_whole=False)

    @property
    def title(self) -> str:
        """What the kernel is called: its release where that is known."""
        return self.release or self.version or self.name

    @property
    def name(self) -> str:
        """Where it stands, in words."""
        return self.at.path or self.at.part or ""


@dataclass(frozen=True, slots=True)
class KernelConfigs:
    """One of `found` for each kernel of the root whose configuration is known, at least one. `unread` says in words of
    which kernels it is not, and which files could not be read."""

    found: tuple[KernelOptions, ...]
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree, source: Source, parts: Parts | None, kernels: KernelImages | None | Unknown
) -> KernelConfigs | None:
    unread: list[str] = []
    own: tuple[FoundKernel, ...] = ()
    if source is not Source.IMAGE:
        files = _live(tree, unread)
    elif parts is not None and _is_before_a_root(parts):
        return None
    else:
        beside = frozenset() if parts is None else frozenset(one.part.id for one in parts.beside())
        if isinstance(kernels, Unknown):
            unread.append(kernels.reason)
        elif kernels is not None:
            own = tuple(one for one in kernels.found if one.at.part in beside)
        files = [*_files(tree, unread), *_beside(parts, unread)]
    found = [*_carried(own, unread), *_paired(_distinct(files), own)]
    unread += _unconfigured(own, found)
    if not found:
        raise Unavailable("; ".join(unread[:3]) or "neither a kernel nor a file says how the kernel was configured")
    return KernelConfigs(tuple(found), tuple(unread))


def _is_before_a_root(parts: Parts) -> bool:
    return parts.own.part.role is Role.INITRAMFS and any(one.part.role is Role.ROOT for one in parts.all.values())


def _live(tree: Tree, unread: list[str]) -> list[KernelOptions]:
    """What the running kernel says of itself, else the files for its release."""
    release = (tree.text(RELEASE) or "").strip()
    own = _file(tree, LIVE, unread)
    if own is not None:
        return [replace(own, release=release)]
    return [one for one in _files(tree, unread) if one.release and one.release == release]


def _files(tree: Tree, unread: list[str]) -> list[KernelOptions]:
    """Those in a root's own tree."""
    paths = {entry.path: path for place in PLACES for path in tree.glob(place) if (entry := tree.resolve(path))}
    if len(paths) > FILES_LIMIT:
        unread.append(f"{len(paths)} configurations of kernels, of which {FILES_LIMIT} were read")
    read = (_file(tree, path, unread) for path in list(paths.values())[:FILES_LIMIT])
    return [one for one in read if one is not None]


def _file(tree: Tree, path: str, unread: list[str]) -> KernelOptions | None:
    try:
        content = tree.read(path, SIZE_LIMIT)
    except Unavailable as reason:
        unread.append(str(reason))
        return None
    return None if content is None else _parsed(Location(path), path, content, unread)


def _beside(parts: Parts | None, unread: list[str]) -> Iterator[KernelOptions]:
    """Those that are parts of the image, and not a kernel's own."""
    for one in () if parts is None else parts.beside():
        if parts is None or one.part.kind != KIND or one.content is None or outermost(parts, one.part.id) is not None:
            continue
        at = Location(part=one.part.id)
        found = _parsed(at, one.part.id, one.content.read(0, SIZE_LIMIT + 1), unread)
        if found is not None:
            yield found


def _parsed(at: Location, name: str, content: bytes, unread: list[str]) -> KernelOptions | None:
    try:
        text = ikconfig.text(content) if content.startswith(GZIP) else content.decode("utf-8", "replace")
        return _told(at, text, _release(name))
    except Malformed as reason:
        unread.append(f"{name}: {reason}")
        return None


def _told(at: Location, text: str, release: str, kernel: str | None = None) -> KernelOptions:
    said = kernel_config.parse(text)
    return KernelOptions(at, said.settings, said.is_complete, said.version, release, said.architecture, kernel)


def _release(name: str) -> str:
    """The release that a file's name or folder names."""
    folder, _, last = name.rpartition("/")
    if last.startswith("config-"):
        return last.removeprefix("config-").removesuffix(".gz")
    folder = folder.removesuffix("/build") if last == ".config" else folder
    above, _, release = folder.rpartition("/")
    return release if above.endswith("lib/modules") else ""


def _distinct(files: list[KernelOptions]) -> list[KernelOptions]:
    """Those that differ: one file may be found as a file and as a part, or lie in two places."""
    found: list[KernelOptions] = []
    for one in files:
        if not any(one.options == other.options for other in found):
            found.append(one)
    return found


def _carried(kernels: tuple[FoundKernel, ...], unread: list[str]) -> Iterator[KernelOptions]:
    for one in kernels:
        if isinstance(one.configuration, str):
            release = "" if isinstance(one.release, Unknown) else one.release
            try:
                yield _told(one.at, one.configuration, release, one.at.part)
            except Malformed as reason:
                unread.append(f"{one.at.part}: {reason}")


def _paired(files: list[KernelOptions], kernels: tuple[FoundKernel, ...]) -> Iterator[KernelOptions]:
    """The files with the kernels that they are of: not those for a kernel that carries its own, nor for none here."""
    for one in files:
        fitting = [kernel for kernel in kernels if _fits(one, kernel)]
        named = [kernel for kernel in fitting if not isinstance(kernel.release, Unknown)]
        silent = [kernel for kernel in named or fitting if not isinstance(kernel.configuration, str)]
        if silent:
            yield replace(one, kernel=silent[0].at.part)
        elif not kernels:
            yield one


def _fits(one: KernelOptions, kernel: FoundKernel) -> bool:
    """Whether it may be of this kernel. A distribution's release may say another version than its sources have, which
    its banner then does."""
    if isinstance(kernel.release, Unknown) or not (one.release or one.version):
        return True
    if one.release:
        return one.release == kernel.release
    said = f"{kernel.release} {kernel.version}"
    return re.search(rf"(?<![\d.]){re.escape(one.version)}(?!\.?\d)", said) is not None


def _unconfigured(kernels: tuple[FoundKernel, ...], found: list[KernelOptions]) -> Iterator[str]:
    """In words the kernels that neither carry a configuration nor have a file with theirs."""
    for kernel in kernels:
        is_named = not isinstance(kernel.release, Unknown)
        known = any(one.kernel == kernel.at.part or (is_named and _fits(one, kernel)) for one in found)
        if not known and not isinstance(kernel.configuration, str):
            why = kernel.configuration.reason if isinstance(kernel.configuration, Unknown) else "it carries none"
            yield f"how the kernel {kernel.at.part} was configured is not known: {why}"
