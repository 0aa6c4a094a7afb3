"""Dumps of a chip's fuses: what U-Boot's `fuse read` prints, a listing by hexdump or xxd, or the bytes themselves.

The rules this file holds:

- `fuse read BANK WORD COUNT` (U-Boot, cmd/fuse.c) prints `Reading bank 0:`, then rows of at most four words behind
  `Word 0x00000004:`; `fuse sense` says `Sensing`. Where a word was read twice the last time counts. Prompts and
  whatever else a terminal shows are passed over.
- Bytes are words of 32 bits, little endian, as Linux gives them in `/sys/bus/nvmem/devices/*/nvmem`. They have no
  magic, so that only the size speaks against any other file.
- Listings are those of `hexdump -C` and `xxd` (single bytes or groups, in order) and of `hexdump` (little-endian words
  of 16 bits, offsets of seven digits). A row `*` stands for rows equal to the one before.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from firmward.formats.malformed import Malformed

SIZE_LIMIT = 1 << 20
"""Bytes of a text; no chip has as many fuses as would fill it."""
DUMP_LIMIT = 16 << 10
"""Bytes of fuses; chips of today have some hundred to four thousand."""
SMALLEST = 16
"""Bytes of fuses; less is no dump."""
LINE_LIMIT = 400
BANK_LIMIT = 1 << 16
WORD_LIMIT = 1 << 16
"""STM32MP has the locks of its words from 0x10000000 on: they are no fuses."""

_BANK = re.compile(r"(?:Reading|Sensing) bank (\d{1,6}):$")
_WORDS = re.compile(r"Word 0x([0-9a-fA-F]{8}):((?: [0-9a-fA-F]{8})+)")
_CANONICAL = re.compile(r"([0-9a-fA-F]{8})  ((?:[0-9a-fA-F]{2} {1,2}){0,15}[0-9a-fA-F]{2}) *(?:\|.*)?$")
_XXD = re.compile(r"([0-9a-fA-F]{4,8}): ((?:(?:[0-9a-fA-F]{2}){1,8} )*(?:[0-9a-fA-F]{2}){1,8})(?:  .*)?$")
_PLAIN = re.compile(r"([0-9a-fA-F]{7}) ((?:[0-9a-fA-F]{4} ){0,7}[0-9a-fA-F]{4}) *$")
_END = re.compile(r"([0-9a-fA-F]{7,8})$")


@dataclass(frozen=True, slots=True)
class Dump:
    """Words of 32 bits: `banked` by bank and word as `fuse read` counts, `flat` by their number from the start."""

    banked: Mapping[tuple[int, int], int] = field(default_factory=dict)
    flat: Mapping[int, int] = field(default_factory=dict)

    def get(self, bank: int, word: int, words_a_bank: int) -> int | None:
        """One word; None where the dump has it not."""
        found = self.banked.get((bank, word))
        return self.flat.get(bank * words_a_bank + word) if found is None else found


def parse(data: bytes) -> Dump:
    """Raises Malformed for what is no dump, or a dump of all in which no fuse is set: every chip has a number."""
    if len(data) > SIZE_LIMIT:
        raise Malformed(f"{len(data)} bytes are no dump of fuses")
    found = _of_text(data.decode("ascii")) if _is_text(data) else _of_bytes(data)
    if not found.banked and not any(found.flat.values()):
        raise Malformed("a dump in which no fuse is set" if found.flat else "no word of fuses")
    return found


def _is_text(data: bytes) -> bool:
    return data.isascii() and not data.translate(None, bytes(range(32, 127)) + b"\t\r\n\x1b\x07\x08")


def _of_bytes(data: bytes) -> Dump:
    if not SMALLEST <= len(data) <= DUMP_LIMIT or len(data) % 4:
        raise Malformed(f"{len(data)} bytes are no dump of fuses")
    return Dump(flat=_words(data))


def _words(data: bytes) -> Mapping[int, int]:
    whole = range(0, len(data) - len(data) % 4, 4)
    return MappingProxyType({at // 4: int.from_bytes(data[at : at + 4], "little") for at in whole})


def _of_text(text: str) -> Dump:
    banked = dict(_printed(text))
    return Dump(banked=MappingProxyType(banked)) if banked else Dump(flat=_words(_listed(text)))


def _printed(text: str) -> Iterator[tuple[tuple[int, int], int]]:
    bank: int | None = None
    for line in _lines(text):
        begins, words = _BANK.search(line), _WORDS.search(line)
        if begins is not None:
            bank = int(begins[1])
        elif words is not None and bank is not None and bank < BANK_LIMIT:
            first = int(words[1], 16)
            for number, word in enumerate(words[2].split(), first):
                if number < WORD_LIMIT:
                    yield (bank, number), int(word, 16)


def _in_order(groups: str) -> bytes:
    return bytes.fromhex(groups)


def _swapped(groups: str) -> bytes:
    return b"".join(bytes.fromhex(group)[::-1] for group in groups.split())


FORMS: tuple[tuple[re.Pattern[str], Callable[[str], bytes]], ...] = (
    (_CANONICAL, _in_order),
    (_XXD, _in_order),
    (_PLAIN, _swapped),
)


def _listed(text: str) -> bytes:
    """The bytes of a listing. Raises Malformed where a row is missing: what follows would stand in the wrong place."""
    data = bytearray()
    last, repeats = b"", False
    for line in _lines(text):
        found = _row(line)
        if found is not None:
            offset, piece = found
            while repeats and last and len(data) < min(offset, DUMP_LIMIT):
                data += last
            if offset != len(data) or offset + len(piece) > DUMP_LIMIT:
                raise Malformed(f"a listing with a gap before byte {offset:#x}")
            data += piece
            last = piece
        repeats = line == "*"
    return bytes(data)


def _lines(text: str) -> Iterator[str]:
    """Those that are no longer than a row of words or bytes, with what may stand before it."""
    return (line.rstrip() for line in text.split("\n") if len(line) < LINE_LIMIT)


def _row(line: str) -> tuple[int, bytes] | None:
    for form, read in FORMS:
        match = form.match(line)
        if match is not None:
            return int(match[1], 16), read(match[2])
    end = _END.match(line)
    return None if end is None else (int(end[1], 16), b"")
