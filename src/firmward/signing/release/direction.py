"""The director by command: its root, and what it orders each device, in the folder of a repository (ADR 016).

| path | is | signed by |
| --- | --- | --- |
| `director/metadata/<n>.root.json` | whose keys order; the first goes into the image | role director-root, offline |
| `director/<device>/metadata/` | what one device is to have (signing/director.py) | role director, online |

The rules this file holds:

- What is ordered is what a channel offers, read from the repository after its signatures were verified.
- A device's own workflow takes what is made before anything of it is written, from the first root on and after what
  it has been told until now. So what a device would refuse, a replay as much as a mistake, is never published.
- Whatever ends the command, each device finds its old order or its new one.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError, TrustError
from firmward.signing import director
from firmward.signing.director import Lasting, Signing
from firmward.signing.key_store import KeyStore
from firmward.signing.ledger import RETIRED
from firmward.signing.role import Role
from firmward.signing.shelf import Shelf
from firmward.signing.tuf_keys import StoreSigner, tuf_key
from firmward.signing.tuf_model import Metadata, Root, Signer, TargetFile, Targets
from firmward.signing.tuf_repository import ROOTS_LIMIT, Channel, board_of, existing
from firmward.signing.unlock import Unlock
from firmward.trust import director as rules
from firmward.trust import trusted as states
from firmward.trust import workflow
from firmward.trust.metadata import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from firmward.trust.trusted import Moment, Trusted
from firmward.trust.workflow import Drop, Fetch, Keep, Limits, Recall, Request
from firmward.update.identity import is_device

FOLDER = "director"
ROOTS = f"{FOLDER}/metadata"
ONLINE = (TARGETS, SNAPSHOT, TIMESTAMP)
LIMITS = Limits()
WHENEVER = Moment(0)
"""Nothing has expired: what is there is read, to be replaced."""


@dataclass(frozen=True, slots=True)
class Director:
    """Whose online keys sign, how long an order counts, and what time it is."""

    store: KeyStore
    unlock: Unlock
    lasting: Lasting
    now: datetime


def root_file(version: int) -> str:
    return f"{ROOTS}/{version}.{ROOT}.json"


def place(device: str) -> str:
    """Where a device's repository is. Raises InputError for what no device may be called."""
    if not is_device(device):
        raise InputError(f"{device[:80]!r}: no device may be called so; letters, digits, dots and hyphens make a name")
    return f"{FOLDER}/{device}/metadata"


def devices(repository: Path) -> tuple[str, ...]:
    """All that were ever told anything."""
    names = (name.split("/") for name in Shelf(repository).names(FOLDER))
    return tuple(steps[1] for steps in names if steps[2:] == ["metadata", f"{TIMESTAMP}.json"] and is_device(steps[1]))


def next_root(
    repository: Path, owners: KeyStore, online: KeyStore, unlock: Unlock, now: datetime, days: int = 365
) -> int:
    """Write the director's first root, or the next one, and give its version. `owners` sign it; of `online` the public
    halves are read. Raises TrustError where devices would not follow."""
    shelf = Shelf(repository)
    with shelf.alone():
        before = _roots(shelf)
        named = _signing(owners, online)
        signers = _root_signers(owners, unlock, before)
        made = director.root_of(len(before) + 1, named, signers, now.replace(microsecond=0) + timedelta(days=days))
        _chained([*before, made])
        shelf.write(root_file(len(before) + 1), [made])
    return len(before) + 1


def order(
    repository: Path,
    names: Sequence[str],
    channel: Channel,
    board: str,
    version: str | None,
    slot: str,
    by: Director,
) -> str:
    """Have these devices install what the channel offers a board, which is to be of this version where one is given.
    Gives the version. Raises InputError where the channel offers another, or nothing."""
    state = existing(repository)
    path, targets = channel.path(board), state.of_channel(channel).signed
    manifest = state.manifest(path, targets)
    if manifest is None:
        raise InputError(f"{channel.product} {channel.name}: offers nothing for the board {board}")
    if version not in (None, manifest.version):
        raise InputError(
            f"{channel.product} {channel.name}: offers {manifest.version} for {board}, not {version}; devices install "
            "nothing that the channel does not offer. A device that has an order to run what it runs stays: renew it"
        )
    _give(repository, names, lambda device: director.order(path, manifest, device, slot), by)
    return manifest.version


def only_board(repository: Path, channel: Channel) -> str:
    """The board that a channel has releases for, where it has no other. Raises InputError."""
    paths = sorted(existing(repository).of_channel(channel).signed.targets)
    if len(paths) != 1:
        told = ", ".join(map(board_of, paths)) or "none"
        raise InputError(f"{channel.product} {channel.name}: say which --board; it has {told}")
    return board_of(paths[0])


def stay(repository: Path, names: Sequence[str], by: Director) -> None:
    """Have these devices install nothing: whatever they run, they stay with it."""
    _give(repository, names, lambda _: None, by)


def renew(repository: Path, names: Sequence[str], by: Director) -> None:
    """The same once more with a later date, by whichever of the director's keys it was said: after a theft order anew.
    Raises TrustError for what does not hold."""
    shelf = Shelf(repository)
    roots = _roots(shelf)
    said = {device: _said(shelf, device, roots) for device in names}
    _give(repository, names, said.__getitem__, by)


def _said(shelf: Shelf, device: str, roots: Sequence[bytes]) -> TargetFile | None:
    where = place(device)
    if not shelf.has(f"{where}/{TIMESTAMP}.json"):
        raise InputError(f"{device}: was never told anything; give it an order first")
    told = _Device(shelf, where, {ROOT: _first(roots)})  # by the keys of then, which may have been rotated since
    try:
        _agreed(told.refreshed(WHENEVER), device)
    except TrustError as error:
        raise TrustError(f"{device}: its order does not hold any more, give it a new one: {error}") from error
    return next(iter(Metadata[Targets].from_bytes(told.kept[TARGETS]).signed.targets.values()), None)


def _give(repository: Path, names: Sequence[str], ordered: Callable[[str], TargetFile | None], by: Director) -> None:
    """All names are looked at, and the keys are opened, before anything is written."""
    shelf = Shelf(repository)
    places = {device: place(device) for device in names}
    with shelf.alone():
        roots = _roots(shelf)
        _first(roots)
        signers = _online(roots[-1], by)
        for device, where in places.items():
            version = _next_version(shelf, where)
            made = director.files(version, roots[-1], ordered(device), signers, by.now, by.lasting)
            # a root counts at once, as the timestamp does: those that a device may lack come shortly before it
            last = {name: made.pop(name) for name in (f"{len(roots)}.{ROOT}.json", f"{TIMESTAMP}.json")}
            written = {**made, **_root_files(roots), **last}
            _rehearse(shelf, device, roots, written, by.now)
            for name, content in written.items():
                if not _is_same(shelf, f"{where}/{name}", content):
                    shelf.write(f"{where}/{name}", [content])
            _tidy(shelf, where, version - 2)


def _rehearse(shelf: Shelf, device: str, roots: Sequence[bytes], files: Mapping[str, bytes], now: datetime) -> None:
    """A device that has taken what it was told until now has to take this. Raises TrustError."""
    where = place(device)
    told = _Device(shelf, where, {ROOT: _first(roots)}, _root_files(roots))
    if shelf.has(f"{where}/{TIMESTAMP}.json"):
        with suppress(TrustError):  # as after an interrupted change of roots: a device keeps nothing of that
            told.refreshed(WHENEVER)
    told.files = files
    _agreed(told.refreshed(Moment(int(now.timestamp()))), device)


def _agreed(trusted: Trusted, device: str) -> None:
    """Raises TrustError for another device's order, or two."""
    found = rules.ordered(trusted)
    said = None if found is None else rules.read(found)
    if said is not None and said.device != device:
        raise TrustError(f"director: the order is for the device {said.device!r}, and this is {device!r}")


@dataclass
class _Device:
    """It remembers in `kept`, and is given `files` by their names before those that lie in its place."""

    shelf: Shelf
    where: str
    kept: dict[str, bytes]
    files: Mapping[str, bytes] = field(default_factory=dict)

    def refreshed(self, moment: Moment) -> Trusted:
        return workflow.performed(workflow.refresh(moment, LIMITS), self._answer)

    def _answer(self, request: Request) -> bytes | None:
        if isinstance(request, Recall):
            return self.kept.get(request.role)
        if isinstance(request, Fetch):
            prefix = "" if request.version is None else f"{request.version}."
            return self._file(f"{prefix}{request.role}.json", request.limit)
        if isinstance(request, Keep):
            self.kept[request.role] = request.content
        elif isinstance(request, Drop):
            self.kept.pop(request.role, None)
        return None

    def _file(self, name: str, limit: int) -> bytes | None:
        if name in self.files:
            return self.files[name]
        path = f"{self.where}/{name}"
        return self.shelf.content(path, limit) if self.shelf.has(path) else None


# ------------------------------------------------------------------ the root


def _roots(shelf: Shelf) -> tuple[bytes, ...]:
    """All of them, the first one first. Raises TrustError where one does not follow another."""
    found: list[bytes] = []
    while len(found) < ROOTS_LIMIT and shelf.has(root_file(len(found) + 1)):
        found.append(shelf.content(root_file(len(found) + 1), LIMITS.root))
    _chained(found)
    return tuple(found)


def _chained(roots: Sequence[bytes]) -> None:
    trusted: Trusted | None = None
    for content in roots:
        trusted = states.first_root(content) if trusted is None else states.with_root(trusted, content)


def _first(roots: Sequence[bytes]) -> bytes:
    if not roots:
        raise InputError(f"{root_file(1)}: the director has no root yet; `firmward release director root` makes it")
    return roots[0]


def _root_files(roots: Sequence[bytes]) -> dict[str, bytes]:
    return {f"{number}.{ROOT}.json": content for number, content in enumerate(roots, 1)}


def _signing(owners: KeyStore, online: KeyStore) -> dict[str, Signing]:
    found = {}
    for name in (ROOT, *ONLINE):
        store, role = (owners, Role.DIRECTOR_ROOT) if name == ROOT else (online, Role.DIRECTOR)
        keys = [tuf_key(store.public_of(key)) for key in store.active(role)]
        wanted = max(store.ledger.threshold(role), 1)
        if len(keys) < wanted:
            raise InputError(
                f"{store.folder}: has {len(keys)} keys of the role {role}, and {wanted} have to sign; `firmward keys "
                f"init {role} --store {store.folder}` or `keys rotate` makes them"
            )
        found[name] = Signing(keys, wanted)
    return found


def _root_signers(owners: KeyStore, unlock: Unlock, before: Sequence[bytes]) -> list[Signer]:
    """Those that sign from now on, and the retired ones that the root before names."""
    former = Metadata[Root].from_bytes(before[-1]).signed.roles[ROOT].keyids if before else ()
    retired = [
        owners.signer(key, unlock)
        for key in owners.keys(Role.DIRECTOR_ROOT)
        if key.state == RETIRED and tuf_key(owners.public_of(key)).keyid in former
    ]
    return [StoreSigner(key) for key in (*owners.signers(Role.DIRECTOR_ROOT, unlock), *retired)]


def _online(root: bytes, by: Director) -> dict[str, list[Signer]]:
    """As many keys of the store as each role asks for. Raises TrustError where it has too few."""
    signed = Metadata[Root].from_bytes(root).signed
    known = {tuf_key(by.store.public_of(key)).keyid: key for key in by.store.active(Role.DIRECTOR)}
    wanted = max(signed.roles[name].threshold for name in ONLINE)
    ids = [id for id in signed.roles[TARGETS].keyids if id in known]
    if len(ids) < wanted:
        raise TrustError(
            f"{by.store.folder}: has {len(ids)} of the director keys that root {signed.version} names, and {wanted} "
            "have to sign: it is another store, or `firmward release director root` is to name its new keys"
        )
    signers: list[Signer] = [StoreSigner(by.store.signer(known[id], by.unlock)) for id in ids[:wanted]]
    return dict.fromkeys(ONLINE, signers)


# ------------------------------------------------------------------ files


def _next_version(shelf: Shelf, where: str) -> int:
    try:
        return director.next_version(shelf.folder / where)
    except (Malformed, OSError) as error:
        raise InputError(f"{shelf.folder / where}/{TIMESTAMP}.json: {error}") from error


def _is_same(shelf: Shelf, name: str, content: bytes) -> bool:
    return shelf.has(name) and shelf.content(name, LIMITS.root) == content


def _tidy(shelf: Shelf, where: str, version: int) -> None:
    """An order is renewed each day for years: what two newer ones have followed goes."""
    for role in (TARGETS, SNAPSHOT):
        (shelf.folder / where / f"{version}.{role}.json").unlink(missing_ok=True)
