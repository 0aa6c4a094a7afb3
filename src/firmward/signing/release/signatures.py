"""Signatures under a draft: who has to sign, who has, and those that a key store can add now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import DeviceError, FirmwardError, InputError, TrustError
from firmward.signing.key_store import KeyStore
from firmward.signing.ledger import RETIRED, KeyRecord
from firmward.signing.release import draft as drafts
from firmward.signing.release.draft import Draft
from firmward.signing.role import Role
from firmward.signing.shelf import Shelf
from firmward.signing.tuf_keys import signature, store_role, tuf_key
from firmward.signing.tuf_model import Key, Root, Targets
from firmward.signing.unlock import Unlock


@dataclass(frozen=True, slots=True)
class Standing:
    """How a role's metadata stands with one that says who signs it: `signed` and `waiting` are its keys by their ids in
    metadata."""

    name: str
    threshold: int
    signed: Mapping[str, Key]
    waiting: Mapping[str, Key]

    @property
    def missing(self) -> int:
        return max(self.threshold - len(self.signed), 0)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a store has added: names of its keys with the role of TUF each signed for; and why others did not."""

    added: tuple[tuple[str, str], ...]
    left: tuple[str, ...]
    standings: tuple[Standing, ...]


def standings(draft: Draft) -> tuple[Standing, ...]:
    """Of each role; a new root has two, by the root before and by itself."""
    return tuple(_standing(draft, name, above) for name in draft.next for above in draft.delegators(name))


def sign(folder: Path, store: KeyStore, unlock: Unlock) -> Signed:
    """Add the signatures that this store can make and the draft still needs. Raises InputError where none of its keys
    is asked for, and what the first key has raised where none could sign."""
    shelf = Shelf(folder)
    draft = drafts.read(folder)
    asked = {name: _asked(draft, name, store) for name in draft.next}
    if not any(asked.values()):
        raise InputError(
            f"{store.folder}: has none of the keys that this draft asks for; it is for another store, or was made "
            "before the keys of this one were named in the repository"
        )
    added: list[tuple[str, str]] = []
    left: list[str] = []
    failed: FirmwardError | None = None
    for name, keys in asked.items():
        for key in keys:
            try:
                if _is_needed(draft, name, store, key):
                    _add(draft, name, store, key, unlock)
                    added.append((key.name, name))
                    drafts.write_next(shelf, name, draft.next[name].metadata)
            except (DeviceError, InputError, TrustError) as error:  # another key may do
                failed = failed or error
                left.append(str(error))
    now = standings(draft)
    if failed is not None and not added:
        raise failed
    return Signed(tuple(added), tuple(left), now)


def _standing(draft: Draft, name: str, above: Root | Targets) -> Standing:
    metadata = draft.next[name].metadata
    try:
        result = above.get_verification_result(name, metadata.signed_bytes, metadata.signatures)
    except ValueError as error:
        raise InputError(f"the draft does not say who signs {name}: {error}") from error
    return Standing(name, result.threshold, result.signed, result.unsigned)


def _asked(draft: Draft, name: str, store: KeyStore) -> tuple[KeyRecord, ...]:
    """The keys of the store's role for it that somebody asks for, wherever they are held."""
    wanted = {id for above in draft.delegators(name) for id in _standing(draft, name, above).signed}
    wanted |= {id for above in draft.delegators(name) for id in _standing(draft, name, above).waiting}
    return tuple(key for key in store.keys(store_role(name)) if tuf_key(store.public_of(key)).keyid in wanted)


def _is_needed(draft: Draft, name: str, store: KeyStore, key: KeyRecord) -> bool:
    id = tuf_key(store.public_of(key)).keyid
    return any(one.missing and id in one.waiting for one in _of(draft, name))


def _of(draft: Draft, name: str) -> Iterator[Standing]:
    return (_standing(draft, name, above) for above in draft.delegators(name))


def _add(draft: Draft, name: str, store: KeyStore, key: KeyRecord, unlock: Unlock) -> None:
    if key.state == RETIRED and key.role != Role.UPDATE_ROOT:
        raise TrustError(f"{key.name}: was retired on {key.since}; have its successor named in the repository")
    metadata = draft.next[name].metadata
    made = signature(store.signer(key, unlock), metadata.signed_bytes)
    metadata.signatures[made.keyid] = made
