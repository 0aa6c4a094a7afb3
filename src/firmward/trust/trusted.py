"""What a client trusts so far, and what makes it trust more: each step takes bytes and gives the next state.

Rules: TUF specification 1.0, section 5. Nothing here reads or writes. A state never changes, so that whoever is refused
still has the one from before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.model.errors import TrustError
from firmward.trust import metadata
from firmward.trust.metadata import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    MetaFile,
    RoleKeys,
    Root,
    Signed,
    Snapshot,
    Targets,
    Timestamp,
)
from firmward.trust.signature import holds

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moment:
    """`now` in seconds since 1970, UTC. What expired less than `grace` seconds ago is taken all the same."""

    now: int
    grace: int = 0


@dataclass(frozen=True, slots=True)
class Vouched:
    """For a role of targets: `by` which role's word, and which `keys`, by id, have signed it."""

    by: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trusted:
    """The root, and what was accepted under it. `expired` are roles that are taken by grace alone."""

    root: Root
    timestamp: Timestamp | None = None
    snapshot: Snapshot | None = None
    targets: Mapping[str, Targets] = field(default_factory=dict)
    vouched: Mapping[str, Vouched] = field(default_factory=dict)
    expired: frozenset[str] = frozenset()


def first_root(content: bytes) -> Trusted:
    """From what the device has been given, or has kept. Raises TrustError."""
    signed, table = _opened(content, ROOT)
    root = _read(ROOT, metadata.root, table)
    _check_signed(ROOT, signed, root.roles[ROOT])
    return Trusted(root)


def with_root(trusted: Trusted, content: bytes) -> Trusted:
    """The next root, signed by enough keys of both. What was trusted under the old one is not carried over. Raises
    TrustError."""
    signed, table = _opened(content, ROOT)
    _check_signed(ROOT, signed, trusted.root.roles[ROOT])
    root = _read(ROOT, metadata.root, table)
    if root.version != trusted.root.version + 1:
        raise TrustError(f"root: is version {root.version}, and {trusted.root.version + 1} is next")
    _check_signed(ROOT, signed, root.roles[ROOT])
    return Trusted(root)


def with_fresh_root(trusted: Trusted, moment: Moment) -> Trusted:
    """When no newer one is to be had. Raises TrustError where it has expired."""
    return _fresh(trusted, ROOT, trusted.root.expires, moment)


def with_timestamp(trusted: Trusted, content: bytes) -> Trusted:
    """A newer one; the same state for one of the same version, whatever else it says. It may have expired. Raises
    TrustError."""
    signed, table = _opened(content, TIMESTAMP)
    _check_signed(TIMESTAMP, signed, trusted.root.roles[TIMESTAMP])
    new, old = _read(TIMESTAMP, metadata.timestamp, table), trusted.timestamp
    if old is not None:
        _check_no_older(TIMESTAMP, new.version, old.version)
        if new.version == old.version:
            return trusted
        _check_no_older(SNAPSHOT, new.snapshot.version, old.snapshot.version)
    return replace(trusted, timestamp=new)


def with_fresh_timestamp(trusted: Trusted, moment: Moment) -> Trusted:
    """Raises TrustError where it has expired, or there is none."""
    return _fresh(trusted, TIMESTAMP, trusted.timestamp.expires if trusted.timestamp else 0, moment)


def with_kept_snapshot(trusted: Trusted, content: bytes) -> Trusted:
    """One that the device has kept: it may be an older one, to compare the next with. Raises TrustError."""
    return replace(trusted, snapshot=_snapshot(trusted, content))


def with_snapshot(trusted: Trusted, content: bytes) -> Trusted:
    """The one that the timestamp names. Raises TrustError."""
    named = _timestamp(trusted).snapshot
    if not named.digests.fit(content):
        raise TrustError("snapshot: is not of the length and digest that the timestamp names")
    new = _snapshot(trusted, content)
    _check_named(SNAPSHOT, new.version, named)
    return replace(trusted, snapshot=new)


def _snapshot(trusted: Trusted, content: bytes) -> Snapshot:
    signed, table = _opened(content, SNAPSHOT)
    _check_signed(SNAPSHOT, signed, trusted.root.roles[SNAPSHOT])
    new, old = _read(SNAPSHOT, metadata.snapshot, table), trusted.snapshot
    for role, file in (old.meta if old else {}).items():
        if role not in new.meta:
            raise TrustError(f"snapshot: names {role} no more")
        _check_no_older(role, new.meta[role].version, file.version)
    return new


def with_fresh_snapshot(trusted: Trusted, moment: Moment) -> Trusted:
    """Raises TrustError where it has expired, or is not the one that the timestamp names."""
    snapshot = trusted.snapshot
    if snapshot is None:
        raise TrustError("snapshot: there is none")
    _check_named(SNAPSHOT, snapshot.version, _timestamp(trusted).snapshot)
    return _fresh(trusted, SNAPSHOT, snapshot.expires, moment)


def with_targets(trusted: Trusted, role: str, by: str, content: bytes, moment: Moment) -> Trusted:
    """What a role says, by the keys that its delegator `by` names: the root for `targets`. Raises TrustError."""
    named = meta_of(trusted, role)
    if not named.digests.fit(content):
        raise TrustError(f"{role}: is not of the length and digest that the snapshot names")
    signed = with_past_targets(trusted, role, by, content)
    new = signed.targets[role]
    _check_named(role, new.version, named)
    return _fresh(signed, role, new.expires, moment)


def with_past_targets(trusted: Trusted, role: str, by: str, content: bytes) -> Trusted:
    """What a role said once, by the keys that its delegator `by` names: it may have expired, and newer ones may have
    followed. Raises TrustError."""
    signed, table = _opened(content, TARGETS)
    signers = _check_signed(role, signed, keys_of(trusted, role, by))
    new = _read(role, lambda one: metadata.targets(one, role), table)
    return replace(
        trusted,
        targets={**trusted.targets, role: new},
        vouched={**trusted.vouched, role: Vouched(by, signers)},
    )


def keys_of(trusted: Trusted, role: str, by: str) -> RoleKeys:
    """Raises TrustError where `by` does not delegate to the role."""
    if by == ROOT:
        return trusted.root.roles[TARGETS]
    delegations = trusted.targets[by].delegations
    if isinstance(delegations, metadata.Bins):
        return delegations.keys
    for one in delegations:
        if one.role == role:
            return one.keys
    raise TrustError(f"{role}: {by} does not delegate to it")


def meta_of(trusted: Trusted, role: str) -> MetaFile:
    """What the snapshot says of a role. Raises TrustError."""
    if trusted.snapshot is None or role not in trusted.snapshot.meta:
        raise TrustError(f"{role}: the snapshot does not name it")
    return trusted.snapshot.meta[role]


def _timestamp(trusted: Trusted) -> Timestamp:
    if trusted.timestamp is None:
        raise TrustError("timestamp: there is none")
    return trusted.timestamp


def _fresh(trusted: Trusted, role: str, expires: int, moment: Moment) -> Trusted:
    if moment.now < expires:
        return trusted
    if moment.now < expires + moment.grace:
        return replace(trusted, expired=trusted.expired | {role})
    raise TrustError(f"{role}: has expired, by a clock that says {moment.now}")


def _check_no_older(role: str, new: int, old: int) -> None:
    if new < old:
        raise TrustError(f"{role}: is version {new}, and version {old} is known already")


def _check_named(role: str, version: int, named: MetaFile) -> None:
    if version != named.version:
        raise TrustError(f"{role}: is version {version}, and version {named.version} is named")


def _check_signed(role: str, signed: Signed, keys: RoleKeys) -> frozenset[str]:
    """Ids of the keys that did. A key counts once, by whatever ids it goes."""
    valid = {
        key.der: key.id
        for key in keys.keys
        if key.id in signed.signatures and holds(key, signed.signatures[key.id], signed.content)
    }
    if len(valid) < keys.threshold:
        raise TrustError(f"{role}: {len(valid)} of its keys have signed, and {keys.threshold} must")
    return frozenset(valid.values())


def _read(role: str, read: Callable[[Table], T], table: Table) -> T:
    try:
        return read(table)
    except Malformed as error:
        raise TrustError(f"{role}: {error}") from error


def _opened(content: bytes, role: str) -> tuple[Signed, Table]:
    try:
        return metadata.opened(content, role)
    except Malformed as error:
        raise TrustError(f"{role}: {error}") from error
