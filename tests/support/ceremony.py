"""People with key stores of their own, who make releases together: drafts signed in turn and published."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import stores

from firmward.signing.changes import NewRole
from firmward.signing.key_store import KeyStore
from firmward.signing.release import changes, draft, publishing, signatures
from firmward.signing.release.changes import Terms
from firmward.signing.release.draft import Draft
from firmward.signing.release.naming import naming
from firmward.signing.role import Role
from firmward.signing.shelf import Beginning
from firmward.signing.tuf_keys import store_role
from firmward.signing.tuf_repository import Channel, State, channel, existing, read
from firmward.update.manifest import Blob, Health, Manifest, Payload, Source, encoded

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STABLE, BETA = channel("camera", "stable"), channel("camera", "beta")
BOARD = "qemu-arm64"
TOP = ("root", "targets", "snapshot", "timestamp")
TERMS = Terms()


@dataclass
class Ceremony:
    """A folder with the repository, the store of whoever holds offline keys and that of the server."""

    folder: Path
    now: datetime = NOW
    count: int = 0
    stores: dict[str, Path] = field(default_factory=dict)

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    @property
    def state(self) -> State:
        return existing(self.repository)

    def store(self, name: str) -> KeyStore:
        return KeyStore.open(self.stores[name])

    def person(self, name: str, *roles: NewRole | Role) -> KeyStore:
        self.stores[name] = stores.make_store(self.folder / name, *roles)
        return self.store(name)

    def written(self, made: Draft) -> Path:
        self.count += 1
        folder = self.folder / f"draft-{self.count}"
        draft.write(made, folder)
        return folder

    def signed(self, made: Draft, *people: str) -> Path:
        folder = self.written(made)
        for name in people:
            signatures.sign(folder, self.store(name), stores.known())
        return folder

    def publish(self, folder: Path, server: str = "server") -> None:
        publishing.publish(folder, self.repository, self.order(server))

    def renew(self, server: str = "server") -> None:
        publishing.renew(self.repository, self.order(server))

    def order(self, server: str = "server") -> publishing.Order:
        return publishing.Order(self.store(server), stores.known(), TERMS, self.now)

    def root(self, people: Sequence[str] = ("office", "server"), **thresholds: int) -> Draft:
        opened = [self.store(name) for name in people]
        namings = {name: naming(opened, store_role(name), threshold=thresholds.get(name)) for name in TOP}
        return changes.rooted(read(self.repository), namings, TERMS, self.now)

    def delegation(self, one: Channel = STABLE, *people: str, drop: Sequence[str] = ()) -> Draft:
        how = naming([self.store(name) for name in people], Role.RELEASE, drop=drop)
        return changes.delegated(self.state, one, how, TERMS, self.now)

    def release(self, version: str, rollback_index: int = 0, one: Channel = STABLE, content: str = "") -> Draft:
        path = self.folder / f"boot-{version}{content}"
        path.write_bytes(f"boot of {version}{content}".encode().ljust(8192, b"."))
        blob = Blob(8192, hashlib.sha256(path.read_bytes()).hexdigest())
        payload = Payload("boot", blob.size, blob.sha256, (Source("full", blob),))
        made = replace(
            MANIFEST,
            version=version,
            rollback_index=rollback_index,
            built=int(self.now.timestamp()),
            payloads=(payload,),
        )
        blobs = {blob.sha256: Beginning(path)}
        return changes.released(self.state, one, encoded(made), blobs, TERMS, self.now)


MANIFEST = Manifest(
    product="camera",
    compatible=BOARD,
    version="1.0",
    rollback_index=0,
    built=int(NOW.timestamp()),
    layout="initramfs",
    health=Health((), 60),
    payloads=(),
)


def begun(folder: Path) -> Ceremony:
    """A repository with the channel stable: one office with all offline keys, and a server."""
    one = Ceremony(folder)
    one.person("office", Role.UPDATE_ROOT, Role.TARGETS, Role.RELEASE)
    one.person("server", Role.SNAPSHOT, Role.TIMESTAMP)
    one.publish(one.signed(one.root(), "office"))
    one.publish(one.signed(one.delegation(STABLE, "office"), "office"))
    return one


def released(folder: Path) -> Ceremony:
    """The same, with a first release in the channel."""
    with stores.cheaply():
        one = begun(folder)
        one.publish(one.signed(one.release("1.0", 1), "office"))
    return one


def copied(one: Ceremony, folder: Path) -> Ceremony:
    """With its repository and its stores, in a folder that is not there yet."""
    shutil.copytree(one.folder, folder)
    return Ceremony(folder, one.now, one.count, {name: folder / name for name in one.stores})
