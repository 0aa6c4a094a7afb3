"""Which places can be changed on the running system, and by whom.

Rules. A path lies on the file system that is mounted over it; a bind mount shows another folder, whatever its own
options say; an overlay takes what is written into its `upperdir`. What is kept in memory only is gone at the next boot.
A symbolic link in a fixed place that leads to a writable one is as writable as that. Below the mounts lies the root;
its state is given to `ground`, since it may be known from elsewhere, and may be unknown. An initramfs lies in memory.

Modes: root alone should write. A folder's writer may put another file in the place of one that he may not change,
unless the folder is sticky. A group or an owner counts when an account has it; a group without members is nobody's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from posixpath import join

from firmward.facts.accounts import Accounts
from firmward.facts.init import Init, Program
from firmward.facts.mounts import REMOTE, VOLATILE, Mount, Mounts
from firmward.facts.process import Start
from firmward.facts.root_mount import RootMount
from firmward.facts.startup import Startup
from firmward.model.facts import Unavailable, Unknown
from firmward.model.parts import Parts
from firmward.model.report import Role
from firmward.model.tree import LINK_LIMIT, Entry, Kind, Tree

OTHERS_WRITE, GROUP_WRITE, OWNER_WRITE, STICKY = 0o002, 0o020, 0o200, 0o1000
DEPTH_LIMIT = 8
"""Bind mounts of bind mounts."""

NAMES_LIMIT = 2000
"""Names looked at in one folder with all that is below it."""

SYSTEM_FOLDERS = frozenset((
    "", "bin", "boot", "etc", "home", "lib", "lib64", "nix", "opt", "overlay", "root", "sbin", "srv", "usr", "var",
))  # fmt: skip
"""A file system of its own here holds parts of the system, with programs and hooks as they are meant."""

OWNED_BY_ROOT = ("etc", "etc/passwd", "sbin/init", "bin/busybox", "usr/bin")
"""What belongs to root on every system."""


class Ground(StrEnum):
    """What a path stands on, from the best to the worst."""

    FIXED = "fixed"
    VOLATILE = "volatile"
    """In memory: gone at the next boot."""
    UNKNOWN = "unknown"
    WRITABLE = "writable"


ORDER = tuple(Ground)


@dataclass(frozen=True, slots=True)
class Opening:
    """A `path` on the way to a file or in a folder, with its `mode`, that somebody but root may write: `who`."""

    path: str
    mode: int
    who: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a path stands: where it `leads` (links followed; it need not be there), and on what `ground`.

    `mount` is where the file system with that ground is mounted, None for the root. `openings` are who else may write.
    `link` is the symbolic link that leads there from another file system.
    """

    leads: str
    ground: Ground
    mount: str | None = None
    openings: tuple[Opening, ...] = ()
    link: str | None = None


@dataclass(frozen=True, slots=True)
class People:
    """Who there is beside root: `users` and `groups` by number with a name; `unknown` says why that is not known."""

    users: tuple[tuple[int, str], ...] = ()
    groups: tuple[tuple[int, str], ...] = ()
    unknown: str | None = None

    def writer(self, entry: Entry) -> str | None:
        """Who but root may write this entry."""
        if entry.mode & OTHERS_WRITE:
            return "everybody"
        user = next((name for uid, name in self.users if uid == entry.uid), None) if entry.uid else None
        if user is not None and entry.mode & OWNER_WRITE:
            return f"the user {user}"
        group = next((name for gid, name in self.groups if gid == entry.gid), None) if entry.gid else None
        return f"the group {group}" if group is not None and entry.mode & GROUP_WRITE else None

    def may_hide_a_writer(self, entry: Entry) -> bool:
        """Whether somebody might be behind the owner or group of an entry, if accounts are not known."""
        by_owner = entry.uid and entry.mode & OWNER_WRITE
        return self.unknown is not None and bool(by_owner or (entry.gid and entry.mode & GROUP_WRITE))


@dataclass(frozen=True, slots=True)
class Writable:
    """`root` is the ground of the root file system; `mounts` what lies over it; `people` who may write by the modes.

    `unread` says in words what could not be worked out.
    """

    root: Ground
    mounts: Mounts
    people: People
    unread: tuple[str, ...] = ()

    def is_led_out(self, stands: "Standing") -> bool:
        """Whether a path leads to a file system for data, which outlives every update of the system's own."""
        first = (stands.mount or "").strip("/").partition("/")[0]
        return stands.ground is Ground.WRITABLE and first not in SYSTEM_FOLDERS


def collect(
    tree: Tree,
    mounts: Mounts | Unknown | None,
    init: Init | Unknown | None,
    accounts: Accounts | Unknown | None,
    startup: Startup | Unknown | None,
    mounted: RootMount | Unknown | None,
    parts: Parts | None,
) -> Writable | None:
    if not tree.names(""):
        return None
    unread = (mounts.reason,) if isinstance(mounts, Unknown) else ()
    known = mounts if isinstance(mounts, Mounts) else Mounts(())
    if parts is not None and parts.own.part.role is Role.INITRAMFS:
        return Writable(Ground.VOLATILE, _beside_the_system(known), _people(tree, accounts, startup), unread)
    is_procd = isinstance(init, Init) and init.program is Program.PROCD
    root = Ground.WRITABLE if is_procd and known.at("/overlay") is not None else root_of(known)
    if root is Ground.UNKNOWN and isinstance(mounted, RootMount) and mounted.is_writable is not None:
        root = Ground.WRITABLE if mounted.is_writable else Ground.FIXED
    return Writable(root, known, _people(tree, accounts, startup), unread)


def _beside_the_system(mounts: Mounts) -> Mounts:
    """What an initramfs mounts over a system folder lies below the root that it hands over to, and not over its own."""
    own = [mount for mount in mounts.mounts if mount.target.strip("/").partition("/")[0] not in SYSTEM_FOLDERS]
    return replace(mounts, mounts=tuple(own))


def sole_owner(tree: Tree) -> tuple[int, int] | None:
    """The user and group who own what is root's on every system, where they are not root: so an unpacking by a user
    leaves it, and owners were not kept."""
    entries = [entry for path in OWNED_BY_ROOT if (entry := tree.resolve(path)) is not None]
    is_one = len({entry.uid for entry in entries}) == 1 and entries[0].uid != 0
    return (entries[0].uid, entries[0].gid) if is_one else None


def _people(tree: Tree, accounts: Accounts | Unknown | None, startup: Startup | Unknown | None) -> People:
    if sole_owner(tree) is not None:
        return People(unknown="owners and groups were not kept: what is root's on every system is not root's here")
    if not isinstance(accounts, Accounts):
        return People(unknown=accounts.reason if accounts is not None else None)
    others = [account for account in accounts.accounts if account.uid]
    users = {account.uid: account.name for account in others}
    users |= {uid: str(uid) for uid in _running(startup)}
    names = {account.name for account in others}
    groups = {group.gid: group.name for group in accounts.groups if names & set(group.members)}
    named = {group.gid: group.name for group in accounts.groups}
    groups |= {account.gid: named.get(account.gid, str(account.gid)) for account in others}
    return People(tuple(users.items()), tuple(groups.items()))


def _running(startup: Startup | Unknown | None) -> Iterator[int]:
    """Users that are numbers without an account."""
    for process in startup.processes if isinstance(startup, Startup) else ():
        user = process.user or ""
        if process.start is not Start.DISABLED and user.isdecimal() and int(user[:10]) > 0:
            yield int(user[:10])


def root_of(mounts: Mounts) -> Ground:
    """What the mounts say of the root file system itself."""
    mount = mounts.at("/")
    if mount is None or not mount.automatic:
        return Ground.UNKNOWN
    return _of_mount(mount, mounts, Ground.UNKNOWN, 0)


def ground(path: str, mounts: Mounts, root: Ground, depth: int = 0) -> Ground:
    """What a path stands on when the root file system is as given."""
    mount = covering(path, mounts)
    return root if mount is None or depth > DEPTH_LIMIT else _of_mount(mount, mounts, root, depth)


def covering(path: str, mounts: Mounts) -> Mount | None:
    """The mount over a path that comes up by itself; None for the root."""
    place = "/" + path.strip("/") + "/"
    over = [mount for mount in mounts.mounts if place.startswith(mount.target + "/") and mount.automatic]
    return max(over, key=lambda mount: len(mount.target), default=None)


def _of_mount(mount: Mount, mounts: Mounts, root: Ground, depth: int) -> Ground:
    if not mount.is_decided:
        return Ground.UNKNOWN
    if mount.is_bind and mount.source.startswith("/"):
        return ground(mount.source, mounts, root, depth + 1)
    if "overlay" in (mount.type, mount.source):
        upper = next((option.partition("=")[2] for option in mount.options if option.startswith("upperdir=")), "")
        return ground(upper, mounts, root, depth + 1) if upper else Ground.FIXED
    if mount.type in REMOTE:
        return Ground.WRITABLE
    if mount.type in VOLATILE or mount.source in VOLATILE:
        return Ground.VOLATILE
    return Ground.WRITABLE if mount.is_writable else Ground.FIXED


@dataclass(frozen=True, slots=True)
class _Trail:
    """`names` are the paths that were looked up on the way (links and the end), `leads` the last, `entry` what is
    there."""

    names: tuple[str, ...]
    leads: str
    entry: Entry | None


def _trail(tree: Tree, path: str) -> _Trail:
    """The way of a path through the links of a tree, to its end even if nothing is there."""
    pending = [step for step in reversed(path.split("/")) if step not in ("", ".")]
    names: list[str] = []
    here, links = "", 0
    while pending:
        step = pending.pop()
        if step == "..":
            here = here.rpartition("/")[0]
            continue
        place = join(here, step)
        names.append(place)
        entry = tree.lstat(place)
        if entry is None or links > LINK_LIMIT:
            leads = join(place, *(step for step in reversed(pending) if step != ".."))
            return _Trail((*names, leads), leads, None)
        if entry.kind is not Kind.SYMLINK or entry.target is None:
            here = place
            continue
        links += 1
        here = "" if entry.target.startswith("/") else here
        pending.extend(part for part in reversed(entry.target.split("/")) if part not in ("", "."))
    return _Trail(tuple(names), here, tree.lstat(here))


def standing(tree: Tree, writable: Writable, path: str) -> Standing:
    """How a file, or a folder with all that is in it, stands. Raises Unavailable when who may write is not known."""
    trail = _trail(tree, path)
    # of places alike the end of the way counts
    grounds = [(ground(name, writable.mounts, writable.root), name) for name in trail.names]
    worst, place = max(reversed(grounds), key=lambda each: ORDER.index(each[0]), default=(writable.root, ""))
    mount = covering(place, writable.mounts)
    found = Standing(trail.leads, worst, mount.target if mount is not None else None, link=_link(tree, trail, place))
    return found if worst is Ground.VOLATILE else replace(found, openings=tuple(_openings(tree, writable, trail)))


def _link(tree: Tree, trail: _Trail, place: str) -> str | None:
    """The last link on the way before the place that the ground is that of."""
    before = trail.names[: trail.names.index(place)] if place in trail.names else ()
    entries = (entry for name in reversed(before) if (entry := tree.lstat(name)) is not None)
    return next((entry.path for entry in entries if entry.kind is Kind.SYMLINK), None)


def _openings(tree: Tree, writable: Writable, trail: _Trail) -> Iterator[Opening]:
    for entry in (*_folders(tree, trail), *_below(tree, trail.entry)):
        if _is_mounted_over(entry.path, writable):
            continue
        who = writable.people.writer(entry)
        sticky = entry.mode & STICKY and entry.kind is Kind.DIRECTORY and _is_above(entry.path, trail)
        if who is not None and not sticky:
            yield Opening(entry.path, entry.mode, who)
        elif who is None and writable.people.may_hide_a_writer(entry):
            raise Unavailable(f"who may write {entry.path} cannot be told: {writable.people.unknown}")


def _is_mounted_over(path: str, writable: Writable) -> bool:
    """What a mount covers has the modes of what is mounted. What the image has below a place for data shows how these
    data are: an image with files there is one of the whole device, or fills the place from them."""
    mount = covering(path, writable.mounts)
    is_data = mount is not None and path.strip("/") != mount.target.strip("/")
    return mount is not None and not (is_data and ground(path, writable.mounts, writable.root) is Ground.WRITABLE)


def _is_above(path: str, trail: _Trail) -> bool:
    """Whether a folder lies above what is there, so that a sticky bit protects it."""
    return trail.entry is not None and path != trail.entry.path and not path.startswith(f"{trail.entry.path}/")


def _folders(tree: Tree, trail: _Trail) -> Iterator[Entry]:
    """The folders in which a name decides where the path leads."""
    seen: set[str] = set()
    for name in trail.names:
        steps = name.split("/")
        for depth in range(1, len(steps)):
            path = "/".join(steps[:depth])
            entry = None if path in seen else tree.lstat(path)
            seen.add(path)
            if entry is not None and entry.kind is Kind.DIRECTORY:
                yield entry


def _below(tree: Tree, entry: Entry | None) -> Iterator[Entry]:
    """A file itself, or a folder and all files and folders in it, links left out."""
    pending = [entry] if entry is not None and entry.path else []
    for count, each in enumerate(pending):  # which grows meanwhile
        if each.kind in (Kind.FILE, Kind.DIRECTORY):
            yield each
        if each.kind is Kind.DIRECTORY and count < NAMES_LIMIT:
            inner = (tree.lstat(join(each.path, name)) for name in tree.names(each.path))
            pending.extend(child for child in inner if child is not None)
