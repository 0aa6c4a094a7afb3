"""That a rollback index was released for this device: its maker's own signatures, as they were when it was installed.

Whoever writes to the storage must not make up a floor: one of 2,147,483,647 would be the end of all updates. So what is
kept is a manifest, and the metadata of the channel that named it then. It proves something as far as keys have signed
it that the device accepts now: those of a role that may name its manifest, by the newest `targets` under the newest
root. The manifest has to be of this product, and for this board.

- No clock is asked, and nothing is fresh: it is of the past. So who writes to the storage can put any release of this
  channel and board there, older or newer than what was installed, and no other number. As `firmward release` lets no
  channel go back in its indexes, none of these is above what the channel has for the device.
- Keys that were replaced count for nothing, be they of the root, of `targets` or of the channel: they are replaced when
  they may be stolen, and each device that their thief can write to would have a floor of his for good. He can put back
  the metadata and roots that named them, beside his evidence. That ends when the device next asks its repository.
- Where an honest release was signed by keys that were replaced since, it is proved anew by what its channel says now
  (`renewed`). Where the channel has gone on, the image's own index is the floor until the next release runs.
"""

from dataclasses import dataclass

from firmward.formats.canonical_json import encode, parse_canonical
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.model.errors import TrustError
from firmward.trust import trusted as states
from firmward.trust.anchor import AnchoredStore
from firmward.trust.metadata import TargetFile
from firmward.trust.store import Store
from firmward.trust.trusted import Trusted
from firmward.trust.workflow import Limits, past_target, performed
from firmward.update import manifest
from firmward.update.identity import Identity
from firmward.update.manifest import Manifest
from firmward.update.offer import check_meant

SCHEMA = "firmward.evidence/1"
LIMIT = 1 << 20
"""Bytes; as `firmward release` makes a repository, it has some thousand."""
RECORDS = {"a": "evidence-a", "b": "evidence-b"}
"""By slot, what proves the release that was installed there."""

_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Bytes as they came: a manifest, and the metadata of the role that named it."""

    metadata: bytes
    manifest: bytes


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the device accepted last: `trusted` has the roles that may name its manifest, `target` is what the one says
    that does, in `metadata`; None where none does by now."""

    trusted: Trusted
    target: TargetFile | None
    metadata: bytes


def accepted(channel: AnchoredStore, identity: Identity) -> Accepted:
    """Raises TrustError where nothing was, or something else is there now."""
    recalled: dict[str, bytes] = {}

    def recall(role: str) -> bytes | None:
        content = channel.recall(role)
        if content is not None:
            recalled[role] = content
        return content

    asking = past_target(channel.newest(), identity.target, _LIMITS)
    trusted, target = performed(asking, lambda request: recall(request.role))
    return Accepted(trusted, target, b"" if target is None else recalled[target.role])


def index(content: bytes, now: Accepted, identity: Identity) -> int:
    """The rollback index that it proves. Raises TrustError."""
    return proved(content, now, identity).rollback_index


def proved(content: bytes, now: Accepted, identity: Identity) -> Manifest:
    """The manifest of which it proves that it was released. Raises TrustError."""
    try:
        evidence = parse(content)
        _check_named(_named(evidence.metadata, now, identity), evidence.manifest)
        released = manifest.parse(evidence.manifest)
    except Malformed as error:
        raise TrustError(f"evidence: {error}") from error
    check_meant(identity, released)
    return released


def captured(now: Accepted, content: bytes) -> bytes:
    """Evidence of a manifest, from what was accepted. Raises TrustError where that names another one by now, or none,
    and where it is too much."""
    if now.target is None:
        raise TrustError("evidence: the channel has no release for this device by now")
    _check_named(now.target, content)
    try:
        return encoded(Evidence(now.metadata, content))
    except Malformed as error:
        raise TrustError(f"evidence: {error}") from error


def renewed(content: bytes, now: Accepted) -> bytes:
    """The same manifest, as its channel names it now. Raises TrustError where it names another one."""
    try:
        return captured(now, parse(content).manifest)
    except Malformed as error:
        raise TrustError(f"evidence: {error}") from error


def capture(channel: AnchoredStore, identity: Identity, offered: Manifest, store: Store, slot: str) -> None:
    """Keep the evidence of what is installed into a slot, before it is: it proves nothing of a device that runs another
    version. An install is not held up by a release that cannot be proved later. Raises DeviceError."""
    try:
        content = captured(accepted(channel, identity), manifest.encoded(offered))
    except TrustError:
        store.drop(RECORDS[slot])
        return
    store.keep(RECORDS[slot], content)


def encoded(evidence: Evidence) -> bytes:
    """Its canonical form. Raises Malformed for what `parse` would refuse."""
    content = encode(
        {
            "schema": SCHEMA,
            "metadata": evidence.metadata.decode(errors="replace"),
            "manifest": evidence.manifest.decode(errors="replace"),
        }
    )
    parse(content)
    return content


def parse(content: bytes) -> Evidence:
    """Raises Malformed for anything but one of this schema in its canonical form."""
    if len(content) > LIMIT:
        raise Malformed(f"has more than {LIMIT} bytes")
    table = Table(parse_canonical(content), "evidence")
    table.allow("schema", "metadata", "manifest")
    if table.text("schema") != SCHEMA:
        raise Malformed(f"is of another schema than {SCHEMA}: {table.text('schema')[:80]!r}")
    return Evidence(
        table.text("metadata", _LIMITS.targets).encode(), table.text("manifest", manifest.SIZE_LIMIT).encode()
    )


def _named(metadata: bytes, now: Accepted, identity: Identity) -> TargetFile:
    """What was said of the manifest then, by the last role asked that has signed it. Raises TrustError."""
    refusals: list[str] = []
    for role, vouched in reversed(tuple(now.trusted.vouched.items())):
        try:
            then = states.with_past_targets(now.trusted, role, vouched.by, metadata)
        except TrustError as error:
            refusals.append(str(error))
            continue  # of another role, or of nobody's
        if (target := then.targets[role].targets.get(identity.target)) is not None:
            return target
        refusals.append(f"{role}: did not name {identity.target}")
    raise TrustError(refusals[0])


def _check_named(target: TargetFile, content: bytes) -> None:
    if not target.digests.fit(content):
        raise TrustError(f"{target.path}: is not of the length and digest that {target.role} names")
