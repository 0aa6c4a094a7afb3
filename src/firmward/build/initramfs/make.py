"""Make an initramfs: one that verifies the root and goes on there, or one that is the whole system.

| layout | holds | first program |
| --- | --- | --- |
| verity | BusyBox, dmsetup, modules, the watcher | opens the root by the hash that stands in it, goes on there |
| initramfs | all of the root file system, and in `.firmward` BusyBox, modules, the watcher | becomes the system's own |

Both are written so that the same inputs give the same bytes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from firmward.build.board import Addresses, Board
from firmward.build.initramfs import archive, kernel, modules, packing, script, tools
from firmward.build.initramfs.archive import Member, folder, link, program
from firmward.build.initramfs.kernel import Kernel
from firmward.build.initramfs.modules import Module
from firmward.build.initramfs.script import FOLDER, Health
from firmward.build.initramfs.tools import Program, Source
from firmward.image.opening import open_image
from firmward.model.errors import InputError
from firmward.model.folder import FolderTree, Mounts
from firmward.model.report import Role
from firmward.model.tree import Entry, Kind, Tree

WHOLE_LIMIT = 512 << 20
"""Bytes of a whole system, expanded: they stay in the device's memory."""
NODES = (
    Member("dev/console", Kind.CHARACTER, 0o600, device=(5, 1)),
    Member("dev/kmsg", Kind.CHARACTER, 0o600, device=(1, 11)),
)
"""What is wanted before there is a /dev: the kernel opens the one for the first program, which writes to the other."""
OWN_INIT = "sbin/init.system"
"""What the first program of a system is called that had `/init` and no `/sbin/init`."""
CAPABILITY = "security.capability"


@dataclass(frozen=True, slots=True)
class Inputs:
    """`tools` is the tree with the programs, `root` the system's: the same record twice where the system has them
    itself. `compression` is that of the root file system; the initramfs has it too where the kernel can."""

    board: Board
    kernel: Path
    tools: Source
    root: Source
    health: Health
    epoch: int
    compression: str = "xz"

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where programs and modules are looked for."""
        return (self.tools,) if self.tools == self.root else (self.tools, self.root)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is looked up before anything is written."""

    kernel: Kernel
    modules: tuple[Module, ...]
    busybox: Program


def source(path: Path, name: str) -> Source:
    """The root file system in a folder or image, called by the key of the policy that names it. Raises InputError."""
    if path.is_dir():
        return Source(FolderTree(path, Mounts.WALK), f"{name} {path}")
    found = [root for root in open_image(path).roots if root.part.role in (Role.ROOT, Role.INITRAMFS)]
    if not found:
        raise InputError(f"{name} {path}: holds no root file system")
    return Source(found[0].tree, f"{name} {path}")


def check(inputs: Inputs) -> None:
    """Raises InputError where `make` would, but for the table and the size."""
    _parts(inputs)


def check_whole(inputs: Inputs) -> None:
    """Raises InputError where `make_whole` would, but for the system's files and their size."""
    _whole_parts(inputs)
    _require_start(inputs)


def make(inputs: Inputs, verity_table: str, path: Path) -> Path:
    """An initramfs that goes on to the root that the table describes, `DEVICE` standing for its partition. Raises
    InputError."""
    parts = _parts(inputs)
    members = [
        *(folder(name) for name in ("dev", "newroot", "proc", "sys", "watch")),
        *NODES,
        program("init", script.first(parts.modules, verity_table).encode()),
        *_programs(parts.busybox, tools.dmsetup(inputs.tools, inputs.board.architecture)),
        *_modules(parts.modules, "modules"),
        *_watcher(parts.busybox, inputs.health, "health", is_twice=True),
    ]
    return _written(members, parts.kernel, inputs, path)


def make_whole(inputs: Inputs, path: Path) -> Path:
    """An initramfs that is the whole system. Raises InputError."""
    parts = _whole_parts(inputs)
    start = _require_start(inputs)
    system = tuple(_system(inputs.root, inputs.epoch))
    own = {member.path for member in system}
    members = [
        *system,
        *(folder(name) for name in ("dev", "proc", "sys") if name not in own),
        *(node for node in NODES if node.path not in own),
        program("init", script.first_of_whole(parts.modules, start).encode()),
        *_modules(parts.modules, f"{FOLDER}/modules"),
        folder(f"{FOLDER}/sys"),
        *_watcher(parts.busybox, inputs.health, FOLDER, is_twice=False),
    ]
    size = archive.expanded_size(members)
    if size > WHOLE_LIMIT:
        raise InputError(
            f"{inputs.root.name}: takes {size >> 20} MiB of the device's memory, more than {WHOLE_LIMIT >> 20}; "
            'take [build] layout = "verity"'
        )
    return _written(members, parts.kernel, inputs, path)


def _parts(inputs: Inputs) -> _Parts:
    kernel_ = kernel.read(inputs.kernel, inputs.sources)
    modules.require_panic(kernel_)
    modules.require_decompressor(kernel_, inputs.compression)
    _require_start(inputs)
    faster = modules.FASTER.get(inputs.board.architecture, ())
    wanted = (*modules.of_board(inputs.board.modules), *modules.VERITY, *faster)
    loaded = tuple(modules.collect(wanted, kernel_, inputs.sources))
    tools.dmsetup(inputs.tools, inputs.board.architecture)
    return _Parts(kernel_, loaded, tools.busybox(inputs.tools, inputs.board.architecture, script.APPLETS))


def _whole_parts(inputs: Inputs) -> _Parts:
    kernel_ = kernel.read(inputs.kernel, inputs.sources)
    loaded = tuple(modules.collect(modules.of_board(inputs.board.modules), kernel_, inputs.sources))
    busybox = tools.busybox(inputs.tools, inputs.board.architecture, script.APPLETS)
    if not busybox.is_static and inputs.tools != inputs.root:
        raise InputError(
            f"{inputs.tools.name}: {busybox.path} needs libraries that the system may have in another version; "
            "give one that needs none (Buildroot BR2_STATIC_LIBS, Debian busybox-static), or the system's own"
        )
    return _Parts(kernel_, loaded, busybox)


def room(addresses: Addresses) -> int | None:
    """Bytes between where the initramfs is put and what is put behind it; None where nothing is."""
    behind = [at for at in (addresses.fit, addresses.kernel, addresses.device_tree) if at > addresses.initramfs]
    return min(behind) - addresses.initramfs if behind else None


def _written(members: Iterable[Member], kernel_: Kernel, inputs: Inputs, path: Path) -> Path:
    dated = [replace(member, mtime=inputs.epoch) for member in members]
    archive.write(dated, path, compression(kernel_, inputs.compression))
    space, size = room(inputs.board.addresses), path.stat().st_size
    if space is not None and size > space:
        path.unlink()
        raise InputError(
            f"{path.name}: the initramfs takes {size} bytes, and the board {inputs.board.name} has room for {space}"
        )
    return path


def compression(kernel_: Kernel, wanted: str) -> str:
    """How the initramfs is packed: as wanted where the kernel is known to unpack that, else with gzip, which every
    kernel is built with unless somebody takes it out."""
    known = [name for name, option in packing.OPTIONS.items() if kernel_.setting(option) == "y"]
    if wanted in known:
        return wanted
    if kernel_.settings is None or "gzip" in known:
        return "gzip"
    return known[0] if known else "none"


def _require_start(inputs: Inputs) -> str:
    """The system's first program. Raises InputError where it has none, or no shell to ask for its health."""
    tree, name = inputs.root.tree, inputs.root.name
    if inputs.health.commands and tree.resolve("bin/sh") is None:
        raise InputError(f"{name}: has no /bin/sh, which runs the commands of [update] health")
    if _is_program(tree.resolve("sbin/init")):
        return "/sbin/init"
    if _is_program(tree.resolve("init")) and tree.lstat("sbin/init") is None:
        return f"/{OWN_INIT}"
    raise InputError(f"{name}: has no /sbin/init, with which a system starts")


def _is_program(entry: Entry | None) -> bool:
    return entry is not None and entry.kind is Kind.FILE and bool(entry.mode & 0o111)


def _programs(busybox: Program, dmsetup: Program) -> Iterator[Member]:
    yield program("bin/busybox", busybox.content)
    yield program("bin/dmsetup", dmsetup.content)
    yield from (link(f"bin/{name}", "busybox") for name in script.APPLETS)
    yield from (program(place, content) for place, content in _together(busybox, dmsetup).items())


def _together(*programs: Program) -> Mapping[str, bytes]:
    return {place: content for one in programs for place, content in one.libraries.items()}


def _modules(loaded: Iterable[Module], at: str) -> Iterator[Member]:
    yield from (Member(f"{at}/{one.name}.ko", content=one.content) for one in loaded)


def _watcher(busybox: Program, health: Health, at: str, *, is_twice: bool) -> Iterator[Member]:
    """The folder that the watcher lives in: its root. `is_twice` says whether its programs lie outside as well."""
    yield folder(at, 0o700)
    yield from (folder(f"{at}/{name}") for name in ("dev", "proc"))
    yield Member(f"{at}/watch.sh", content=script.watcher(health).encode())
    for place, content in {"bin/busybox": busybox.content, **busybox.libraries}.items():
        one = program(f"{at}/{place}", content)
        yield replace(one, content=b"", same_as=place) if is_twice else one
    yield from (link(f"{at}/bin/{name}", "busybox") for name in script.APPLETS)


# the whole system


def _system(root: Source, epoch: int) -> Iterator[Member]:
    """All files of the system, its own `/init` under another name where that starts it."""
    has_init = root.tree.lstat("sbin/init") is not None
    names: dict[tuple[int, int], str] = {}
    lost: list[str] = []
    for entry in root.tree.entries():
        if entry.path == FOLDER or entry.path.startswith(f"{FOLDER}/"):
            raise InputError(f"{root.name}: has /{FOLDER}, which the initramfs needs for itself")
        if entry.kind is Kind.SOCKET or (entry.path == "init" and has_init):
            continue
        lost += [entry.path] if any(name == CAPABILITY for name, _ in entry.xattrs) else []
        path = OWN_INIT if entry.path == "init" else entry.path
        yield replace(_member(root.tree, entry, epoch, names), path=path)
    if lost:
        raise InputError(
            f"{root.name}: an initramfs cannot keep the capabilities of {', '.join(lost[:5])}: take them away, or take "
            '[build] layout = "verity"'
        )


def _member(tree: Tree, entry: Entry, epoch: int, names: dict[tuple[int, int], str]) -> Member:
    """A hard link is kept as one, where the tree can tell."""
    member = archive.of_tree(tree, entry, epoch)
    identity = tree.identity(entry.path) if isinstance(tree, FolderTree) and entry.kind is Kind.FILE else None
    if identity is None or names.setdefault(identity, entry.path) == entry.path:
        return member
    return replace(member, content=b"", size=0, same_as=names[identity])
