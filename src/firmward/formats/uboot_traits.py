"""What was built into a U-Boot besides its commands, as far as its bytes tell: verification, autoboot, places to save.

U-Boot says what it does, and most of what it says belongs to one option. Texts here were chosen so that the code with
the option carries them and the code without it does not; which is which was compared with the `.config` of 93 builds.

The rules this file holds:

- A trait is seen (`Seen`, with its text and offset), absent (None) or `Unknown`. It is absent only where other texts of
  the same code are there, so that the code was looked at: a compressed binary is not one without verification.
- Places of the environment are read from the linker list of their drivers (`struct env_driver`, include/env_internal.h:
  a name, a small number, functions), not from texts: `MMC` stands in every U-Boot.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats import uboot_pointers
from firmward.formats.uboot_commands import Commands
from firmward.model.facts import Unknown

PLACES = ("EEPROM", "EXT4", "FAT", "Flash", "MMC", "NAND", "NVRAM", "OneNAND", "Remote", "SPIFlash", "UBI", "nowhere")
"""Names of drivers (env/*.c); `nowhere` keeps nothing."""
PLACE_LIMIT = 32
"""Uses of one name in the bytes that are looked at; they are the ends of other texts too."""

FIT_SIGNATURE = (b"required-mode\0", b"Failed to verify required signature '%s'", b"No 'signature' subnode found")
FIT = (b"## Loading %s from FIT Image", b"   Verifying Hash Integrity", b"Bad hash value len for '%s'")
LEGACY_IMAGE = (b"## Booting kernel from Legacy Image", b"## Booting image from Legacy", b"Verifying Checksum ... ")
ENVIRONMENT = (b"Loading Environment from %s", b"Saving Environment to %s", b"*** Warning - bad CRC, using default")
PROMPT = (b"Unknown command '%s'",)

ANY_KEY = b"Hit any key to stop autoboot: %2d"
KEYED = (b"bootdelaykey\0", b"bootstopkey\0")
SHA256 = b"bootstopkeysha256\0"
CRYPT = b"bootstopkeycrypt\0"
PROMPT_KEYED = re.compile(rb"\0([\t\n -~]{0,80}(?i:autoboot)[\t\n -~]{0,80}%\d?d[\t\n -~]{0,80})\0")

ACCESS_WITH_LIST, ACCESS = b"arocw\0", b"aroc\0"
"""Letters of the kinds of access (env/flags.c): `w` is there with an allow-list alone."""
_ALLOWED = re.compile(rb"(?<=[\0,])([\w.\\*\[\]-]{1,64}):[sdxbim]w(?=[,\0])")


@dataclass(frozen=True, slots=True)
class Seen:
    """`text` is what was seen, at `offset` in the bytes."""

    text: str
    offset: int


class Stop(StrEnum):
    """What stops the autoboot."""

    ANY_KEY = "any-key"
    KEYED = "keyed"
    """A word that the binary holds in clear, or that the environment gives."""
    SHA256 = "sha256"
    """A word of which the SHA-256 is kept."""
    CRYPT = "crypt"
    """A word of which a crypt(3) hash is kept."""


@dataclass(frozen=True, slots=True)
class Autoboot:
    """`stops` may name more than one: a hash may be what the environment asks for beside a word in clear."""

    stops: frozenset[Stop]
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Allowed:
    """An allow-list: only these variables are taken from a stored environment; None where the list was not found."""

    names: tuple[str, ...] | None
    seen: Seen


Trait = Seen | None | Unknown


def fit_signature(data: bytes) -> Trait:
    """Code that verifies the signatures of FITs."""
    return _trait(data, FIT_SIGNATURE, FIT + LEGACY_IMAGE, "no code that loads images was recognised")


def fit(data: bytes) -> Trait:
    """Code that loads FITs."""
    return _trait(data, FIT, LEGACY_IMAGE + FIT_SIGNATURE, "no code that loads images was recognised")


def legacy_image(data: bytes) -> Trait:
    """Code that boots legacy images."""
    return _trait(data, LEGACY_IMAGE[:2], FIT + LEGACY_IMAGE, "no code that loads images was recognised")


def prompt(data: bytes) -> Trait:
    """Code that reads commands."""
    return _trait(data, PROMPT, ENVIRONMENT, "no code with or without a prompt was recognised")


def autoboot(data: bytes) -> Autoboot | None | Unknown:
    """What stops the autoboot; None when no wait for it is built in."""
    stops: dict[Stop, Seen] = {}
    for stop, texts in (
        (Stop.SHA256, (SHA256,)),
        (Stop.CRYPT, (CRYPT,)),
        (Stop.KEYED, KEYED),
        (Stop.ANY_KEY, (ANY_KEY,)),
    ):
        seen = _first(data, texts)
        if seen is not None:
            stops[stop] = seen
    if stops:
        asks = PROMPT_KEYED.search(data) if Stop.ANY_KEY not in stops else None
        said = (Seen(_shown(asks[1]), asks.start(1)),) if asks else ()
        return Autoboot(frozenset(stops), (*stops.values(), *said))
    if _first(data, PROMPT) is None:
        return Unknown("no prompt was recognised which an autoboot would precede")
    if b"autoboot" in data or b"Autoboot" in data:
        return Unknown("the autoboot speaks in words that are not known")
    return None


def environment_places(commands: Commands | None) -> tuple[Seen, ...] | Unknown:
    """The drivers that load the environment."""
    if commands is None:
        return Unknown("without a command table no pointers can be followed")
    found = tuple(sorted(set(_drivers(commands)), key=lambda seen: seen.offset))
    return found or Unknown("no driver of the environment has a name")


def writeable_list(data: bytes) -> Allowed | None | Unknown:
    """The allow-list of the environment; None where every variable is taken."""
    seen = _first(data, (b"\0" + ACCESS_WITH_LIST,)) or _first(data, (ACCESS_WITH_LIST,))
    if seen is not None:
        names = dict.fromkeys(match[1].decode("ascii", "replace") for match in _ALLOWED.finditer(data))
        return Allowed(tuple(names) or None, seen)
    if ACCESS in data:
        return None
    return Unknown("the code of the variables' access was not recognised")


def _trait(data: bytes, signs: Iterable[bytes], others: Iterable[bytes], reason: str) -> Trait:
    seen = _first(data, signs)
    if seen is not None:
        return seen
    return None if _first(data, others) is not None else Unknown(reason)


def _first(data: bytes, texts: Iterable[bytes]) -> Seen | None:
    """The first of the texts that is there; one that ends with a zero must be a whole text."""
    for text in texts:
        place = data.find(text)
        if place >= 0:
            return Seen(_shown(text), place)
    return None


def _shown(text: bytes) -> str:
    return text.strip(b"\0").decode("utf-8", "replace").strip()


def _drivers(commands: Commands) -> Iterator[Seen]:
    """Records whose name is a driver's, whose second field is a small number and whose third is code or nothing."""
    data, layout, base = commands.memory, commands.main.layout, commands.main.base
    step = layout.bits // 8
    wanted = {base + place: name for name in PLACES for place in _ends(data, name.encode() + b"\0")}
    low = {address & 0xFFFFFFFF for address in wanted}
    for number, word in enumerate(uboot_pointers.words(data, layout.order)):
        if word not in low:
            continue
        place = number * 4 - (4 if step == 8 and layout.order == "big" else 0)
        name, where, load = (_number(data, place + field * step, step, layout.order) for field in range(3))
        where &= 0xFFFFFFFF  # an enumeration has 32 bits in either form
        if name in wanted and 0 < where < 32 and 0 <= load - base < len(data):
            yield Seen(wanted[name], place)


def _number(data: bytes, place: int, size: int, order: uboot_pointers.Order) -> int:
    return int.from_bytes(data[place : place + size], order)


def _ends(data: bytes, text: bytes) -> Iterator[int]:
    """Where the text stands: whole, or as the end of another."""
    place = data.find(text)
    for _ in range(PLACE_LIMIT):
        if place < 0:
            return
        yield place
        place = data.find(text, place + 1)
