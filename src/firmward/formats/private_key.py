"""Private keys in all the forms that images carry, found in bytes.

Rules: PEM with its labels; OpenSSH's own form (PROTOCOL.key: a cipher other than `none` locks it); bare DER (see
key_pair.py); PKCS#12 (RFC 7292), Java's key stores by their magic, PuTTY's files (`Encryption:` says whether they are
locked), secret keys of OpenPGP (RFC 9580: armoured, or packet 5 first), of signify, usign and minisign (`Ed` and the
name of the key derivation, of no rounds where it is not locked), of age, and WireGuard's (32 bytes in base 64 after
`PrivateKey =` or `option private_key`). A public key, a certificate, and a parser's word to look for are none.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.formats import der, key_pair, pem, pkcs12, ssh_key
from firmward.formats.public_key import PublicPart, of_ssh

LINES_LIMIT = 256 << 10
"""Bytes of a text in which forms of one line are looked for: they stand in configurations and in files of their own."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """One key: the `form` it is kept in, its `algorithm`, and where it begins.

    `public` is None where the form does not show it; `locked` says that a passphrase guards it; `known` that this is
    one that everybody knows.
    """

    form: str
    algorithm: str
    offset: int
    public: PublicPart | None = None
    locked: bool = False
    known: bool = False


def find(data: bytes, marks: frozenset[bytes], lines: bool = True) -> Iterator[PrivateKey]:
    """The keys in the bytes; `marks` are those of MARKS that occur in them, and `lines` says that they are text, where
    forms of one line are looked for too."""
    whole = _whole(data)
    if whole is not None:
        yield whole
        return
    if pem.BEGIN in marks:
        yield from _armoured(data)
    if lines:
        for mark, pattern, read in _LINES if len(data) <= LINES_LIMIT else ():
            if mark in marks:
                yield from _written(data, pattern, read)
    else:
        yield from _bare(data, marks)


def _whole(data: bytes) -> PrivateKey | None:
    """A file that is a key or a store of keys and nothing else."""
    head = data[:8]
    if head.startswith(_STORES):
        return PrivateKey("Java key store", "unknown", 0, locked=True) if _java_holds_key(data) else None
    if head[:1] == b"\x30":
        pair = key_pair.read(data)
        if pair is not None:
            return PrivateKey("DER", pair.algorithm, 0, pair.public, pair.locked)
        return _pkcs12(data)
    if head[:3] == b"\0\0\0":
        key = ssh_key.private_key(data)
        return None if key is None else PrivateKey("Dropbear", key.algorithm, 0, _dropbear_public(data))
    gnupg = _GNUPG.match(data)
    if gnupg is not None:
        return PrivateKey("GnuPG", "unknown", 0, locked=b"protected" in gnupg[0])
    return _openpgp(data)


_GNUPG = re.compile(
    rb"(?:[A-Z][\w-]{1,30}: [^\n]{0,200}\n){0,8}(?:Key: )?\((?:11:private-key|21:protected-private-key|"
    rb"private-key \(|protected-private-key \()"
)
"""GnuPG 2's files, bare or after headers of their own; a `shadowed` key lies on a card."""


_STORES = (b"\xfe\xed\xfe\xed\0\0\0\2", b"\xce\xce\xce\xce\0\0\0\2")
"""JKS and JCEKS; whose passphrase is nearly always written beside them, or `changeit`."""


def _java_holds_key(data: bytes) -> bool:
    """Whether an entry is a key (1) and no certificate (2); what follows a key is not needed."""
    position = 12
    for _ in range(_ENTRIES_LIMIT):
        kind = data[position : position + 4]
        if kind != b"\0\0\0\2":
            return kind == b"\0\0\0\1"
        position += 4
        position += 2 + int.from_bytes(data[position : position + 2], "big") + 8  # the alias and the time
        position += 2 + int.from_bytes(data[position : position + 2], "big")  # the certificate's type
        position += 4 + int.from_bytes(data[position : position + 4], "big")
    return False


_ENTRIES_LIMIT = 1000


def _pkcs12(data: bytes) -> PrivateKey | None:
    store = pkcs12.read(data)
    if store is None or not store.holds_key:
        return None
    return PrivateKey("PKCS#12", "unknown", 0, locked=not store.opened, known=store.opened)


def _dropbear_public(data: bytes) -> PublicPart | None:
    match ssh_key.strings(data, 7):
        case [b"ssh-ed25519", pair, *_] if len(pair) == 64:
            return of_ssh(_joined(b"ssh-ed25519", pair[32:]))
        case [b"ssh-rsa", exponent, modulus, *_]:
            return of_ssh(_joined(b"ssh-rsa", exponent, modulus))
        case [name, curve, point, *_] if name.startswith(b"ecdsa-sha2-"):
            return of_ssh(_joined(name, curve, point))
    return None


def _joined(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _openpgp(data: bytes) -> PrivateKey | None:
    """A secret key packet first: tag 5 in the old or new form, version 3 to 6, its length within the file."""
    if len(data) < 64 or data[0] not in (0x94, 0x95, 0x96, 0xC5):
        return None
    width = {0x94: 1, 0x95: 2, 0x96: 4}.get(data[0])
    if width is None:
        width = 1 if data[1] < 192 else 2
        size = data[1] if width == 1 else ((data[1] - 192) << 8) + data[2] + 192
    else:
        size = int.from_bytes(data[1 : 1 + width], "big")
    body = data[1 + width : 1 + width + size]
    # the version, four bytes of time, and an algorithm: RSA, Elgamal, DSA, ECDH, ECDSA, EdDSA
    fits = size >= 40 and len(body) == size and body[0] in (4, 5, 6) and body[5] in (1, 2, 3, 16, 17, 18, 19, 22)
    return PrivateKey("OpenPGP", "unknown", 0) if fits else None


def _armoured(data: bytes) -> Iterator[PrivateKey]:
    for block in pem.blocks(data):
        key = _of_block(block)
        if key is not None:
            yield key


def _of_block(block: pem.Block) -> PrivateKey | None:
    if block.label == "OPENSSH PRIVATE KEY":
        return _openssh(block)
    if block.label == "PGP PRIVATE KEY BLOCK":
        key = _openpgp(block.content)
        return None if key is None else PrivateKey("OpenPGP", "unknown", block.start)
    if block.locked and block.label.endswith("PRIVATE KEY") and len(block.content) >= 64:
        return PrivateKey("PEM", block.label.removesuffix("PRIVATE KEY").strip() or "unknown", block.start, locked=True)
    # TSS2 and other sealed keys have labels of their own and no structure that key_pair knows
    pair = key_pair.read(block.content) if block.label.endswith("PRIVATE KEY") else None
    return None if pair is None else PrivateKey("PEM", pair.algorithm, block.start, pair.public, pair.locked)


def _openssh(block: pem.Block) -> PrivateKey | None:
    rest = block.content.removeprefix(ssh_key.OPENSSH_MAGIC)
    heads = ssh_key.strings(rest, 3)
    if rest == block.content or len(heads) < 3:
        return None
    start = sum(4 + len(head) for head in heads) + 4
    blobs = ssh_key.strings(rest[start:], 2)
    names = ssh_key.strings(blobs[0], 1) if len(blobs) == 2 else []
    if not names or len(blobs[1]) < 64:
        return None
    name = names[0].decode("ascii", "replace")
    return PrivateKey("OpenSSH", name, block.start, of_ssh(blobs[0]), locked=heads[0] != b"none")


_BEGINNINGS = (
    (b"\x02\x01\x00\x02\x82", (4,)),
    (b"\x02\x01\x00\x02\x81", (4, 3)),
    (b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", (4,)),
    (b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", (3, 2)),
    (b"\x02\x01\x01\x04\x20", (2, 3)),
    (b"\x02\x01\x01\x04\x30", (3,)),
)
"""What follows the head of a key's sequence, and how long that head may be."""


def _bare(data: bytes, marks: frozenset[bytes]) -> Iterator[PrivateKey]:
    """Keys in DER amid other data; the one inside a PKCS#8 wrapping is not told again."""
    end = 0
    for start in sorted(_starts(data, marks)):
        pair = key_pair.read(data[start : start + key_pair.SIZE_LIMIT]) if start >= end else None
        if pair is not None:
            yield PrivateKey("DER", pair.algorithm, start, pair.public, pair.locked)
            end = start + pair.size


def _starts(data: bytes, marks: frozenset[bytes]) -> Iterator[int]:
    for mark, heads in _BEGINNINGS:
        if mark not in marks:
            continue
        position = data.find(mark)
        while position >= 0:
            starts = (position - length for length in heads)
            yield from (start for start in starts if start >= 0 and data[start] == der.SEQUENCE)
            position = data.find(mark, position + 1)


def _written(
    data: bytes, pattern: re.Pattern[bytes], read: Callable[[re.Match[bytes]], PrivateKey | None]
) -> Iterator[PrivateKey]:
    for match in pattern.finditer(data):
        key = read(match)
        if key is not None:
            yield key


def _putty(match: re.Match[bytes]) -> PrivateKey:
    return PrivateKey("PuTTY", match[1].decode(), match.start(), locked=match[2] != b"none")


def _wireguard(match: re.Match[bytes]) -> PrivateKey | None:
    raw = _base64(match[1])
    return PrivateKey("WireGuard", "X25519", match.start(1)) if len(raw) == 32 and len(set(raw)) > 12 else None


def _signify(match: re.Match[bytes]) -> PrivateKey | None:
    """Secret keys have 104 bytes (signify, usign) or 158 (minisign), public ones 42."""
    raw = _base64(match[1])
    if len(raw) == 104 and raw[:4] == b"EdBK":
        return PrivateKey("signify", "Ed25519", match.start(), locked=raw[4:8] != bytes(4))
    if len(raw) == 158 and raw[:2] == b"Ed":
        return PrivateKey("minisign", "Ed25519", match.start(), locked=raw[2:4] != bytes(2))
    return None


def _age(match: re.Match[bytes]) -> PrivateKey:
    return PrivateKey("age", "X25519", match.start())


def _base64(word: bytes) -> bytes:
    try:
        return base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        return b""


_PUTTY = re.compile(
    rb"(?m)^PuTTY-User-Key-File-[123]: ([\w-]{1,40})\r?\nEncryption: ([\w-]{1,40})\r?$"
    rb"(?=[\s\S]{0,9000}?^Private-Lines:)"
)
_SIGNIFY = re.compile(rb"(?m)^untrusted comment:[^\n]{0,1024}\n([A-Za-z0-9+/]{100,300}={0,2})\s")
_AGE = re.compile(rb"\bAGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}\b")
_INI = re.compile(rb"(?m)^[ \t]{0,16}PrivateKey[ \t]{0,8}=[ \t]{0,8}[\"']?([A-Za-z0-9+/]{43}=)")
_UCI = re.compile(rb"(?m)^[ \t]{0,16}option[ \t]{1,8}[\"']?private_key[\"']?[ \t]{1,8}[\"']?([A-Za-z0-9+/]{43}=)")

_LINES: tuple[tuple[bytes, re.Pattern[bytes], Callable[[re.Match[bytes]], PrivateKey | None]], ...] = (
    (b"PuTTY-User-Key-File-", _PUTTY, _putty),
    (b"PrivateKey", _INI, _wireguard),
    (b"private_key", _UCI, _wireguard),
    (b"untrusted comment:", _SIGNIFY, _signify),
    (b"AGE-SECRET-KEY-1", _AGE, _age),
)
"""Forms of one line or a few: the word that tells whether to look at all, the pattern, and what it means."""

MARKS = (pem.BEGIN, *(mark for mark, _ in _BEGINNINGS), *(mark for mark, _, _ in _LINES))
"""Words of which one is in whatever `find` finds amid other bytes."""
