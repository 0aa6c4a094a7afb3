"""Which files differ between two builds of a file system, and what of that a person should look at.

An update of a system changes hundreds of files, so that they are counted by folder, and what bears on security is
gathered by kind: new setuid programs, devices, keys, what everybody may write. Two inventories are merged line by line.
Times differ without meaning and count only when asked for; extended attributes count when both sides have any, owners
and modes when both sides know them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from firmward.audit.drift import Change
from firmward.model.inventory import FileState, Inventory, order, unpacked
from firmward.model.tree import Kind

LISTED = 100
"""Files that are listed one by one unless all are asked for; when there are more, folders are counted instead."""
SHOWN = 200
"""Paths kept of one kind of notable change, unless all are asked for."""
FOLDERS = 1000

OTHERS_WRITE, STICKY, RUNNABLE = 0o002, 0o1000, 0o111
SETUID, SETGID, GROUP_RUNS = 0o4000, 0o2000, 0o010
PATH = frozenset(("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin"))
CAPABILITY = "security.capability"
KEY_NAME = re.compile(
    r"(?:.*\.(?:pem|key|crt|cer|p12|pfx|jks|gpg)|authorized_keys2?|ssh_host_\w+_key|dropbear_\w+_host_key|id_(?:rsa|dsa|ecdsa|ed25519))$"
)
LOGIN = frozenset(
    (
        *("etc/passwd", "etc/shadow", "etc/group", "etc/sudoers", "etc/doas.conf", "etc/securetty"),
        *("etc/ld.so.preload", "etc/ssh/sshd_config", "etc/config/dropbear"),
    )
)
LOGIN_FOLDERS = ("etc/pam.d/", "etc/sudoers.d/", "etc/ssh/sshd_config.d/")


class Notable(StrEnum):
    """What a person should look at, the gravest first."""

    SETUID = "setuid"
    CAPABILITY = "capability"
    DEVICE = "device"
    WORLD_WRITABLE = "world-writable"
    LOGIN = "login"
    KEY = "key"
    TYPE = "type"
    PROGRAM = "program"
    MODE = "mode"
    OWNER = "owner"
    ATTRIBUTES = "attributes"


WORDS = {
    Notable.SETUID: "setuid or setgid programs",
    Notable.CAPABILITY: "file capabilities",
    Notable.DEVICE: "device nodes",
    Notable.WORLD_WRITABLE: "open to writing by everybody",
    Notable.LOGIN: "accounts and logins",
    Notable.KEY: "keys and certificates",
    Notable.TYPE: "of another type",
    Notable.PROGRAM: "programs in PATH",
    Notable.MODE: "modes",
    Notable.OWNER: "owners",
    Notable.ATTRIBUTES: "extended attributes",
}


@dataclass(frozen=True, slots=True)
class FileChange:
    """A name that differs; `differs` says in what, for one that both sides have."""

    path: str
    change: Change
    was: FileState | None
    now: FileState | None
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Noted:
    """Changes of one kind that are alike in `detail`: how many, and where (not all, when there are many)."""

    kind: Notable
    detail: str
    count: int
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FolderCount:
    """How many names differ under a folder at the top of a tree; empty for what stands at the top itself."""

    path: str
    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class TreeDifference:
    """How one file system differs. `old` and `new` are ids of parts. `unread` counts files whose content one side could
    not read. `changes` lists them all, or none when there are too many (`listed`)."""

    old: str
    new: str
    added: int = 0
    removed: int = 0
    changed: int = 0
    unread: int = 0
    bytes_old: int = 0
    bytes_new: int = 0
    folders: tuple[FolderCount, ...] = ()
    notable: tuple[Noted, ...] = ()
    changes: tuple[FileChange, ...] = ()
    listed: bool = True

    @property
    def total(self) -> int:
        return self.added + self.removed + self.changed


@dataclass(frozen=True, slots=True)
class Manner:
    """How files are compared: whether `times` count, whether `all` are listed, and `owners` (with modes) are known."""

    times: bool = False
    all: bool = False
    owners: bool = True


def tree_difference(old: Inventory, new: Inventory, manner: Manner) -> TreeDifference:
    """What differs between two inventories. Raises InputError for what is none."""
    attributes = old.attributes and new.attributes
    account = _Account(manner)
    for was, now in merged(unpacked(old), unpacked(new)):
        account.add(was, now, tuple(differences(was, now, manner, attributes=attributes)) if was and now else ())
    return account.close(old.part, new.part)


def merged(old: Iterable[FileState], new: Iterable[FileState]) -> Iterator[tuple[FileState | None, FileState | None]]:
    """Both sides by path, None where one has no such name."""
    olds, news = iter(old), iter(new)
    was, now = next(olds, None), next(news, None)
    while was is not None or now is not None:
        mine = None if was is None else order(was.path)
        theirs = None if now is None else order(now.path)
        left = mine is not None and (theirs is None or mine <= theirs)
        right = theirs is not None and (mine is None or theirs <= mine)
        yield was if left else None, now if right else None
        was = next(olds, None) if left else was
        now = next(news, None) if right else now


def differences(was: FileState, now: FileState, manner: Manner, *, attributes: bool) -> Iterator[str]:
    """In what two states of one name differ."""
    if was.kind is not now.kind:
        yield "type"
        return
    if was.size != now.size or (was.content != now.content and not (was.is_unread or now.is_unread)):
        yield "content"
    if was.target != now.target:
        yield "target"
    if was.device != now.device:
        yield "device"
    if manner.owners:
        if was.mode != now.mode and was.kind is not Kind.SYMLINK:
            yield "mode"
        if (was.uid, was.gid) != (now.uid, now.gid):
            yield "owner"
    if attributes and was.xattrs != now.xattrs:
        yield "attributes"
    if manner.times and was.mtime != now.mtime:
        yield "time"


@dataclass(slots=True)
class _Account:
    """What has been seen of a tree so far; bounded, however many files differ."""

    manner: Manner
    counts: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    folders: dict[str, dict[Change, int]] = field(default_factory=dict)
    noted: dict[tuple[Notable, str], list[str]] = field(default_factory=dict)
    amounts: dict[tuple[Notable, str], int] = field(default_factory=dict)
    changes: list[FileChange] = field(default_factory=list)
    unread: int = 0
    bytes_old: int = 0
    bytes_new: int = 0

    def add(self, was: FileState | None, now: FileState | None, differs: tuple[str, ...]) -> None:
        self.bytes_old += was.size if was else 0
        self.bytes_new += now.size if now else 0
        self.unread += bool((was and was.is_unread) or (now and now.is_unread))
        state = now or was
        if state is None or (was and now and not differs):
            return
        change = Change.CHANGED if was and now else Change.APPEARED if now else Change.VANISHED
        self.counts[change] += 1
        folder = state.path.partition("/")[0] if "/" in state.path else ""
        if folder in self.folders or len(self.folders) < FOLDERS:
            self.folders.setdefault(folder, dict.fromkeys(Change, 0))[change] += 1
        for kind, detail in notables(was, now, differs):
            self.amounts[kind, detail] = self.amounts.get((kind, detail), 0) + 1
            paths = self.noted.setdefault((kind, detail), [])
            if self.manner.all or len(paths) < SHOWN:
                paths.append(state.path)
        if self.manner.all or len(self.changes) <= LISTED:
            self.changes.append(FileChange(state.path, change, was, now, differs))

    def close(self, old: str, new: str) -> TreeDifference:
        listed = self.manner.all or len(self.changes) <= LISTED
        kinds = list(Notable)
        noted = sorted(self.noted, key=lambda key: (kinds.index(key[0]), -self.amounts[key], key[1]))
        return TreeDifference(
            old,
            new,
            self.counts[Change.APPEARED],
            self.counts[Change.VANISHED],
            self.counts[Change.CHANGED],
            self.unread,
            self.bytes_old,
            self.bytes_new,
            tuple(
                FolderCount(path, counts[Change.APPEARED], counts[Change.VANISHED], counts[Change.CHANGED])
                for path, counts in sorted(self.folders.items())
            ),
            tuple(
                Noted(kind, detail, self.amounts[kind, detail], tuple(self.noted[kind, detail]))
                for kind, detail in noted
            ),
            tuple(self.changes) if listed else (),
            listed,
        )


def notables(was: FileState | None, now: FileState | None, differs: tuple[str, ...]) -> Iterator[tuple[Notable, str]]:
    """What of one change is to be looked at, each with what is special in it."""
    if now is None:
        yield from _gone(was)
        return
    bits, before = _set_bits(now), 0 if was is None else _set_bits(was)
    fresh = was is None or "type" in differs
    if bits != before and (fresh or "mode" in differs):
        owner = f"{now.mode:04o}, owner {now.uid}:{now.gid}"
        yield Notable.SETUID, f"no longer, {now.mode:04o}" if not bits else f"new, {owner}" if not before else owner
    if _capability(was) != _capability(now) and (fresh or "attributes" in differs):
        yield Notable.CAPABILITY, "new" if not _capability(was) else "gone" if not _capability(now) else "changed"
    if now.device and (was is None or was.device != now.device or "type" in differs):
        yield Notable.DEVICE, f"new, {now.kind} {now.device[0]}:{now.device[1]}, {now.mode:04o}"
    opened = is_open(now) and not (was and is_open(was)) and (fresh or "mode" in differs)
    if opened:
        yield Notable.WORLD_WRITABLE, f"{'folders' if now.kind is Kind.DIRECTORY else 'files'}, {now.mode:04o}"
    if was is not None and "type" in differs:
        yield Notable.TYPE, f"{was.kind} → {now.kind}"
    yield from _content(was, now, differs)
    if was is not None:
        yield from _rights(was, now, differs, told=opened or bits != before)


def _gone(was: FileState | None) -> Iterator[tuple[Notable, str]]:
    if was is None:
        return
    if _set_bits(was):
        yield Notable.SETUID, "removed"
    if _is_key(was):
        yield Notable.KEY, "removed"
    if _is_login(was.path):
        yield Notable.LOGIN, "removed"


def _content(was: FileState | None, now: FileState, differs: tuple[str, ...]) -> Iterator[tuple[Notable, str]]:
    """New names, and what others read or run of which the content is another."""
    fresh = was is None
    word = "new" if fresh else "changed"
    if not fresh and not {"content", "target", "type"} & {*differs}:
        return
    if _is_login(now.path) and now.kind is not Kind.DIRECTORY:
        yield Notable.LOGIN, word
    if _is_key(now):
        yield Notable.KEY, f"{word}, {now.holds}" if now.holds else word
    runs = now.kind is Kind.SYMLINK or (now.kind is Kind.FILE and now.mode & RUNNABLE)
    if fresh and runs and now.path.rpartition("/")[0] in PATH:
        yield Notable.PROGRAM, "new"


def _rights(was: FileState, now: FileState, differs: tuple[str, ...], *, told: bool) -> Iterator[tuple[Notable, str]]:
    if "mode" in differs and not told:
        yield Notable.MODE, f"{was.mode:04o} → {now.mode:04o}"
    if "owner" in differs:
        yield Notable.OWNER, f"{was.uid}:{was.gid} → {now.uid}:{now.gid}"
    if "attributes" in differs:
        names = {name for name, _ in {*was.xattrs} ^ {*now.xattrs}} - {CAPABILITY}
        if names:
            yield Notable.ATTRIBUTES, ", ".join(sorted(names)[:4])


def _set_bits(state: FileState) -> int:
    """Those that Linux heeds: setgid only where the group may run it."""
    if state.kind is not Kind.FILE or not state.mode & RUNNABLE:
        return 0
    return state.mode & (SETUID | SETGID if state.mode & GROUP_RUNS else SETUID)


def _capability(state: FileState | None) -> str | None:
    return None if state is None else dict(state.xattrs).get(CAPABILITY)


def is_open(state: FileState) -> bool:
    """Whether everybody may change it, or take away what others put there."""
    if not state.mode & OTHERS_WRITE:
        return False
    return state.kind is Kind.FILE or (state.kind is Kind.DIRECTORY and not state.mode & STICKY)


def _is_key(state: FileState) -> bool:
    return state.kind is Kind.FILE and (
        state.holds is not None or KEY_NAME.match(state.path.rpartition("/")[2]) is not None
    )


def _is_login(path: str) -> bool:
    return path in LOGIN or path.startswith(LOGIN_FOLDERS)
