"""The whole repository, walked as a device would from a root that it has: every channel, every manifest, every blob."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from firmward.model.errors import FirmwardError, InputError
from firmward.signing.release.rehearsal import rehearse
from firmward.signing.release.withdrawals import withdrawals
from firmward.signing.shelf import Digest, Shelf
from firmward.signing.tuf_keys import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from firmward.signing.tuf_model import Root, Snapshot, Targets, Timestamp
from firmward.signing.tuf_repository import (
    BLOBS,
    METADATA,
    Held,
    State,
    channel_of,
    parsed,
    parsed_manifest,
    read,
    sha256_of,
    signers,
    target_file,
    verify_by,
    verify_root,
)
from firmward.trust.trusted import Moment
from firmward.update.manifest import Manifest

SOON = {
    ROOT: timedelta(days=30),
    TARGETS: timedelta(days=30),
    SNAPSHOT: timedelta(days=1),
    TIMESTAMP: timedelta(hours=3),
}
SOON_CHANNEL = timedelta(days=14)
"""What is left of a time of validity when somebody should see to it."""


@dataclass(frozen=True, slots=True)
class Role:
    """One signed file: which keys may sign it, how many have to, and until when it is good."""

    name: str
    version: int
    expires: datetime
    threshold: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a channel gives a board."""

    channel: str
    board: str
    manifest: Manifest


@dataclass(slots=True)
class Survey:
    """`problems` keep devices from updates, `warnings` will; `orphans` are files that no release names."""

    roles: list[Role] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    blobs: int = 0


def survey(folder: Path, anchor: bytes | None, now: datetime) -> Survey:
    """Raises InputError where there is no repository at all."""
    if not folder.is_dir() or not Shelf(folder).has(f"{METADATA}/1.{ROOT}.json"):
        raise InputError(f"{folder}: is no release repository; {METADATA}/1.{ROOT}.json is not in it")
    found = Survey()
    try:
        state = read(folder)
        if state is None:
            raise InputError(f"{folder}: is no release repository")
        _roles(state, anchor, now, found)
    except FirmwardError as error:
        found.problems.append(str(error))
        return found
    named = set(_files(state, found))
    _rehearse(state, anchor, now, found)
    _orphans(state, named, found)
    return found


def _roles(state: State, anchor: bytes | None, now: datetime, found: Survey) -> None:
    """As a device would from the anchor, without what was lenient to an interrupted publication."""
    root = _last_root(state, anchor)
    targets = state.published
    held: list[Held[Root] | Held[Timestamp] | Held[Snapshot] | Held[Targets]] = [root]
    for one in (state.timestamp, state.snapshot, targets):
        if one is not None:
            verify_by(root.signed, one.name, one.metadata)
            held.append(one)
    for each in (*held, *(state.channels or {}).values()):
        above = root.signed if each.name in SOON else targets.signed
        role = above.get_delegated_role(each.name)
        expires = each.signed.expires
        found.roles.append(Role(each.name, each.signed.version, expires, role.threshold, signers(above, role)))
        if expires <= now:
            found.problems.append(f"{each.name} {each.signed.version} has expired on {expires:%Y-%m-%d %H:%M} UTC")
        elif expires - now < SOON.get(each.name, SOON_CHANNEL):
            found.warnings.append(f"{each.name} {each.signed.version} expires on {expires:%Y-%m-%d %H:%M} UTC")


def _last_root(state: State, anchor: bytes | None) -> Held[Root]:
    if anchor is None:
        return state.root
    own = parsed(anchor, Root, "--root")
    verify_root(None, own.metadata)
    following = state.roots[own.signed.version :]
    if not following:
        return Held(ROOT, own.content, own.metadata)
    verify_root(own.signed, following[0].metadata)
    return following[-1]


def _rehearse(state: State, anchor: bytes | None, now: datetime, found: Survey) -> None:
    """By the device's own code, where it is not clear already that it refuses."""
    if found.problems:
        return
    first = state.roots[0].content if anchor is None else anchor
    paths = [path for held in (state.channels or {}).values() for path in held.signed.targets]
    try:
        rehearse(state.shelf, first, paths, {}, Moment(int(now.timestamp())))
    except FirmwardError as error:
        found.problems.append(f"a device refuses it: {error}")


def _files(state: State, found: Survey) -> Iterator[str]:
    """Every manifest and blob that a device may ask for, held against its digest."""
    seen: dict[str, Digest] = {}
    for name, held in (state.channels or {}).items():
        withdrawals(held.signed)
        for path, file in held.signed.targets.items():
            try:
                content = state.manifest_content(path, held.signed) or b""
                manifest = parsed_manifest(content, path)
            except FirmwardError as error:
                found.problems.append(str(error))
                continue
            yield target_file(path, sha256_of(file.hashes, path))
            found.offers.append(Offer(channel_of(name).name, manifest.compatible, manifest))
            seen |= {blob.sha256: Digest(blob.size, blob.sha256) for blob in manifest.blobs()}
    for sha256, digest in seen.items():
        place = f"{BLOBS}/{sha256}"
        yield place
        found.blobs += 1
        try:
            if state.shelf.digest(place) != digest:
                found.problems.append(f"{state.shelf.folder / place}: is not what its name says")
        except InputError as error:
            found.problems.append(str(error))


def _orphans(state: State, named: set[str], found: Survey) -> None:
    found.orphans += [name for name in state.shelf.names("targets") if name not in named]
    current = {ROOT: state.root.signed.version} | {role.name: role.version for role in found.roles}
    for name in state.shelf.names(METADATA):
        version, _, role = name.removeprefix(f"{METADATA}/").removesuffix(".json").partition(".")
        known = name == f"{METADATA}/{TIMESTAMP}.json" or (
            version.isdecimal() and len(version) < 10 and int(version) <= current.get(role, 0)
        )
        if not known:
            found.orphans.append(name)
