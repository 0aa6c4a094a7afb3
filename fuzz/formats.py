"""Seeded mutations of real images of every format: only Damaged, BudgetExceeded and Unavailable may come out, and soon.

    fuzz/formats.py --seconds 60 --only squashfs

Half of them get their checksums made right again (`tests/support/mending`), where a format has any that would turn them
away. The same seed gives the same images. A failure prints its seed and leaves the image beside the working folder's
name, so that it can be made a test.
"""

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from firmward.image import catalogue
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.format import Child, Format
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind, Tree

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import mending
import samples

FORMATS: dict[str, Format] = {name: form for _, name, form in catalogue.modules() if samples.has_samples(name)}
SECONDS = 10.0
"""One image may take this long on a busy machine."""
LIMITS = Limits(entries=20_000, expanded_bytes=64 << 20, seconds=SECONDS)
CHILDREN = 1 << 20
READ_LIMIT = 1 << 20
"""Bytes of one file."""


def fuzz_one(form: Format, data: bytes) -> str:
    """What a fuzzer calls: everything with one image. Raises whatever must not come out."""
    started = time.monotonic()
    source = Bytes(data)
    _check_length(form.measure(source), len(data))
    budget = Budget(LIMITS)
    try:
        if form.end is not None:
            _check_length(form.end(source, budget), len(data))
        opened = form.open(source, budget)
        ended = _tree(opened) if isinstance(opened, Tree) else _children(opened)
    except (Damaged, BudgetExceeded) as error:
        ended = type(error).__name__
    if time.monotonic() - started > SECONDS:
        raise TimeoutError(f"took {time.monotonic() - started:.1f} s")
    return ended


def _check_length(length: int | None, size: int) -> None:
    if length is not None and not 0 <= length <= size:
        raise ValueError(f"a length of {length} in {size} bytes")


def _tree(tree: Tree) -> str:
    lost = sum(_is_lost(tree, path) for path in _files(tree))
    return "partly" if lost or getattr(tree, "problems", ()) else "whole"


def _children(children: Iterator[Child]) -> str:
    partly = False
    for count, child in enumerate(children):
        partly |= child.problem is not None or child.source is None
        if child.source is not None:
            child.source.read(0, READ_LIMIT)
        if count > CHILDREN:
            raise RuntimeError("more children than any budget allows")
    return "partly" if partly else "whole"


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


def seeds(module: str, folder: Path) -> Iterator[bytes]:
    """Small real images of a format; fewer when a program that makes them is not installed."""
    try:
        yield from samples.samples(module, folder)
    except samples.NoProgramError as error:
        print(f"{module}: {error}", file=sys.stderr)


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


def mended(mend: mending.Mend | None, data: bytes, chance: random.Random) -> bytes:
    """Half of the images with checksums that hold: what lies behind them is reached no other way."""
    if mend is None or chance.random() < 0.5:
        return data
    copy = bytearray(data)
    mend(copy)
    return bytes(copy)


def lines_of(data: bytes) -> list[int]:
    """Where something stands; of what stands in the data area a part, so that the tables get their share."""
    filled = [at for at in range(0, len(data), LINE) if data[at : at + LINE].strip(b"\0")]
    return filled if len(filled) < 2000 else filled[:1000] + filled[-1000:]


def fuzz(name: str, seconds: float, first: int) -> int:
    """Gives the number of failures."""
    failures = 0
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        images = [(data, lines_of(data)) for data in seeds(name, Path(folder)) if data]
    if not images:
        return 0
    weights = [1 / len(data) for data, _ in images]  # a FAT32 cannot be small, and costs as much as thirty others
    mend = mending.find(name)
    started = time.monotonic()
    seed = first
    while time.monotonic() - started < seconds:
        chance = random.Random(seed)
        data = mended(mend, mutate(*chance.choices(images, weights)[0], chance), chance)
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
    parser.add_argument("--seconds", type=float, default=30.0, help="in all, shared by the formats")
    parser.add_argument("--only", choices=sorted(FORMATS))
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    options = parser.parse_args()
    names = [options.only] if options.only else sorted(FORMATS)
    share = options.seconds / len(names)
    sys.exit(1 if sum(fuzz(name, share, options.seed) for name in names) else 0)


if __name__ == "__main__":
    main()
