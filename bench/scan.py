"""A raw dump of 1 GiB searched for parts, against sha256sum, which only reads it, and binwalk, which searches too."""

import random
import shutil
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from measure import Cost, best, cost, table
from root_image import FOLDER, archive, root_image

SIZE = 1 << 30
MIB = 1 << 20

CHILD = """
import sys
from pathlib import Path
from firmward.image import carve
from firmward.image.budget import Budget
from firmward.image.source import open_file
found = list(carve.carve(open_file(Path(sys.argv[1])), Budget()))
print(", ".join(f"{one.kind.name} at {one.offset >> 20} MiB" for one in found))
"""


def dump() -> Path:
    """Two squashfs slots, machine code and text that belong to no part, what looks encrypted, and erased flash."""
    path = FOLDER / "dump.bin"
    if not path.is_file():
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            slot = root_image().read_bytes()
            for piece in (b"\xff" * (3 * MIB), slot, b"\xff" * (20 * MIB + 4096), slot):
                file.write(piece)
            _fill(file.write, 320 * MIB, _programs())
            _fill(file.write, 300 * MIB, _noise())
            file.write(b"\xff" * (SIZE - file.tell()))
        partial.rename(path)
    return path


def _fill(write, size: int, pieces: Iterator[bytes]) -> None:  # type: ignore[no-untyped-def]
    for piece in pieces:
        write(piece[:size])
        size -= len(piece[:size])
        if size <= 0:
            return


def _noise() -> Iterator[bytes]:
    chance = random.Random(1)
    while True:
        yield chance.randbytes(MIB)


def _programs() -> Iterator[bytes]:
    """Contents of programs, libraries and scripts; what is compressed would be a part."""
    while True:
        with tarfile.open(archive()) as source:
            for member in source:
                content = source.extractfile(member) if member.isreg() else None
                if content is not None and not member.name.endswith((".gz", ".xz", ".bz2")):
                    yield content.read()


def section(rounds: int) -> str:
    path = str(dump())
    base = best(lambda: cost(["sha256sum", path]), rounds)
    rows = [row("sha256sum, reads every byte", base, base)]
    rows.append(row("firmward, search for all formats", best(lambda: scan(path), rounds), base))
    if shutil.which("binwalk"):
        rows.append(row("binwalk, search without extraction", cost(["binwalk", "--quiet", path]), base))
    own = scan(path)
    text = f"A dump of 1 GiB: two squashfs slots, programs and text, noise, erased flash. Found: {own.note}."
    return f"## Searching a dump\n\n{text}\n\n{table(['job', 'CPU s', 'ratio', 'wall s', 'peak MiB'], rows)}"


def scan(path: str) -> Cost:
    return cost([sys.executable, "-c", CHILD, path])


def row(name: str, found: Cost, base: Cost) -> list[str]:
    return [name, f"{found.cpu:.2f}", f"{found.cpu / base.cpu:.2f}", f"{found.wall:.2f}", str(found.memory)]
