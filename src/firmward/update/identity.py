"""What a device knows of itself: `device.json` of its verified image, and what is said of it beside.

Rules: the fields below with their bounds; others mean nothing here, since newer builds may write more. What is wrong
stands in the image, so that the maker has to act.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from firmward.formats.canonical_json import parse as parse_json
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.model import allowance
from firmward.model.allowance import Window
from firmward.model.errors import InputError
from firmward.update.manifest import Health, is_name

T = TypeVar("T")
SIZE_LIMIT = 16 << 10
GRACE_LIMIT = 366 * 24 * 3600
"""Seconds; who takes what expired a year ago may as well take anything."""
NO_HEALTH = Health((), 120)
"""Of an image that names no commands."""
FLOORS = ("tpm", "boot-loader", "file")
"""What may keep the rollback floor (floors/)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """`built` in seconds since 1970, UTC. `server` is the address of the update repository, empty where updates come
    from a folder alone. `device` is the name that a director knows it by, empty where it has none in its image.
    `director` tells whether nothing is installed without a director's order. `grace` in seconds: what expired no longer
    ago is taken all the same. `floor` is one of FLOORS, empty for the best that is there. `window`, `quota` in bytes a
    month and `rate` in bytes a second are what updates may use of a line, None and 0 where nothing limits them.
    `boot_loader` is the name of one (bootloaders/choice.py), empty for firmward's own. `health` is how this version is
    known to serve its purpose."""

    product: str
    board: str
    channel: str
    version: str
    rollback_index: int
    built: int
    server: str = ""
    device: str = ""
    director: bool = False
    grace: int = 0
    floor: str = ""
    window: Window | None = None
    quota: int = 0
    rate: int = 0
    boot_loader: str = ""
    health: Health = NO_HEALTH

    @property
    def target(self) -> str:
        """Where the repository has the manifest of this device."""
        return f"{self.product}/{self.channel}/{self.board}.json"


def parse(content: bytes) -> Identity:
    """Raises InputError."""
    try:
        if len(content) > SIZE_LIMIT:
            raise Malformed(f"has more than {SIZE_LIMIT} bytes")
        return _identity(Table(parse_json(content), "device"))
    except Malformed as error:
        raise InputError(f"device.json: {error}") from error


def seconds(text: str) -> int:
    """Of `30d`, `12h` or `2w`. Raises Malformed."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise Malformed(f"{text[:32]!r} is no duration such as 30d")
    length = int(found[1]) * _UNITS[found[2]]
    if length > GRACE_LIMIT:
        raise Malformed(f"{text} is more than a year")
    return length


_DURATION = re.compile(r"(\d{1,6})([hdw])", re.ASCII)
_UNITS = {"h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+~-]{0,63}", re.ASCII)
_DEVICE = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z._-]{0,62}[0-9A-Za-z])?", re.ASCII)


def is_device(word: str) -> bool:
    """Whether a device may be called so: it becomes the name of a folder."""
    return _DEVICE.fullmatch(word) is not None


def _identity(table: Table) -> Identity:
    return Identity(
        product=_name(table, "product"),
        board=_name(table, "board"),
        channel=_name(table, "channel"),
        version=_matching(table, "version", _VERSION),
        rollback_index=table.whole("rollback_index", most=2**31 - 1),
        built=table.whole("built", most=2**40),
        server=_text(table, "server", 1024),
        device=_matching(table, "device", _DEVICE) if _text(table, "device", 64) else "",
        director=table.flag("director") if "director" in table else False,
        grace=seconds(_text(table, "grace", 32) or "0d"),
        floor=_floor(_text(table, "floor", 32)),
        window=_said(table, "window", allowance.window),
        quota=_said(table, "quota", allowance.quota) or 0,
        rate=_said(table, "rate", allowance.rate) or 0,
        boot_loader=_name(table, "boot_loader") if _text(table, "boot_loader", 64) else "",
        health=NO_HEALTH if table.is_null("health") else _health(table.table("health")),
    )


def _text(table: Table, key: str, limit: int) -> str:
    """What may be left out, or null, is empty."""
    return table.text(key, limit) if not table.is_null(key) else ""


def _said(table: Table, key: str, reads: Callable[[str], T]) -> T | None:
    word = _text(table, key, 64)
    try:
        return reads(word) if word else None
    except InputError as error:
        raise Malformed(f"device.{key}: {error}") from error


def _health(table: Table) -> Health:
    return Health(table.texts("commands", 16), table.whole("seconds", least=1, most=3600))


def _name(table: Table, key: str) -> str:
    word = table.text(key, 64)
    if not is_name(word):
        raise Malformed(f"device.{key} is no name of lower case, digits and hyphens: {word!r}")
    return word


def _matching(table: Table, key: str, form: re.Pattern[str]) -> str:
    word = table.text(key, 64)
    if not form.fullmatch(word):
        raise Malformed(f"device.{key} may not be called so: {word!r}")
    return word


def _floor(word: str) -> str:
    if word and word not in FLOORS:
        raise Malformed(f"device.floor is {word!r}, none of {', '.join(FLOORS)}")
    return word
