"""What a dump of fuses says of the chip: whether it starts what is not signed, and whether it can be debugged.

A dump does not say of which chip it is. The device trees of the image do (`compatible` of the root), or else what its
boot ROM starts leaves few to choose from; where several remain that read the dump differently nothing is known. The
maker's policy may name the board, which a check asks with `of_board`. How each chip is read stands in
formats/chip_fuses.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from firmward.facts.parts_of_kind import read_each
from firmward.formats import chip_fuses, device_tree, fuses
from firmward.formats.chip_fuses import CHIPS, Chip, Debug
from firmward.formats.fuses import Dump
from firmward.formats.malformed import Malformed
from firmward.model.location import Location
from firmward.model.parts import Content, Parts
from firmward.model.report import Role

KIND = "fuses"
TREE_LIMIT = 4 << 20
"""Bytes of a device tree whose root is asked for its chip."""

__all__ = ["Debug", "Fuses", "collect"]


@dataclass(frozen=True, slots=True)
class Fuses:
    """What the dump `at` says of the chip `soc` (None where it is not known which). `secure_boot` is whether it starts
    signed code alone, `key_hash_burnt` whether it knows a key; both are None where that is not known. `debug` is its
    JTAG. `evidence` quotes the words, `unread` says what is not known and why. `by_chip` has the same for each chip
    that it might be.
    """

    at: Location
    soc: str | None
    secure_boot: bool | None = None
    key_hash_burnt: bool | None = None
    debug: Debug = Debug.UNKNOWN
    evidence: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    by_chip: Mapping[str, "Fuses"] = field(default_factory=dict, repr=False)

    def of_board(self, board: str | None) -> "Fuses":
        """What the dump says if it is of this board, where nothing else tells the chip."""
        named = [chip.name for chip in CHIPS if board is not None and chip.named.search(board.lower())]
        return self.by_chip.get(named[0], self) if self.soc is None and len(named) == 1 else self


def collect(parts: Parts) -> Fuses | None:
    """From the first dump; it is said when others are there."""
    dumps, unread = read_each(parts, (KIND,), _read)
    if not dumps:
        return None if not unread else Fuses(Location(), None, unread=unread)
    at, dump = dumps[0]
    by_chip = MappingProxyType({chip.name: _told(chip, dump, at) for chip in CHIPS})
    found = _agreed(at, [by_chip[chip.name] for chip in _candidates(parts)])
    more = ("another dump of fuses is not looked at",) if len(dumps) > 1 else ()
    return Fuses(
        at, found.soc, found.secure_boot, found.key_hash_burnt, found.debug, found.evidence,
        (*found.unread, *unread, *more), by_chip,
    )  # fmt: skip


def _read(at: Location, _: str, content: Content) -> tuple[Location, Dump]:
    if content.size > fuses.SIZE_LIMIT:
        raise Malformed(f"{content.size} bytes are no dump of fuses")
    return at, fuses.parse(content.read(0, content.size))


def _candidates(parts: Parts) -> tuple[Chip, ...]:
    """By the device trees, or else by what a boot ROM starts; both are held against each other."""
    names = frozenset(name for one in parts.all.values() for name in _compatible(one.part.role, one.content))
    by_tree = tuple(chip for chip in CHIPS if any(chip.named.search(name) for name in names))
    kinds = frozenset(one.part.kind for one in parts.all.values())
    by_image = tuple(chip for chip in CHIPS if chip.images & kinds)
    both = tuple(chip for chip in by_tree if chip in by_image)
    return both or by_tree if names else by_image


def _compatible(role: Role, content: Content | None) -> Iterable[str]:
    """What the root of a device tree calls itself; an overlay has no such name."""
    if role is not Role.DEVICE_TREE or content is None or content.size > TREE_LIMIT:
        return ()
    try:
        return device_tree.parse(content.read(0, content.size)).root.texts("compatible")
    except Malformed:
        return ()


def _agreed(at: Location, readings: list[Fuses]) -> Fuses:
    if not readings:
        return Fuses(at, None, unread=("it is not known of which chip the dump is: no device tree here names one that "
                                       "is known",))  # fmt: skip
    first = readings[0]
    if len(readings) == 1:
        return first
    same = all(_values(one) == _values(first) for one in readings)
    names = ", ".join(str(one.soc) for one in readings)
    doubt = f"the dump may be of any of these chips: {names}"
    if not same:
        return Fuses(at, None, unread=(f"{doubt}, which read it differently",))
    return Fuses(at, None, first.secure_boot, first.key_hash_burnt, first.debug, first.evidence, (doubt,))


def _values(one: Fuses) -> tuple[object, ...]:
    return one.secure_boot, one.key_hash_burnt, one.debug


def _told(chip: Chip, dump: Dump, at: Location) -> Fuses:
    if chip.closed is None:
        return Fuses(at, chip.name, unread=(chip.why,))
    is_closed = chip_fuses.is_closed(chip, dump)
    hash_words = [word.of(dump, chip.words_a_bank) for word in chip.key]
    burnt = None if None in hash_words and not any(hash_words) else any(hash_words)
    evidence, unread = tuple(chip_fuses.evidence(chip, dump)), tuple(chip_fuses.unread(chip, dump))
    if is_closed is None and not unread:
        unread = (f"the bits of {chip.closed.text} neither open nor close the {chip.name}",)
    return Fuses(at, chip.name, is_closed, burnt, chip_fuses.debug(chip, dump), evidence, unread)
