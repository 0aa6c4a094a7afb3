"""What time it is for a device whose clock may be wrong: a battery is empty, a network tells it nonsense.

Rules:

- It is no earlier than when the system was built, and than the time floor: the latest time at which metadata was signed
  that the device has accepted.
- Only signed times raise the floor. The wall clock never does, so that one at 2100 poisons nothing: put right, it
  counts again.
- Whoever stole the keys of the timestamp can sign any time. So the floor never goes beyond the day on which what was
  signed offline expires, and it belongs to the keys that signed it: a root that replaces them begins anew, as it does
  with versions that were run up (TUF specification 1.0, section 5.3.11).
"""

from dataclasses import dataclass
from hashlib import sha256

from firmward.formats.canonical_json import encode, parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.trust.metadata import TARGETS, TIMESTAMP, Root
from firmward.trust.store import Store
from firmward.trust.trusted import Moment, Trusted

WALL, BUILT, FLOOR = "wall", "built", "floor"
FILE = "time-floor"
LATEST = 2**40
"""Seconds: what is beyond is no time."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The latest time that was accepted as signed, in seconds since 1970, UTC, and the `keys` that it belongs to."""

    at: int
    keys: str


@dataclass(frozen=True, slots=True)
class Clock:
    """What is taken for the time, and `source` of it: the wall clock, the build or the floor. `wall` is what the wall
    clock said."""

    now: int
    source: str
    wall: int

    def moment(self, grace: int = 0) -> Moment:
        return Moment(self.now, grace)


def judged(wall: int, built: int, signed: Signed | None, root: Root) -> Clock:
    """What is to be taken for the time under this root. Of two that are the same the wall clock counts."""
    floor = signed.at if signed is not None and signed.keys == keys_of(root) else 0
    now, source = max((built, BUILT), (floor, FLOOR), key=lambda one: one[0])
    return Clock(wall, WALL, wall) if wall >= now else Clock(now, source, wall)


def signed_in(trusted: Trusted) -> Signed | None:
    """What accepted metadata says of the time; None where it says nothing."""
    timestamp, targets = trusted.timestamp, trusted.targets.get(TARGETS)
    if timestamp is None or targets is None or not timestamp.signed_at:
        return None
    return Signed(min(timestamp.signed_at, trusted.root.expires, targets.expires), keys_of(trusted.root))


def keys_of(root: Root) -> str:
    """The keys of the timestamp, whatever they are called."""
    return sha256(b"".join(sorted(key.der for key in root.roles[TIMESTAMP].keys))).hexdigest()


class TimeFloor:
    """The floor as the device keeps it, beside the metadata."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self) -> Signed | None:
        """None too for a file that is damaged: the next metadata that is accepted writes it anew."""
        content = self._store.recall(FILE)
        try:
            return None if content is None else _decoded(content)
        except Malformed:
            return None

    def advance(self, signed: Signed | None) -> None:
        """Never back, but for other keys. Raises DeviceError."""
        kept = self.read()
        if signed is None or (kept is not None and kept.keys == signed.keys and kept.at >= signed.at):
            return
        self._store.keep(FILE, encode({"at": signed.at, "keys": signed.keys, "sum": _sum(signed)}))


def _decoded(content: bytes) -> Signed:
    table = Table(parse(content), FILE)
    signed = Signed(table.whole("at", most=LATEST), table.hexadecimal("keys", 64))
    if table.text("sum") != _sum(signed):
        raise Malformed("is damaged")
    return signed


def _sum(signed: Signed) -> str:
    """Against flash that turns a bit over, and not against whoever can write: one bit would be a hundred years."""
    return sha256(f"{signed.at} {signed.keys}".encode()).hexdigest()[:16]
