"""Back to the other slot, and what is known of both."""

from dataclasses import dataclass

from firmward.model.errors import InputError, TrustError
from firmward.update import fallen, journal, slots
from firmward.update.bootloaders.bootloader import SLOTS, BootState
from firmward.update.install import Onto
from firmward.update.journal import WRITING, Journal
from firmward.update.region import Region
from firmward.update.slots import Holding, partition_of

HEADER = 512
"""Bytes at the beginning of a boot partition that are zero as long as its slot is not whole (install.py)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`holdings` are slot and what it is known to hold. `last` is the journal of what is, or was, installed last.
    `fell_back` is the SHA-256 of the manifest that is refused for that, empty where none is."""

    state: BootState
    holdings: tuple[tuple[str, Holding | None], ...]
    last: Journal | None
    fell_back: str


def standing(onto: Onto) -> Standing:
    """Reads nothing of the disk. Raises DeviceError, InputError as the boot loader does."""
    holdings = tuple((slot, slots.held(onto.store, slot)) for slot in SLOTS)
    return Standing(onto.loader.state(), holdings, journal.kept(onto.store), fallen.remembered(onto.store))


def rollback(onto: Onto, floor: int) -> str:
    """The slot that a restart begins with: the other one, as it is. Raises InputError where there is nothing to go back
    to, TrustError where that is below the rollback floor, and DeviceError."""
    found = standing(onto)
    slot = slots.other(found.state.running)
    if found.last is not None and (found.last.slot, found.last.stage) == (slot, WRITING):
        raise InputError(f"slot {slot} has a version that is only half there: there is nothing to go back to")
    if not any(Region(onto.disk, partition_of("boot", slot)).read(0, HEADER)):
        raise InputError(f"slot {slot} has nothing that starts: there is nothing to go back to")
    _require_allowed(slot, dict(found.holdings), floor)
    if found.state.next != slot:
        onto.loader.activate(slot)
    return slot


def _require_allowed(slot: str, holdings: dict[str, Holding | None], floor: int) -> None:
    """Where no slot has a record, both are as they came from the factory."""
    there = holdings[slot]
    if there is None and any(one is not None for one in holdings.values()):
        raise InputError(f"it is not known what slot {slot} holds: nothing is started that may be below the floor")
    if there is not None and there.rollback_index < floor:
        raise TrustError(
            f"version {there.version} in slot {slot} is below the rollback floor: {there.rollback_index}, {floor}"
        )
