"""A TUF repository in memory, made with python-tuf, and a device's store beside it: what a workflow asks is played."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from firmward.trust.trusted import Moment, Trusted
from firmward.trust.workflow import Drop, Fetch, Keep, Limits, Recall, Request, performed, refresh, target

T = TypeVar("T")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
MOMENT = Moment(int(NOW.timestamp()))
ROLES = ("root", "timestamp", "snapshot", "targets")


@dataclass
class Played:
    """`published` by name and version (None: without one), `kept` by role, `asked` in their order."""

    signers: dict[str, list[CryptoSigner]] = field(default_factory=dict)
    published: dict[tuple[str, int | None], bytes] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = Root(expires=NOW + timedelta(days=365), consistent_snapshot=True)
        self.timestamp = Timestamp(expires=NOW + timedelta(days=1))
        self.snapshot = Snapshot(expires=NOW + timedelta(days=7))
        self.targets = Targets(expires=NOW + timedelta(days=365))
        self.delegated: dict[str, Targets] = {}
        for role in ROLES:
            self.add_key(role)
        self.publish("root", "targets", "snapshot", "timestamp")
        self.kept["root"] = self.published["root", 1]

    def add_key(self, role: str) -> CryptoSigner:
        signer = CryptoSigner.generate_ed25519()
        self.signers.setdefault(role, []).append(signer)
        (self.root if role in ROLES else self.targets).add_key(signer.public_key, role)
        return signer

    def rotate(self, role: str) -> list[CryptoSigner]:
        """Other keys in place of all; who signs with the old ones is told."""
        old = self.signers.pop(role)
        for signer in old:
            self.root.revoke_key(signer.public_key.keyid, role)
        self.add_key(role)
        return old

    def delegate(self, role: str, paths: Iterable[str], *, terminating: bool = False) -> Targets:
        if self.targets.delegations is None:
            self.targets.delegations = Delegations({}, {})
        assert self.targets.delegations.roles is not None
        self.targets.delegations.roles[role] = DelegatedRole(role, [], 1, terminating, list(paths))
        self.add_key(role)
        self.delegated[role] = Targets(expires=NOW + timedelta(days=90))
        return self.delegated[role]

    def publish(self, *roles: str, also: Iterable[CryptoSigner] = ()) -> None:
        """Signed by the keys of each role; `also` by others. A role that was published before gets its next version."""
        for role in roles:
            signed = self._signed(role)
            if (role, signed.version) in self.published or (role == "timestamp" and (role, None) in self.published):
                signed.version += 1
            if role in self.delegated or role == "targets":
                self.snapshot.meta[f"{role}.json"] = MetaFile(signed.version)
            if role == "snapshot":
                self.timestamp.snapshot_meta = MetaFile(signed.version)
            self.put(role, self.bytes_of(role, also))

    def bytes_of(self, role: str, also: Iterable[CryptoSigner] = ()) -> bytes:
        metadata = Metadata(self._signed(role))
        for signer in (*self.signers[role], *also):
            metadata.sign(signer, append=True)
        return metadata.to_bytes()

    def put(self, role: str, content: bytes) -> None:
        version = None if role == "timestamp" else self._signed(role).version
        self.published[role, version] = content

    def _signed(self, role: str) -> Root | Timestamp | Snapshot | Targets:
        if role in ROLES:
            found: Root | Timestamp | Snapshot | Targets = getattr(self, role)
            return found
        return self.delegated[role]

    def refreshed(self, moment: Moment = MOMENT, limits: Limits = Limits()) -> Trusted:  # noqa: B008 - never changes
        return self.drive(refresh(moment, limits))

    def found(self, path: str, moment: Moment = MOMENT, limits: Limits = Limits()) -> str:  # noqa: B008 - never changes
        """The role that names a path."""
        _, file = self.drive(target(self.refreshed(moment, limits), path, moment, limits))
        return file.role

    def drive(self, asking: Generator[Request, bytes | None, T]) -> T:
        return performed(asking, self._answer)

    def _answer(self, request: Request) -> bytes | None:
        self.asked.append(request)
        if isinstance(request, Recall):
            return self.kept.get(request.role)
        if isinstance(request, Fetch):
            return self.published.get((request.role, request.version))
        if isinstance(request, Keep):
            self.kept[request.role] = request.content
        elif isinstance(request, Drop):
            self.kept.pop(request.role, None)
        return None


def target_file(path: str, content: bytes = b"content") -> TargetFile:
    return TargetFile.from_data(path, content, ["sha256"])
