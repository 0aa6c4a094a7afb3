import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

from samples import FILES
from samples.squashfs import samples as systems

SALTS = {1: "dcd73aa5c39598fbddf9e7f40eae4738", 2: "dcd73aa5c39598fbdcf9e7f40eae4737"}
BOOT_SALTS = {1: "8cef335bd5c5cefaa79c28dab2e90f42", 2: "8cef335fd5c5cefaac9c28dab2e90f42"}
BOOT_ROOM = 128 << 10


def packed(version: int, kernel: bytes, root: bytes, said: int | None = None) -> bytes:
    """As OpenWrt's `mktplinkfw` (version 1) and `mktplinkfw2` (version 2) do, without a boot loader.

    `said` is the root's offset where the header is not to tell it as it is.
    """
    kernel += bytes(-len(kernel) % 4096)
    place = 512 + len(kernel) if said is None else said
    body = kernel + root
    return _headed(version, body, (512, len(kernel), place, len(root), 0, 0), SALTS[version])


def with_boot_loader(version: int, boot: bytes, kernel: bytes, root: bytes) -> bytes:
    """As the maker does: a boot loader in a room of its own, then a whole image, whose offsets the header repeats."""
    inner = packed(version, kernel, root)
    length = len(kernel) + -len(kernel) % 4096
    places = (512, length, 512 + length, len(root), 0, len(boot))
    return _headed(version, boot.ljust(BOOT_ROOM, b"\xff") + inner, places, BOOT_SALTS[version])


def _headed(version: int, body: bytes, places: tuple[int, ...], salt_text: str) -> bytes:
    sizes = struct.pack(">7I", 512 + len(body), *places)
    salt = bytes.fromhex(salt_text)
    if version == 1:
        head = struct.pack(">I24s36s3I16s", 1 << 24, b"TP-LINK Technologies", b"ver. 1.0", 0x7010001, 1, 0, salt)
        head += struct.pack(">I16sIII", 0, bytes(16), 0xFFFFFFFF, 0x80060000, 0x80060000) + sizes
    else:
        head = struct.pack(">I48s3I16s", 2 << 24, b"ver. 2.0", 0x7200103, 1, 0, salt)
        head += struct.pack(">I16sIII", 0, bytes(16), 0xFFFFFFFF, 0x80000000, 0x80000000) + sizes
        head += b"\x55\xaa\x01\x00\xa5\x01\x00\x02"
    image = head.ljust(512, b"\xff") + body
    place = image.index(salt)
    return image[:place] + hashlib.md5(image).digest() + image[place + 16 :]


def samples(folder: Path) -> Iterator[bytes]:
    system = next(systems(folder))
    for version in (1, 2):
        yield packed(version, FILES["bin/tool"], system)
