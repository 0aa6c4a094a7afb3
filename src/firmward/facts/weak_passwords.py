"""Which accounts have a password that everybody tries first.

The password hashes are tried with the host's own libcrypt against the default passwords that botnets carry, the usual
ones, and the names that the image itself gives (account, host name, product). The password that fits never leaves this
file: the fact says that it was guessed and from which list.

Work is bounded by `BUDGET`, in nominal CPU seconds reckoned from the hashes' own work factors rather than measured, so
that the same image gets the same answer on a slow host as on a fast one. Cheap hashes come first. What was not tried,
for the budget's sake or because libcrypt is missing or does not know the scheme, is told as untried.
"""

import ctypes
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.facts.accounts import Accounts, Field, password_fields
from firmward.formats import crypt_hash
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

BUDGET = 6.0
"""Nominal seconds of CPU for one image: about 2,700 tries of SHA-512, or 290 of yescrypt."""

LIBRARIES = ("libcrypt.so.1", "libcrypt.so.2", "libcrypt.so")
STATE_SIZE = 1 << 18
"""Bytes; larger than every libcrypt's struct crypt_data."""

Crypt = Callable[[str, str], str | None]
"""Hashes a password with the scheme and salt of a hash; None when the scheme is not known."""


class Origin(StrEnum):
    """Where a guessed password stands."""

    BOTNET = "botnet"
    COMMON = "common"
    DERIVED = "derived"
    """The account's, host's or product's own name."""


class Guess(StrEnum):
    GUESSED = "guessed"
    WITHSTOOD = "withstood"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True)
class GuessedPassword:
    """What came of trying one account. `origin` is set when it was guessed, `reason` when not all was tried.

    `account` is its name and `at` the line with the hash. `guess` is withstood only after every password was tried.
    """

    account: str
    guess: Guess
    at: Location
    origin: Origin | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class WeakPasswords:
    """`passwords` holds one answer for each account that has a hash, sorted by its name."""

    passwords: tuple[GuessedPassword, ...]

    def get(self, account: str) -> GuessedPassword | None:
        return next((password for password in self.passwords if password.account == account), None)


# The user and password pairs that the published Mirai bot tries, and those of its kin for cameras, recorders, routers.
BOTNET = """
root: xc3511 vizxv admin 888888 xmhdipc default juantech 123456 54321 root 12345 pass 1111 666666 password 1234 klv123
root: klv1234 Zte521 hi3518 jvbzd anko zlxx. 7ujMko0vizxv 7ujMko0admin system ikwb dreambox user realtek 00000000
root: cat1029 hslwificam ipcam_rt5350 tlJwpbo6 S2fGqNFs OxhlwSG8 gm8182 20080826 2601hx taZz@23495859 GM8182 hichiphx
root: 5up oelinux123 fidel123 epicrouter zsun1188 059AnkJ ttnet annie2012 ls123 hunt5759 solokey swsbzkgn 20150602
root: vertex25ektks123 cxlinux abc123 aquario 1001chin ROOT500 ahetzip8 linux alpine raspberry calvin davox
root: t0talc0ntr0l4!
admin: admin password 1111 1234 12345 123456 54321 1111111 smcadmin admin1234 7ujMko0admin pass meinsm admin123 4321
admin: 9999 888888 666666 tlJwpbo6 jvc fliradmin ikwd wbox123 QwestM0dem motorola epicrouter conexant atlantis zhone
support: support
user: user 123456 1234
guest: guest 12345 123456
service: service ipdongle smile
supervisor: supervisor zyad1234
administrator: 1234 admin password
admin1: password
666666: 666666
888888: 888888
ubnt: ubnt
tech: tech
mother: fucker
default: default tlJwpbo6 S2fGqNFs OxhlwSG8 antslq
daemon: daemon
ftp: ftp
pi: raspberry
vagrant: vagrant
debian: temppwd
telnetadmin: telnetadmin
telecomadmin: admintelecom nE7jA%5m
mg3500: merlin
e8ehome: e8ehome
e8telnet: e8telnet
"""

COMMON = """
123 1234567 12345678 123456789 1234567890 0000 000000 111111 11111111 121212 123123 123321 654321 987654321
a a123456 abcd1234 access adm admin1 admin12345 administrator adminadmin administrator1 alarm anonymous apple
asdf1234 backdoor backup beaglebone cam camera cisco changeit changeme changeme123 configure console demo device
diag embedded enter factory firmware gateway hello helpdesk hikvision home hp imx6 install iot ipcam iris4000 ipcamera
letmein live login manager master monitor netgear nvr olimex operator oracle orangepi P@ssw0rd pass1234 passw0rd
Password password1 password123 private public q1w2e3r4 qwer1234 qwerty qwerty123 rootme rootroot router sample
secret security setup super superadmin superuser supersecret sys sysadmin system1 tech123 technician telnet temp temp123
temppwd test test123 tester testing toor ubuntu unknown user1 user123 welcome welcome1 yocto zte zyxel 1q2w3e4r 1qaz2wsx
"""


def collect(tree: Tree, accounts: Accounts) -> WeakPasswords:
    known = {account.name for account in accounts.accounts if account.scheme is not None}
    fields = tuple(field for field in password_fields(tree) if field.account in known)
    return guess(fields, tuple(names_in(tree)), host_crypt()) if fields else WeakPasswords(())


def guess(fields: Iterable[Field], names: tuple[str, ...], crypt: Crypt | None) -> WeakPasswords:
    """Try each field in turn, the cheapest first; what one leaves of its share is for those after it."""
    ordered = sorted(fields, key=lambda field: (crypt_hash.cost(field.value) or 0, field.account))
    left = int(BUDGET * 1_000_000)
    trier = _Trier(crypt)
    answers = []
    for index, field in enumerate(ordered):
        before = trier.spent
        answers.append(trier.attempt(field, names, left // (len(ordered) - index)))
        left -= trier.spent - before
    return WeakPasswords(tuple(sorted(answers, key=lambda answer: answer.account)))


class _Trier:
    """Tries passwords; an equal hash under the same salt is reckoned once for all accounts that share it."""

    def __init__(self, crypt: Crypt | None) -> None:
        self.spent = 0
        self._crypt = crypt
        self._fits: dict[tuple[str, str], bool] = {}

    def attempt(self, field: Field, names: tuple[str, ...], allowance: int) -> GuessedPassword:
        if crypt_hash.scheme(field.value) is crypt_hash.Scheme.UNRECOGNISED:
            return _plain(field, names)
        price = crypt_hash.cost(field.value)
        if self._crypt is None or price is None or price > allowance:
            return GuessedPassword(field.account, Guess.UNTRIED, field.at, reason=self._why(field, price))
        limit = self.spent + allowance
        every = tuple(candidates(field.account, names))
        for number, (password, origin) in enumerate(every):
            if self.spent + price > limit and (field.value, password) not in self._fits:
                reason = f"{number} of {len(every)} passwords tried, more would take too long"
                return GuessedPassword(field.account, Guess.UNTRIED, field.at, reason=reason)
            fits = self._try(self._crypt, field.value, password, price)
            if fits is None:
                return GuessedPassword(field.account, Guess.UNTRIED, field.at, reason=_not_known(field))
            if fits:
                return GuessedPassword(field.account, Guess.GUESSED, field.at, origin)
        return GuessedPassword(field.account, Guess.WITHSTOOD, field.at)

    def _try(self, crypt: Crypt, value: str, password: str, price: int) -> bool | None:
        if (value, password) not in self._fits:
            made = crypt(password, value)
            if made is None:
                return None
            self.spent += price
            self._fits[value, password] = made == value
        return self._fits[value, password]

    def _why(self, field: Field, price: int | None) -> str:
        if self._crypt is None:
            return "no libcrypt on this host to try passwords with"
        if price is None:
            return f"its {crypt_hash.scheme(field.value)} parameters are unusual"
        return f"one try takes about {price / 1e6:.1f} seconds"


def _plain(field: Field, names: tuple[str, ...]) -> GuessedPassword:
    """A field that is no hash: a vendor's login may compare it as it stands."""
    origin = next((origin for password, origin in candidates(field.account, names) if password == field.value), None)
    if origin is not None:
        return GuessedPassword(field.account, Guess.GUESSED, field.at, origin)
    return GuessedPassword(field.account, Guess.UNTRIED, field.at, reason="its password is kept in no known form")


def _not_known(field: Field) -> str:
    return f"this host's libcrypt does not know {crypt_hash.scheme(field.value)}"


def candidates(account: str, names: Iterable[str] = ()) -> Iterator[tuple[str, Origin]]:
    """The passwords to try for an account, the likeliest first, each once."""
    seen = set()
    for password, origin in _candidates(account, tuple(names)):
        if password not in seen:
            seen.add(password)
            yield password, origin


def _candidates(account: str, names: tuple[str, ...]) -> Iterator[tuple[str, Origin]]:
    pairs = tuple(_pairs())
    yield from ((password, Origin.BOTNET) for user, password in pairs if user == account)
    yield "", Origin.COMMON
    for name in (account, *names):
        yield from ((form, Origin.DERIVED) for form in (name, name.lower(), f"{name}123", f"{name}1234"))
    yield from ((password, Origin.BOTNET) for user, password in pairs if user == password)
    yield from ((password, Origin.COMMON) for password in COMMON.split())
    yield from ((password, Origin.BOTNET) for _, password in pairs)


def _pairs() -> Iterator[tuple[str, str]]:
    for line in BOTNET.strip().splitlines():
        user, _, passwords = line.partition(":")
        yield from ((user, password) for password in passwords.split())


def names_in(tree: Tree) -> Iterator[str]:
    """What the image calls itself: a product's name is often its password."""
    seen = set()
    for path, pattern in (("etc/hostname", r"\s*([\w-]+)"), ("etc/os-release", r'(?m)^(?:ID|VARIANT_ID)="?([\w-]+)')):
        for name in re.findall(pattern, _text(tree, path))[:4]:
            if 2 < len(name) <= 32 and name not in seen:
                seen.add(name)
                yield name


def _text(tree: Tree, path: str) -> str:
    try:
        return (tree.text(path) or "")[:4096]
    except Unavailable:
        return ""


def host_crypt() -> Crypt | None:
    """The host's crypt_r(3); None where there is none."""
    for name in (*LIBRARIES, None):
        try:
            function = ctypes.CDLL(name).crypt_r
        except (OSError, AttributeError):
            continue
        function.restype = ctypes.c_char_p
        function.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
        return _bind(function)
    return None


def _bind(function: Callable[..., bytes | None]) -> Crypt:
    state = ctypes.create_string_buffer(STATE_SIZE)

    def crypt(password: str, setting: str) -> str | None:
        ctypes.memset(state, 0, STATE_SIZE)
        made = function(password.encode("utf-8", "surrogateescape"), setting.encode("utf-8", "surrogateescape"), state)
        # libxcrypt answers an unknown scheme with a text that no hash begins with, others with nothing
        return None if made is None or made.startswith(b"*") else made.decode("ascii", "replace")

    return crypt
