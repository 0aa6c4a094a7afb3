"""What a build is made from, as the policy's section [build] names it, checked before any work is done.

Everything that is wrong is told at once, a line for each key to change: a build takes minutes, and must not end at the
third mistake only after the second was mended. What is large is opened once, and used by those who build.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from firmward.build import board as boards
from firmward.build import embedded_keys, sizes, trees, unchanged
from firmward.build.board import Board
from firmward.build.built import CONTROL
from firmward.build.trees import Given
from firmward.build.unchanged import Stamp
from firmward.formats import elf_dynamic, kernel_image
from firmward.formats.fdt import DeviceTree
from firmward.formats.kernel_image import KernelImage
from firmward.formats.malformed import Malformed
from firmward.image.source import Source, open_file
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.policy import Build, Device, Policy
from firmward.model.tree import Kind, Tree

INIT = "sbin/init"
PROGRAMS = (INIT, "init", "bin/busybox", "usr/bin/busybox", "bin/sh", "usr/bin/env")
"""The first of them that is no script tells which processor a tree is for."""
KERNEL_FORMS = ("image", "zimage")
FLAT_WORDS = {"riscv64": "riscv"}
"""Policy's word for an architecture to the kernel's, where they differ."""
MACHINES = {"aarch64": "arm64", "riscv": "riscv64"}
"""ELF's word for a processor to the policy's, where they differ."""
HEAD = 4096
INITRAMFS = "initramfs"
"""The layout whose system is the initramfs itself."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """`tools` is `root` where the policy names no other. Sizes in bytes, None where the policy leaves them open.
    `stamps` are those of the files, taken before they were looked at."""

    product: str
    version: str
    board: Board
    layout: str
    compression: str
    root: Given
    tools: Given
    data: Given | None
    kernel: Path
    device_tree: Path
    boot_loader: Path | None
    boot_loader_tree: Path | None
    boot_size: int | None
    slot_size: int | None
    data_size: int | None
    stamps: tuple[Stamp, ...] = ()


def read(policy: Policy, base: Path, today: date) -> Inputs:
    """`base` is the folder of the policy. Raises InputError, a line for each thing that is wrong."""
    reading = _Reading(policy, base)
    stamps = unchanged.stamps(base / name for name in reading.names())
    problems = _problems((*reading.values(), *_checks(reading)))
    problems += _keys(reading, policy, today)
    if problems:
        raise InputError("\n".join(dict.fromkeys(problems)))
    build = reading.build
    return Inputs(
        product=reading.product(),
        version=reading.version(),
        board=reading.board(),
        layout=build.layout,
        compression=build.compression,
        root=reading.root(),
        tools=reading.tools(),
        data=reading.data(),
        kernel=reading.kernel(),
        device_tree=reading.device_tree(),
        boot_loader=reading.boot_loader(),
        boot_loader_tree=reading.boot_loader_tree(),
        boot_size=reading.boot_size(),
        slot_size=reading.slot_size(),
        data_size=reading.data_size(),
        stamps=stamps,
    )


class _Reading:
    """One value after the other. What is wrong with it is raised as InputError, by the name of its key."""

    def __init__(self, policy: Policy, base: Path) -> None:
        self.build = policy.build or Build()
        self._device = policy.device or Device("")
        self._base = base
        self._trees: dict[str, Given | InputError] = {}

    def names(self) -> Iterator[str]:
        build = self.build
        given = (
            build.rootfs, build.tools, build.data, build.kernel, build.device_tree, build.boot_loader,
            build.boot_loader_tree,
        )  # fmt: skip
        return (name for name in given if name)

    def values(self) -> tuple[Callable[[], object], ...]:
        return (
            self.product, self.version, self.board, self.root, self.tools, self.data, self.kernel, self.device_tree,
            self.boot_loader, self.boot_loader_tree, self.boot_size, self.slot_size, self.data_size,
        )  # fmt: skip

    def product(self) -> str:
        return _said("[device] product", self._device.product)

    def version(self) -> str:
        return _said("[device] version", self._device.version)

    def board(self) -> Board:
        found = boards.board(_said("[device] board", self._device.board))
        own = self._device.architecture
        if own is not None and own != found.architecture:
            raise InputError(f"[device] architecture: {own}, and board {found.name} is {found.architecture}")
        return found

    def root(self) -> Given:
        return self._tree("rootfs", _said("[build] rootfs", self.build.rootfs))

    def tools(self) -> Given:
        return self._tree("tools", self.build.tools) if self.build.tools else self.root()

    def data(self) -> Given | None:
        return self._tree("data", self.build.data) if self.build.data else None

    def kernel(self) -> Path:
        path, source = self._file("kernel", _said("[build] kernel", self.build.kernel))
        found = _kernel(source)
        if found is None or found.form not in KERNEL_FORMS:
            is_what = "is no kernel that is known" if found is None else f"is a kernel in the form {found.form}"
            raise InputError(f"[build] kernel: {path}: {is_what}; give the Image or zImage that its build leaves")
        return path

    def device_tree(self) -> Path:
        path, source = self._file("device_tree", _said("[build] device_tree", self.build.device_tree))
        _check_device_tree("device_tree", path, source)
        return path

    def boot_loader(self) -> Path | None:
        """The first build of a board goes without: it gives out the tree with the key that the boot loader needs."""
        name = self.build.boot_loader
        if name is None:
            return None
        path, _ = self._file("boot_loader", name)
        if path.name == Path(CONTROL).name:
            raise InputError(f"[build] boot_loader: {path}: the control tree of the build is called so; rename it")
        return path

    def boot_loader_tree(self) -> Path | None:
        name, board = self.build.boot_loader_tree, self.board()
        if name is None:
            if board.defconfig is None:
                raise InputError(
                    f"[build] boot_loader_tree: is required, since the boot loader of {board.name} is the maker's; "
                    "name the control tree that its build leaves (u-boot.dtb), which gets the public key"
                )
            return None
        path, source = self._file("boot_loader_tree", name)
        _check_device_tree("boot_loader_tree", path, source)
        return path

    def boot_size(self) -> int | None:
        return None if self.build.boot_size is None else sizes.parse(self.build.boot_size, "boot_size")

    def slot_size(self) -> int | None:
        return None if self.build.slot_size is None else sizes.parse(self.build.slot_size, "slot_size")

    def data_size(self) -> int | None:
        return None if self.build.data_size is None else sizes.parse(self.build.data_size, "data_size")

    def _tree(self, key: str, name: str) -> Given:
        """Opened once: what is packed takes a while to unpack."""
        if name not in self._trees:
            try:
                self._trees[name] = trees.open_tree(self._base / name)
            except InputError as error:
                self._trees[name] = error
        found = self._trees[name]
        if isinstance(found, InputError):
            raise InputError(f"[build] {key}: {found}")
        return found

    def _file(self, key: str, name: str) -> tuple[Path, Source]:
        path = self._base / name
        try:
            source = open_file(path)
        except InputError as error:
            raise InputError(f"[build] {key}: {error}") from error
        if not path.is_file() or source.size == 0:
            raise InputError(f"[build] {key}: {path}: {'is empty' if path.is_file() else 'is no file'}")
        return path, source


def _said(key: str, word: str | None) -> str:
    if not word:
        raise InputError(f"{key}: is required for a build")
    return word


def _problems(steps: Iterable[Callable[[], object]]) -> list[str]:
    """What the steps raise; those that need a value that is wrong say no more than it does."""
    found = []
    for step in steps:
        try:
            step()
        except InputError as error:
            found.append(str(error))
    return found


def _checks(reading: _Reading) -> tuple[Callable[[], None], ...]:
    """What must hold between the values."""

    def kernel() -> None:
        _check_kernel(reading.kernel(), reading.board())

    def init() -> None:
        root = reading.root()
        if reading.build.layout != INITRAMFS and not _is_program(root.tree, INIT):
            raise InputError(f"[build] rootfs: {root.path} has no /{INIT}, which the initramfs would start")

    def root() -> None:
        _check_architecture("rootfs", reading.root(), reading.board())

    def tools() -> None:
        if reading.build.tools:
            _check_architecture("tools", reading.tools(), reading.board())

    return kernel, init, root, tools


def _keys(reading: _Reading, policy: Policy, today: date) -> Iterator[str]:
    """Of the trees that end up on the device; the reason why one cannot be opened was told before."""
    for key, opened in (("rootfs", reading.root), ("data", reading.data)):
        try:
            given = opened()
        except InputError:
            continue
        if given is not None:
            for words in embedded_keys.refused(given.tree, policy.accepted, today):
                yield f"[build] {key}: {words}"


def _kernel(source: Source) -> KernelImage | None:
    try:
        return kernel_image.parse(source.read, source.size)
    except Malformed:
        return None


def _check_kernel(path: Path, board: Board) -> None:
    found = _kernel(open_file(path))
    wanted = FLAT_WORDS.get(board.architecture, board.architecture)
    if found is not None and found.architecture != wanted:
        own = found.architecture
        raise InputError(f"[build] kernel: {path} is for {own}, and board {board.name} is {board.architecture}")


def _check_device_tree(key: str, path: Path, source: Source) -> None:
    try:
        DeviceTree(source.read)
    except Malformed as error:
        raise InputError(f"[build] {key}: {path}: is no device tree: {error}") from error


def _check_architecture(key: str, given: Given, board: Board) -> None:
    for program in PROGRAMS:
        own = _architecture(given.tree, program)
        if own is not None and own != board.architecture:
            where = f"{given.path}: /{program}"
            raise InputError(f"[build] {key}: {where} is for {own}, and board {board.name} is {board.architecture}")
        if own is not None:
            return


def _is_program(tree: Tree, path: str) -> bool:
    entry = tree.resolve(path)
    return entry is not None and entry.kind is Kind.FILE


def _architecture(tree: Tree, path: str) -> str | None:
    """None for what is not there, cannot be read, or is no ELF file: to start with."""
    entry = tree.resolve(path)
    if entry is None or entry.kind is not Kind.FILE:
        return None
    try:
        head = next(iter(tree.chunks(entry)), b"")[:HEAD]
    except Unavailable:
        return None
    elf = elf_dynamic.parse(len(head), lambda offset, length: head[offset : offset + length])
    if elf is None:
        return None
    if elf.machine == "mips" and not elf.is_big_endian:
        return "mipsel"
    return MACHINES.get(elf.machine, elf.machine)
