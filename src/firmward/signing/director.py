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

from securesystemslib.signer import Signer  # type: ignore[attr-defined]
from tuf.api.metadata import (  # type: ignore[attr-defined]
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

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


def root(signers: Signers, now: datetime, lasting: Lasting = USUAL) -> bytes:
    """The first root of a director, who has one or more keys for each role; all of a role have to sign."""
    made = Root(expires=now + lasting.root, consistent_snapshot=True)
    for role in TOP_LEVEL:
        for signer in signers[role]:
            made.add_key(signer.public_key, role)
        made.roles[role].threshold = len(signers[role])
    return _signed(made, signers[ROOT])


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


def publish(
    folder: Path, root: bytes, ordered: TargetFile | None, signers: Signers, now: datetime, lasting: Lasting = USUAL
) -> None:
    """Write a device's repository, or its next version: with the order, or with none. `folder` is its `metadata`."""
    folder.mkdir(parents=True, exist_ok=True)
    version, until = _next_version(folder), now + lasting.order
    targets = {} if ordered is None else {ordered.path: ordered}
    timestamp = Timestamp(version, expires=until, snapshot_meta=MetaFile(version))
    timestamp.unrecognized_fields[SIGNED_AT] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    snapshot = Snapshot(version, expires=until, meta={f"{TARGETS}.json": MetaFile(version)})
    number = opened(root, ROOT)[1].whole("version")
    # the timestamp last: until then a device finds what was there before
    for name, content in (
        (f"{number}.{ROOT}", root),
        (f"{version}.{TARGETS}", _signed(Targets(version, expires=until, targets=targets), signers[TARGETS])),
        (f"{version}.{SNAPSHOT}", _signed(snapshot, signers[SNAPSHOT])),
        (TIMESTAMP, _signed(timestamp, signers[TIMESTAMP])),
    ):
        draft = folder / f".{name}.new"
        draft.write_bytes(content)
        draft.replace(folder / f"{name}.json")


def _next_version(folder: Path) -> int:
    path = folder / f"{TIMESTAMP}.json"
    return opened(path.read_bytes(), TIMESTAMP)[1].whole("version") + 1 if path.exists() else 1


def _signed(made: T, signers: Sequence[Signer]) -> bytes:
    metadata = Metadata(made)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes(JSONSerializer(compact=True))
