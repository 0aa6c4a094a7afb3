"""From what the policy names to a folder with a signed image, whole or not at all.

The rules this file holds:

- What can be refused is refused before anything is made, and what is made is signed last, when all of it fits.
- Everything is made in a folder beside the one that was asked for, which comes to its place in one step (place.py).
- The same inputs give the same bytes: no time, no path and no name of this machine goes in.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from firmward.build import built, place, requirements, sizes, space, statement, unchanged
from firmward.build.built import BOOT, CONTROL, DATA, LOADER, LOADER_CONFIG, LOADERS, ROOT, Built, File, Partition
from firmward.build.estimate import needed
from firmward.build.inputs import INITRAMFS, Inputs
from firmward.build.keys import BuildKeys
from firmward.build.verity import VerityRoot
from firmward.model.policy import Boot, Policy, Update
from firmward.signing.fit import refuse_undeclared

if TYPE_CHECKING:
    from firmward.build.initramfs import make

POLICY, TRIAGE, DISK = "device.toml", "triage.toml", "disk.img"
FIT, ROOT_IMAGE = "slot/boot.fit", "slot/root.img"
FOLDERS = ("slot", LOADERS)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built. `text` is the policy's own, `triage` that of the decisions beside it, if any, `cache` a
    folder for the boot loader, `epoch` the time, in seconds since 1970, that files are dated with."""

    policy: Policy
    text: str
    inputs: Inputs
    keys: BuildKeys
    cache: Path
    epoch: int
    triage: str | None = None

    @property
    def boot(self) -> Boot:
        return self.policy.boot or Boot()

    @property
    def update(self) -> Update:
        return self.policy.update or Update()


def check(order: Order) -> None:
    """Raises what `build` would, as far as it can be told without making anything."""
    from firmward.build.initramfs import make
    from firmward.build.rom import roms

    inputs, key = order.inputs, order.keys.key
    requirements.require(inputs)
    refuse_undeclared(key, order.keys.declared)
    if inputs.board.defconfig is None and inputs.boot_loader is not None:
        roms.require_key(inputs.board, inputs.boot_loader, key.id)
    asked = _asked(order)
    if inputs.layout == INITRAMFS:
        make.check_whole(asked)
    else:
        make.check(asked)


def build(order: Order, out: Path, tell: Tell) -> Built:
    """Build to `out`. Raises InputError, TrustError, DeviceError or ToolError, and leaves what was there as it was."""
    place.check(out)
    tell("inputs, programs and keys")
    check(order)
    place.make_parent(out)
    space.require(out.parent, needed(order.inputs))
    with place.taken(out, FOLDERS) as folder:
        made = _made(order, folder, tell)
        unchanged.require(order.inputs.stamps)
        (folder / built.FILE).write_text(built.to_json(made), encoding="utf-8")
        statement.write(folder, order.keys.witnesses)
    return made


def _made(order: Order, folder: Path, tell: Tell) -> Built:
    inputs = order.inputs
    (folder / POLICY).write_text(order.text, encoding="utf-8")
    if order.triage is not None:
        (folder / TRIAGE).write_text(order.triage, encoding="utf-8")
    witness = _boot_loader(order, folder, tell)
    _rom(order, folder, tell)
    root = None if inputs.layout == INITRAMFS else _root(order, folder, tell)
    data_size = _data(order, folder, tell)
    with tempfile.TemporaryDirectory(prefix=".initramfs-", dir=folder) as name:
        initramfs = _initramfs(order, root, Path(name) / "initramfs", tell)
        _fit(order, initramfs, folder, witness, tell)
    partitions = _disk(order, folder, root, data_size, tell)
    return Built(
        product=inputs.product,
        version=inputs.version,
        board=inputs.board.name,
        layout=inputs.layout,
        console=order.boot.console,
        rollback_index=order.boot.rollback_index,
        root_hash="" if root is None else root.root_hash,
        epoch=order.epoch,
        health=order.update.health,
        health_seconds=order.update.health_seconds,
        boot_key=order.keys.key.id,
        partitions=partitions,
        files=tuple(_files(folder)),
    )


def _boot_loader(order: Order, folder: Path, tell: Tell) -> Path | None:
    """The board's own, built; or the maker's, copied. Returns U-Boot's own program that says whether it would start a
    FIT, where it was built."""
    inputs = order.inputs
    if inputs.board.defconfig is not None:
        from firmward.build.uboot import control, recipe

        loader = recipe.boot_loader(inputs.board, order.boot.console, order.cache, tell)
        shutil.copyfile(loader.binary, folder / LOADER)
        shutil.copyfile(loader.config, folder / LOADER_CONFIG)
        control.control_tree(inputs.board, folder / LOADER, folder / CONTROL, tell)
        return loader.fit_check_sign
    if inputs.boot_loader is not None:
        shutil.copyfile(inputs.boot_loader, folder / LOADERS / inputs.boot_loader.name)
    if inputs.boot_loader_tree is not None:
        shutil.copyfile(inputs.boot_loader_tree, folder / CONTROL)
    return None


def _root(order: Order, folder: Path, tell: Tell) -> VerityRoot:
    from firmward.build.root import write_root
    from firmward.build.verity import write_verity

    inputs = order.inputs
    tell(f"root file system, as squashfs with {inputs.compression}")
    image = folder / ".root"
    try:
        write_root(inputs.root, image, compression=inputs.compression, epoch=order.epoch)
        tell("hash tree")
        root = write_verity(image, folder / ROOT_IMAGE, product=inputs.product, version=inputs.version)
    finally:
        image.unlink(missing_ok=True)
    sizes.room(ROOT, inputs.slot_size, root.size)
    return root


def _data(order: Order, folder: Path, tell: Tell) -> int:
    from firmward.build.data import least_size, write_data

    tell("data partition")
    inputs = order.inputs
    size = sizes.room(DATA, inputs.data_size, least_size(inputs.data))
    write_data(inputs.data, folder / ".data", size=size, epoch=order.epoch, identity=inputs.product)
    return size


def _asked(order: Order) -> "make.Inputs":
    from firmward.build.initramfs import make
    from firmward.build.initramfs.script import Health
    from firmward.build.initramfs.tools import Source

    inputs = order.inputs
    root_source = Source(inputs.root.tree, f"[build] rootfs {inputs.root.path}")
    tools = Source(inputs.tools.tree, f"[build] tools {inputs.tools.path}")
    return make.Inputs(
        board=inputs.board,
        kernel=inputs.kernel,
        tools=root_source if inputs.tools is inputs.root else tools,
        root=root_source,
        health=Health(order.update.health, order.update.health_seconds),
        epoch=order.epoch,
        compression=inputs.compression,
    )


def _initramfs(order: Order, root: VerityRoot | None, path: Path, tell: Tell) -> Path:
    from firmward.build.initramfs import make

    tell("initramfs")
    asked = _asked(order)
    return make.make_whole(asked, path) if root is None else make.make(asked, root.table("DEVICE"), path)


def _fit(order: Order, initramfs: Path, folder: Path, witness: Path | None, tell: Tell) -> None:
    from firmward.build.fit import FitPieces, signed_fit

    inputs, control = order.inputs, folder / CONTROL
    limit = inputs.board.addresses.fit_limit
    pieces = FitPieces(
        kernel=inputs.kernel,
        device_tree=inputs.device_tree,
        initramfs=initramfs,
        board=inputs.board,
        console=order.boot.console,
        rollback_index=order.boot.rollback_index,
        description=f"{inputs.product} {inputs.version}",
    )
    tell(f"kernel, device trees and initramfs, signed with key {order.keys.key.id[:16]}")
    signed_fit(
        pieces,
        order.keys.key,
        order.keys.spares,
        control if control.exists() else None,
        folder / FIT,
        order.epoch,
        declared=order.keys.declared,
        witness=witness,
        limit=min(inputs.boot_size or limit, limit),
    )


def _disk(order: Order, folder: Path, root: VerityRoot | None, data_size: int, tell: Tell) -> tuple[Partition, ...]:
    from firmward.build.disk import contents, write_disk
    from firmward.formats import boot_state

    tell("disk")
    inputs, data = order.inputs, folder / ".data"
    partitions = contents(
        state=boot_state.fresh().to_bytes(),
        boot=folder / FIT,
        boot_size=sizes.room(BOOT, inputs.boot_size, (folder / FIT).stat().st_size),
        root=None if root is None else root.path,
        slot_size=0 if root is None else sizes.room(ROOT, inputs.slot_size, root.size),
        data=data,
        data_size=data_size,
    )
    try:
        return write_disk(folder / DISK, partitions, identity=inputs.product)
    finally:
        data.unlink()


def _rom(order: Order, folder: Path, tell: Tell) -> None:
    """What the maker's tool has to sign."""
    board, loader = order.inputs.board, order.inputs.boot_loader
    if board.rom is None or loader is None:
        return
    from firmward.build.rom import roms

    tell(f"inputs of the tool that signs for the ROM of {board.name}")
    given = folder / LOADERS / loader.name
    roms.require_key(board, given, order.keys.key.id)  # of what is given out, not of what was looked at before
    roms.prepare(board, given, folder / built.ROM)


def _files(folder: Path) -> Iterator[File]:
    for path in built.files(folder):
        yield File(str(path.relative_to(folder)), path.stat().st_size, built.digest(path))
