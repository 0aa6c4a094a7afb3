"""The two slots of a device: their partitions, and what is known of what they hold.

What a slot holds is a record of its own, `installed-a` or `installed-b`: kept when all of the slot was verified, and
dropped before the first of its bytes is written over.
"""

from dataclasses import dataclass

from firmward.formats.canonical_json import encode, parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError
from firmward.trust.store import Store
from firmward.update.manifest import PARTITIONS, Manifest

_OTHER = {"a": "b", "b": "a"}


@dataclass(frozen=True, slots=True)
class Holding:
    """What a slot holds. `sha256` is the manifest's that it was installed by, empty for what came from the factory;
    `payloads` are partition and SHA-256 of each, none where they are not known."""

    version: str
    sha256: str
    rollback_index: int
    payloads: tuple[tuple[str, str], ...] = ()

    def has_other(self, partition: str, sha256: str) -> bool:
        """Whether it is known to hold something else there."""
        known = dict(self.payloads).get(partition, sha256)
        return known != sha256


def of_manifest(manifest: Manifest, sha256: str) -> Holding:
    payloads = tuple((one.partition, one.sha256) for one in manifest.payloads)
    return Holding(manifest.version, sha256, manifest.rollback_index, payloads)


def other(slot: str) -> str:
    """Raises InputError for what is no slot."""
    if slot not in _OTHER:
        raise InputError(f"the boot loader says that the slot {slot[:16]!r} runs, and there are a and b")
    return _OTHER[slot]


def partition_of(payload: str, slot: str) -> str:
    """What a payload's partition is called on the disk."""
    return f"{payload}_{slot}"


def held(store: Store, slot: str) -> Holding | None:
    """None where nothing is known, or the record is damaged."""
    content = store.recall(_name(slot))
    try:
        return None if content is None else _holding(Table(parse(content), _name(slot)))
    except Malformed:
        return None


def keep(store: Store, slot: str, holding: Holding) -> None:
    """Raises DeviceError."""
    content = encode(
        {
            "version": holding.version,
            "sha256": holding.sha256,
            "rollback_index": holding.rollback_index,
            "payloads": dict(holding.payloads),
        }
    )
    store.keep(_name(slot), content)


def drop(store: Store, slot: str) -> None:
    """Raises DeviceError."""
    store.drop(_name(slot))


def _name(slot: str) -> str:
    return f"installed-{slot}"


def _holding(table: Table) -> Holding:
    payloads = table.table("payloads")
    payloads.allow(*PARTITIONS)
    return Holding(
        table.text("version", 64),
        table.hexadecimal("sha256", 64) if table.text("sha256", 64) else "",
        table.whole("rollback_index", most=2**31 - 1),
        tuple((name, payloads.hexadecimal(name, 64)) for name in PARTITIONS if name in payloads),
    )
