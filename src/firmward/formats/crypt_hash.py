"""The password field of passwd and shadow: which scheme made it, and what trying one password costs.

Rules, from crypt(5): a hash names its scheme by a prefix between dollar signs; BSDi's extended DES starts with an
underscore; without either it is the 13 characters of traditional DES. What fits none of them can match no password in
crypt(3). The work factor stands in the hash, so that a hash from a hostile image can ask for hours of work: the cost is
reckoned from it before anything is tried.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""crypt's own base 64, six bits a character."""


class Scheme(StrEnum):
    DES = "DES"
    BSDI = "BSDi DES"
    MD5 = "MD5"
    SUN_MD5 = "Sun MD5"
    SHA1 = "SHA-1"
    NT = "NT"
    BCRYPT = "bcrypt"
    SHA256 = "SHA-256"
    SHA512 = "SHA-512"
    SCRYPT = "scrypt"
    YESCRYPT = "yescrypt"
    GOST_YESCRYPT = "gost-yescrypt"
    UNRECOGNISED = "unrecognised"
    """No hash that crypt(3) makes: a vendor's own scheme, or the password itself."""


WEAK = frozenset({Scheme.DES, Scheme.BSDI, Scheme.MD5, Scheme.SUN_MD5, Scheme.SHA1, Scheme.NT})
"""A graphics card tries millions to billions of passwords a second."""


def scheme(field: str) -> Scheme:
    """The scheme of a hash; a lock mark before it must be taken off first."""
    return next((row.scheme for row in ROWS if row.pattern.fullmatch(field)), Scheme.UNRECOGNISED)


def cost(field: str) -> int | None:
    """Nominal microseconds of CPU to try one password; None when it cannot be told."""
    for row in ROWS:
        found = row.pattern.fullmatch(field)
        if found:
            return row.cost(found)
    return None


@dataclass(frozen=True, slots=True)
class Row:
    """A scheme's form and its cost in nominal microseconds, measured once on a common server core."""

    scheme: Scheme
    pattern: re.Pattern[str]
    cost: Callable[[re.Match[str]], int | None]


def _flat(microseconds: int) -> Callable[[re.Match[str]], int | None]:
    return lambda found: microseconds


def _sha_rounds(found: re.Match[str]) -> int:
    # crypt keeps the rounds between 1,000 and 999,999,999 whatever is written
    return min(max(int(found["rounds"] or 5000), 1000), 999_999_999) * 45 // 100


def _bsdi_rounds(found: re.Match[str]) -> int:
    return _number(found["rounds"]) * 16 // 100 + 10


def _sha1_rounds(found: re.Match[str]) -> int:
    return int(found["rounds"]) * 125 // 100


def _sun_rounds(found: re.Match[str]) -> int:
    return (int(found["rounds"] or 0) + 4096) * 17 // 10


def _bcrypt_rounds(found: re.Match[str]) -> int:
    return 60 << int(found["cost"])


MEMORY_BLOCKS = (128 << 20) // 128
"""Blocks of 128 bytes that one try of yescrypt or scrypt may take: eight times what distributions write. A hash can ask
for any memory."""


def _yescrypt(found: re.Match[str]) -> int | None:
    # the short form that every distribution writes: flavour, block count, block size, one character each
    parameters = found["parameters"]
    if len(parameters) != 3:
        return None
    _, blocks, size = (ALPHABET.index(letter) for letter in parameters)
    if size >= 48 or (2 << blocks) * (size + 1) > MEMORY_BLOCKS:
        return None
    return (2 << blocks) * (size + 1) * 16 // 100


def _scrypt(found: re.Match[str]) -> int | None:
    blocks = ALPHABET.index(found["blocks"])
    size, lanes = _number(found["size"]), _number(found["lanes"])
    return (1 << blocks) * size * lanes * 27 // 100 if (1 << blocks) * size * lanes <= MEMORY_BLOCKS else None


def _number(text: str) -> int:
    """crypt's little-endian number, six bits a character."""
    return sum(ALPHABET.index(letter) << (6 * place) for place, letter in enumerate(text))


def _row(scheme: Scheme, pattern: str, cost: Callable[[re.Match[str]], int | None]) -> Row:
    return Row(scheme, re.compile(pattern.replace("@", "[./0-9A-Za-z]")), cost)


ROWS = (
    _row(Scheme.MD5, r"\$1\$[^$:\n]{0,8}\$@{22}", _flat(160)),
    _row(Scheme.SHA512, r"\$6\$(rounds=(?P<rounds>[1-9][0-9]{0,9})\$)?[^$:\n]{0,16}\$@{86}", _sha_rounds),
    _row(Scheme.SHA256, r"\$5\$(rounds=(?P<rounds>[1-9][0-9]{0,9})\$)?[^$:\n]{0,16}\$@{43}", _sha_rounds),
    _row(Scheme.YESCRYPT, r"\$y\$(?P<parameters>@{1,16})\$@{0,86}\$@{43}", _yescrypt),
    _row(Scheme.GOST_YESCRYPT, r"\$gy\$(?P<parameters>@{1,16})\$@{0,86}\$@{43}", _yescrypt),
    _row(Scheme.BCRYPT, r"\$2[abxy]?\$(?P<cost>[0-3][0-9])\$@{53}", _bcrypt_rounds),
    _row(Scheme.SCRYPT, r"\$7\$(?P<blocks>@)(?P<size>@{5})(?P<lanes>@{5})@{0,86}\$@{43}", _scrypt),
    _row(Scheme.NT, r"\$3\$\$[0-9a-f]{32}", _flat(5)),
    _row(Scheme.SHA1, r"\$sha1\$(?P<rounds>[1-9][0-9]{0,9})\$@{1,64}\$@{28}", _sha1_rounds),
    _row(Scheme.SUN_MD5, r"\$md5(,rounds=(?P<rounds>[1-9][0-9]{0,9}))?\$@{8}\$\$?@{22}", _sun_rounds),
    _row(Scheme.BSDI, r"_(?P<rounds>@{4})@{15}", _bsdi_rounds),
    _row(Scheme.DES, r"@{13}", _flat(10)),
)
