"""The state partition: which slot starts, how often it may still be tried, and what the system asks for.

Three sectors of 512 bytes. Two copies of the state, at 0 and 4096, are environments of U-Boot with a checksum (CRC-32
of the 508 bytes behind it, little endian); the boot loader alone writes them, always the older one, so that a power
cut leaves the other. The request, at 8192, is text; the system alone writes it, and the boot loader clears it.

The rules this file holds are those of the boot script (build/uboot/boot.env) and of U-Boot's import (himport_r,
lib/hashtable.c):

- A copy counts where its checksum holds and each name has one of its few values, written in the one way; a `last` that
  is none is as if nothing had been started.
- Of a name that stands twice the first value counts. Names that are not known are passed over.
- Of two copies the one with the higher number counts; the first where both have the same.
- A request's value that is none is as if it were not there.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SECTOR = 512
COPIES = (0, 4096)
REQUEST = 8192
SIZE = REQUEST + SECTOR
SLOTS = ("a", "b")
TRIES = 3
SEQ_LIMIT = 0xF0000000
"""Numbers of copies stay below; a device that starts ten times a day comes to a million in a life."""


@dataclass(frozen=True, slots=True)
class State:
    """`seq` grows with each write. `last` is the slot that was started last, empty before the first. `a_left` and
    `b_left` are the tries that a slot has left, `a_good` and `b_good` whether the system said that it serves."""

    seq: int
    active: str = "a"
    last: str = ""
    a_left: int = TRIES
    b_left: int = TRIES
    a_good: bool = False
    b_good: bool = False

    def to_bytes(self) -> bytes:
        """The sector of a copy."""
        variables = {
            "a_good": int(self.a_good),
            "a_left": self.a_left,
            "active": self.active,
            "b_good": int(self.b_good),
            "b_left": self.b_left,
            "last": self.last,
            "seq": f"{self.seq:x}",
        }
        text = "".join(f"{name}={value}\0" for name, value in variables.items() if value != "")
        data = text.encode("ascii").ljust(SECTOR - 4, b"\0")
        return zlib.crc32(data).to_bytes(4, "little") + data


@dataclass(frozen=True, slots=True)
class Request:
    """`good` is the slot that serves, `active` the one to start from now on."""

    good: str | None = None
    active: str | None = None

    def to_bytes(self) -> bytes:
        """The sector of a request."""
        lines = (("good", self.good), ("active", self.active))
        text = "".join(f"{name}={slot}\n" for name, slot in lines if slot is not None)
        return text.encode("ascii").ljust(SECTOR, b"\0")


@dataclass(frozen=True, slots=True)
class Records:
    """What the partition holds; a copy that does not count is None."""

    copies: tuple[State | None, State | None]
    request: Request

    @property
    def state(self) -> State | None:
        return choose(*self.copies)

    def to_bytes(self) -> bytes:
        """The first SIZE bytes of the partition."""
        data = bytearray(SIZE)
        for place, copy in zip(COPIES, self.copies, strict=True):
            data[place : place + SECTOR] = copy.to_bytes() if copy is not None else bytes(SECTOR)
        data[REQUEST:] = self.request.to_bytes()
        return bytes(data)


def fresh() -> Records:
    """Of a new disk: slot a is next, and neither has served yet."""
    return Records((State(1), State(2)), Request())


def parse(sectors: bytes) -> Records:
    """Any bytes: what is missing or damaged does not count."""
    first, second = (parse_copy(sectors[place : place + SECTOR]) for place in COPIES)
    return Records((first, second), parse_request(sectors[REQUEST:SIZE]))


def choose(first: State | None, second: State | None) -> State | None:
    """The copy that counts; None means what `fresh` says."""
    if first is None or second is None:
        return first or second
    return second if second.seq > first.seq else first


def parse_copy(sector: bytes) -> State | None:
    data = sector[4:SECTOR]
    if len(sector) < SECTOR or zlib.crc32(data) != int.from_bytes(sector[:4], "little"):
        return None
    values = _variables(data, b"\0")
    if values is None:
        return None
    seq = _number(values.get(b"seq", b""))
    active, last = values.get(b"active", b""), values.get(b"last", b"")
    left = [_digit(values, name, TRIES) for name in (b"a_left", b"b_left")]
    good = [_digit(values, name, 1) for name in (b"a_good", b"b_good")]
    if seq is None or active not in (b"a", b"b"):
        return None
    if left[0] is None or left[1] is None or good[0] is None or good[1] is None:
        return None
    started = last.decode() if last in (b"a", b"b") else ""
    return State(seq, active.decode(), started, left[0], left[1], good[0] == 1, good[1] == 1)


def parse_request(sector: bytes) -> Request:
    values = _variables(sector[:SECTOR], b"\n") or {}
    good, active = (values.get(name, b"").decode("latin-1") for name in (b"good", b"active"))
    return Request(good if good in SLOTS else None, active if active in SLOTS else None)


def _number(text: bytes) -> int | None:
    """Hexadecimal in the one way that U-Boot writes it."""
    digits = text.decode("latin-1")
    if not digits or len(digits) > 8 or digits.strip("0123456789abcdef"):
        return None
    number = int(digits, 16)
    return number if f"{number:x}" == digits and 0 < number < SEQ_LIMIT else None


def _digit(values: Mapping[bytes, bytes], name: bytes, highest: int) -> int | None:
    text = values.get(name, b"")
    return int(text) if text in [b"%d" % number for number in range(highest + 1)] else None


def _variables(data: bytes, separator: bytes) -> dict[bytes, bytes] | None:
    """The first value of each name, None where the import breaks off; a zero ends a text."""
    found: dict[bytes, bytes] = {}
    for entry in _entries(data, separator):
        name, _, value = entry.partition(b"=")
        if not name and value:
            return None
        found.setdefault(name, _unescaped(value))
    return found


def _entries(data: bytes, separator: bytes) -> Iterator[bytes]:
    whole = data.partition(b"\0\0" if separator == b"\0" else b"\0")[0]
    for entry in whole.split(separator):
        text = entry.lstrip(b" \t")
        if not text.startswith(b"#"):
            yield text


def _unescaped(value: bytes) -> bytes:
    """Without the backslash before any byte."""
    kept = bytearray()
    place = 0
    while place < len(value):
        place += value[place] == 0x5C and place + 1 < len(value)
        kept.append(value[place])
        place += 1
    return bytes(kept)
