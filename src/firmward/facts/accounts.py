"""The system's accounts and groups: passwd, shadow, group and gshadow.

Rules, from passwd(5), shadow(5), nsswitch and BusyBox's own lookup:

- A name that comes twice is what came first; look-ups find no other.
- The password is passwd's second field, unless that is `x` (for BusyBox `*` too): then shadow's. Without an entry in
  shadow nobody can log in with a password. An empty field is an empty password. `!` or `*` in front locks the account;
  no hash begins with either. So does shadow's own `x`, which OpenWrt writes for each account that a package adds.
- An empty shell is /bin/sh. nologin, false and their like let nobody in, whatever the password.
- A line that begins with `+` or `-` takes accounts from NIS; we note it, for they cannot be seen in the image.
- Vendors keep passwd as a link into /tmp or /data, filled at boot from a copy that lies in the image: then the copy is
  read. A link to nowhere without a copy is unknown.

A fact says how a password is kept, never the hash. `password_fields` is for the collector that tries passwords.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats import crypt_hash
from firmward.formats.crypt_hash import WEAK, Scheme
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

PASSWD, SHADOW, GROUP, GSHADOW = "etc/passwd", "etc/shadow", "etc/group", "etc/gshadow"

ELSEWHERE = ("usr/etc/{}", "usr/lib/{}", "usr/share/baselayout/{}", "lib/{}")
"""Where systems without state keep the files that the image brings."""

COPIES = (
    "etc/{}.default",
    "etc/{}.orig",
    "etc/{}.sample",
    "etc/default/{}",
    "etc/defaults/{}",
    "etc.default/{}",
    "etc_default/{}",
    "etc_ro/{}",
    "etc.orig/{}",
    "etc.ro/{}",
    "rom/etc/{}",
    "usr/etc/{}",
    "usr/share/etc/{}",
    "default/etc/{}",
    "defaults/etc/{}",
)
"""What vendors copy to the place that their link leads to."""

NO_LOGIN = re.compile(r"(^|/)(nologin|false|true|null|sync|halt|shutdown|reboot|poweroff|git-shell)$")
"""Shells that end at once, or do one harmless thing."""

LINE_LIMIT = 2000
"""Lines read of one file; an image has tens."""


class Password(StrEnum):
    """How an account's password stands."""

    EMPTY = "empty"
    HASHED = "hashed"
    LOCKED = "locked"
    MISSING = "missing"
    """`x`, and no entry in shadow: no password matches."""
    UNKNOWN = "unknown"
    """It lies in a file that cannot be read."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `scheme` is set for a hash; `in_passwd` says that everybody on the device can read it.

    `name`, `uid`, `gid` and `home` stand as in passwd's line, `at`; `shell` is /bin/sh where that is empty. `password`
    says what the password field holds, and `password_at` is the line with that field, mostly shadow's. `groups` are
    names: the account's own group, where the group file has it, then those that list the account.
    """

    name: str
    uid: int
    gid: int
    home: str
    shell: str
    password: Password
    scheme: Scheme | None
    groups: tuple[str, ...]
    at: Location
    password_at: Location
    in_passwd: bool = False

    @property
    def has_login_shell(self) -> bool:
        return NO_LOGIN.search(self.shell) is None

    @property
    def has_usable_password(self) -> bool:
        return self.password in (Password.EMPTY, Password.HASHED)

    @property
    def has_weak_hash(self) -> bool:
        return self.scheme in WEAK

    @property
    def is_unhashed(self) -> bool:
        """The field holds neither a hash nor a lock."""
        return self.scheme is Scheme.UNRECOGNISED

    @property
    def can_log_in(self) -> bool:
        """With a password, where something asks for one."""
        return self.has_login_shell and self.has_usable_password


@dataclass(frozen=True, slots=True)
class Group:
    """One line, `at`, of the group file: its `name`, `gid` and `members`, the names that it lists.

    An account whose own group this is need not be listed. `scheme` is that of the group's password, from gshadow where
    the line says `x`; None where there is no hash.
    """

    name: str
    gid: int
    members: tuple[str, ...]
    scheme: Scheme | None
    at: Location

    @property
    def has_weak_hash(self) -> bool:
        return self.scheme in WEAK


@dataclass(frozen=True, slots=True)
class Accounts:
    """All `accounts` and `groups` in the order of the files. `nis` is the line that asks NIS for more.

    `unread` says which of shadow, group and gshadow are there but could not be read, and why.
    """

    accounts: tuple[Account, ...]
    groups: tuple[Group, ...]
    nis: Location | None = None
    unread: tuple[str, ...] = ()

    def get(self, name: str) -> Account | None:
        return next((account for account in self.accounts if account.name == name), None)

    def members(self, group: str) -> tuple[Account, ...]:
        """The accounts in a group, by membership or as their own group."""
        return tuple(account for account in self.accounts if group in account.groups)


@dataclass(frozen=True, slots=True)
class Table:
    """One of the four files: `path`, where it was found, and its `text`. `unread` is why there is no text."""

    path: str
    text: str | None
    unread: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table: `fields` are what stands between its colons, `at` is its place."""

    fields: tuple[str, ...]
    at: Location

    def get(self, index: int) -> str:
        return self.fields[index] if index < len(self.fields) else ""


@dataclass(frozen=True, slots=True)
class Field:
    """An account's password field itself: for collectors only, it never enters a fact.

    `account` is the name; `value` is a hash, a lock, nothing, or what a vendor put there. `at` is the line that holds
    it, passwd's own where `in_passwd`.
    """

    account: str
    value: str
    at: Location
    in_passwd: bool


def collect(tree: Tree) -> Accounts | None:
    passwd = _table(tree, "passwd")
    if passwd is None:
        return None
    if passwd.text is None:
        raise Unavailable(passwd.unread or f"{passwd.path} cannot be read")
    return parse(passwd, *(_table(tree, name) for name in ("shadow", "group", "gshadow")))


def parse(
    passwd: Table, shadow: Table | None = None, group: Table | None = None, gshadow: Table | None = None
) -> Accounts:
    """The accounts as look-ups on the running system would give them."""
    lines = tuple(_lines(passwd))
    own = {field.account: field for field in _password_fields(lines, shadow)}
    groups = _groups(group, gshadow)
    hidden = shadow is not None and shadow.text is None
    memberships = _memberships(groups)
    accounts = tuple(_account(line, own, memberships, hidden) for line in _accounts(lines))
    unread = tuple(table.unread for table in (shadow, group, gshadow) if table is not None and table.unread)
    return Accounts(accounts, groups, _nis(lines), unread)


def password_fields(tree: Tree) -> tuple[Field, ...]:
    """What stands in the password fields, for the collector that tries passwords."""
    passwd = _table(tree, "passwd")
    return () if passwd is None else tuple(_password_fields(tuple(_lines(passwd)), _table(tree, "shadow")))


def _table(tree: Tree, name: str) -> Table | None:
    path = f"etc/{name}"
    places = [path]
    if tree.resolve(path) is None:
        places = [place.format(name) for place in (COPIES if _leads_out(tree, path) else ELSEWHERE)]
    found = next((place for place in places if tree.is_file(place)), None)
    if found is None:
        return (
            Table(path, None, f"{path} leads to a place that is filled on the device")
            if _leads_out(tree, path)
            else None
        )
    try:
        return Table(found, tree.text(found))
    except Unavailable as reason:
        return Table(found, None, str(reason))


def _leads_out(tree: Tree, path: str) -> bool:
    """A link at this path, or at the folder before it, leads to nothing in the image."""
    if tree.resolve(path) is not None:
        return False
    steps = path.split("/")
    below = ("/".join(steps[: depth + 1]) for depth in range(len(steps)))
    entries = (tree.lstat_through(step) for step in below)
    return any(entry is not None and entry.kind is Kind.SYMLINK for entry in entries)


def _lines(table: Table | None) -> Iterator[Line]:
    if table is None or table.text is None:
        return
    for number, text in enumerate(table.text.split("\n", LINE_LIMIT)[:LINE_LIMIT], 1):
        content = text.strip("\r\t ")
        if content and not content.startswith("#"):
            yield Line(tuple(content.split(":")), Location(table.path, number))


def _accounts(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines that are accounts, each name once."""
    seen = set()
    for line in lines:
        name = line.get(0)
        if not name or name[0] in "+-" or name in seen or _number(line.get(2)) is None or _number(line.get(3)) is None:
            continue
        seen.add(name)
        yield line


def _nis(lines: Iterable[Line]) -> Location | None:
    return next((line.at for line in lines if line.get(0).startswith("+")), None)


def _password_fields(lines: Iterable[Line], shadow: Table | None) -> Iterator[Field]:
    hidden: dict[str, Line] = {}
    for line in _lines(shadow):
        hidden.setdefault(line.get(0), line)
    for line in _accounts(lines):
        name, value = line.get(0), line.get(1)
        entry = hidden.get(name)
        if value in ("x", "*") and entry is not None:
            yield Field(name, entry.get(1), entry.at, in_passwd=False)
        elif value != "x":
            yield Field(name, value, line.at, in_passwd=True)


def _account(
    line: Line, fields: Mapping[str, Field], memberships: Mapping[str | int, tuple[str, ...]], hidden: bool
) -> Account:
    name, gid = line.get(0), int(line.get(3))
    field = fields.get(name)
    if field is None:
        password = Password.UNKNOWN if hidden else Password.MISSING
    else:
        password = _password(field.value)
    return Account(
        name=name,
        uid=int(line.get(2)),
        gid=gid,
        home=line.get(5),
        shell=line.get(6).strip() or "/bin/sh",
        password=password,
        scheme=crypt_hash.scheme(field.value) if field is not None and password is Password.HASHED else None,
        groups=tuple(dict.fromkeys((*memberships.get(gid, ()), *memberships.get(name, ())))),
        at=line.at,
        password_at=line.at if field is None else field.at,
        in_passwd=field is not None and field.in_passwd,
    )


def _password(field: str) -> Password:
    if not field:
        return Password.EMPTY
    return Password.LOCKED if field[0] in "!*" or field == "x" else Password.HASHED


def _groups(group: Table | None, gshadow: Table | None) -> tuple[Group, ...]:
    hidden: dict[str, str] = {}
    for line in _lines(gshadow):
        hidden.setdefault(line.get(0), line.get(1))
    found: dict[str, Group] = {}
    for line in _lines(group):
        gid = _number(line.get(2))
        name = line.get(0)
        if gid is None or not name or name[0] in "+-" or name in found:
            continue
        field = hidden.get(name, "!") if line.get(1) == "x" else line.get(1)
        members = tuple(member.strip() for member in line.get(3).split(",") if member.strip())
        found[name] = Group(name, gid, members, _group_scheme(field), line.at)
    return tuple(found.values())


def _memberships(groups: Iterable[Group]) -> dict[str | int, tuple[str, ...]]:
    """The groups of each member by name, and of each group's number."""
    found: dict[str | int, list[str]] = {}
    for group in groups:
        keys: tuple[str | int, ...] = (group.gid, *group.members)
        for key in keys:
            found.setdefault(key, []).append(group.name)
    return {key: tuple(names) for key, names in found.items()}


def _group_scheme(field: str) -> Scheme | None:
    """An empty field of a group lets only its members in, and so does a locked one."""
    return crypt_hash.scheme(field) if len(field) > 1 and field[0] not in "!*" else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
