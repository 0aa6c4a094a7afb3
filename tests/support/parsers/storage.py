"""What protects data at rest: hash trees, vbmeta, encrypted volumes; and archives of an early root."""

import hashlib
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import mending
import samples
import vbmeta_writer

from firmward.formats import avb, cpio, luks, verity
from parsers import Parser, found_program, reader, refused, told

BOOT = b"ANDROID!" + bytes(range(256)) * 70
BLOCKS = 40


def trees(folder: Path) -> Iterator[bytes]:
    """The hash device with its data behind it; and tables."""
    program = found_program("veritysetup")
    for kind in ("0", "1"):
        (folder / "data").write_bytes(_data())
        (folder / "tree").write_bytes(b"")
        words = ["--hash=sha256", "--salt=00ff", f"--format={kind}", "--data-block-size=1024"]
        said = subprocess.run([program, "format", *words, "data", "tree"], cwd=folder, check=True, capture_output=True)
        yield (folder / "tree").read_bytes() + _data()
    root = said.stdout.rpartition(b"Root hash:")[2].split()[0].decode()
    yield f"0 80 verity 1 /dev/sda1 /dev/sda2 1024 4096 {BLOCKS} 1 sha256 {root} 00ff".encode()
    yield f"1 /dev/sda1 /dev/sda2 4096 4096 40 1 sha512 {root} - 2 use_fec_from_device /dev/sda fec_roots 2".encode()
    yield f"open /dev/sda1 root /dev/sda2 {root} --hash-offset=4096".encode()


def _data() -> bytes:
    return b"".join(number.to_bytes(8, "little") * 128 for number in range(BLOCKS))


def ask_tree(data: bytes) -> None:
    def superblock() -> None:
        shape = verity.parse_superblock(data[: verity.SUPERBLOCK_SIZE])
        told(shape)
        tree = reader(data, shape.hash_block)
        refused(lambda: verity.compute(shape, reader(data, shape.hash_block + shape.tree_size), tree))
        refused(lambda: verity.covers_start(shape, reader(data, shape.hash_block + shape.tree_size), tree))

    text = data[:4096].decode("utf-8", "replace")
    for question in (
        superblock,
        lambda: told(verity.parse_table(text)),
        lambda: told(verity.parse_command(text.split())),
    ):
        refused(question)


def vbmetas(folder: Path) -> Iterator[bytes]:
    found_program("openssl")
    key = vbmeta_writer.make_key(folder, 2048)
    tree = hashlib.sha256(b"").digest()
    made = (
        vbmeta_writer.prop(b"com.android.build.boot.os_version", b"14"),
        vbmeta_writer.hashed(b"boot", BOOT, b"salt" * 8),
        vbmeta_writer.command_line(b"androidboot.veritymode=enforcing root=/dev/dm-0", 1),
        vbmeta_writer.chain(b"vbmeta_system", 3, vbmeta_writer.public_key(key)),
        vbmeta_writer.hashtree(b"system", 8192, (8192, 4096), (4096, 4096), b"s", tree, fec=(2, 12288, 4096)),
    )
    image = vbmeta_writer.vbmeta(made, 1, key, rollback=7, metadata=b"certificate")
    yield image
    yield vbmeta_writer.vbmeta(made[:2])
    yield vbmeta_writer.with_footer(BOOT, image, 64 << 10)


def ask_vbmeta(data: bytes) -> None:
    read, size = reader(data), len(data)
    refused(lambda: avb.size_of(data[: avb.HEADER_SIZE]))
    refused(lambda: avb.footer(read, size))
    refused(lambda: _vbmeta(avb.of_partition(read, size), data))
    refused(lambda: _vbmeta(avb.parse(data), data))


def _vbmeta(found: avb.Vbmeta | None, data: bytes) -> None:
    if found is None:
        return
    told(found)
    avb.verify(found, found.public_key)
    refused(lambda: avb.verify(found, avb.modulus_of(found.public_key)))
    for descriptor in found.descriptors:
        if isinstance(descriptor, avb.HashDescriptor):
            refused(lambda descriptor=descriptor: avb.check_hash(descriptor, reader(data)))
        elif isinstance(descriptor, avb.HashtreeDescriptor):
            refused(lambda descriptor=descriptor: told(avb.shape_of(descriptor)))
            refused(lambda descriptor=descriptor: avb.check_hashtree(descriptor, reader(data)))


def ask_volume(data: bytes) -> None:
    def questions() -> None:
        found = luks.parse(reader(data))
        told(found)
        for one in (*found.slots, *found.tokens):
            told(one)

    refused(questions)


def volumes(folder: Path) -> Iterator[bytes]:
    """The heads alone: what is behind them is noise."""
    for volume in samples.samples("luks", folder):
        yield volume[: 64 << 10]


def ask_archive(data: bytes) -> None:
    read = reader(data)
    cpio.member_at(read, 0)
    for member in islice(cpio.members(read, 0), 10_000):
        told(member)


PARSERS = (
    Parser("verity", ("verity",), trees, ask_tree),
    Parser("avb", ("avb",), vbmetas, ask_vbmeta),
    Parser("luks", ("luks",), volumes, ask_volume, mending.find("luks")),
    Parser("cpio", ("cpio",), lambda folder: samples.samples("cpio", folder), ask_archive),
)
