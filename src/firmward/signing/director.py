"""One device's repository of the director: what it is to install, said by keys that are not the channel's.

It lies in `director/<device>/metadata/` of the update repository (ADR 016). The director's keys but its root's are
online: alone they can order nothing that the channel's have not signed (trust/director.py). All devices of a director
share one root, which goes into their image.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from tuf.api.serialization.json import JSONSerializer

from firmward.signing.shelf import Shelf
from firmward.signing.tuf_model import Key, Metadata, MetaFile, Root, Signer, Snapshot, TargetFile, Targets, Timestamp
from firmward.trust.director import INACTIVE
from firmward.trust.metadata import ROOT, SIGNED_AT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL, opened
from firmward.update.manifest import Manifest, encoded

T = TypeVar("T", Root, Targets, Snapshot, Timestamp)
Signers = Mapping[str, Sequence[Signer]]
"""By role."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long an order counts. Short: a device takes none that has expired, whatever its policy's grace."""

    root: timedelta = timedelta(days=365)
    order: timedelta = timedelta(days=1)


USUAL = Lasting()


@dataclass(frozen=True, slots=True)
class Signing:
    """Keys of a role of TUF, and how many of them have to sign."""

    keys: Sequence[Key]
    threshold: int


def root(signers: Signers, now: datetime, lasting: Lasting = USUAL) -> bytes:
    """The first root of a director, who has one or more keys for each role; all of a role have to sign."""
    named = {role: Signing([one.public_key for one in signers[role]], len(signers[role])) for role in TOP_LEVEL}
    return root_of(1, named, signers[ROOT], now + lasting.root)


def root_of(version: int, named: Mapping[str, Signing], signers: Sequence[Signer], until: datetime) -> bytes:
    """A root that names these, by role. The root before has to be content with the signers too."""
    made = Root(version, expires=until, consistent_snapshot=True)
    for role in TOP_LEVEL:
        for key in named[role].keys:
            made.add_key(key, role)
        made.roles[role].threshold = named[role].threshold
    return _signed(made, signers)


def order(path: str, manifest: Manifest, device: str, slot: str = INACTIVE) -> TargetFile:
    """What a director says of the manifest that a channel has as this target. `slot` is `a`, `b` or `inactive`."""
    said = {
        "device": device,
        "slot": slot,
        "version": manifest.version,
        "rollback_index": manifest.rollback_index,
    }
    target = TargetFile.from_data(path, encoded(manifest), ["sha256"])
    target.unrecognized_fields["custom"] = {"firmward": said}
    return target


def files(
    version: int, root: bytes, ordered: TargetFile | None, signers: Signers, now: datetime, lasting: Lasting = USUAL
) -> dict[str, bytes]:
    """A version of a device's repository by names of files, in the order in which they are to be written: a device
    finds what was there before until the timestamp is. An order, or none."""
    until = now + lasting.order
    targets = {} if ordered is None else {ordered.path: ordered}
    timestamp = Timestamp(version, expires=until, snapshot_meta=MetaFile(version))
    timestamp.unrecognized_fields[SIGNED_AT] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    snapshot = Snapshot(version, expires=until, meta={f"{TARGETS}.json": MetaFile(version)})
    return {
        f"{version}.{TARGETS}.json": _signed(Targets(version, expires=until, targets=targets), signers[TARGETS]),
        f"{version}.{SNAPSHOT}.json": _signed(snapshot, signers[SNAPSHOT]),
        f"{opened(root, ROOT)[1].whole('version')}.{ROOT}.json": root,
        f"{TIMESTAMP}.json": _signed(timestamp, signers[TIMESTAMP]),
    }


def publish(
    folder: Path, root: bytes, ordered: TargetFile | None, signers: Signers, now: datetime, lasting: Lasting = USUAL
) -> None:
    """Write a device's repository, or its next version. `folder` is its `metadata`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files(next_version(folder), root, ordered, signers, now, lasting).items():
        Shelf(folder).write(name, [content])


def next_version(folder: Path) -> int:
    """Raises Malformed for a timestamp that is none."""
    path = folder / f"{TIMESTAMP}.json"
    return opened(path.read_bytes(), TIMESTAMP)[1].whole("version") + 1 if path.exists() else 1


def _signed(made: T, signers: Sequence[Signer]) -> bytes:
    metadata = Metadata(made)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes(JSONSerializer(compact=True))
