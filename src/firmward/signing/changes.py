"""What changes a store: it is made, a role is added, a key rotated or revoked. Each is decided first, and done then."""

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from firmward.model.errors import InputError
from firmward.signing import custody, ledger, private_files
from firmward.signing.custody import PRIVATE, PUBLIC, Making
from firmward.signing.key_store import LEDGER, KeyStore
from firmward.signing.ledger import RETIRED, REVOKED, KeyRecord, Ledger, RoleRecord
from firmward.signing.role import ROOTS, Role
from firmward.signing.store_change import Change, changing
from firmward.signing.unlock import Unlock

USUAL = Making()


@dataclass(frozen=True, slots=True)
class NewRole:
    """`threshold` keys are made, and with `spare` one more that signs nothing yet."""

    role: Role
    making: Making = USUAL
    threshold: int = 1
    spare: bool = False

    def check(self) -> None:
        """Raises InputError."""
        self.making.check()
        self.making.algorithm_for(self.role)
        if not 1 <= self.threshold <= ledger.THRESHOLD_LIMIT:
            raise InputError(f"{self.role}: a threshold is a number from 1 to {ledger.THRESHOLD_LIMIT}")
        if self.role is Role.BOOT and self.threshold > 1:
            raise InputError("boot: has a threshold of 1, since U-Boot is content with any one of its keys")
        if self.spare and self.role is not Role.BOOT:
            raise InputError(f"{self.role}: only boot has a spare; the keys of other roles are replaced by an update")


@dataclass(frozen=True, slots=True)
class Rotation:
    """`retired` is None where the new key fills the place of a revoked one; `spare` is the next spare."""

    new: KeyRecord
    retired: KeyRecord | None = None
    spare: KeyRecord | None = None


def check_new(folder: Path, roles: Sequence[NewRole]) -> None:
    """Whether `init` could do it, before any secret is asked for. Raises InputError."""
    for one in roles:
        one.check()
    if (folder / LEDGER).exists():
        store = KeyStore.open(folder)
        there = [one.role for one in roles if store.keys(one.role)]
        if there:
            raise InputError(
                f"{folder}: is a key store already and has keys of {', '.join(there)}; nothing was changed. "
                "`firmward keys list` shows them, `firmward keys rotate ROLE` makes a new one"
            )
    elif folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise InputError(f"{folder}: is there already and is no key store; nothing was changed")
    elif not folder.absolute().parent.is_dir():
        raise InputError(f"{folder}: there is no folder {folder.parent}")


def init(folder: Path, roles: Sequence[NewRole], unlock: Unlock, today: date) -> tuple[KeyRecord, ...]:
    """A new store with these roles, or these roles in a store that has not got them; the keys that were made."""
    check_new(folder, roles)
    for one in roles:
        one.making.obtain_secret(unlock)
    if (folder / LEDGER).exists():
        return _add(folder, roles, unlock, today)
    return _create(folder, roles, unlock, today)


def rotate(
    folder: Path,
    role: Role,
    unlock: Unlock,
    today: date,
    *,
    which: str | None = None,
    to_spare: bool = False,
    making: Making | None = None,
) -> Rotation:
    """A new key; the present one is retired unless a revoked one has left its place empty. With `to_spare` the spare
    becomes the working key, and the new one the next spare."""
    decided = plan(KeyStore.open(folder), role, which=which, to_spare=to_spare)
    making = making or custody.made_like(decided.like)
    making.check()
    making.algorithm_for(role)
    making.obtain_secret(unlock)
    with changing(folder, unlock) as change:
        decided = plan(change.store, role, which=which, to_spare=to_spare)
        fresh = replace(change.make(role, making, today), spare=to_spare)
        keys = tuple(_after_rotation(key, decided, today) for key in change.ledger.key)
        change.ledger = replace(change.ledger, key=(*keys, fresh))
        working = fresh
        if decided.promoted is not None:
            working = next(key for key in keys if key.id == decided.promoted.id)
    retired = next((key for key in keys if decided.retired is not None and key.id == decided.retired.id), None)
    return Rotation(working, retired, fresh if to_spare else None)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rotation will do: the key that is `retired`, the spare that is `promoted`, and what the new key is
    made `like`."""

    like: KeyRecord
    retired: KeyRecord | None
    promoted: KeyRecord | None


def plan(store: KeyStore, role: Role, *, which: str | None = None, to_spare: bool = False) -> Plan:
    """Raises InputError where there is nothing to rotate, or it cannot be told what."""
    keys, working = store.keys(role), store.active(role)
    if not keys:
        raise InputError(f"{role}: has no keys to rotate; `firmward keys init {role}` makes them")
    spare = store.spare(role)
    if to_spare and spare is None:
        raise InputError(f"{role}: has no spare; it can only be made by `firmward keys init boot --spare`")
    retired = None
    if which is not None:
        retired = store.find(which)
        if retired not in working:
            raise InputError(f"{which}: is not a working key of {role}")
    elif len(working) >= store.ledger.threshold(role):
        if len(working) > 1:
            names = ", ".join(key.name for key in working)
            raise InputError(f"{role}: has {len(working)} working keys ({names}); say which with --key")
        retired = working[0]
    return Plan(retired or keys[-1], retired, spare if to_spare else None)


def revoke(folder: Path, name: str, reason: str, today: date, *, at_once: bool = False) -> KeyRecord:
    """Never sign with this key again. Raises InputError as `check_revocable` does."""
    ledger.check_text(reason, "--reason")
    with changing(folder, Unlock()) as change:
        key = check_revocable(change.store, name, at_once=at_once)
        gone = replace(key, state=REVOKED, since=today, reason=reason, spare=False)
        change.ledger = replace(
            change.ledger, key=tuple(gone if one.id == key.id else one for one in change.ledger.key)
        )
    return gone


def check_revocable(store: KeyStore, name: str, *, at_once: bool = False) -> KeyRecord:
    """Raises InputError for a key that was revoked before, and for one of a root that is still needed: devices believe
    the list that names its successor only with its signature (TUF 1.0, section 5.3.4)."""
    key = store.find(name)
    if key.state == REVOKED:
        raise InputError(f"{key.name}: was revoked already, on {key.since} ({key.reason}); nothing was changed")
    left = [one for one in store.active(Role(key.role)) if one.id != key.id]
    needed = key.role in ROOTS and key.is_working and len(left) < store.ledger.threshold(Role(key.role))
    if needed and not at_once:
        raise InputError(
            f"{key.name}: has to sign the list that names its successor; `firmward keys rotate {key.role} --key "
            f"{key.name}` first, publish that list, then revoke. With --at-once it is revoked now, and devices have to "
            "be given the new list by hand"
        )
    return key


def _after_rotation(key: KeyRecord, decided: Plan, today: date) -> KeyRecord:
    if decided.retired is not None and key.id == decided.retired.id:
        return replace(key, state=RETIRED, since=today, reason="rotated")
    if decided.promoted is not None and key.id == decided.promoted.id:
        return replace(key, spare=False, since=today)
    return key


def _create(folder: Path, roles: Sequence[NewRole], unlock: Unlock, today: date) -> tuple[KeyRecord, ...]:
    """Fill a folder beside its place, and rename it: a store is there whole or not at all."""
    hidden = folder.absolute().with_name(f".{folder.absolute().name}.{secrets.token_hex(4)}.tmp")
    try:
        hidden.mkdir(mode=0o700)
        for name in (PRIVATE, PUBLIC):
            (hidden / name).mkdir(mode=0o700)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from error
    change = Change(hidden, KeyStore(hidden, Ledger()), unlock)
    try:
        for one in roles:
            _add_role(change, one, today)
        change.commit()
        hidden.rename(folder)  # fails where somebody has filled the place meanwhile
    except BaseException as error:
        if hidden.exists():
            (hidden / LEDGER).unlink(missing_ok=True)
            change.undo()
            shutil.rmtree(hidden, ignore_errors=True)
        if isinstance(error, OSError):
            raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from error
        raise
    private_files.sync(folder.absolute().parent)
    return change.ledger.key


def _add(folder: Path, roles: Sequence[NewRole], unlock: Unlock, today: date) -> tuple[KeyRecord, ...]:
    with changing(folder, unlock) as change:
        check_new(folder, roles)  # another may have been faster
        before = len(change.ledger.key)
        for one in roles:
            _add_role(change, one, today)
    return change.ledger.key[before:]


def _add_role(change: Change, one: NewRole, today: date) -> None:
    keys = tuple(change.make(one.role, one.making, today) for _ in range(one.threshold))
    if one.spare:
        keys = (*keys, replace(change.make(one.role, one.making, today), spare=True))
    roles = (*change.ledger.role, RoleRecord(one.role, one.threshold))
    change.ledger = replace(change.ledger, role=roles, key=(*change.ledger.key, *keys))
