"""A program that takes the rights of its owner for good, and becomes the device's shell: for arm64, as small as an ELF
can be, since the shells of devices drop such rights themselves.

It calls setgid(0), setuid(0) and execve("/bin/sh", argv, NULL), by the numbers of include/uapi/asm-generic/unistd.h.
"""

import struct

AARCH64 = 183
BASE = 0x400000
HEADERS = 64 + 56
SHELL = b"/bin/sh\0"
SETGID, SETUID, EXECVE, EXIT = 144, 146, 221, 93

_CALL = 0xD4000001
_ARGV = 0x910023E1
"""add x1, sp, #8: where argv begins when a program starts, behind argc."""


def program() -> bytes:
    code = _code()
    size = HEADERS + len(code) + len(SHELL)
    entry = BASE + HEADERS
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header = ident + struct.pack("<HHIQQQIHHHHHH", 2, AARCH64, 1, entry, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 0x1000)
    return header + segment + code + SHELL


def _code() -> bytes:
    words = [
        *(_move(8, SETGID), _move(0, 0), _CALL),
        *(_move(8, SETUID), _move(0, 0), _CALL),
        *(_ARGV, _move(2, 0), _move(8, EXECVE)),
    ]
    ending = [_CALL, _move(8, EXIT), _CALL]
    # the name of the shell lies behind the last word
    words.append(_address(0, 4 * (1 + len(ending))))
    return struct.pack(f"<{len(words) + len(ending)}I", *words, *ending)


def _move(register: int, value: int) -> int:
    return 0xD2800000 | value << 5 | register


def _address(register: int, ahead: int) -> int:
    """adr: of what lies so many bytes ahead."""
    return 0x10000000 | (ahead >> 2) << 5 | register
