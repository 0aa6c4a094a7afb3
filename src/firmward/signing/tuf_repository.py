"""The repository that devices update from, read as it stands: a folder of TUF 1.0 metadata (ADR 016 has its layout).

Whoever makes the next version of anything starts from here. Signatures are verified by python-tuf from the first root
on; dates are not looked at, since what has expired is to be replaced. What is current is what the timestamp leads to:
files that nothing leads to, as an interrupted publication leaves them, count for nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from tuf.api.exceptions import RepositoryError
from tuf.api.serialization import DeserializationError

from firmward.formats import canonical_json
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError, TrustError
from firmward.signing.shelf import Digest, Shelf, digest_of
from firmward.signing.tuf_keys import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, check_key, own_id
from firmward.signing.tuf_model import DelegatedRole, Metadata, Role, Root, Snapshot, Targets, Timestamp
from firmward.trust.workflow import Limits
from firmward.update import manifest
from firmward.update.manifest import Manifest, is_name

METADATA, BLOBS = "metadata", "targets/blobs"
_DEVICE = Limits()
LIMITS = {ROOT: _DEVICE.root, TIMESTAMP: _DEVICE.timestamp, SNAPSHOT: _DEVICE.snapshot}
"""Bytes of metadata by role; of a channel's as of the top of all targets. What is larger no device takes."""
ROOTS_LIMIT = 1024
CHANNELS_LIMIT = 4096
SIGNED_AT = "x-firmward-signed"
"""In the timestamp: the moment it was signed at, which devices keep as the floor of time."""
_TARGET = re.compile(r"([a-z0-9-]{1,64})/([a-z0-9-]{1,64})/([a-z0-9-]{1,64})\.json", re.ASCII)

T = TypeVar("T", Root, Timestamp, Snapshot, Targets)
AnyMetadata = Metadata[Root] | Metadata[Timestamp] | Metadata[Snapshot] | Metadata[Targets]


@dataclass(frozen=True)
class Held(Generic[T]):
    """Metadata as it stands in a file."""

    name: str
    content: bytes
    metadata: Metadata[T]

    @property
    def signed(self) -> T:
        return self.metadata.signed

    @cached_property
    def digest(self) -> Digest:
        return digest_of(self.content)


@dataclass(frozen=True, slots=True)
class Channel:
    """A product's line of releases, which a role of TUF stands for: `camera.stable`."""

    product: str
    name: str

    @property
    def role(self) -> str:
        return f"{self.product}.{self.name}"

    def path(self, board: str) -> str:
        return f"{self.product}/{self.name}/{board}.json"

    @property
    def pattern(self) -> str:
        return f"{self.product}/{self.name}/*"


def channel(product: str, name: str) -> Channel:
    """Raises InputError for what cannot be called so."""
    for what, word in (("product", product), ("channel", name)):
        if not is_name(word):
            raise InputError(f"{word[:64]!r}: is no name of a {what}; lower case, digits and hyphens make one")
    return Channel(product, name)


def channel_of(role: str) -> Channel:
    """Raises InputError for a role that stands for no channel."""
    product, _, name = role.partition(".")
    return channel(product, name)


def board_of(path: str) -> str:
    """The board that a target is for. Raises TrustError for any other name."""
    found = _TARGET.fullmatch(path)
    if not found:
        raise TrustError(f"{path[:120]!r}: is no target of a release repository")
    return found[3]


def target_file(path: str, sha256: str) -> str:
    """Where a target lies in the folder."""
    folder, _, last = path.rpartition("/")
    return f"targets/{folder}/{sha256}.{last}"


def metadata_file(name: str, version: int) -> str:
    return f"{METADATA}/{TIMESTAMP}.json" if name == TIMESTAMP else f"{METADATA}/{version}.{name}.json"


@dataclass(frozen=True)
class State:
    """What is current. All but `roots`, oldest first, is None or empty where nothing was published yet."""

    shelf: Shelf
    roots: tuple[Held[Root], ...]
    timestamp: Held[Timestamp] | None = None
    snapshot: Held[Snapshot] | None = None
    targets: Held[Targets] | None = None
    channels: Mapping[str, Held[Targets]] | None = None

    @property
    def root(self) -> Held[Root]:
        return self.roots[-1]

    @property
    def published(self) -> Held[Targets]:
        """The top of all targets. Raises InputError where the first draft is still to be published."""
        if self.targets is None:
            raise InputError(f"{self.shelf.folder}: has only its root yet; publish the first draft")
        return self.targets

    def held(self, name: str) -> "Held[Root] | Held[Targets] | None":
        if name == ROOT:
            return self.root
        return self.targets if name == TARGETS else (self.channels or {}).get(name)

    def of_channel(self, one: Channel) -> Held[Targets]:
        """Raises InputError for a channel that nobody was entrusted with."""
        found = (self.channels or {}).get(one.role)
        if found is None:
            known = ", ".join(sorted(self.channels or {})) or "none"
            raise InputError(
                f"{one.product} has no channel {one.name} in {self.shelf.folder} (there are: {known}); `firmward "
                f"release delegate {one.product} {one.name}` makes it"
            )
        return found

    def manifest(self, path: str, targets: Targets) -> Manifest | None:
        """What a channel gives a board, None where it gives nothing. Raises InputError, TrustError."""
        content = self.manifest_content(path, targets)
        return None if content is None else parsed_manifest(content, path)

    def manifest_content(self, path: str, targets: Targets) -> bytes | None:
        found = targets.targets.get(path)
        if found is None:
            return None
        sha256 = sha256_of(found.hashes, path)
        content = self.shelf.content(target_file(path, sha256), manifest.SIZE_LIMIT)
        if digest_of(content) != Digest(found.length, sha256):
            raise TrustError(f"{self.shelf.folder / target_file(path, sha256)}: is not what the channel's keys signed")
        return content


def parsed_manifest(content: bytes, path: str) -> Manifest:
    """A manifest that is meant for where it stands. Raises InputError, TrustError."""
    try:
        found = manifest.parse(content)
    except Malformed as error:
        raise InputError(f"{path}: {error}") from error
    one = channel_of(".".join(path.split("/")[:2]))
    if (found.product, found.compatible) != (one.product, board_of(path)):
        raise TrustError(f"{path}: is for {found.product} on {found.compatible}, and stands in another's place")
    return found


def sha256_of(hashes: Mapping[str, str], what: str) -> str:
    """Raises TrustError where there is none, or one that could be no name of a file."""
    found = hashes.get("sha256", "")
    if not re.fullmatch(r"[0-9a-f]{64}", found, re.ASCII):
        raise TrustError(f"{what}: is listed without its SHA-256")
    return found


def parsed(content: bytes, kind: type[T], name: str) -> Held[T]:
    """Metadata of this kind. Raises InputError for anything else; nothing is verified here."""
    try:
        canonical_json.parse(content)
        metadata = Metadata[T].from_bytes(content)
    except (Malformed, DeserializationError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{name}: is no metadata of TUF: {str(error)[:200]}") from error
    if not isinstance(metadata.signed, kind):
        raise InputError(f"{name}: is metadata of {metadata.signed.type[:20]!r}, {kind.type} was expected")
    return Held(name, content, metadata)


def limit_of(name: str) -> int:
    return LIMITS.get(name, _DEVICE.targets)


def verify_by(delegator: Root | Targets, name: str, metadata: AnyMetadata) -> None:
    """Raises TrustError unless as many of the keys have signed as the delegator asks for."""
    try:
        delegator.verify_delegate(name, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as error:
        raise TrustError(f"{name} {metadata.signed.version}: {error}") from error


def delegations(targets: Targets) -> tuple[DelegatedRole, ...]:
    """The channels, as the top of all targets has them. Raises TrustError for any that is not made as ours."""
    found = targets.delegations
    if found is None:
        return ()
    if found.roles is None or len(found.roles) > CHANNELS_LIMIT:
        raise TrustError(f"{TARGETS}: delegates to what is no channel")
    for key in found.keys.values():
        check_key(key)
    for name, role in found.roles.items():
        if role.name != name or role.paths != [channel_of(name).pattern]:
            raise TrustError(f"{TARGETS}: gives {name} other paths than its channel's")
    return tuple(found.roles.values())


def read(folder: Path) -> State | None:
    """None where there is no repository yet. Raises InputError for what cannot be read, TrustError for what does not
    hold."""
    shelf = Shelf(folder)
    if not folder.is_dir() or not shelf.has(metadata_file(ROOT, 1)):
        if (folder / METADATA).exists():
            raise InputError(f"{folder}: has metadata and no first root ({metadata_file(ROOT, 1)}); bring it back")
        return None
    roots = _roots(shelf)
    if not shelf.has(metadata_file(TIMESTAMP, 1)):
        return State(shelf, roots)
    # a publication that was interrupted behind a new root has left a timestamp by the keys of the root before
    by = [one.signed for one in reversed(roots[-2:])]
    timestamp = _verified(by, parsed_file(shelf, TIMESTAMP, 1, Timestamp))
    meta = timestamp.signed.snapshot_meta
    snapshot = _verified(by, parsed_file(shelf, SNAPSHOT, meta.version, Snapshot, meta.length))
    _check_same(snapshot, meta.hashes)
    targets = _verified(by, _targets(shelf, snapshot.signed, TARGETS))
    channels = {}
    for role in delegations(targets.signed):
        one = _targets(shelf, snapshot.signed, role.name)
        verify_by(targets.signed, role.name, one.metadata)
        channels[role.name] = one
    return State(shelf, roots, timestamp, snapshot, targets, channels)


def existing(folder: Path) -> State:
    """Raises InputError where nothing was published."""
    state = read(folder)
    if state is None:
        raise InputError(f"{folder}: is no release repository; `firmward release root` begins one")
    _ = state.published
    return state


def parsed_file(shelf: Shelf, name: str, version: int, kind: type[T], limit: int | None = None) -> Held[T]:
    """Metadata in its place. Raises InputError; TrustError for another version than that of its name."""
    place = metadata_file(name, version)
    held = parsed(shelf.content(place, min(limit or limit_of(name), limit_of(name))), kind, str(shelf.folder / place))
    if name != TIMESTAMP and held.signed.version != version:
        raise TrustError(f"{shelf.folder / place}: is version {held.signed.version}")
    return Held(name, held.content, held.metadata)


def signers(above: Root | Targets, role: Role) -> tuple[str, ...]:
    """Who may sign, by the ids that people know. Raises TrustError for an id without a key."""
    try:
        return tuple(own_id(above.get_key(id)) for id in role.keyids)
    except ValueError as error:
        raise TrustError(f"{above.type} {above.version}: lists a key's id without the key") from error


def check_root(root: Root) -> None:
    """Raises TrustError for keys that devices do not know, and for a threshold that cannot be met."""
    if not root.consistent_snapshot:
        raise TrustError(f"{ROOT} {root.version}: is not for consistent snapshots")
    for key in root.keys.values():
        check_key(key)
    for name, role in root.roles.items():
        if len(set(role.keyids) & set(root.keys)) < role.threshold:
            raise TrustError(f"{ROOT} {root.version}: asks for more signatures of {name} than it names keys")


def verify_root(before: Root | None, metadata: Metadata[Root]) -> None:
    """By its own keys, and by those of the root before (TUF 1.0, section 5.3.4). Raises TrustError."""
    if before is not None:
        verify_by(before, ROOT, metadata)
    verify_by(metadata.signed, ROOT, metadata)


def _roots(shelf: Shelf) -> tuple[Held[Root], ...]:
    found: list[Held[Root]] = []
    while len(found) < ROOTS_LIMIT and shelf.has(metadata_file(ROOT, len(found) + 1)):
        held = parsed_file(shelf, ROOT, len(found) + 1, Root)
        verify_root(found[-1].signed if found else None, held.metadata)
        check_root(held.signed)
        found.append(held)
    return tuple(found)


def _targets(shelf: Shelf, snapshot: Snapshot, name: str) -> Held[Targets]:
    meta = snapshot.meta.get(f"{name}.json")
    if meta is None:
        raise TrustError(f"{SNAPSHOT} {snapshot.version}: does not list {name}")
    held = parsed_file(shelf, name, meta.version, Targets, meta.length)
    _check_same(held, meta.hashes)
    return held


def _check_same(held: Held[T], hashes: Mapping[str, str] | None) -> None:
    if hashes and held.digest.sha256 != sha256_of(hashes, held.name):
        raise TrustError(f"{held.name} {held.signed.version}: is not what the snapshot or the timestamp names")


def _verified(by: list[Root], held: Held[T]) -> Held[T]:
    refused: TrustError | None = None
    for root in by:
        try:
            verify_by(root, held.name, held.metadata)
        except TrustError as error:
            refused = refused or error
        else:
            return held
    raise refused or TrustError(f"{held.name}: nobody may sign it")
