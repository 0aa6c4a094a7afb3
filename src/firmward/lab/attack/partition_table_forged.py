"""A partition table with lies in it: names that stand twice, places elsewhere, a size beyond every disk."""

from uuid import UUID

from firmward.build.built import Partition
from firmward.build.partition_table import PartitionTable, partition_table
from firmward.lab import device as parts
from firmward.lab.attacks import Attack, Position, Result, Unseen
from firmward.lab.means import fit, outcome
from firmward.lab.target import Target, Witness
from firmward.model.chain import KERNEL

DISK = UUID("5eed0000-0000-4000-8000-000000000003")
ENDLESS = 1 << 62
"""Bytes; in sectors of 512 a number that no 32 bits hold."""


def run(target: Target) -> Result:
    made = fit.unsigned(target).read_bytes()
    target.write("data", made)
    size = (target.device.folder / parts.DISK).stat().st_size
    _write(target, forged(target.device.said.partitions, size), size)
    target.note(Witness.ATTACKER, "put a kernel of his own behind all, and a table that calls its place boot_a, too")
    with target.power() as powered:
        return outcome.seen(powered, ATTACK.within, spoilt="ab")


def forged(partitions: tuple[Partition, ...], size: int) -> PartitionTable:
    """His places come first, under the names that are looked for; the true ones stay behind them."""
    data = next((one for one in partitions if one.name == "data"), None)
    if data is None:
        raise Unseen("the disk has no partition data, where his kernel would lie")
    lies = (Partition("boot_a", data.start, data.size), Partition("boot_b", data.start, ENDLESS))
    return partition_table((*lies, *partitions), size, DISK)


def _write(target: Target, table: PartitionTable, size: int) -> None:
    disk = target.media.disk
    for at, content in ((0, table.start), (size - len(table.end), table.end)):
        disk.seek(at)
        disk.write(content)
    disk.flush()


ATTACK = Attack(
    id="partition-table-forged",
    title="A partition table with lies",
    does="writes a partition table in which the kernel's names stand twice, at places and of sizes of his choice",
    position=Position.BENCH,
    link=KERNEL,
    case="CVE-2019-13103: a partition table that leads to itself brings U-Boot down",
    foretold=("fit-unsigned",),
    run=run,
    within=120.0,
)
