"""Seeded mutations of real file system images: only Damaged, BudgetExceeded and Unavailable may come out, and soon.

    fuzz/filesystems.py --seconds 60 --only squashfs

The same seed gives the same images. A failure prints its seed and leaves the image beside the working folder's name,
so that it can be made a test.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem import ext, fat, squashfs
from firmward.image.format import Format
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind, Tree

FORMATS: dict[str, Format] = {form.FORMAT.name: form.FORMAT for form in (squashfs, ext, fat)}
SECONDS = 10.0
"""One image may take this long on a busy machine."""
LIMITS = Limits(entries=20_000, expanded_bytes=64 << 20, seconds=SECONDS)
READ_LIMIT = 1 << 20
"""Bytes of one file."""


def fuzz_one(form: Format, data: bytes) -> str:
    """What a fuzzer calls: everything with one image. Raises whatever must not come out."""
    started = time.monotonic()
    form.measure(Bytes(data))
    try:
        tree = form.open(Bytes(data), Budget(LIMITS))
    except (Damaged, BudgetExceeded) as error:
        ended = type(error).__name__
    else:
        if not isinstance(tree, Tree):
            raise TypeError("a file system that does not open as a tree")
        lost = sum(_is_lost(tree, path) for path in _files(tree))
        ended = "partly" if lost or getattr(tree, "problems", ()) else "whole"
    if time.monotonic() - started > SECONDS:
        raise TimeoutError(f"took {time.monotonic() - started:.1f} s")
    return ended


def _files(tree: Tree) -> Iterator[str]:
    return (entry.path for entry in tree.entries() if entry.kind is Kind.FILE)


def _is_lost(tree: Tree, path: str) -> bool:
    entry = tree.lstat(path)
    if entry is None:
        raise KeyError(path)
    length = 0
    try:
        for piece in tree.chunks(entry):
            length += len(piece)
            if length > READ_LIMIT:
                break
    except Unavailable:
        return True
    return False


def seeds(name: str, folder: Path) -> Iterator[bytes]:
    """Small real images of a format, as its own tools make them."""
    root = folder / "root"
    if not root.is_dir():
        _lay(root)
    image = folder / "image"
    for command in COMMANDS[name](root, image):
        if command[0] != "mcopy":
            image.unlink(missing_ok=True)
        subprocess.run(command, check=True, capture_output=True)
        if command[0] != "mkfs.fat":
            yield image.read_bytes()


def _lay(root: Path) -> None:
    chance = random.Random(1)
    for name in ("bin", "etc/ssh", "var/empty", "many"):
        (root / name).mkdir(parents=True)
    (root / "bin/tool").write_bytes(chance.randbytes(40_000) + bytes(60_000) + b"end")
    (root / "etc/ssh/sshd_config").write_bytes(b"PermitRootLogin no\n" * 500)
    for number in range(60):
        (root / f"many/file{number}").write_bytes(b"%d" % number)


def _squashfs(root: Path, image: Path) -> list[list[str]]:
    base = ["mksquashfs", str(root), str(image), "-quiet", "-no-progress", "-b", "16K"]
    plain = ["-noI", "-noF", "-noX"]
    packed = [[*base, "-comp", name, *extra] for name in ("gzip", "lzo", "xz", "lz4", "zstd") for extra in ([], plain)]
    return [*packed, [*base, "-noI", "-noD", "-noF"]]


def _ext(root: Path, image: Path) -> list[list[str]]:
    shapes = (
        ["ext2", "-b", "1024"],
        ["ext4", "-b", "1024", "-O", "^has_journal,64bit,metadata_csum"],
        ["ext4", "-b", "1024", "-O", "^has_journal,^extent,^64bit"],
        ["ext4", "-b", "4096", "-O", "^has_journal,inline_data", "-I", "256"],
    )
    return [["mke2fs", "-q", "-F", "-t", *shape, "-d", str(root), str(image), "1M"] for shape in shapes]


def _fat(root: Path, image: Path) -> list[list[str]]:
    fill = ["mcopy", "-s", "-i", str(image), *map(str, sorted(root.iterdir())), "::/"]
    commands = []
    for bits, size in (("12", "1024"), ("16", "4500"), ("32", "34000")):
        commands += [["mkfs.fat", "-F", bits, "-s", "1", "-C", str(image), size], fill]
    return commands


COMMANDS: dict[str, Callable[[Path, Path], list[list[str]]]] = {"squashfs": _squashfs, "ext": _ext, "fat": _fat}


LINE = 64
"""Bytes of an image that are either empty, and left alone, or worth a change."""


def mutate(data: bytes, lines: list[int], chance: random.Random) -> bytes:
    """Cuts the image, or changes some bytes of it: a few in the header, most anywhere that is not empty."""
    if chance.random() < 0.05:
        return data[: chance.randrange(len(data))]
    copy = bytearray(data)
    for _ in range(chance.choice((1, 2, 4, 16, 64))):
        at = chance.choice(lines[:16] if chance.random() < 0.1 else lines) + chance.randrange(LINE)
        other = chance.choice(lines)
        width = chance.choice((1, 1, 2, 4, 8))
        value = chance.choice((b"\xff" * width, bytes(width), chance.randbytes(width), data[other : other + width]))
        copy[at : at + width] = value[:width]
    return bytes(copy[: len(data)])


def lines_of(data: bytes) -> list[int]:
    """Where something stands; of what stands in the data area a part, so that the tables get their share."""
    filled = [at for at in range(0, len(data), LINE) if data[at : at + LINE].strip(b"\0")]
    return filled if len(filled) < 2000 else filled[:1000] + filled[-1000:]


def fuzz(name: str, seconds: float, first: int) -> int:
    """Gives the number of failures."""
    failures = 0
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        images = [(data, lines_of(data)) for data in seeds(name, Path(folder))]
    weights = [1 / len(data) for data, _ in images]  # a FAT32 cannot be small, and costs as much as thirty others
    started = time.monotonic()
    seed = first
    while time.monotonic() - started < seconds:
        chance = random.Random(seed)
        data = mutate(*chance.choices(images, weights)[0], chance)
        try:
            ends[fuzz_one(FORMATS[name], data)] += 1
        except Exception:
            failures += 1
            kept = Path(f"fuzz-{name}-{seed}.bin")
            kept.write_bytes(data)
            print(f"{name}: seed {seed} fails, kept as {kept}")
            traceback.print_exc()
        seed += 1
    print(f"{name}: {seed - first} images from {len(images)} seeds, {dict(ends)}, {failures} failures")
    return failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="for each format")
    parser.add_argument("--only", choices=sorted(FORMATS))
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where Debian keeps mke2fs and mkfs.fat
    names = [options.only] if options.only else sorted(FORMATS)
    sys.exit(1 if sum(fuzz(name, options.seconds, options.seed) for name in names) else 0)


if __name__ == "__main__":
    main()
