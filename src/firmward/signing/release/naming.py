"""Whose keys are to sign a role from now on: told by the public halves of key stores, which several people keep.

A store speaks for its own keys alone: those that sign are named, those that it has retired or revoked are left out, and
keys that it does not know belong to somebody else and stay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from firmward.model.errors import InputError
from firmward.signing.key_store import KeyStore
from firmward.signing.ledger import THRESHOLD_LIMIT
from firmward.signing.role import Role
from firmward.signing.signing_key import PublicKey
from firmward.signing.tuf_keys import SHOWN, own_id, tuf_key
from firmward.signing.tuf_model import Key

SHORTEST_ID = 8
"""Hexadecimal digits by which a key may be named."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Keys that `come`, ids in metadata of those that `go` where they are there, and beginnings of stores' ids that
    somebody has told to `drop`. `threshold` is None where it is to stay; `usual` is that of a role that had none."""

    come: tuple[PublicKey, ...] = ()
    go: frozenset[str] = frozenset()
    drop: tuple[str, ...] = ()
    threshold: int | None = None
    usual: int = 1


def naming(
    stores: Sequence[KeyStore],
    role: Role,
    others: Sequence[PublicKey] = (),
    drop: Sequence[str] = (),
    threshold: int | None = None,
) -> Naming:
    """What these stores say of a role, with keys of `others`. Raises InputError."""
    for word in drop:
        if len(word) < SHORTEST_ID or word.strip("0123456789abcdef"):
            raise InputError(f"{word[:80]!r}: is no beginning of a key's id, of {SHORTEST_ID} digits at least")
    if threshold is not None and not 1 <= threshold <= THRESHOLD_LIMIT:
        raise InputError(f"{role}: a threshold is a number from 1 to {THRESHOLD_LIMIT}")
    come = [store.public_of(key) for store in stores for key in store.active(role)]
    gone = [store.public_of(key) for store in stores for key in store.keys(role) if not key.is_working]
    usual = max((store.ledger.threshold(role) for store in stores), default=1)
    ids = frozenset(tuf_key(public).keyid for public in gone)
    return Naming((*come, *others), ids, tuple(drop), threshold, max(usual, 1))


def is_dropped(key: Key, how: Naming) -> bool:
    return any(own_id(key).startswith(word) for word in how.drop)


def named(before: Mapping[str, Key], threshold: int | None, how: Naming, role: str) -> tuple[dict[str, Key], int]:
    """The keys by id, and how many of them have to sign. Raises InputError where they are too few."""
    keys = {id: key for id, key in before.items() if id not in how.go and not is_dropped(key, how)}
    keys |= {key.keyid: key for key in map(tuf_key, how.come)}
    wanted = how.threshold or threshold or how.usual
    if len(keys) < wanted:
        there = ", ".join(own_id(key)[:SHOWN] for key in keys.values()) or "none"
        raise InputError(
            f"{role}: {wanted} keys have to sign, and there are {len(keys)} ({there}); name a store or a public key "
            "that has more, or another threshold"
        )
    return keys, wanted
