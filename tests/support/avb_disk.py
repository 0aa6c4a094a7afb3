"""A disk as an Android board has it: vbmeta, boot, dtbo and system of one slot, the system on a hash tree."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import vbmeta_writer as writer
from partitioned import SECTOR, gpt
from pe_image import run

LAYOUT = {
    "vbmeta_a": (2048, 64 << 10),
    "boot_a": (4096, 1 << 20),
    "dtbo_a": (8192, 64 << 10),
    "system_a": (10240, 2 << 20),
}
SIZE = 8 << 20
SALT = b"\0\xff"
BLOCK = 4096
TREE = '/dts-v1/; / { model = "board"; };'


@dataclass(frozen=True)
class Board:
    """What goes onto the partitions, without any vbmeta; `tree` and `root_hash` are of veritysetup for `system`."""

    boot: bytes
    dtbo: bytes
    system: bytes
    tree: bytes
    root_hash: bytes

    @property
    def hashes(self) -> list[bytes]:
        return [writer.hashed(b"boot", self.boot, b"salt"), writer.hashed(b"dtbo", self.dtbo, b"pepper")]

    @property
    def hashtree(self) -> bytes:
        size = len(self.system)
        return writer.hashtree(b"system", size, (size, len(self.tree)), (BLOCK, BLOCK), SALT, self.root_hash)

    @property
    def line(self) -> bytes:
        """What avbtool puts into a vbmeta, so that the kernel sets the tree up by itself."""
        device, blocks = "PARTUUID=$(ANDROID_SYSTEM_PARTUUID)", len(self.system) // BLOCK
        table = f"0 {len(self.system) // SECTOR} verity 1 {device} {device} {BLOCK} {BLOCK} {blocks} {blocks} sha256 "
        whole = f'dm="1 vroot none ro 1,{table}{self.root_hash.hex()} {SALT.hex()}" root=/dev/dm-0'
        return writer.command_line(whole.encode(), 1)


def made(folder: Path, root: Path) -> Board:
    """The root as a squashfs with the tree of veritysetup, and a boot image of mkbootimg."""
    (folder / "kernel").write_bytes(bytes(64) + b"Linux version 6.1.0 (builder@host) #1\0" + bytes(range(256)) * 16)
    (folder / "ramdisk").write_bytes(b"ramdisk" * 300)
    words = ("--kernel", folder / "kernel", "--ramdisk", folder / "ramdisk", "--cmdline", "ro", "-o", folder / "boot")
    run("mkbootimg", *words)
    run("mksquashfs", root, folder / "system", "-quiet", "-no-progress", "-noappend")
    system = (folder / "system").read_bytes()
    system += bytes(-len(system) % BLOCK)
    (folder / "system").write_bytes(system)
    (folder / "tree").write_bytes(b"")
    options = ("--no-superblock", f"--salt={SALT.hex()}", f"--data-blocks={len(system) // BLOCK}")
    told = run("veritysetup", "format", *options, folder / "system", folder / "tree").decode()
    dtbo = run("dtc", "-O", "dtb", "-", feed=TREE.encode())
    root_hash = bytes.fromhex(told.partition("Root hash:")[2].split()[0])
    return Board((folder / "boot").read_bytes(), dtbo, system, (folder / "tree").read_bytes(), root_hash)


def contents(board: Board, vbmeta: bytes, *, system: bytes | None = None) -> dict[str, bytes]:
    """Of the partitions; `system` is the vbmeta behind the hash tree, unsigned as avbtool makes it by itself."""
    behind = writer.vbmeta([board.hashtree]) if system is None else system
    boot = writer.with_footer(board.boot, writer.vbmeta(board.hashes[:1]), LAYOUT["boot_a"][1])
    whole = writer.with_footer(board.system + board.tree, behind, LAYOUT["system_a"][1])
    return {"vbmeta_a": vbmeta, "boot_a": boot, "dtbo_a": board.dtbo, "system_a": whole}


def disk(folder: Path, partitions: Mapping[str, bytes]) -> Path:
    image = folder / "disk.img"
    image.write_bytes(bytes(SIZE))
    gpt(image, [(name, start, size) for name, (start, size) in LAYOUT.items()])
    data = bytearray(image.read_bytes())
    for name, content in partitions.items():
        start, size = LAYOUT[name]
        assert len(content) <= size
        data[start * SECTOR : start * SECTOR + len(content)] = content
    image.write_bytes(data)
    return image
