"""Keys that open accounts of every device that carries the image.

Rules, from sshd(8) and Dropbear: one key a line, options before it (from=, command=, restrict and so on) separated by
commas, blanks only inside double quotes. OpenSSH looks where AuthorizedKeysFile says (%h the home, %u the account, a
bare path is under the home); Dropbear in .ssh/authorized_keys of the home, on OpenWrt for root in /etc/dropbear too.
balenaOS lets in as root who has a key of `os.sshKeys` in config.json of its boot partition. A fact holds the key's
fingerprint and its options' names.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from firmward.facts.accounts import Accounts
from firmward.facts.layers import Layers, seen
from firmward.facts.sshd import Sshd
from firmward.formats import ssh_key
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

USUAL = (".ssh/authorized_keys", ".ssh/authorized_keys2")
DROPBEAR = "etc/dropbear/authorized_keys"
BALENA = ("mnt/boot/config.json", "resin-boot/config.json", "boot/config.json")
SIZE_LIMIT = 1 << 20
KEY_LIMIT = 1000
"""Keys taken of one image."""

_OPTION = re.compile(r'([A-Za-z0-9-]+)(="(?:[^"\\]|\\.)*+"|=[^," \t]*)?,?')
_ALGORITHM = re.compile(r"(ssh-|ecdsa-sha2-|sk-|rsa-sha2-)[a-z0-9@.-]+$")


@dataclass(frozen=True, slots=True)
class AuthorizedKey:
    """One key and the `account` that it opens, by name.

    `algorithm` is what the key itself says, not the word before it; `fingerprint` as `ssh-keygen -l` prints it
    (`SHA256:...`). `options` are names in lower case, without their values. `at` is the key's line.
    """

    account: str
    algorithm: str
    fingerprint: str
    options: tuple[str, ...]
    at: Location

    @property
    def is_confined(self) -> bool:
        """It may come from some addresses only, or run one command only."""
        return not {"from", "command"}.isdisjoint(self.options)


@dataclass(frozen=True, slots=True)
class AuthorizedKeys:
    """The `keys` of all accounts, at most `KEY_LIMIT`; `unread` says which files could not be read, and why."""

    keys: tuple[AuthorizedKey, ...]
    unread: tuple[str, ...] = ()

    def of(self, account: str) -> tuple[AuthorizedKey, ...]:
        return tuple(key for key in self.keys if key.account == account)


def collect(
    tree: Tree, accounts: Accounts | None | Unknown, sshd: Sshd | None | Unknown, layers: Layers | None | Unknown
) -> AuthorizedKeys | None:
    keys: list[AuthorizedKey] = []
    unread: list[str] = []
    places = [(account, path, parse) for account, own in _places(accounts, sshd) for path in seen(own, layers)]
    for account, path, read in dict.fromkeys((*places, *(("root", path, of_balena) for path in BALENA))):
        try:
            keys += read(tree.text(path, SIZE_LIMIT) or "", account, path)
        except Unavailable as reason:
            unread.append(str(reason))
    if not keys and not unread and not isinstance(accounts, Accounts):
        return None
    return AuthorizedKeys(tuple(keys[:KEY_LIMIT]), tuple(unread))


def parse(text: str, account: str, path: str) -> Iterator[AuthorizedKey]:
    """The keys of one file."""
    for number, line in enumerate(text.splitlines(), 1):
        options, words = _options(line.strip())
        key = ssh_key.public_key(words[1]) if len(words) > 1 else None
        if key is not None:
            yield AuthorizedKey(account, key.algorithm, key.fingerprint, options, Location(path, number))


def of_balena(text: str, account: str, path: str) -> Iterator[AuthorizedKey]:
    """The keys in config.json, each at the line where it stands."""
    try:
        settings = json.loads(text) if "sshKeys" in text else None
    except (ValueError, RecursionError):
        return
    part = settings.get("os") if isinstance(settings, dict) else None
    lines = part.get("sshKeys") if isinstance(part, dict) else None
    for line in lines[:KEY_LIMIT] if isinstance(lines, list) else ():
        for key in parse(line, account, path) if isinstance(line, str) else ():
            number = text.count("\n", 0, max(text.find(json.dumps(line)), 0)) + 1
            yield replace(key, at=Location(path, number))


def _options(line: str) -> tuple[tuple[str, ...], list[str]]:
    """The options' names and the words from the algorithm on."""
    words = line.split(None, 2)
    if not words or words[0].startswith("#"):
        return (), []
    if _ALGORITHM.match(words[0]):
        return (), words
    names = []
    position = 0
    while position < len(line) and not line[position].isspace():
        found = _OPTION.match(line, position)
        if found is None:
            return (), []
        names.append(found[1].lower())
        position = found.end()
    return tuple(names), line[position:].split(None, 2)


def _places(accounts: Accounts | None | Unknown, sshd: Sshd | None | Unknown) -> Iterator[tuple[str, str]]:
    yield "root", DROPBEAR
    patterns = tuple(dict.fromkeys((*USUAL, *_patterns(sshd))))
    for account, home in _homes(accounts):
        for pattern in patterns:
            path = pattern.replace("%u", account).replace("%h", home).replace("%%", "%")
            yield account, (path if path.startswith("/") else f"{home}/{path}").strip("/")


def _homes(accounts: Accounts | None | Unknown) -> Iterable[tuple[str, str]]:
    if not isinstance(accounts, Accounts):
        return (("root", "/root"),)
    return tuple((account.name, account.home or "/") for account in accounts.accounts)


def _patterns(sshd: Sshd | None | Unknown) -> Iterator[str]:
    if isinstance(sshd, Sshd):
        for server in sshd.servers:
            for case in server.cases():
                value = case.get("authorizedkeysfile").value
                yield from (pattern for pattern in value.split() if pattern != "none")
