"""Feed broken images to the opener until the time is up: `python fuzz/image.py --seconds 60 --seed 7`.

Seeds are the samples of every format as the tests use them, changed: bytes, numbers, runs, cuts, splices of two seeds.
Whatever comes out must be an image or an InputError, within the budgets and in time; an internal error is a failure.
The input that failed is kept beside the report of what happened.
"""

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from firmward.image import catalogue
from firmward.image.budget import Budget, Limits
from firmward.image.opening import Opening
from firmward.image.source import Bytes
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind, Tree

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import samples

LIMITS = Limits(expanded_bytes=16 << 20, depth=6, parts=300, entries=20_000, seconds=10)
SLOW = 20.0
"""Seconds for one input that count as a hang."""

MADE = 1 << 20
"""Bytes of a seed at most: a FAT32 cannot be small, and would take the time of all others."""


def seeds() -> Iterator[bytes]:
    """The samples of every format, and two dumps with several of them."""
    row = [image for image in _samples() if len(image) <= MADE]
    yield from row
    yield b"".join(b"\xff" * 4096 + image for image in row[::3])[: 2 * MADE]
    yield b"".join(bytes(512) + image for image in row[1::3])[: 2 * MADE]


def _samples() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        for _, name, _ in catalogue.modules():
            try:
                yield from samples.samples(name, Path(folder))
            except samples.NoProgramError as error:
                print(f"{name}: {error}", file=sys.stderr)
        source = Path(folder) / "board.dts"
        source.write_text('/dts-v1/; / { images { a { data = "x"; }; }; };')
        yield samples.run("dtc", "-I", "dts", "-O", "dtb", source)


def changed(chance: random.Random, corpus: list[bytes]) -> bytes:
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.choice((1, 1, 2, 4, 16, 64))):
        _change(chance, data, corpus)
        if not data:
            return b"\0"
    return bytes(data)


def _change(chance: random.Random, data: bytearray, corpus: list[bytes]) -> None:
    # Half of all changes hit the first kilobytes, where the headers are.
    place = chance.randrange(min(len(data), 2048) if chance.random() < 0.5 else len(data))
    kind = chance.randrange(6)
    if kind == 0:
        data[place] ^= 1 << chance.randrange(8)
    elif kind == 1:
        size = chance.choice((1, 2, 4, 8))
        value = chance.choice((0, 1, 0x7F, 0x80, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, chance.getrandbits(64)))
        data[place : place + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, chance.choice(("little", "big")))
    elif kind == 2:
        del data[place : place + chance.choice((1, 16, 512, 4096))]
    elif kind == 3:
        other = chance.choice(corpus)
        begin = chance.randrange(len(other))
        data[place : place + chance.choice((0, 512))] = other[begin : begin + chance.choice((16, 512, 8192))]
    elif kind == 4:
        length = chance.choice((4, 64, 512))
        data[place:place] = data[place : place + length]
    elif chance.random() < 0.2:
        del data[place:]


def try_one(data: bytes) -> None:
    """Open, and read what can be read. Raises when something is not as it should be."""
    begin = time.monotonic()
    image = Opening(Budget(LIMITS), lambda _: None).file("fuzz", Bytes(data))
    for part in image.parts:
        if "internal error" in (part.problem or ""):
            raise AssertionError(f"{part.id}: {part.problem}")
        part.id.encode("utf-8")
    for root in image.trees:
        _read(root.tree, begin)
    if time.monotonic() - begin > SLOW:
        raise AssertionError(f"took {time.monotonic() - begin:.1f} seconds")


def _read(tree: Tree, begin: float) -> None:
    for entry in tree.entries():
        if time.monotonic() - begin > LIMITS.seconds:
            return
        tree.resolve(entry.path)
        if entry.kind is not Kind.FILE:
            continue
        try:
            tree.read(entry.path, 1 << 20)
        except Unavailable:
            continue


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="folder for inputs that failed")
    options = parser.parse_args()
    corpus = list(seeds())
    end = time.monotonic() + options.seconds
    count = failures = 0
    while time.monotonic() < end:
        chance = random.Random(f"{options.seed}/{count}")
        data = changed(chance, corpus)
        try:
            try_one(data)
        except InputError:
            pass
        except Exception:
            failures += 1
            options.keep.mkdir(exist_ok=True)
            (options.keep / f"{options.seed}-{count}.bin").write_bytes(data)
            print(f"input {options.seed}/{count}:\n{traceback.format_exc()}", file=sys.stderr)
        count += 1
    print(f"{count} inputs from {len(corpus)} seeds, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
