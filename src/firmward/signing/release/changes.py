"""What can be changed in a repository, each as a draft: decided on what is current, and nothing done yet."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError, TrustError
from firmward.signing.ledger import check_text
from firmward.signing.release import draft
from firmward.signing.release.draft import Draft
from firmward.signing.release.naming import Naming, named
from firmward.signing.release.succession import check_not_withdrawn, check_successor
from firmward.signing.release.withdrawals import Withdrawal, set_withdrawals, withdrawals
from firmward.signing.shelf import Beginning, digest_of
from firmward.signing.tuf_keys import ROOT, TARGETS, own_id
from firmward.signing.tuf_model import (
    TOP_LEVEL_ROLE_NAMES,
    DelegatedRole,
    Delegations,
    Key,
    Role,
    Root,
    TargetFile,
    Targets,
)
from firmward.signing.tuf_repository import (
    BLOBS,
    Channel,
    Held,
    State,
    channel_of,
    parsed_file,
    parsed_manifest,
    sha256_of,
    target_file,
    verify_by,
)
from firmward.update import manifest as manifests
from firmward.update.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Terms:
    """Days for which metadata is good: a root and the top of all targets are renewed by people with keys in a safe, a
    channel with its releases, snapshot and timestamp by a program."""

    root: int = 365
    targets: int = 365
    channel: int = 90
    snapshot: int = 7
    timestamp: int = 1

    def until(self, name: str, now: datetime) -> datetime:
        days = {ROOT: self.root, TARGETS: self.targets, "snapshot": self.snapshot, "timestamp": self.timestamp}
        return now.replace(microsecond=0) + timedelta(days=days.get(name, self.channel))


def rooted(state: State | None, namings: Mapping[str, Naming], terms: Terms, now: datetime) -> Draft:
    """The first root with an empty top of all targets, or the next root; and the targets once more where the keys that
    signed them may no longer. Raises InputError."""
    before = None if state is None else state.root.signed
    keys: dict[str, Key] = {}
    roles: dict[str, Role] = {}
    for name in sorted(TOP_LEVEL_ROLE_NAMES):
        there, threshold = _of_root(before, name)
        found, wanted = named(there, threshold, namings.get(name, Naming()), name)
        keys |= found
        roles[name] = Role(sorted(found), wanted)
    _check_dropped(before.keys if before else {}, keys, namings)
    version = before.version + 1 if before else 1
    root = Root(version, None, terms.until(ROOT, now), keys, roles, True)
    changed: dict[str, Root | Targets] = {ROOT: root}
    if state is None or state.targets is None:
        changed[TARGETS] = Targets(1, None, terms.until(TARGETS, now), {}, Delegations({}, {}))
    elif not _stands(root, state.targets):
        changed[TARGETS] = _next(state.targets.signed, TARGETS, terms, now)
    return draft.made("root", state, changed)


def delegated(state: State, one: Channel, how: Naming, terms: Terms, now: datetime) -> Draft:
    """A channel's keys: a new channel with nothing in it, or others for one that there is, which then has to be signed
    anew. Raises InputError."""
    top = _next(state.published.signed, TARGETS, terms, now)
    found = top.delegations or Delegations({}, {})
    roles = dict(found.roles or {})
    there = roles.get(one.role)
    before = {id: found.keys[id] for id in there.keyids if id in found.keys} if there else {}
    keys, wanted = named(before, there.threshold if there else None, how, one.role)
    _check_dropped(before, keys, {one.role: how})
    roles[one.role] = DelegatedRole(one.role, sorted(keys), wanted, True, [one.pattern])
    used = {id for role in roles.values() for id in role.keyids}
    top.delegations = Delegations({id: key for id, key in (found.keys | keys).items() if id in used}, roles)
    changed: dict[str, Root | Targets] = {TARGETS: top}
    held = (state.channels or {}).get(one.role)
    if held is None:
        changed[one.role] = Targets(1, None, terms.until(one.role, now), {})
    elif not _stands(top, held):
        changed[one.role] = _next(held.signed, one.role, terms, now)
    made = draft.made("delegation", state, changed)
    return made if held is None else replace(made, manifests=_manifests(state, one, held.signed))


def renewed(state: State, names: list[str], terms: Terms, now: datetime) -> Draft:
    """The same once more with a later date, for these roles. Raises InputError."""
    changed: dict[str, Root | Targets] = {}
    manifests: dict[str, bytes] = {}
    for name in names:
        if name == ROOT:
            root = deepcopy(state.root.signed)
            root.version, root.expires = root.version + 1, terms.until(ROOT, now)
            changed[ROOT] = root
            continue
        held = state.published if name == TARGETS else state.of_channel(channel_of(name))
        changed[name] = _next(held.signed, name, terms, now)
        if name != TARGETS:
            manifests |= _manifests(state, channel_of(name), held.signed)
    return replace(draft.made("renewal", state, changed), manifests=manifests)


def released(
    state: State, one: Channel, content: bytes, blobs: Mapping[str, Beginning], terms: Terms, now: datetime
) -> Draft:
    """A manifest for its board, with files by the digests that it names. Raises InputError, and TrustError for one that
    may not follow what is there."""
    return _offered("release", state, one, content, blobs, terms, now)


def promoted(state: State, source: Channel, to: Channel, board: str, terms: Terms, now: datetime) -> Draft:
    """The very bytes that one channel gives a board, given by another too. Raises InputError, TrustError."""
    if source.product != to.product or source == to:
        raise InputError(f"{source.role} to {to.role}: a release goes from one channel of a product to another")
    from_path = source.path(board)
    content = state.manifest_content(from_path, state.of_channel(source).signed)
    if content is None:
        raise InputError(f"{from_path}: the channel {source.name} has no release for {board}")
    return _offered("promotion", state, to, content, {}, terms, now)


def withdrawn(state: State, one: Channel, board: str, reason: str, terms: Terms, now: datetime) -> Draft:
    """A channel without what it gives a board now: the former release comes back where devices would take it, else
    nothing is given. Raises InputError."""
    check_text(reason, "--reason")
    held, path = state.of_channel(one), one.path(board)
    present = state.manifest(path, held.signed)
    if present is None:
        raise InputError(f"{path}: the channel has no release for {board}; nothing is to be withdrawn")
    sha256 = sha256_of(held.signed.targets[path].hashes, path)
    known = withdrawals(held.signed)
    targets = _next(held.signed, one.role, terms, now)
    del targets.targets[path]
    gone = (*known, Withdrawal(path, present.version, present.rollback_index, sha256, reason))
    set_withdrawals(targets, gone)
    former = _former(state, one, held, path, present, gone)
    if former is not None:
        targets.targets[path] = former
    made = draft.made("withdrawal", state, {one.role: targets})
    return replace(made, manifests=_manifests(state, one, held.signed, targets))


def _offered(
    kind: str, state: State, one: Channel, content: bytes, blobs: Mapping[str, Beginning], terms: Terms, now: datetime
) -> Draft:
    held = state.of_channel(one)
    path = _path(one, content)
    manifest = parsed_manifest(content, path)
    sha256 = digest_of(content).sha256
    there = held.signed.targets.get(path)
    if there is not None and sha256_of(there.hashes, path) == sha256:
        raise InputError(f"{path}: is what {one.name} gives already, {manifest.version}")
    known = withdrawals(held.signed)
    check_not_withdrawn(path, sha256, known)
    check_successor(path, manifest, state.manifest(path, held.signed), known)
    targets = _next(held.signed, one.role, terms, now)
    targets.targets[path] = TargetFile(len(content), {"sha256": sha256}, path)
    made = draft.made(kind, state, {one.role: targets})
    manifests = {**_manifests(state, one, held.signed), target_file(path, sha256): content}
    return replace(made, manifests=manifests, blobs={f"{BLOBS}/{name}": file for name, file in blobs.items()})


def _path(one: Channel, content: bytes) -> str:
    try:
        return one.path(manifests.parse(content).compatible)
    except Malformed as error:
        raise InputError(str(error)) from error


def _former(
    state: State, one: Channel, held: Held[Targets], path: str, present: Manifest, gone: tuple[Withdrawal, ...]
) -> TargetFile | None:
    """The latest that was given before, was not withdrawn, and is not below what is taken back. None where the keys of
    today do not stand for it."""
    refused = {found.sha256 for found in gone if found.path == path}
    for version in range(held.signed.version - 1, 0, -1):
        try:
            older = parsed_file(state.shelf, one.role, version, Targets)
            verify_by(state.published.signed, one.role, older.metadata)
            file = older.signed.targets.get(path)
            manifest = state.manifest(path, older.signed)
        except (InputError, TrustError):
            return None
        if file is None or manifest is None or sha256_of(file.hashes, path) in refused:
            continue
        return deepcopy(file) if manifest.rollback_index >= present.rollback_index else None
    return None


def _manifests(state: State, one: Channel, *many: Targets) -> dict[str, bytes]:
    """Of all boards of a channel, for who is to see what he signs."""
    found = {}
    for targets in many:
        for path, file in targets.targets.items():
            content = state.manifest_content(path, targets)
            if content is not None:
                found[target_file(path, sha256_of(file.hashes, path))] = content
    return found


def _next(targets: Targets, name: str, terms: Terms, now: datetime) -> Targets:
    following = deepcopy(targets)
    following.version, following.expires = targets.version + 1, terms.until(name, now)
    return following


def _of_root(root: Root | None, name: str) -> tuple[dict[str, Key], int | None]:
    if root is None:
        return {}, None
    role = root.roles[name]
    return {id: root.keys[id] for id in role.keyids if id in root.keys}, role.threshold


def _stands(delegator: Root | Targets, held: Held[Targets]) -> bool:
    try:
        verify_by(delegator, held.name, held.metadata)
    except TrustError:
        return False
    return True


def _check_dropped(before: Mapping[str, Key], after: Mapping[str, Key], namings: Mapping[str, Naming]) -> None:
    for word in {word for how in namings.values() for word in how.drop}:
        if not any(own_id(key).startswith(word) for key in before.values()):
            raise InputError(f"{word}: begins the id of no key that signs now; `firmward release verify` lists them")
        if any(own_id(key).startswith(word) for key in after.values()):
            raise InputError(f"{word}: is a key of a store that was named too; revoke it there first")
