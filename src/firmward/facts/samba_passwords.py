"""What Samba keeps of passwords: NT hashes, which are MD4 of the password and have no salt.

Rules, from smbpasswd(5): a line is `name:uid:LANMAN:NT:[flags]:LCT-time:`; a field of X is no hash, `D` in the flags
locks the account, and lines that begin with # are comments. tdbsam's passdb.tdb keeps the same hashes in a database
that is not read here. Each hash is tried with the passwords that everybody tries first (weak_passwords.py); neither
hash nor password leaves this file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.samba import Samba
from firmward.facts.weak_passwords import Origin, candidates, names_in
from firmward.formats.md4 import nt_hash
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

FILES = (
    "etc/samba/smbpasswd", "etc/smbpasswd", "etc/samba/private/smbpasswd", "var/lib/samba/private/smbpasswd",
    "var/lib/samba/smbpasswd", "usr/local/samba/private/smbpasswd",
)  # fmt: skip
DATABASES = (
    "var/lib/samba/private/passdb.tdb", "etc/samba/passdb.tdb", "etc/samba/private/passdb.tdb",
    "usr/local/samba/private/passdb.tdb",
)  # fmt: skip
USERS_LIMIT = 100
"""Accounts tried of one image."""
LINE = re.compile(
    r"(?P<name>[^:#\s][^:\n]{0,63}):\d{1,10}:(?P<lm>[^:]{11,32}):(?P<nt>[0-9A-Fa-f]{32}):(?:\[(?P<flags>[^\]]*)\])?"
)
HASH = re.compile(r"[0-9A-Fa-f]{32}")
USER = b"USER_"
"""How the key of an account begins in passdb.tdb."""


@dataclass(frozen=True, slots=True)
class SambaPassword:
    """The password of one `account`, kept at `at`; `has_lanman` says that the older hash is there, too. `is_locked` is
    the account; `origin` where the password stands, if it was guessed."""

    account: str
    at: Location
    has_lanman: bool
    is_locked: bool
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class SambaPasswords:
    """All `passwords` of the files, in their order; `unread` says which files could not be read."""

    passwords: tuple[SambaPassword, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree, samba: Samba | Unknown | None) -> SambaPasswords | None:
    backends = samba.backends if isinstance(samba, Samba) else ()
    named = [word.partition(":")[2] or word for word in backends if not word.startswith(("tdbsam", "ldapsam"))]
    unread = [f"the hashes in {path} are not read" for path in _databases(tree, backends)]
    guess = _Guess(tuple(names_in(tree)))
    found: list[SambaPassword] = []
    for path in dict.fromkeys((*FILES, *(path.strip("/") for path in named if path.startswith("/")))):
        try:
            found += _passwords(tree.text(path) or "", path, guess)
        except Unavailable as reason:
            unread.append(str(reason))
    return SambaPasswords(tuple(found), tuple(unread)) if found or unread else None


def _databases(tree: Tree, backends: tuple[str, ...]) -> Iterator[str]:
    named = (word.partition(":")[2].strip("/") for word in backends if word.startswith("tdbsam:"))
    for path in dict.fromkeys((*DATABASES, *named)):
        try:
            holds = USER in (tree.read(path) or b"") if path else False
        except Unavailable:
            holds = True
        if holds:
            yield path


class _Guess:
    """Tries passwords; what is tried for several accounts is reckoned once."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._hashes: dict[str, bytes] = {}

    def __call__(self, account: str, nt: bytes) -> Origin | None:
        for password, origin in candidates(account, self._names):
            if password not in self._hashes:
                self._hashes[password] = nt_hash(password)
            if self._hashes[password] == nt:
                return origin
        return None


def _passwords(text: str, path: str, guess: _Guess) -> Iterator[SambaPassword]:
    found = 0
    for number, line in enumerate(text.split("\n"), 1):
        match = LINE.match(line)
        if match is None:
            continue
        found += 1
        if found > USERS_LIMIT:
            raise Unavailable(f"{path} has more than {USERS_LIMIT} accounts")
        yield SambaPassword(
            match["name"],
            Location(path, number),
            HASH.fullmatch(match["lm"]) is not None,
            "D" in (match["flags"] or ""),
            guess(match["name"], bytes.fromhex(match["nt"])),
        )
