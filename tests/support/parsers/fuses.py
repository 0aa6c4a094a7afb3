"""Dumps of fuses, in each form that people have them in, and what each chip is by them."""

from collections.abc import Iterator
from pathlib import Path

from firmward.formats import chip_fuses, fuses
from firmward.formats.malformed import Malformed
from parsers import Parser

READ = (
    b"=> fuse read 0 6\nReading bank 0:\n\nWord 0x00000006: 00000002\n"
    b"=> fuse read 5 6 2\nReading bank 5:\n\nWord 0x00000006: 00000000 deadbeef\n"
)
WORDS = bytes(range(256)) * 4


def dumps(_: Path) -> Iterator[bytes]:
    yield READ
    yield WORDS
    rows = (WORDS[at : at + 16] for at in range(0, 256, 16))
    yield "".join(f"{at * 16:08x}  {row.hex(' ')}  |{'.' * 16}|\n" for at, row in enumerate(rows)).encode()
    yield b"00000000: 0200 0000 0000 0040 ffff ffff 0000 0000  ................\n"


def ask_dump(data: bytes) -> None:
    try:
        dump = fuses.parse(data)
    except Malformed:
        return
    for chip in chip_fuses.CHIPS:
        chip_fuses.is_closed(chip, dump), chip_fuses.debug(chip, dump)
        list(chip_fuses.evidence(chip, dump)), list(chip_fuses.unread(chip, dump))


PARSERS = (Parser("fuses", ("fuses", "chip_fuses"), dumps, ask_dump),)
