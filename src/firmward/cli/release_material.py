"""What a release is made of: the slot's files of a build, and what was said of it, each by its digest."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from firmward.model.errors import InputError, TrustError

if TYPE_CHECKING:
    from firmward.build.built import Built
    from firmward.formats.verity import Shape
    from firmward.model.policy import Policy
    from firmward.signing.key_store import KeyStore
    from firmward.signing.release.deltas import Deltas, Task
    from firmward.signing.shelf import Beginning, Digest
    from firmward.update.manifest import Accepted, Blob, Document, Manifest, Payload, Verity

PAYLOADS = ("boot", "root")
BOOT_FIT, ROOT_IMAGE = "slot/boot.fit", "slot/root.img"
TRIAGE = "triage.toml"
PROOF_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class Material:
    """`files` by the partition or the kind of document that they are for, each with its digest. Of the root's that is
    the file system alone: each device makes the hash tree behind it anew, with this `shape`."""

    built: "Built"
    policy: "Policy | None"
    files: dict[str, Path]
    digests: "dict[str, Digest]"
    shape: "Shape | None" = None

    @property
    def blobs(self) -> "dict[str, Beginning]":
        return {self.digests[name].sha256: self.file(name) for name in self.files}

    @property
    def payloads(self) -> tuple[str, ...]:
        return tuple(name for name in PAYLOADS if name in self.files)

    def file(self, name: str) -> "Beginning":
        from firmward.signing.shelf import Beginning

        size = self.shape.data_size if self.shape is not None and name == "root" else None
        return Beginning(self.files[name], size)


def checked_build(folder: Path, store: "KeyStore") -> "Built":
    """A build that is whole and was signed by the store's rootfs keys. Raises TrustError, InputError."""
    from firmward.build import statement
    from firmward.signing.role import Role

    made = statement.read(folder, store.public(Role.ROOTFS), store.ledger.threshold(Role.ROOTFS))
    told = list(statement.differences(folder, made))
    if told:
        more = f" and {len(told) - 1} more" if len(told) > 1 else ""
        raise TrustError(f"{folder}: is not what was signed: {told[0]}{more}")
    return made


def material(folder: Path, built: "Built", documents: dict[str, Path], proof: Path | None) -> Material:
    """Raises InputError where something is missing, or is of another build."""
    from firmward.build import built as build
    from firmward.build.verity import tree_shape
    from firmward.cli.judging import POLICY, read_policy
    from firmward.signing.shelf import Shelf

    files = {"boot": folder / BOOT_FIT, "build": folder / build.FILE, **documents}
    if built.layout == "verity":
        files["root"] = folder / ROOT_IMAGE
    for kind, name in (("policy", POLICY), ("triage", TRIAGE)):
        if (folder / name).exists():
            files[kind] = folder / name
    if proof is not None:
        files["proof"] = proof
    digests = {name: Shelf(path.parent).digest(path.name) for name, path in files.items()}
    _check_slot(built, digests)
    shape = None
    if "root" in files:
        shape = tree_shape(files["root"])
        digests["root"] = Shelf(files["root"].parent).digest(files["root"].name, shape.data_size)
    return Material(built, read_policy(files.get("policy")), files, digests, shape)


def deltas(found: Material, task: "Task") -> "dict[str, Deltas]":
    """By the payload that they make."""
    from firmward.signing.release.deltas import deltas

    return {name: deltas(task, name, found.file(name), found.digests[name]) for name in found.payloads}


def manifest(
    found: Material, deltas: "dict[str, Deltas]", accepted: "tuple[Accepted, ...]", now: datetime
) -> "Manifest":
    """`now` is when the release is made: no device that runs it has a clock that is right and before that."""
    from firmward.update.manifest import Health, Manifest

    built, policy = found.built, found.policy
    support = policy.support.until if policy is not None and policy.support is not None else None
    return Manifest(
        product=built.product,
        compatible=built.board,
        version=built.version,
        rollback_index=built.rollback_index,
        built=int(now.timestamp()),
        layout=built.layout,
        health=Health(built.health, built.health_seconds),
        payloads=tuple(_payload(found, name, deltas.get(name)) for name in found.payloads),
        verity=_verity(found),
        support_until=support.isoformat() if support is not None else "",
        documents=_documents(found),
        accepted=accepted,
    )


def _payload(found: Material, partition: str, deltas: "Deltas | None") -> "Payload":
    """The deltas first: a device takes what it can, in this order."""
    from firmward.update.manifest import FULL, Payload, Source

    digest = found.digests[partition]
    smaller = deltas.sources if deltas is not None else ()
    return Payload(partition, digest.size, digest.sha256, (*smaller, Source(FULL, _blob(digest))))


def _documents(found: Material) -> "tuple[Document, ...]":
    from firmward.update.manifest import DOCUMENTS, Document

    return tuple(Document(kind, _blob(found.digests[kind])) for kind in DOCUMENTS if kind in found.digests)


def _blob(digest: "Digest") -> "Blob":
    from firmward.update.manifest import Blob

    return Blob(digest.size, digest.sha256)


def _verity(found: Material) -> "Verity | None":
    from firmward.update.manifest import Verity

    if found.shape is None:
        return None
    return Verity(found.built.root_hash, found.shape.salt.hex())


def _check_slot(built: "Built", digests: "dict[str, Digest]") -> None:
    """What the build's own record says of the slot, which was signed."""
    known = {file.path: (file.size, file.sha256) for file in built.files}
    for name, path in (("boot", BOOT_FIT), ("root", ROOT_IMAGE)):
        if name in digests and known.get(path) != (digests[name].size, digests[name].sha256):
            raise TrustError(f"{path}: is not the file that the build's record names")


def check_proof(proof: Path, folder: Path) -> None:
    """Whether it is the proof of this build. Raises InputError."""
    from firmward.build import built, regular
    from firmward.lab.proof.record import SCHEMA
    from firmward.signing.shelf import Shelf

    try:
        table = json.loads(regular.linked_content(proof, PROOF_LIMIT))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{proof}: is not JSON: {str(error)[:120]}") from error
    if not isinstance(table, dict) or table.get("schema") != SCHEMA:
        raise InputError(f"{proof}: is no proof ({SCHEMA}); `firmward lab attack OUT -o proof.json` writes one")
    if table.get("build") != Shelf(folder).digest(built.FILE).sha256:
        raise InputError(f"{proof}: is the proof of another build")
    if table.get("holds") is not True:
        typer.echo(f"firmward: {proof}: says itself that the protection does not hold", err=True)
