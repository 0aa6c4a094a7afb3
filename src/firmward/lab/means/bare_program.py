"""A program of the attacker's that needs nothing below it, for arm64: as what a boot loader takes for a kernel, or as
what lies in memory where the boot loader itself did.
"""

import struct

from firmward.build.board import board as build_board
from firmward.lab import board as boards
from firmward.lab.attacks import Unseen
from firmward.lab.challenge import Challenge
from firmward.lab.target import Target

ARCHITECTURE = "arm64"
MEMORY = 0x1000
"""Bytes that it says it takes."""
BEHIND_HEAD = 0x14000010
"""b start"""
LITTLE_ENDIAN_ANYWHERE = 0xA
HEAD = struct.Struct("<2I3Q24x4s4x")
CODE = (
    0x58000200,  # start: ldr x0, serial
    0x58000221,  # ldr x1, first
    0x58000242,  # ldr x2, second
    0x9B027C21,  # mul x1, x1, x2
    0x52800203,  # mov w3, #16
    0x93C1F021,  # next: ror x1, x1, #60
    0x12000C24,  # and w4, w1, #15
    0x1100C085,  # add w5, w4, #'0'
    0x11015C86,  # add w6, w4, #'a' - 10
    0x7100289F,  # cmp w4, #10
    0x1A8630A4,  # csel w4, w5, w6, lo
    0xB9000004,  # str w4, [x0]
    0x71000463,  # subs w3, w3, #1
    0x54FFFF01,  # b.ne next
    0xD503207F,  # end: wfi
    0x17FFFFFF,  # b end
)
"""The product in hexadecimal digits, one after the other into the register that a serial line sends from."""


def as_kernel(challenge: Challenge, serial: int) -> bytes:
    """Behind a kernel's head (Documentation/arch/arm64/booting). `serial` is the address of that register."""
    head = HEAD.pack(BEHIND_HEAD, 0, 0, MEMORY, LITTLE_ENDIAN_ANYWHERE, b"ARM\x64")
    return head + bare(challenge, serial)


def bare(challenge: Challenge, serial: int) -> bytes:
    code = struct.pack(f"<{len(CODE)}I", *CODE)
    return code + struct.pack("<3Q", serial, challenge.first, challenge.second)


def serial_of(target: Target) -> int:
    """U-Boot's name of a serial line ends with its address. Raises Unseen for a device that such programs are not
    for."""
    board = target.device.said.board
    if build_board(board).uboot_architecture != ARCHITECTURE:
        raise Unseen(f"his program is for {ARCHITECTURE}, and {board} is another")
    _, _, address = boards.virtual(board).stock.serial.rpartition("@")
    return int(address, 16)
