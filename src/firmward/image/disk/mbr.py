"""Disks with a master boot record, primary and logical partitions.

Two bytes of signature are no evidence: FAT and NTFS boot sectors and x86 kernels have them too. So the slots must make
sense, and a disk that a GPT covers is not taken.
"""

from collections.abc import Iterator

from firmward.formats import mbr
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.partition import Partition, children
from firmward.image.source import Source

FAT_JUMPS = (0xEB, 0xE9)
SECTOR_SIZES = (512, 1024, 2048, 4096)


def _is_fat(sector: bytes) -> bool:
    """A boot sector of FAT or NTFS: a jump, a sector size, a power of two of sectors per cluster, a media byte."""
    return (
        sector[0] in FAT_JUMPS
        and int.from_bytes(sector[11:13], "little") in SECTOR_SIZES
        and sector[13].bit_count() == 1
        and sector[21] >= 0xF0
    )


def slots_of(source: Source) -> tuple[mbr.Slot, ...]:
    """The slots of a boot record that makes sense; none otherwise."""
    head = source.read(0, 512)
    slots = mbr.parse(head)
    if not slots or _is_fat(head) or any(slot.kind == mbr.PROTECTIVE for slot in slots):
        return ()
    return slots if any(0 < slot.start * 512 < source.size for slot in slots) else ()


def sector_size(source: Source, slots: tuple[mbr.Slot, ...]) -> int:
    """512, or 4096 when only that leads to something written; the table does not say."""
    starts = [slot.start for slot in slots if slot.start]
    if any(source.first_written(start * 512, start * 512 + 8192) is not None for start in starts):
        return 512
    large = any(source.first_written(start * 4096, start * 4096 + 8192) is not None for start in starts)
    return 4096 if large else 512


def measure(source: Source) -> int | None:
    return source.size if slots_of(source) else None


def open_mbr(source: Source, budget: Budget) -> Iterator[Child]:
    slots = slots_of(source)
    if not slots:
        raise Damaged("no partition that makes sense")
    size = sector_size(source, slots)
    reserved = [(0, 512)]
    partitions = []
    for slot in slots:
        if slot.kind not in mbr.EXTENDED:
            partitions.append(_partition(slot, size))
            continue
        for inner, record in mbr.logical(lambda sector: source.read(sector * size, 512), slot):
            budget.check_time()
            partitions.append(_partition(inner, size))
            reserved.append((record * size, record * size + size))
    yield from children(source, partitions, reserved)


def _partition(slot: mbr.Slot, size: int) -> Partition:
    return Partition(f"p{slot.number}", slot.start * size, slot.count * size)


ABOUT = About(
    title="PC boot record",
    reads="Primary and logical partitions, and the gaps between them.",
    limits="CHS addresses are not used; types of partitions are not believed.",
    witness="sfdisk",
)

FORMAT = Format("mbr", (Magic(mbr.SIGNATURE, 510),), measure, open_mbr, ABOUT, carve=False)
