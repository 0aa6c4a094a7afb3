"""A repository of the attacker's own, over the maker's: each file is as true as the keys that he has let him make it.

He copies all that is public. What he signs carries the ids of the maker's keys, since a device looks for those; only
where he has stolen a key does the signature hold.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tuf.api.serialization.json import JSONSerializer

from firmward.lab.updates import OnlineKeys, Updates
from firmward.signing.role import Role
from firmward.signing.tuf_keys import signature
from firmward.signing.tuf_model import Metadata, MetaFile, Signature, Snapshot, TargetFile, Targets, Timestamp
from firmward.signing.tuf_repository import BLOBS, delegations, target_file
from firmward.trust.metadata import SIGNED_AT
from firmward.update.manifest import FULL, Blob, Payload, Source, encoded

SIZE = 4 << 20
"""Bytes of his payload: enough to be seen being read."""
AHEAD = 1000
"""Versions by which he is ahead of the maker."""
LASTS = timedelta(days=7)

T = TypeVar("T", Targets, Snapshot, Timestamp)
Sign = Callable[[bytes], Sequence[Signature]]


@dataclass(frozen=True, slots=True)
class Forged:
    """`files` by path, with a slash before it. `payloads` are those paths that nobody asks for who was not deceived."""

    files: Mapping[str, bytes]
    payloads: frozenset[str]


def forged(updates: Updates, online: OnlineKeys | None = None) -> Forged:
    """With the maker's keys of snapshot and timestamp where they are given, else with none."""
    now = datetime.now(UTC).replace(microsecond=0)
    content = os.urandom(SIZE)
    blob = Blob(SIZE, hashlib.sha256(content).hexdigest())
    payload = f"/{BLOBS}/{blob.sha256}"
    manifest = _manifest(updates, blob)
    place = target_file(updates.path, hashlib.sha256(manifest).hexdigest())
    files = {payload: content, f"/{place}": manifest, **_metadata(updates, manifest, online, now)}
    return Forged(files, frozenset((payload,)))


def _manifest(updates: Updates, blob: Blob) -> bytes:
    true = updates.manifest("current")
    payload = Payload("boot", blob.size, blob.sha256, (Source(FULL, blob),))
    kept = tuple(one for one in true.payloads if one.partition != payload.partition)
    return encoded(replace(true, version="9.9.9", rollback_index=true.rollback_index + 1, payloads=(payload, *kept)))


def _metadata(updates: Updates, manifest: bytes, online: OnlineKeys | None, now: datetime) -> dict[str, bytes]:
    state, until, role = updates.state("current"), now + LASTS, updates.channel.role
    version = state.of_channel(updates.channel).signed.version + AHEAD
    named = {updates.path: TargetFile.from_data(updates.path, manifest, ["sha256"])}
    roles = {one.name: one.keyids for one in delegations(state.published.signed)}
    meta = {} if state.snapshot is None else dict(state.snapshot.signed.meta)
    meta[f"{role}.json"] = MetaFile(version)
    number = AHEAD if state.timestamp is None else state.timestamp.signed.version + AHEAD
    timestamp = Timestamp(number, expires=until, snapshot_meta=MetaFile(number))
    timestamp.unrecognized_fields[SIGNED_AT] = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    ids = state.root.signed.roles
    by_snapshot = _online(online, Role.SNAPSHOT, ids["snapshot"].keyids)
    by_timestamp = _online(online, Role.TIMESTAMP, ids["timestamp"].keyids)
    return {
        f"/metadata/{version}.{role}.json": _signed(Targets(version, expires=until, targets=named), own(roles[role])),
        f"/metadata/{number}.snapshot.json": _signed(Snapshot(number, expires=until, meta=meta), by_snapshot),
        "/metadata/timestamp.json": _signed(timestamp, by_timestamp),
    }


def own(ids: Sequence[str]) -> Sign:
    """By a key of his own, under the ids of others."""
    key = Ed25519PrivateKey.generate()
    return lambda content: [Signature(one, key.sign(content).hex()) for one in ids]


def stolen(keys: OnlineKeys, role: Role) -> Sign:
    return lambda content: [signature(key, content) for key in keys.store.signers(role, keys.unlock)]


def _online(keys: OnlineKeys | None, role: Role, ids: Sequence[str]) -> Sign:
    return own(ids) if keys is None else stolen(keys, role)


def _signed(content: T, sign: Sign) -> bytes:
    metadata = Metadata(content)
    for one in sign(metadata.signed_bytes):
        metadata.signatures[one.keyid] = one
    made: bytes = metadata.to_bytes(JSONSerializer(compact=True))
    return made
