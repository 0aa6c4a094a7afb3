"""SSH's algorithms: which are weak and why, which OpenSSH and Dropbear offer unasked, and how `+ - ^` change a list.

The weak ones are those that RFC 8758, RFC 9142 and the makers of both servers have turned away from. SHA-1 inside HMAC
is not among them: no attack on it is known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from firmward.formats.ssh_match import fits

Version = tuple[int, int]


class Weakness(IntEnum):
    BROKEN = 2
    """Practical attacks, or so short that they are within reach."""
    DATED = 1
    """Rests on SHA-1; the server's makers have dropped it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A family of weak algorithms. `until` is the OpenSSH version whose sshd first leaves it out of its defaults."""

    pattern: str
    why: str
    weakness: Weakness
    until: Version
    default: tuple[str, ...] = ()


CBC = "block chaining in SSH lets an attacker recover plain text"

CIPHERS = (
    Row(r"3des-c(bc|tr)", "64-bit blocks repeat after some gigabytes", Weakness.BROKEN, (6, 7), ("3des-cbc",)),
    Row(r"arcfour.*", "RC4 leaks plain text", Weakness.BROKEN, (6, 7), ("arcfour256", "arcfour128", "arcfour")),
    Row(r"(blowfish|cast128|des)-c(bc|tr)", "64-bit blocks", Weakness.BROKEN, (6, 7), ("blowfish-cbc", "cast128-cbc")),
    Row(r".*-cbc(@.*)?", CBC, Weakness.BROKEN, (6, 7), ("aes128-cbc", "aes192-cbc", "aes256-cbc")),
    Row(r"none", "no encryption", Weakness.BROKEN, (0, 0)),
)
MACS = (
    Row(r"hmac-md5.*", "MD5", Weakness.BROKEN, (6, 7), ("hmac-md5", "hmac-md5-96", "hmac-md5-etm@openssh.com")),
    Row(r"hmac-ripemd160.*", "RIPEMD-160, no longer kept", Weakness.DATED, (6, 7), ("hmac-ripemd160",)),
    Row(r"hmac-sha1-96.*", "cut to 96 bits", Weakness.DATED, (6, 7), ("hmac-sha1-96",)),
    Row(r"none", "no integrity", Weakness.BROKEN, (0, 0)),
)
KEY_EXCHANGES = (
    Row(
        r"diffie-hellman-group1-sha1",
        "a 1024-bit group that has likely been precomputed",
        Weakness.BROKEN,
        (6, 7),
        ("diffie-hellman-group1-sha1",),
    ),
    Row(
        r"diffie-hellman-group-exchange-sha1",
        "SHA-1, and groups down to 1024 bits",
        Weakness.DATED,
        (6, 7),
        ("diffie-hellman-group-exchange-sha1",),
    ),
    Row(r"diffie-hellman-group14-sha1", "SHA-1", Weakness.DATED, (8, 2), ("diffie-hellman-group14-sha1",)),
    Row(r"(gss-.*|rsa1024)-sha1.*", "SHA-1", Weakness.DATED, (0, 0)),
)
SIGNATURES = (
    Row(r"ssh-dss.*", "1024-bit DSA with SHA-1", Weakness.BROKEN, (7, 0), ("ssh-dss",)),
    Row(r"ssh-rsa(-cert-v01@openssh\.com)?", "RSA signatures over SHA-1", Weakness.DATED, (8, 8), ("ssh-rsa",)),
)

KEYWORDS = {
    "ciphers": CIPHERS,
    "macs": MACS,
    "kexalgorithms": KEY_EXCHANGES,
    "hostkeyalgorithms": SIGNATURES,
    "pubkeyacceptedalgorithms": SIGNATURES,
}
"""The keywords of sshd_config that name algorithms, and what is weak there."""

STRONG_DEFAULTS = {
    "ciphers": "chacha20-poly1305@openssh.com aes128-ctr aes192-ctr aes256-ctr aes128-gcm@openssh.com "
    "aes256-gcm@openssh.com",
    "macs": "umac-64-etm@openssh.com umac-128-etm@openssh.com hmac-sha2-256-etm@openssh.com "
    "hmac-sha2-512-etm@openssh.com hmac-sha1-etm@openssh.com umac-64@openssh.com umac-128@openssh.com hmac-sha2-256 "
    "hmac-sha2-512 hmac-sha1",
    "kexalgorithms": "sntrup761x25519-sha512 sntrup761x25519-sha512@openssh.com curve25519-sha256 "
    "curve25519-sha256@libssh.org ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521 "
    "diffie-hellman-group-exchange-sha256 diffie-hellman-group16-sha512 diffie-hellman-group18-sha512 "
    "diffie-hellman-group14-sha256",
    "hostkeyalgorithms": "ssh-ed25519-cert-v01@openssh.com ecdsa-sha2-nistp256-cert-v01@openssh.com "
    "ecdsa-sha2-nistp384-cert-v01@openssh.com ecdsa-sha2-nistp521-cert-v01@openssh.com "
    "sk-ssh-ed25519-cert-v01@openssh.com sk-ecdsa-sha2-nistp256-cert-v01@openssh.com "
    "rsa-sha2-512-cert-v01@openssh.com rsa-sha2-256-cert-v01@openssh.com ssh-ed25519 ecdsa-sha2-nistp256 "
    "ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 sk-ssh-ed25519@openssh.com sk-ecdsa-sha2-nistp256@openssh.com "
    "rsa-sha2-512 rsa-sha2-256",
}
"""What a kept OpenSSH offers unasked (9.2's, which differs from its neighbours in no weak one)."""
STRONG_DEFAULTS["pubkeyacceptedalgorithms"] = STRONG_DEFAULTS["hostkeyalgorithms"]

KEPT: Version = (9, 2)


def defaults(keyword: str, version: Version | None) -> tuple[str, ...]:
    """What sshd offers without a word in its configuration; a version that is not known is taken for a kept one."""
    strong = tuple(STRONG_DEFAULTS[keyword].split())
    weak = (name for row in KEYWORDS[keyword] if (version or KEPT) < row.until for name in row.default)
    return (*strong, *weak)


def effective(keyword: str, value: str | None, version: Version | None) -> tuple[str, ...]:
    """The list that a setting leads to: `+` adds behind the defaults, `-` takes out, `^` sets before."""
    usual = defaults(keyword, version)
    if value is None:
        return usual
    names = tuple(name for name in value.lstrip("+-^").split(",") if name)
    if value.startswith("+"):
        return (*usual, *(name for name in names if name not in usual))
    if value.startswith("^"):
        return (*names, *(name for name in usual if name not in names))
    if value.startswith("-"):
        return tuple(name for name in usual if not any(fits(name, gone) for gone in names))
    return names


def weak(keyword: str, names: tuple[str, ...]) -> Iterator[tuple[str, Row]]:
    """The weak ones among these algorithms, with why."""
    for name in dict.fromkeys(names):
        row = next((row for row in KEYWORDS[keyword] if re.fullmatch(row.pattern, name)), None)
        if row is not None:
            yield name, row


@dataclass(frozen=True, slots=True)
class Dropped:
    """A weak algorithm that Dropbear has when its name stands in the program, up to a version.

    Its names stay in the program for other uses in later ones. Dropbear's algorithms are chosen when it is built.
    """

    name: str
    keyword: str
    until: Version | None = None


DROPBEAR = (
    *(Dropped(f"{cipher}-cbc", "ciphers") for cipher in ("3des", "blowfish", "twofish", "aes128", "aes256")),
    Dropped("twofish256-cbc", "ciphers"),
    Dropped("twofish128-cbc", "ciphers"),
    Dropped("3des-ctr", "ciphers"),
    Dropped("hmac-md5", "macs"),
    Dropped("hmac-sha1-96", "macs"),
    Dropped("diffie-hellman-group1-sha1", "kexalgorithms", (2018, 76)),
    Dropped("diffie-hellman-group14-sha1", "kexalgorithms"),
    Dropped("ssh-dss", "hostkeyalgorithms", (2022, 83)),
    Dropped("ssh-rsa", "hostkeyalgorithms", (2025, 87)),
)


def dropbear_weak(program: bytes, version: Version | None) -> Iterator[tuple[str, Row]]:
    """The weak algorithms that a Dropbear offers, from the names in its program, with why."""
    for dropped in DROPBEAR:
        is_kept = dropped.until is None or (version or dropped.until) < dropped.until
        if is_kept and b"\0" + dropped.name.encode() + b"\0" in program:
            yield from weak(dropped.keyword, (dropped.name,))
