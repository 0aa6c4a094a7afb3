"""What most devices in the field are: a boot loader with a prompt that starts what its environment names, an unsigned
kernel, and a root that anybody with root's rights changes for good.

The twin is made on the disk's copy, at the places of the build's own parts: its FIT where slot a has its (and on into
slot b's, which it has no use for), the root of slot a as it is or as it was before it was hardened, and in place of
slot b's root an empty file system that takes what is written to `/`. It is what protection is measured against: same
kernel, same product, no protection.
"""

import tempfile
from pathlib import Path

from firmward.build.board import board
from firmward.build.built import Partition
from firmward.build.program import run
from firmward.build.root import write_root
from firmward.build.trees import open_tree
from firmward.image.root import is_root
from firmward.lab import device as parts
from firmward.lab import media
from firmward.lab.board import Firmware, Stock, VirtualBoard
from firmward.lab.device import Device, Kind
from firmward.lab.media import Media, Prepare
from firmward.lab.plain import fit, initramfs
from firmward.lab.plain.environment import environment
from firmward.model.errors import InputError, ToolError

PREFIX = "plain-"
"""Before the names of media that are kept."""
SECTOR = 512
BOOT_DELAY = 2
"""Seconds in which a key leads to the prompt; U-Boot's own default."""
COMPRESSION = "gzip"
"""Every kernel that reads squashfs knows it, and it is packed in seconds."""
IDENTITY = "5eed0000-0000-4000-8000-000000000001"
"""Of the file system for what is written, so that it is the same each time."""


def firmware(virtual: VirtualBoard) -> Firmware:
    """The boot loader as the distribution ships it. Raises ToolError when it is not installed."""
    loader = Path(virtual.stock.loader)
    if not loader.is_file():
        raise ToolError(f"{loader} is not there; on Debian: apt install {virtual.stock.package}")
    return Firmware(loader, None)


def preparation(device: Device, virtual: VirtualBoard) -> Prepare:
    """What makes the twin of a copy of the build's media."""
    said = device.said
    own = board(said.board)
    shell = device.kind is Kind.SHELL
    start = initramfs.Start(said.layout, said.health, own.console, shell)
    program = initramfs.script(start).encode()

    def prepare(written: Media) -> None:
        with tempfile.TemporaryDirectory(prefix="firmward-lab-") as name:
            work = Path(name)
            made = fit.unsigned(
                device.folder / parts.FIT, work, lambda archive: initramfs.with_program(archive, program)
            )
            size = _place_fit(made, device, written)
            if device.before is not None:
                _place_root(device.before, device, written, work)
            if said.layout == "verity":
                _place_upper(device.partition("root_b"), written, work)
        variables = _variables(virtual.stock, own.addresses.fit, size, own.console)
        written.flash.seek(0)
        written.flash.write(environment(variables, virtual.stock.environment_size))
        written.flash.flush()

    return prepare


def _place_fit(made: Path, device: Device, written: Media) -> int:
    """How many bytes of the disk it takes. Raises InputError when there is no room."""
    first, second = device.partition("boot_a"), device.partition("boot_b")
    room = first.size + second.size if second.start == first.start + first.size else first.size
    size = made.stat().st_size
    if size > room:
        raise InputError(f"the twin's kernel and initramfs have {size} bytes, and the disk has {room} for them")
    media.zero(written.disk, first.start, room)
    media.copy(made, written.disk, first.start)
    return size


def _place_root(before: Path, device: Device, written: Media, work: Path) -> None:
    """Raises InputError for a root that cannot be read, or has no room."""
    if device.said.layout != "verity":
        raise InputError(f"{before}: the build has its system in the initramfs, and no place for another root")
    image, place = work / "root.squashfs", device.partition("root_a")
    given = open_tree(before)
    if not is_root(given.tree, given.kind):
        raise InputError(f"{before}: holds no system that a kernel could start: no etc and no folder of programs")
    write_root(given, image, compression=COMPRESSION, epoch=fit.EPOCH)
    size = image.stat().st_size
    if size > place.size:
        raise InputError(f"{before}: takes {size} bytes as squashfs, and the slot has {place.size}")
    media.zero(written.disk, place.start, place.size)
    media.copy(image, written.disk, place.start)


def _place_upper(partition: Partition, written: Media, work: Path) -> None:
    image = work / "upper.ext4"
    with image.open("wb") as file:
        file.truncate(partition.size)
    options = ("-q", "-F", "-U", IDENTITY, "-E", f"hash_seed={IDENTITY},lazy_itable_init=0", "-m", "0")
    run(["mke2fs", "-t", "ext4", *options, image], epoch=fit.EPOCH, package="e2fsprogs")
    media.zero(written.disk, partition.start, partition.size)
    media.copy(image, written.disk, partition.start)


def _variables(stock: Stock, address: int, size: int, console: str) -> dict[str, str]:
    sectors = -(-size // SECTOR)
    steps = (
        stock.before,
        f"part start {stock.disk} boot_a start",
        f"{stock.disk.split()[0]} read {address:#x} ${{start}} {sectors:#x}",
        f"bootm {address:#x}#{fit.CONFIGURATION}",
    )
    arguments = f"console={console} panic=5 rdinit=/{initramfs.NAME} firmward.slot=a"
    return {
        "bootargs": arguments,
        "bootcmd": "; ".join(steps),
        "bootdelay": str(BOOT_DELAY),
        **dict.fromkeys(("stdin", "stdout", "stderr"), stock.serial),
    }
