"""Kernel images small enough for a test: the headers by the kernel's documentation, a banner and a configuration."""

import gzip
import random
import struct

BANNER = (
    b"Linux version 6.1.55-yocto-standard (oe-user@oe-host) (arm-poky-linux-gcc (GCC) 12.3.0, GNU ld (GNU Binutils) "
    b"2.40.0.20230620) #1 SMP PREEMPT Tue Sep 26 09:12:01 UTC 2023\n\0"
)
CONFIG = b"# Linux/arm 6.1.55 Kernel Configuration\n" + b"".join(b"CONFIG_OPTION_%d=y\n" % n for n in range(400))
NOISE = random.Random(7).randbytes(3000).replace(b"\x1f\x8b", b"..").replace(b"]\0", b"..").replace(b"m\0", b"..")


def vmlinux(config: bytes | None = CONFIG) -> bytes:
    """What a kernel expands to, without a header."""
    inside = b"" if config is None else b"IKCFG_ST" + gzip.compress(config, mtime=0) + b"IKCFG_ED"
    return NOISE + b"Linux version \0%s version %s\0" + BANNER + bytes(500) + inside + NOISE


def bzimage(payload: bytes, *, protocol: int = 0x20F, sectors: int = 3) -> bytes:
    start = (sectors + 1) * 512
    head = bytearray(start)
    head[:2] = b"MZ"
    head[0x1F1] = sectors
    head[0x1FE:0x200] = b"\x55\xaa"
    head[0x202:0x206] = b"HdrS"
    text = b"6.1.55-yocto-standard (oe-user@oe-host) #1 SMP PREEMPT Tue Sep 26 09:12:01 UTC 2023\0"
    head[0x500 : 0x500 + len(text)] = text
    struct.pack_into("<H", head, 0x206, protocol)
    struct.pack_into("<H", head, 0x20E, 0x300)
    struct.pack_into("<H", head, 0x236, 0b1101)
    struct.pack_into("<II", head, 0x248, 600, len(payload))
    body = NOISE[:600] + payload
    body += bytes(-len(body) % 16)
    struct.pack_into("<I", head, 0x1F4, len(body) // 16)
    return bytes(head) + body


def zimage(payload: bytes, *, table: bool = True) -> bytes:
    body = NOISE[:1000] + payload
    end = 0x100 + len(body)
    head = bytearray(8 * b"\0\0\xa0\xe1" + bytes(0x100 - 32))
    struct.pack_into("<4sIII", head, 0x24, b"\x18\x28\x6f\x01", 0, end, 0x04030201)
    if table:
        struct.pack_into("<II", head, 0x34, 0x45454545, 0x80)
        struct.pack_into("<7I", head, 0x80, 24, 0x5A534C4B, end - 4, 0, 0x8000, 0, 0)
    return bytes(head) + body


def flat(body: bytes, *, riscv: bool = False) -> bytes:
    head = bytearray(64)
    head[:2] = b"MZ"
    struct.pack_into("<QQ", head, 16, len(body) + 64 + 4096, 0xA)
    if riscv:
        head[48:60] = b"RISCV\0\0\0RSC\x05"
    else:
        head[56:60] = b"ARM\x64"
    head[0x3C] = 64
    return bytes(head) + body


def zboot(payload: bytes, name: bytes = b"gzip") -> bytes:
    head = bytearray(0x400)
    struct.pack_into("<8sII8x32s", head, 0, b"MZ\0\0zimg", len(head), len(payload), name)
    struct.pack_into("<II", head, 56, 0x818223CD, 0x40)
    head[0x40:0x46] = b"PE\0\0\x64\xaa"
    return bytes(head) + payload


def elf(body: bytes, *, machine: int = 8, interpreter: bool = False) -> bytes:
    """A big-endian program of 32 bits with one segment."""
    head = struct.pack(
        ">4s5B7xHHIIIIIHHHHHH", b"\x7fELF", 1, 2, 1, 0, 0, 2, machine, 1, 0, 52, 0, 0, 52, 32, 1, 0, 0, 0
    )
    return (head + struct.pack(">8I", 3 if interpreter else 1, 0, 0, 0, 0, 0, 0, 0)).ljust(256, b"\0") + body
