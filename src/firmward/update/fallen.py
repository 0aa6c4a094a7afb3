"""The version that the device went back from: remembered until another one is offered, or somebody pardons it."""

from dataclasses import replace

from firmward.formats.canonical_json import encode, parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.trust.store import Store
from firmward.update import journal
from firmward.update.journal import ACTIVATED, WRITING

FILE = "fell-back"


def is_remembered(store: Store, sha256: str) -> bool:
    """Of the manifest with this SHA-256."""
    return remembered(store) == sha256


def remembered(store: Store) -> str:
    """The SHA-256 of its manifest, empty where there is none."""
    content = store.recall(FILE)
    try:
        return "" if content is None else Table(parse(content), FILE).hexadecimal("sha256", 64)
    except Malformed:
        return ""


def remember(store: Store, sha256: str) -> None:
    """Raises DeviceError."""
    if remembered(store) != sha256:
        store.keep(FILE, encode({"sha256": sha256}))


def forget(store: Store) -> None:
    """Raises DeviceError."""
    if store.recall(FILE) is not None:
        store.drop(FILE)


def pardon(store: Store) -> None:
    """It may be tried once more; what is there of it does not come again. Raises DeviceError."""
    forget(store)
    last = journal.kept(store)
    if last is not None and last.stage == ACTIVATED:
        journal.keep(store, replace(last, stage=WRITING))
