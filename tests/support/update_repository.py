"""A repository as a maker publishes one, made by python-tuf: offline keys, a channel, the online roles."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

CHANNEL = "camera.stable"
TARGET = "camera/stable/qemu-arm64.json"
CONTENT = b'{"a manifest": "' + b"of some length " * 100 + b'"}'
ROOT = "1.root.json"
KEYS = {"root": 2, "targets": 2, CHANNEL: 1, "snapshot": 1, "timestamp": 1}


def publish(folder: Path) -> Path:
    """Into a folder that is not there yet. Returns its root.json."""
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3650)
    signers = {role: [CryptoSigner.generate_ed25519() for _ in range(count)] for role, count in KEYS.items()}
    (folder / "metadata").mkdir(parents=True)

    def write(signed: Signed, role: str, name: str) -> None:
        metadata = Metadata(signed)
        for signer in signers[role]:
            metadata.sign(signer, append=True)
        (folder / "metadata" / name).write_bytes(metadata.to_bytes(JSONSerializer(compact=True)))

    root = Root(version=1, expires=expires, consistent_snapshot=True)
    for role in ("root", "targets", "snapshot", "timestamp"):
        for signer in signers[role]:
            root.add_key(signer.public_key, role)
        root.roles[role].threshold = len(signers[role])
    write(root, "root", ROOT)
    key = signers[CHANNEL][0].public_key
    below = DelegatedRole(CHANNEL, [key.keyid], 1, terminating=True, paths=["camera/stable/*"])
    delegations = Delegations({key.keyid: key}, {CHANNEL: below})
    write(Targets(version=1, expires=expires, delegations=delegations), "targets", "1.targets.json")
    target = TargetFile.from_data(TARGET, CONTENT, ["sha256"])
    write(Targets(version=1, expires=expires, targets={TARGET: target}), CHANNEL, f"1.{CHANNEL}.json")
    met = {"targets.json": MetaFile(1), f"{CHANNEL}.json": MetaFile(1)}
    write(Snapshot(version=1, expires=expires, meta=met), "snapshot", "1.snapshot.json")
    write(Timestamp(version=1, expires=expires, snapshot_meta=MetaFile(1)), "timestamp", "timestamp.json")
    place = folder / "targets" / "camera" / "stable"
    place.mkdir(parents=True)
    (place / f"{hashlib.sha256(CONTENT).hexdigest()}.qemu-arm64.json").write_bytes(CONTENT)
    return folder / "metadata" / ROOT
