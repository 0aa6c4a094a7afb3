"""Binaries as U-Boot's linker lays them out, made by hand: every layout of a record, byte order and kind of pointer."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

COMMANDS = ("base", "bdinfo", "boot", "booti", "bootm", "env", "?", "go", "help", "md", "mm", "saveenv", "version")
NESTED = ("default", "print", "save", "set", "erase")
ENVIRONMENT = {"bootargs": "console=ttyS0", "bootcmd": "run a; run b", "bootdelay": "3", "stdin": "serial"}
SAID = (b"Unknown command '%s' - try 'help'\n", b"Loading Environment from %s... ", b"sdxbim", b"aroc")


@dataclass(frozen=True, slots=True)
class Shape:
    """`fields` names those of a record, of which `int` ones are 32 bits wide."""

    bits: Literal[32, 64]
    order: Literal["little", "big"]
    fields: tuple[str, ...]

    @property
    def word(self) -> int:
        return self.bits // 8


_NEW = ("name", "maxargs", "repeat", "function", "usage", "help", "complete")
_OLD_64 = ("name", "maxargs,repeatable", "function", "usage", "help", "complete")

SHAPES = {
    "arm": Shape(32, "little", _NEW),
    "arm-plain": Shape(32, "little", _NEW[:5]),
    "ppc": Shape(32, "big", _NEW),
    "arm64": Shape(64, "little", _NEW),
    "arm64-without-completion": Shape(64, "little", _NEW[:6]),
    "arm64-old": Shape(64, "little", _OLD_64),
    "mips64": Shape(64, "big", _NEW),
    "mips64-old": Shape(64, "big", _OLD_64[:5]),
}


class _Image:
    """Bytes in the making."""

    def __init__(self, shape: Shape, base: int, *, relocations: bool) -> None:
        self.shape, self.base = shape, base
        self.data = bytearray(b"\x1f\x20\x03\xd5" * 512)  # code
        self.relocations: list[tuple[int, int]] | None = [] if relocations else None

    def text(self, text: bytes) -> int:
        """Its address."""
        address = self.base + len(self.data)
        self.data += text + b"\0"
        return address

    def align(self) -> None:
        self.data += bytes(-len(self.data) % 8)

    def pointer(self, address: int) -> None:
        if self.relocations is not None and address:
            self.relocations.append((self.base + len(self.data), address))
            address = 0
        self.data += (address % (1 << self.shape.bits)).to_bytes(self.shape.word, self.shape.order)

    def table(self, records: Sequence[tuple[str, int]]) -> None:
        """Records from names and addresses of usages."""
        names = [self.text(name.encode()) for name, _ in records]
        self.align()
        for number, (name, (_, usage)) in enumerate(zip(names, records, strict=True)):
            for field in self.shape.fields:
                if field == "maxargs,repeatable":
                    self.data += b"".join(part.to_bytes(4, self.shape.order) for part in (1 + number % 4, number % 2))
                elif field == "maxargs":
                    number_of = (1 + number % 4).to_bytes(4, self.shape.order)
                    self.data += number_of + bytes(self.shape.word - 4)
                else:
                    value = {"name": name, "usage": usage, "complete": 0}.get(field, self.base + 64 + 8 * number)
                    self.pointer(value)


def made(
    shape: Shape,
    *,
    base: int = 0x4A000000,
    relocations: bool = False,
    commands: Sequence[str] = COMMANDS,
    environment: dict[str, str] = ENVIRONMENT,
    said: Sequence[bytes] = SAID,
    before: bytes = b"",
    tree: bytes = b"",
    drivers: Sequence[str] = (),
) -> bytes:
    """A U-Boot behind what comes before it, with its device tree behind it; `drivers` load the environment."""
    image = _Image(shape, base, relocations=relocations)
    for text in (b"U-Boot 2023.01-made (Jan 09 2023 - 16:07:33 +0000)", *said):
        image.text(text)
    for number in range(200):
        image.text(b"a text of the code, number %d\n" % number)
    image.text(b"md - memory display, mw - memory write, as a help says")
    image.data += b"\0".join(f"{name}={value}".encode() for name, value in environment.items()) + b"\0\0"
    usages = [image.text(f"what {name} does".encode()) for name in commands]
    empty = image.text(b"")
    image.table([(name, empty) for name in NESTED])
    image.data += bytes(64)
    image.table(list(zip(commands, usages, strict=True)))
    image.data += bytes(64)
    for name in drivers:
        address = image.text(name.encode())
        image.align()
        image.pointer(address)
        image.data += (3).to_bytes(4, shape.order) + bytes(shape.word - 4)
        for _ in range(3):
            image.pointer(base + 64)
    for place, addend in image.relocations or ():
        image.data += struct.pack("<QQQ", place, 1027, addend)
    return before + bytes(image.data) + bytes(-len(image.data) % 8) + tree
