"""How far the installing of a manifest came, so that a power cut or a broken line costs little.

A record is kept after what it tells of was synced: so it never tells of more than the disk has. It is no proof either:
whoever goes on by it reads the prefix back and compares its digest, and a record that is damaged, or of another
manifest, counts as none.
"""

from dataclasses import dataclass

from firmward.formats.canonical_json import encode, parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.trust.store import Store
from firmward.update.bootloaders.bootloader import SLOTS
from firmward.update.manifest import BLOB_SIZE_LIMIT, PARTITIONS, SOURCES_LIMIT

FILE = "journal"
WRITING, ACTIVATED = "writing", "activated"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of nothing."""


@dataclass(frozen=True, slots=True)
class Journal:
    """`manifest` is its SHA-256. The first `offset` bytes of the `size` of `payload` are in the slot, and have the
    SHA-256 `prefix`; payloads before it are whole. `source` is the place in the payload's list of sources of the one
    in use."""

    manifest: str
    version: str
    slot: str
    payload: str
    size: int
    source: int = 0
    offset: int = 0
    prefix: str = EMPTY
    stage: str = WRITING


def kept(store: Store) -> Journal | None:
    content = store.recall(FILE)
    try:
        return None if content is None else _journal(Table(parse(content), FILE))
    except Malformed:
        return None


def keep(store: Store, journal: Journal) -> None:
    """Raises DeviceError."""
    content = encode(
        {
            "manifest": journal.manifest,
            "version": journal.version,
            "slot": journal.slot,
            "payload": journal.payload,
            "size": journal.size,
            "source": journal.source,
            "offset": journal.offset,
            "prefix": journal.prefix,
            "stage": journal.stage,
        }
    )
    store.keep(FILE, content)


def _journal(table: Table) -> Journal:
    size = table.whole("size", most=BLOB_SIZE_LIMIT)
    return Journal(
        table.hexadecimal("manifest", 64),
        table.text("version", 64),
        _one_of(table, "slot", SLOTS),
        _one_of(table, "payload", PARTITIONS),
        size,
        table.whole("source", most=SOURCES_LIMIT),
        table.whole("offset", most=size),
        table.hexadecimal("prefix", 64),
        _one_of(table, "stage", (WRITING, ACTIVATED)),
    )


def _one_of(table: Table, key: str, words: tuple[str, ...]) -> str:
    word = table.text(key, 32)
    if word not in words:
        raise Malformed(f"{FILE}.{key} is none of {', '.join(words)}")
    return word
