"""A draft whose signatures are complete joins the repository, and snapshot and timestamp are made anew.

The rules this file holds:

- Everything is verified before anything is written: signatures against the repository as it is now, what each manifest
  says against what it follows, and every blob as it is copied.
- Devices see a change when the timestamp does, which is renamed into its place last. What is written before has names
  that nothing leads to yet. Only a new root counts at once, so that it is written last but one.
- Whatever ends the command, the repository is the old one or the new; the same draft can be published again.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from firmward.model.errors import InputError, TrustError
from firmward.signing.key_store import KeyStore
from firmward.signing.release import draft as drafts
from firmward.signing.release.changes import Terms
from firmward.signing.release.draft import NOTHING, Draft
from firmward.signing.release.rehearsal import rehearse
from firmward.signing.release.succession import check_not_withdrawn, check_successor
from firmward.signing.release.withdrawals import withdrawals
from firmward.signing.release.words import words
from firmward.signing.shelf import Digest, Shelf, digest_of
from firmward.signing.signing_key import SigningKey
from firmward.signing.tuf_keys import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, signature, store_role, tuf_key
from firmward.signing.tuf_model import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp
from firmward.signing.tuf_repository import (
    BLOBS,
    SIGNED_AT,
    Held,
    State,
    check_root,
    delegations,
    existing,
    metadata_file,
    parsed_manifest,
    read,
    sha256_of,
    target_file,
    verify_by,
    verify_root,
)
from firmward.signing.unlock import Unlock
from firmward.trust.trusted import Moment
from firmward.update import manifest

GRACE = 1 << 34
"""Seconds: a channel that has expired keeps another's release from nobody. What is published itself has not expired."""
AHEAD = timedelta(days=1)
"""How far a clock may differ from another's."""


@dataclass(frozen=True, slots=True)
class Order:
    """Whose online keys sign, for how long, and what time it is."""

    store: KeyStore
    unlock: Unlock
    terms: Terms
    now: datetime


def publish(folder: Path, repository: Path, order: Order) -> None:
    """Raises TrustError for what is not signed or may not follow, InputError for a draft of before or of another
    repository."""
    draft = drafts.read(folder)
    with _repository(repository, draft), Shelf(repository).alone():
        _publish(draft, Shelf(folder), read(repository), Shelf(repository), order)


def _publish(draft: Draft, source: Shelf, state: State | None, shelf: Shelf, order: Order) -> None:
    _check_clock(state, order.now)
    draft = replace(draft, next={name: draft.next[name] for name in draft.next if not _is_there(draft, state, name)})
    after = _joined(draft, state, order.now)
    list(words(draft, source))  # what nobody could have read before signing is not published
    files, blobs = _content(draft, state, source, shelf, order.now)
    online = _online(after.root, order)
    snapshot = _snapshot(state, after, order, online)
    timestamp = _timestamp(state, snapshot, order, online)
    _rehearse(draft, state, shelf, after, {**_names(snapshot), metadata_file(TIMESTAMP, 0): timestamp}, order)
    for sha256, digest in blobs.items():
        shelf.write(f"{BLOBS}/{sha256}", source.pieces(f"{BLOBS}/{sha256}"), digest)
    for place, content in files.items():
        shelf.write(place, [content])
    _put(shelf, draft, TARGETS, *(name for name in draft.next if name not in (ROOT, TARGETS)))
    shelf.write(metadata_file(SNAPSHOT, snapshot.signed.version), [snapshot.content])
    _put(shelf, draft, ROOT)
    shelf.write(metadata_file(TIMESTAMP, 0), [timestamp])


def _rehearse(
    draft: Draft, state: State | None, shelf: Shelf, after: "_After", files: Mapping[str, bytes], order: Order
) -> None:
    """A device that knows the first root alone has to take all of it. Raises TrustError."""
    names = [name for held in draft.next.values() for name in _names(held).items()]
    first = state.roots[0].content if state else draft.next[ROOT].content
    paths = [path for held in after.channels.values() for path in held.signed.targets]
    rehearse(shelf, first, paths, {**dict(names), **files}, Moment(int(order.now.timestamp()), GRACE))


def _names(held: Held[Root] | Held[Targets] | Held[Snapshot]) -> dict[str, bytes]:
    return {metadata_file(held.name, held.signed.version): held.content}


def renew(repository: Path, order: Order) -> None:
    """A fresh timestamp, and a fresh snapshot where less than half of its time is left."""
    with Shelf(repository).alone():
        state = existing(repository)
        _check_clock(state, order.now)
        online = _online(state.root.signed, order)
        after = _After(state.root.signed, state.published, state.channels or {})
        snapshot = state.snapshot
        half = timedelta(days=order.terms.snapshot) / 2
        if snapshot is None or snapshot.signed.expires - order.now < half or not _by(after.root, snapshot):
            snapshot = _snapshot(state, after, order, online)
            state.shelf.write(metadata_file(SNAPSHOT, snapshot.signed.version), [snapshot.content])
        state.shelf.write(metadata_file(TIMESTAMP, 0), [_timestamp(state, snapshot, order, online)])


@dataclass(frozen=True)
class _After:
    """What will be current."""

    root: Root
    targets: Held[Targets]
    channels: Mapping[str, Held[Targets]]


@contextmanager
def _repository(folder: Path, draft: Draft) -> Iterator[None]:
    """The folder, made for a first draft, and gone again where that is refused."""
    if folder.exists():
        yield
        return
    if draft.follows.get(ROOT) != NOTHING:
        raise InputError(f"{folder}: is not there; the draft is for a repository that is")
    try:
        folder.mkdir()
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from error
    try:
        yield
    except BaseException:
        with suppress(OSError):  # it holds something by now
            folder.rmdir()
        raise


def _joined(draft: Draft, state: State | None, now: datetime) -> _After:
    """What the repository will be, all of it verified. Raises TrustError, InputError."""
    root = state.root.signed if state else None
    targets = state.targets if state else None
    channels = dict((state.channels if state else None) or {})
    for name, held in draft.next.items():
        _check_follows(draft, state, name)
        if held.signed.expires <= now:
            raise TrustError(f"{name} {held.signed.version}: has expired on {held.signed.expires:%Y-%m-%d}")
        if isinstance(held.signed, Root):
            verify_root(root, held.metadata)
            check_root(held.signed)
            root = held.signed
        elif name == TARGETS:
            targets = held
        else:
            channels[name] = held
    if root is None or targets is None:
        raise InputError("the draft is for a repository that is there; `firmward release root` begins one")
    verify_by(root, TARGETS, targets.metadata)
    named = [one.name for one in delegations(targets.signed)]
    for name in named:
        if name not in channels:
            raise InputError(f"{name}: is a channel without metadata; make it with `firmward release delegate`")
        verify_by(targets.signed, name, channels[name].metadata)
    lost = [name for name in draft.next if name not in (ROOT, TARGETS, *named)]
    if lost:
        raise TrustError(f"{lost[0]}: is no channel of this repository")
    return _After(root, targets, {name: channels[name] for name in named})


def _is_there(draft: Draft, state: State | None, name: str) -> bool:
    """Whether it is published, as an interrupted publication leaves a root."""
    current = state.held(name) if state else None
    return current is not None and current.metadata.signed_bytes == draft.next[name].metadata.signed_bytes


def _check_follows(draft: Draft, state: State | None, name: str) -> None:
    held, current = draft.next[name], state.held(name) if state else None
    follows = draft.follows[name]
    if current is None:
        if follows != NOTHING or held.signed.version != 1:
            raise InputError(f"{name}: the draft follows a version that this repository has not; is it another's?")
        return
    if follows != current.digest or held.signed.version != current.signed.version + 1:
        raise InputError(
            f"{name}: the draft does not follow version {current.signed.version}, which is published now; make the "
            "draft anew, and have that signed"
        )


def _check_clock(state: State | None, now: datetime) -> None:
    """Devices keep the moment of the last signature, and believe no clock before it."""
    timestamp = state.timestamp if state else None
    last = str(timestamp.signed.unrecognized_fields.get(SIGNED_AT, "")) if timestamp else ""
    if last > _moment(now):
        raise InputError(f"the repository was signed at {last}, and this machine's clock is behind that: set the clock")


def _moment(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%SZ}"


def _by(root: Root, held: Held[Snapshot]) -> bool:
    try:
        verify_by(root, held.name, held.metadata)
    except TrustError:
        return False
    return True


def _content(
    draft: Draft, state: State | None, source: Shelf, shelf: Shelf, now: datetime
) -> tuple[dict[str, bytes], dict[str, Digest]]:
    """Manifests by their places, and blobs that are to be copied. Raises TrustError, InputError."""
    files: dict[str, bytes] = {}
    blobs: dict[str, Digest] = {}
    for name, held in draft.next.items():
        if isinstance(held.signed, Root) or name == TARGETS:
            continue
        before = state.held(name) if state else None
        for path, content in _new_manifests(held.signed, before.signed if before else None, source):
            found = parsed_manifest(content, path)
            _check_manifest(path, content, held.signed, before.signed if before else None, state, now)
            files[target_file(path, digest_of(content).sha256)] = content
            for blob in found.blobs():
                blobs |= _missing(Digest(blob.size, blob.sha256), source, shelf)
    return files, blobs


def _new_manifests(now: Targets, before: object, source: Shelf) -> Iterator[tuple[str, bytes]]:
    old = before.targets if isinstance(before, Targets) else {}
    for path, file in now.targets.items():
        if path not in old or old[path].hashes != file.hashes:
            place = target_file(path, sha256_of(file.hashes, path))
            yield path, source.content(place, manifest.SIZE_LIMIT)


def _check_manifest(
    path: str, content: bytes, signed: Targets, before: object, state: State | None, now: datetime
) -> None:
    found = parsed_manifest(content, path)
    known = withdrawals(signed)
    check_not_withdrawn(path, digest_of(content).sha256, known)
    was = state.manifest(path, before) if state and isinstance(before, Targets) else None
    check_successor(path, found, was, known)
    if found.built > (now + AHEAD).timestamp():
        raise TrustError(
            f"{path}: says that it was made on {datetime.fromtimestamp(found.built, UTC):%Y-%m-%d}, after today: no "
            "device that installed it would believe a clock again; make it anew with the right time"
        )


def _missing(wanted: Digest, source: Shelf, shelf: Shelf) -> dict[str, Digest]:
    """A blob that the repository has not got whole, and the draft has."""
    place = f"{BLOBS}/{wanted.sha256}"
    if shelf.has(place) and shelf.digest(place) == wanted:
        return {}
    if not source.has(place) or source.size(place) != wanted.size:
        raise InputError(f"{source.folder / place}: is not there whole; the draft lacks what its manifest names")
    return {wanted.sha256: wanted}


def _online(root: Root, order: Order) -> dict[str, tuple[SigningKey, ...]]:
    """The keys of snapshot and timestamp, before anything is written. Raises TrustError where the store has too few of
    those that the root names."""
    found = {}
    for name in (SNAPSHOT, TIMESTAMP):
        role, wanted = root.roles[name], root.roles[name].threshold
        keys = [
            key
            for key in order.store.active(store_role(name))
            if tuf_key(order.store.public_of(key)).keyid in role.keyids
        ]
        if len(keys) < wanted:
            raise TrustError(
                f"{order.store.folder}: has {len(keys)} of the {name} keys that root {root.version} names, and "
                f"{wanted} have to sign: it is another store, or `firmward release root` is to name its new keys"
            )
        found[name] = tuple(order.store.signer(key, order.unlock) for key in keys[:wanted])
    return found


def _put(shelf: Shelf, draft: Draft, *names: str) -> None:
    for name in names:
        if name in draft.next:
            held = draft.next[name]
            shelf.write(metadata_file(name, held.signed.version), [held.content])


def _snapshot(
    state: State | None, after: _After, order: Order, online: Mapping[str, tuple[SigningKey, ...]]
) -> Held[Snapshot]:
    before = state.snapshot if state else None
    version = before.signed.version + 1 if before else 1
    meta = {f"{held.name}.json": _meta(held) for held in (after.targets, *after.channels.values())}
    metadata = Metadata(Snapshot(version, None, order.terms.until(SNAPSHOT, order.now), meta))
    return Held(SNAPSHOT, _signed(metadata, online[SNAPSHOT]), metadata)


def _timestamp(
    state: State | None, snapshot: Held[Snapshot], order: Order, online: Mapping[str, tuple[SigningKey, ...]]
) -> bytes:
    before = state.timestamp if state else None
    signed = Timestamp(
        before.signed.version + 1 if before else 1,
        None,
        order.terms.until(TIMESTAMP, order.now),
        _meta(snapshot),
        {SIGNED_AT: _moment(order.now)},
    )
    return _signed(Metadata(signed), online[TIMESTAMP])


def _meta(held: Held[Targets] | Held[Snapshot]) -> MetaFile:
    return MetaFile(held.signed.version, held.digest.size, {"sha256": held.digest.sha256})


def _signed(metadata: Metadata[Snapshot] | Metadata[Timestamp], keys: tuple[SigningKey, ...]) -> bytes:
    for key in keys:
        made = signature(key, metadata.signed_bytes)
        metadata.signatures[made.keyid] = made
    return drafts.serialized(metadata)
