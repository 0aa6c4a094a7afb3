"""How the fuses of chips are read that decide whether unsigned code starts, and whether the chip can be debugged.

The rules this file holds, each with where it is from:

- i.MX with HAB: SEC_CONFIG[1] closes the chip, unless the field return fuse opened it again (U-Boot,
  arch/arm/mach-imx/hab.c and the `imx_sec_config_fuse` and `imx_field_return_fuse` of each family). SRK_HASH,
  SJC_DISABLE and JTAG_SMODE stand in the tables of U-Boot's doc/imx/habv4/guides/mx6_mx7_secure_boot.txt; SRK_HASH of
  the i.MX8M in NXP's mx8m_secure_boot.txt. JTAG_SMODE of 0 leaves JTAG open, 3 closes it (ibidem, section 1.8); what
  is between asks for a response key (NXP's AN4686).
- i.MX with AHAB: the life cycle is the security controller's, and no word that `fuse read` shows.
- STM32MP15: bit 6 of word 0; STM32MP13: bits 0 to 5, of which 3 and 5 count for ST's wiki (OTP mapping); STM32MP2: any
  of bits 0 to 3 of word 18. Hashes of keys in eight words from 24, 144 (MP23, MP25) or 152 (MP21) on (U-Boot,
  arch/arm/mach-stm32mp/cmd_stm32key.c).
- Allwinner H3, H2+ and A83T: bit 11 of the word LCJS at 0xf4, ROTPK at 0x64 (Allwinner's U-Boot 2011.09 for sun8iw7
  and sun8iw6, efuse.h and sid.c).
- AM335x: whether it is a high-security device is decided when the chip is made.

Of other chips (Rockchip, later Allwinners) no such table was found, so that nothing is said of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats.fuses import Dump


class Debug(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Word:
    """Where a word stands, and which bits of it are meant."""

    bank: int
    word: int
    mask: int = 0xFFFFFFFF

    def of(self, dump: Dump, words_a_bank: int) -> int | None:
        """The bits in their places; None where the dump has not the word."""
        found = dump.get(self.bank, self.word, words_a_bank)
        return None if found is None else found & self.mask

    @property
    def text(self) -> str:
        return f"bank {self.bank} word {self.word}"


@dataclass(frozen=True, slots=True)
class Chip:
    """How the fuses of one family are read. `named` matches what `compatible` and boards call it; `images` are the
    kinds of first stages that it starts. All bits of `closed` set mean that it starts signed code alone (`any_bit`: one
    of them), none of `open_without` that it does not; `returned` with `return_value` opens it again. `key` are the
    words of the key's hash. All bits of one of `debug` close the debug port; none of any leave it open. `why` says why
    nothing tells of it."""

    name: str
    named: re.Pattern[str]
    images: frozenset[str]
    words_a_bank: int = 8
    closed: Word | None = None
    open_without: int | None = None
    any_bit: bool = False
    returned: Word | None = None
    return_value: int = 1
    key: tuple[Word, ...] = ()
    debug: tuple[Word, ...] = ()
    why: str = ""


def _run(bank: int, first: int, count: int) -> tuple[Word, ...]:
    return tuple(Word(bank, first + number) for number in range(count))


def _named(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9])(?:{pattern})")


IVT, AHAB, STM32 = frozenset(("imx-ivt",)), frozenset(("imx-ahab",)), frozenset(("stm32",))
NO_IMAGE: frozenset[str] = frozenset()
"""Other chips of the maker, which are read differently, start the same kind of image."""
SJC = 0x00C00000
SRK_OF_FOURS = (*_run(6, 0, 4), *_run(7, 0, 4))

CHIPS = (
    Chip("i.MX6", _named("imx6"), IVT, 8, Word(0, 6, 2), returned=Word(5, 6, 1), key=_run(3, 0, 8),
         debug=(Word(0, 6, 0x00100000), Word(0, 6, SJC))),
    Chip("i.MX7", _named("imx7[ds]"), IVT, 4, Word(1, 3, 0x02000000), returned=Word(8, 3, 1), key=SRK_OF_FOURS,
         debug=(Word(1, 3, 0x00200000), Word(1, 3, SJC))),
    Chip("i.MX7ULP", _named("imx7ulp"), IVT, 8, Word(29, 6, 0x80000000), returned=Word(9, 6, 1), key=_run(5, 0, 8),
         debug=(Word(1, 1, 0x20), Word(1, 1, 0xC0))),
    Chip("i.MX8M Plus", _named("imx8mp"), IVT, 4, Word(1, 3, 0x02000000), returned=Word(8, 3),
         return_value=0x28001405, key=SRK_OF_FOURS),
    Chip("i.MX8M", _named("imx8m[qmn]"), IVT, 4, Word(1, 3, 0x02000000), returned=Word(8, 3, 1), key=SRK_OF_FOURS),
    Chip("i.MX with AHAB", _named("imx8q|imx8dx|imx8ulp|imx9"), AHAB,
         why="the life cycle of a chip with AHAB is told by its security controller, not by a word of fuses"),
    Chip("STM32MP15", _named("stm32mp15"), STM32, 1 << 12, Word(0, 0, 0x40), key=_run(0, 24, 8)),
    Chip("STM32MP13", _named("stm32mp13"), STM32, 1 << 12, Word(0, 0, 0x3F), open_without=0x28, key=_run(0, 24, 8)),
    Chip("STM32MP21", _named("stm32mp21"), STM32, 1 << 12, Word(0, 18, 0xF), any_bit=True, key=_run(0, 152, 8)),
    Chip("STM32MP23 or MP25", _named("stm32mp2[35]"), STM32, 1 << 12, Word(0, 18, 0xF), any_bit=True,
         key=_run(0, 144, 8)),
    Chip("Allwinner H3", _named("sun8i-(?:h3|h2-plus|a83t)"), NO_IMAGE, 1 << 12,
         Word(0, 0xF4 // 4, 1 << 11), key=_run(0, 0x64 // 4, 8)),
    Chip("AM335x", _named("am33xx|am335x"), NO_IMAGE,
         why="whether an AM335x is a high-security device was decided when it was made, and not by a fuse"),
)  # fmt: skip


def is_closed(chip: Chip, dump: Dump) -> bool | None:
    """Whether it starts signed code alone; None where the dump does not tell."""
    value = None if chip.closed is None else chip.closed.of(dump, chip.words_a_bank)
    if value is None or chip.closed is None:
        return None
    if value != chip.closed.mask and not (chip.any_bit and value):
        return False if chip.open_without is None or not value & chip.open_without else None
    if chip.returned is None:
        return True
    returned = chip.returned.of(dump, chip.words_a_bank)
    return None if returned is None else returned != chip.return_value


def debug(chip: Chip, dump: Dump) -> Debug:
    """Whether its debug port is open."""
    values = [(word.of(dump, chip.words_a_bank), word.mask) for word in chip.debug]
    if any(value == mask for value, mask in values):
        return Debug.CLOSED
    return Debug.OPEN if values and all(value == 0 for value, _ in values) else Debug.UNKNOWN


def evidence(chip: Chip, dump: Dump) -> Iterator[str]:
    """The words that decide, as they were read."""
    for word in dict.fromkeys(Word(one.bank, one.word) for one in _asked(chip)):
        value = word.of(dump, chip.words_a_bank)
        if value is not None:
            yield f"{word.text} is {value:08x}"


def unread(chip: Chip, dump: Dump) -> Iterator[str]:
    """The words that decide and are not in the dump."""
    for word in dict.fromkeys(Word(one.bank, one.word) for one in _asked(chip)):
        if word.of(dump, chip.words_a_bank) is None:
            yield f"{word.text} of the {chip.name} is not in the dump"


def _asked(chip: Chip) -> Iterator[Word]:
    """The words that decide; those of the key are told by whether there is one."""
    yield from (word for word in (chip.closed, chip.returned) if word is not None)
    yield from chip.debug
