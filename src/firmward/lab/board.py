"""What a virtual device is: the QEMU that plays a board, and the boot loader that its unprotected twin starts with."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from firmward.lab import network
from firmward.lab.network import Forward
from firmward.model.errors import InputError

QUIET = ("-nodefaults", "-nographic", "-serial", "stdio")
"""No device that was not asked for; the serial line is the program's standard input and output."""
CONFINED = ("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")
"""What runs in the device may be hostile, and QEMU is what keeps it in: a QEMU that was taken over starts nothing."""


@dataclass(frozen=True, slots=True)
class Stock:
    """A boot loader as a distribution ships it, which starts whatever its environment says, and who may change that.

    `environment_size` is what it keeps at the start of the second flash bank, in bytes. `disk` is what its commands
    call the disk, `before` finds it, `serial` is what it calls its console.
    """

    loader: str
    package: str
    environment_size: int
    disk: str
    before: str
    serial: str


@dataclass(frozen=True, slots=True)
class VirtualBoard:
    """`program` is in the Debian `package`; `arguments` are processor and memory, `disk` the device behind the drive
    of that name, `others` what the system needs besides. `flash_size` is that of the second bank, in bytes;
    `network_card` is QEMU's device of that kind, None where the board has none."""

    name: str
    program: str
    package: str
    arguments: tuple[str, ...]
    disk: tuple[str, ...]
    others: tuple[str, ...]
    flash_size: int
    stock: Stock
    network_card: str | None = None

    @property
    def memory(self) -> int:
        """Bytes, as its arguments say."""
        return int(self.arguments[self.arguments.index("-m") + 1]) << 20


@dataclass(frozen=True, slots=True)
class Firmware:
    """What stands in the device's read-only memory. Without a control tree the boot loader takes QEMU's own."""

    loader: Path
    control_tree: Path | None


def names() -> tuple[str, ...]:
    from firmward.lab import boards

    return tuple(sorted(module.name.replace("_", "-") for module in iter_modules(boards.__path__)))


def virtual(name: str) -> VirtualBoard:
    """Raises InputError for a board that no QEMU plays, with those that can be played."""
    known = names()
    if name not in known:
        raise InputError(f"{name}: no virtual device plays this board; the lab has {', '.join(known)}")
    found: VirtualBoard = import_module(f"firmward.lab.boards.{name.replace('-', '_')}").BOARD
    return found


def command(
    program: str,
    board: VirtualBoard,
    firmware: Firmware,
    *,
    disk: int,
    flash: int,
    monitor: int,
    forwarded: Sequence[Forward] = (),
    station: Sequence[int] = (),
) -> Sequence[str]:
    """QEMU's command. Disk, flash, monitor and the wires of a `station` are descriptors that it inherits: media may
    have no name, and a name in an option would end at its first comma."""
    tree = () if firmware.control_tree is None else ("-dtb", str(firmware.control_tree.absolute()))
    return (
        program,
        *board.arguments,
        *QUIET,
        *CONFINED,
        *("-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "chardev=monitor,mode=control"),
        *("-bios", str(firmware.loader.absolute()), *tree),
        *("-drive", f"if=pflash,unit=1,format=raw,file=/proc/self/fd/{flash}"),
        *("-drive", f"if=none,id=disk,format=raw,file=/proc/self/fd/{disk}", *board.disk),
        *network.arguments(board.network_card, forwarded, station),
        *board.others,
    )
