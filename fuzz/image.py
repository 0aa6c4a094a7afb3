"""Feed broken images to the opener until the time is up: `python fuzz/image.py --seconds 60 --seed 7`.

Seeds are made with the standard library and with whatever outside programs are installed, then changed: bytes,
numbers, runs, cuts, splices of two seeds. Whatever comes out must be an image or an InputError, within the budgets and
in time; an internal error is a failure. The input that failed is kept beside the report of what happened.
"""

import argparse
import bz2
import gzip
import io
import lzma
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path

from firmward.image.budget import Budget, Limits
from firmward.image.opening import Opening
from firmward.image.source import Bytes
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind, Tree

LIMITS = Limits(expanded_bytes=16 << 20, depth=6, parts=300, entries=20_000, seconds=10)
SLOW = 20.0
"""Seconds for one input that count as a hang."""

FILES = {
    "etc/passwd": b"root:x:0:0::/:/bin/sh\n" * 300,
    "bin/sh": random.Random(1).randbytes(9000),
    "init": b"#!/bin/sh\n",
}

OUTSIDE = (
    ("mksquashfs", "mksquashfs {root} {out} -quiet -no-progress -comp {variant}", ("gzip", "xz", "lz4", "zstd", "lzo")),
    ("mkfs.ext4", "mkfs.ext4 -q -b 1024 -d {root} -O {variant} {out} 512K", ("^has_journal", "^extents,^has_journal")),
    ("mkfs.vfat", "mkfs.vfat -C {out} {variant}", ("512",)),
    ("sgdisk", "sgdisk -o -n1:34:60 -c1:root {out}", ("",)),
    ("zstd", "zstd -q {tar} -o {out}", ("",)),
    ("lz4", "lz4 -q {variant} {tar} {out}", ("-1", "-l")),
    ("dtc", "dtc -I dts -O dtb -o {out} {dts}", ("",)),
)


def seeds() -> Iterator[bytes]:
    tar = _tar()
    yield from (tar, _zip(), gzip.compress(tar), bz2.compress(tar), lzma.compress(tar))
    yield lzma.compress(tar, lzma.FORMAT_ALONE)
    yield _boot_record(tar)
    with tempfile.TemporaryDirectory() as scratch:
        yield from _made_outside(Path(scratch), tar)


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.pax_headers = {"SCHILY.xattr.user.note": "x"}
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _boot_record(tar: bytes) -> bytes:
    """A primary partition, and two logical ones in an extended one; each holds something."""
    disk = bytearray(256 << 10)

    def slot(record: int, number: int, kind: int, start: int, count: int) -> None:
        at = record * 512 + 446 + 16 * number
        disk[at + 4] = kind
        disk[at + 8 : at + 16] = struct.pack("<II", start, count)
        disk[record * 512 + 510 : record * 512 + 512] = b"\x55\xaa"

    slot(0, 0, 0x83, 1, 50)
    slot(0, 1, 0x05, 100, 200)
    slot(100, 0, 0x83, 1, 50)
    slot(100, 1, 0x05, 100, 100)
    slot(200, 0, 0x83, 1, 50)
    for sector, content in ((1, tar), (101, gzip.compress(tar)), (201, lzma.compress(tar))):
        disk[sector * 512 : sector * 512 + min(len(content), 50 * 512)] = content[: 50 * 512]
    return bytes(disk)


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _made_outside(scratch: Path, tar: bytes) -> Iterator[bytes]:
    root = scratch / "root"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (scratch / "root.tar").write_bytes(tar)
    (scratch / "board.dts").write_text('/dts-v1/; / { images { a { data = "x"; }; }; };')
    names = "\n".join(["etc", "bin", *FILES]).encode()
    for form in ("newc", "odc", "bin"):
        yield from _output(["cpio", "-o", "-H", form], names, root)
    for program, command, variants in OUTSIDE:
        for variant in variants:
            out = scratch / f"{program}-{variant}".replace("/", "_")
            if program == "sgdisk":
                out.write_bytes(bytes(128 << 10))
            words = command.format(
                root=root, out=out, variant=variant, tar=scratch / "root.tar", dts=scratch / "board.dts"
            )
            list(_output(words.split(), b"", scratch))
            if out.is_file() and out.stat().st_size:
                yield out.read_bytes()


def _output(words: list[str], stdin: bytes, folder: Path) -> Iterator[bytes]:
    program = shutil.which(words[0]) or shutil.which(words[0], path="/usr/sbin:/sbin")
    if program is None:
        print(f"without {words[0]}: not installed", file=sys.stderr)
        return
    done = subprocess.run([program, *words[1:]], input=stdin, cwd=folder, capture_output=True, check=False, timeout=60)
    if done.returncode == 0 and done.stdout:
        yield done.stdout


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
