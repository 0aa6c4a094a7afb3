"""What a draft changes, in plain words, read from the very bytes that are signed.

What stood before comes with the draft, and is only as good as who passed it on; what is signed is told whole.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError
from firmward.signing.release.draft import Draft
from firmward.signing.release.withdrawals import FIELD, withdrawals
from firmward.signing.shelf import Digest, Shelf, digest_of
from firmward.signing.tuf_keys import SHOWN, TARGETS, store_role
from firmward.signing.tuf_model import Root, Targets
from firmward.signing.tuf_repository import (
    board_of,
    channel_of,
    check_root,
    delegations,
    parsed_manifest,
    sha256_of,
    signers,
    target_file,
)
from firmward.update import manifest
from firmward.update.manifest import Manifest, Payload

NEW = "  (new)"


def words(draft: Draft, shelf: Shelf) -> Iterator[str]:
    """Raises InputError where a manifest that is to be signed is not there to be read, TrustError for what makes no
    sense in a release repository."""
    for name, held in draft.next.items():
        before = draft.base.get(name)
        signed, was = held.signed, before.signed if before is not None else None
        _check_told(name, signed)
        follows = f"follows {was.version}" if was is not None else "is the first"
        yield f"{name} {signed.version} {follows}, good until {_day(signed.expires)}"
        if isinstance(signed, Root):
            yield from _root(signed, was if isinstance(was, Root) else None)
        elif name == TARGETS:
            yield from _top(signed, was if isinstance(was, Targets) else None)
        else:
            yield from _channel(name, signed, was if isinstance(was, Targets) else None, shelf)


def _check_told(name: str, signed: Root | Targets) -> None:
    """Nobody signs what no line here tells. Raises InputError."""
    known = {FIELD} if isinstance(signed, Targets) and name != TARGETS else set()
    more = set(signed.unrecognized_fields) - known
    if isinstance(signed, Root):
        check_root(signed)
        more |= {field for role in signed.roles.values() for field in role.unrecognized_fields}
    else:
        more |= {field for file in signed.targets.values() for field in file.unrecognized_fields}
        roles = (signed.delegations.roles if signed.delegations else None) or {}
        more |= {field for role in roles.values() for field in role.unrecognized_fields}
    if more:
        raise InputError(f"{name}: says more than can be shown ({min(more)[:40]}); firmward has not made it")


def _root(now: Root, before: Root | None) -> Iterator[str]:
    for name, role in sorted(now.roles.items()):
        was = before.roles.get(name) if before else None
        keys, old = signers(now, role), signers(before, was) if before and was else None
        yield from _signers(str(store_role(name)), keys, role.threshold, old)


def _top(now: Targets, before: Targets | None) -> Iterator[str]:
    if now.targets:
        raise InputError(f"{TARGETS}: names files of its own; releases stand in channels alone")
    old = {one.name: one for one in delegations(before)} if before else {}
    new = {one.name: one for one in delegations(now)}
    for name, role in new.items():
        was = old.get(name)
        keys = signers(before, was) if before and was else ()
        yield from _signers(name, signers(now, role), role.threshold, keys)
    yield from (f"  {name}: is a channel no more" for name in old if name not in new)
    if not new:
        yield "  no channels yet"


def _signers(what: str, ids: Sequence[str], threshold: int, before: Sequence[str] | None) -> Iterator[str]:
    yield f"  {what}: {threshold} of {len(ids)} {'key signs' if len(ids) == 1 else 'keys sign'}"
    for id in ids:
        yield f"    {id[:SHOWN]}{NEW if before is not None and id not in before else ''}"
    yield from (f"    {id[:SHOWN]}  (signs no more)" for id in before or () if id not in ids)


def _channel(name: str, now: Targets, before: Targets | None, shelf: Shelf) -> Iterator[str]:
    one = channel_of(name)
    if now.delegations is not None:
        raise InputError(f"{name}: entrusts others; a channel does not")
    old = before.targets if before else {}
    for path in sorted({*now.targets, *old}):
        board = board_of(path)
        if path != one.path(board):
            raise InputError(f"{name}: names {path[:120]}, which is another channel's")
        present = _manifest(now, path, shelf)
        was = _manifest(before, path, shelf) if before else None
        if present is None:
            yield f"  {board}: {was.product} {was.version} is given no more" if was else f"  {board}: nothing"
        elif was == present:
            yield f"  {board}: {present.product} {present.version}, as before"
        else:
            yield from _manifest_words(board, present, was)
    told = withdrawals(before) if before else ()
    for gone in withdrawals(now):
        if gone not in told:
            yield f"  withdrawn: {gone.path} {gone.version}: {gone.reason}"
    if not now.targets and not old:
        yield "  no releases yet"


def _manifest_words(board: str, now: Manifest, was: Manifest | None) -> Iterator[str]:
    instead = f", instead of {was.version} (rollback index {was.rollback_index})" if was else ""
    yield f"  {board}: {now.product} {now.version} (rollback index {now.rollback_index}){instead}"
    yield f"    made {datetime.fromtimestamp(now.built, UTC):%Y-%m-%d %H:%M} UTC, layout {now.layout}"
    for payload in now.payloads:
        yield f"    {payload.partition}: {payload.size} bytes, sha256 {payload.sha256}"
        yield from _deltas(payload, was)
    yield f"    with {', '.join(one.kind for one in now.documents) or 'no documents'}"
    for one in now.accepted:
        yield f"    accepts {one.finding}: {one.reason} ({one.owner})"


def _deltas(payload: Payload, was: Manifest | None) -> Iterator[str]:
    known = {one.sha256: was.version for one in was.payloads} if was else {}
    for source in payload.sources:
        if source.base is not None:
            what = known.get(source.base) or f"what has the sha256 {source.base[:SHOWN]}"
            size = source.blob.size
            yield f"      or {size} bytes ({size / payload.size:.1%}) from {what}, by {source.kind}"


def _manifest(targets: Targets, path: str, shelf: Shelf) -> Manifest | None:
    found = targets.targets.get(path)
    if found is None:
        return None
    sha256 = sha256_of(found.hashes, path)
    place = target_file(path, sha256)
    content = shelf.content(place, manifest.SIZE_LIMIT)
    if digest_of(content) != Digest(found.length, sha256):
        raise InputError(f"{shelf.folder / place}: is not what is to be signed")
    try:
        return parsed_manifest(content, path)
    except Malformed as error:
        raise InputError(f"{shelf.folder / place}: {error}") from error


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
