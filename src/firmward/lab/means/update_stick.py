"""A stick or card with updates for whoever takes them: FAT with a script, and FAT with a repository, a partition each.

How much of it was read is QEMU's to say, of its second disk.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from firmward.build.client.starts.loop import LABEL
from firmward.build.program import run
from firmward.lab.means import memory_card
from firmward.lab.means.memory_card import EPOCH, PACKAGE, SECTOR, SECTORS, START

FIRST, SECOND = START, START + SECTORS
SECOND_SECTORS = 65536
"""32 MiB: more than a forged repository has."""
LARGEST = 1 << 30
"""Bytes of a repository; FAT with 16 bits has room for twice as many."""
ROOM = 16 << 20
"""Bytes beside a repository's own, for the last cluster of each file."""


def written(scripts: Mapping[str, bytes], repository: Mapping[str, bytes], work: Path) -> Path:
    """Its image. `repository` by path, as a server has it."""
    image = work / "stick.img"
    with image.open("wb") as file:
        file.write(memory_card.table((FIRST, SECTORS), (SECOND, SECOND_SECTORS)))
        file.truncate((SECOND + SECOND_SECTORS) * SECTOR)
    _partition(image, FIRST, SECTORS, memory_card.LABEL, scripts)
    _partition(image, SECOND, SECOND_SECTORS, LABEL, repository)
    return image


def of_folder(repository: Path, size: int, work: Path) -> Path:
    """The image of a stick with the `size` bytes of a maker's repository alone, in the folder `work`."""
    image = work / "stick.img"
    sectors = (size + size // 16 + ROOM) // SECTOR
    with image.open("wb") as file:
        file.write(memory_card.table((START, sectors)))
        file.truncate((START + sectors) * SECTOR)
    place = _formatted(image, START, sectors, LABEL)
    _copied(image, place, [path.absolute() for path in sorted(repository.iterdir())])
    return image


def _partition(image: Path, start: int, sectors: int, label: str, files: Mapping[str, bytes]) -> None:
    place = _formatted(image, start, sectors, label)
    folder = image.parent / label
    for name, content in files.items():
        path = folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    _copied(image, place, [path.relative_to(image.parent) for path in sorted(folder.iterdir())])
    shutil.rmtree(folder)


def _formatted(image: Path, start: int, sectors: int, label: str) -> str:
    """What mtools call the partition."""
    place = f"{image.name}@@{start * SECTOR}"
    heads = ["-h", "16", "-s", "63"]
    command = ["mformat", "-i", place, "-v", label, "-T", str(sectors), *heads, "::"]
    run(command, epoch=EPOCH, package=PACKAGE, cwd=image.parent)
    return place


def _copied(image: Path, place: str, tops: Sequence[Path]) -> None:
    run(["mcopy", "-s", "-i", place, *tops, "::"], epoch=EPOCH, package=PACKAGE, cwd=image.parent)
