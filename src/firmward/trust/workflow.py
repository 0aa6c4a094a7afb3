"""What a client of a TUF repository does, without doing it: generators that ask, and are given bytes or None.

Rules: TUF specification 1.0, section 5 (the client's workflow). A shell performs the requests (client.py), a test plays
them. What is refused raises TrustError; what was kept until then stays, as the specification wants it.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TypeVar

from firmward.model.errors import TrustError
from firmward.trust import trusted as states
from firmward.trust.metadata import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    Bins,
    Delegation,
    MetaFile,
    TargetFile,
    Targets,
)
from firmward.trust.trusted import Moment, Trusted

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of metadata whose length nobody names, how many roots may follow one another, and how many roles a search
    may ask."""

    root: int = 128 << 10
    timestamp: int = 16 << 10
    snapshot: int = 2 << 20
    targets: int = 512 << 10
    rotations: int = 1024
    roles: int = 32


@dataclass(frozen=True, slots=True)
class Recall:
    """Give what was kept under this name, None where there is nothing."""

    role: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """Give the file of this name of the repository, None where there is none. It has at most `limit` bytes. Without a
    version the name is the role alone."""

    role: str
    version: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep this under the name, in place of what was there."""

    role: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Drop:
    """Keep nothing under this name any more."""

    role: str


class UnknownTargetError(TrustError):
    """The repository is in order and has no such target."""


Request = Recall | Fetch | Keep | Drop
Trusting = Generator[Request, bytes | None, Trusted]
Finding = Generator[Request, bytes | None, tuple[Trusted, TargetFile]]
Searching = Generator[Request, bytes | None, tuple[Trusted, TargetFile | None]]


def performed(asking: Generator[Request, bytes | None, T], answer: Callable[[Request], bytes | None]) -> T:
    """What it comes to, when each of its requests is answered so."""
    given: bytes | None = None
    try:
        while True:
            given = answer(asking.send(given))
    except StopIteration as end:
        value: T = end.value
        return value


def refresh(moment: Moment, limits: Limits) -> Trusting:
    """What is true now of the four top-level roles. Raises TrustError."""
    return (yield from refresh_under((yield from newest_root(limits)), moment, limits))


def refresh_under(trusted: Trusted, moment: Moment, limits: Limits) -> Trusting:
    """The same, from the newest root on. Raises TrustError."""
    trusted = states.with_fresh_root(trusted, moment)
    trusted = yield from _refresh_timestamp(trusted, moment, limits)
    trusted = yield from _refresh_snapshot(trusted, moment, limits)
    return (yield from _with_role(trusted, TARGETS, ROOT, moment, limits))


def target(trusted: Trusted, path: str, moment: Moment, limits: Limits) -> Finding:
    """What the role says that is the first to know the path, in pre-order. Raises TrustError where none does."""

    def with_role(before: Trusted, role: str, by: str) -> Trusting:
        return _with_role(before, role, by, moment, limits)

    trusted, found = yield from _search(trusted, path, limits, with_role)
    if found is None:
        raise UnknownTargetError(f"{path}: no role that may name it does")
    return trusted, found


def past_target(trusted: Trusted, path: str, limits: Limits) -> Searching:
    """What kept metadata says of a path, whether or not it expired since: no snapshot is asked and no time. The roles
    that were asked are those that may name it. Raises TrustError."""
    return (yield from _search(trusted, path, limits, _with_kept_role))


def _search(
    trusted: Trusted, path: str, limits: Limits, with_role: Callable[[Trusted, str, str], Trusting]
) -> Searching:
    waiting, asked = [(TARGETS, ROOT)], set[str]()
    while waiting:
        role, by = waiting.pop()
        if role in asked:
            continue
        if len(asked) >= limits.roles:
            raise TrustError(f"{path}: {limits.roles} roles were asked, and no more are")
        asked.add(role)
        trusted = yield from with_role(trusted, role, by)
        found = trusted.targets[role].targets.get(path)
        if found is not None:
            return trusted, found
        next_roles, is_last = _delegates(trusted.targets[role], path)
        waiting = [(one, role) for one in reversed(next_roles)] if is_last else _below(waiting, next_roles, role)
    return trusted, None


def _below(waiting: list[tuple[str, str]], roles: list[str], by: str) -> list[tuple[str, str]]:
    return waiting + [(one, by) for one in reversed(roles)]


def newest_root(limits: Limits) -> Trusting:
    """The root that all the others are judged under; it asks for no time. Raises TrustError."""
    content = yield Recall(ROOT)
    if content is None:
        raise TrustError("root: the device has none to begin with")
    trusted = states.first_root(content)
    for _ in range(limits.rotations):
        content = yield Fetch(ROOT, trusted.root.version + 1, limits.root)
        if content is None:
            return trusted
        following = states.with_root(trusted, content)
        if _are_other_keys(trusted, following):
            # dropped before the root is kept: after a power cut between the two nobody would know any more
            yield Drop(TIMESTAMP)
            yield Drop(SNAPSHOT)
        trusted = following
        yield Keep(ROOT, content)
    raise TrustError(f"root: {limits.rotations} followed one another, and no more are taken at once")


def _are_other_keys(before: Trusted, after: Trusted) -> bool:
    """Whoever stole a key may have signed versions that no honest one will ever reach: a new key begins anew."""
    return any(
        {key.der for key in before.root.roles[role].keys} != {key.der for key in after.root.roles[role].keys}
        for role in (TIMESTAMP, SNAPSHOT)
    )


def _refresh_timestamp(trusted: Trusted, moment: Moment, limits: Limits) -> Trusting:
    kept = yield Recall(TIMESTAMP)
    if kept is not None:
        trusted = _or_as_it_was(trusted, lambda: states.with_timestamp(trusted, kept))
    content = yield Fetch(TIMESTAMP, None, limits.timestamp)
    if content is None:
        raise TrustError("timestamp: the repository has none")
    newer = states.with_timestamp(trusted, content)
    fresh = states.with_fresh_timestamp(newer, moment)
    if newer is not trusted:
        yield Keep(TIMESTAMP, content)
    return fresh


def _refresh_snapshot(trusted: Trusted, moment: Moment, limits: Limits) -> Trusting:
    named = _named_snapshot(trusted)
    kept = yield Recall(SNAPSHOT)
    if kept is not None:
        trusted = _or_as_it_was(trusted, lambda: states.with_kept_snapshot(trusted, kept))
        current = trusted.snapshot is not None and trusted.snapshot.version == named.version
        if current and named.digests.fit(kept):
            return states.with_fresh_snapshot(trusted, moment)
    content = yield Fetch(SNAPSHOT, _prefix(trusted, named), _limit(SNAPSHOT, named, limits.snapshot))
    if content is None:
        raise TrustError(f"snapshot: the repository has no version {named.version}")
    fresh = states.with_fresh_snapshot(states.with_snapshot(trusted, content), moment)
    yield Keep(SNAPSHOT, content)
    return fresh


def _with_role(trusted: Trusted, role: str, by: str, moment: Moment, limits: Limits) -> Trusting:
    """A role of targets, by the keys that this delegator names: what was verified for another counts for nothing."""
    if role in trusted.vouched and trusted.vouched[role].by == by:
        return trusted
    named = states.meta_of(trusted, role)
    kept = yield Recall(role)
    if kept is not None:
        known = _or_as_it_was(trusted, lambda: states.with_targets(trusted, role, by, kept, moment))
        if known is not trusted:
            return known
    content = yield Fetch(role, _prefix(trusted, named), _limit(role, named, limits.targets))
    if content is None:
        raise TrustError(f"{role}: the repository has no version {named.version}")
    newer = states.with_targets(trusted, role, by, content, moment)
    yield Keep(role, content)
    return newer


def _with_kept_role(trusted: Trusted, role: str, by: str) -> Trusting:
    content = yield Recall(role)
    if content is None:
        raise TrustError(f"{role}: is not among what was kept")
    return states.with_past_targets(trusted, role, by, content)


def _named_snapshot(trusted: Trusted) -> MetaFile:
    if trusted.timestamp is None:
        raise TrustError("timestamp: there is none")
    return trusted.timestamp.snapshot


def _prefix(trusted: Trusted, named: MetaFile) -> int | None:
    return named.version if trusted.root.consistent_snapshot else None


def _limit(role: str, named: MetaFile, usual: int) -> int:
    """Who names a length beyond the bound is refused without a byte being fetched."""
    length = named.digests.length
    if length is not None and length > usual:
        raise TrustError(f"{role}: is said to have {length} bytes, and at most {usual} are taken")
    return usual if length is None else length


def _or_as_it_was(trusted: Trusted, step: Callable[[], Trusted]) -> Trusted:
    """What the device has kept may be of a former root, or damaged: it is fetched anew."""
    try:
        return step()
    except TrustError:
        return trusted


def _delegates(targets: Targets, path: str) -> tuple[list[str], bool]:
    """The roles that may know the path, in their order, and whether nobody else may."""
    if isinstance(targets.delegations, Bins):
        return [_bin(targets.delegations, path)], True
    found: list[str] = []
    for one in targets.delegations:
        if _covers(one, path):
            found.append(one.role)
            if one.terminating:
                return found, True
    return found, False


def _bin(bins: Bins, path: str) -> str:
    number = int.from_bytes(sha256(path.encode()).digest()[:4]) >> (32 - bins.bits)
    digits = (bins.bits + 3) // 4
    return f"{bins.prefix}-{number:0{digits}x}"


def _covers(delegation: Delegation, path: str) -> bool:
    if delegation.prefixes:
        digest = sha256(path.encode()).hexdigest()
        return any(digest.startswith(one) for one in delegation.prefixes)
    return any(_matches(path, pattern) for pattern in delegation.paths)


def _matches(path: str, pattern: str) -> bool:
    """As a shell does: a star stands for no slash."""
    steps, patterns = path.split("/"), pattern.split("/")
    return len(steps) == len(patterns) and all(map(fnmatchcase, steps, patterns))
