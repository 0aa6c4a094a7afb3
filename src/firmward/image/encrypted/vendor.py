"""Headers of makers behind which all is encrypted: recognised by their structure, and told.

One row is one header. Nothing is decrypted, whether a key is known or not: what an audit reads is what stands there.
"""

from collections.abc import Callable
from dataclasses import dataclass

from firmward.image.budget import Budget, Damaged, Encrypted
from firmward.image.entropy import is_random
from firmward.image.format import About, Format, Magic, Opened
from firmward.image.source import Source


@dataclass(frozen=True, slots=True)
class Row:
    """A header: `length` gives all its bytes with what is encrypted, or None when it does not hold."""

    magic: bytes
    name: str
    length: Callable[[Source], int | None]


def _shrs(source: Source) -> int | None:
    """D-Link SHRS: lengths padded to the cipher's block and without padding, a vector, digests, 512 zeros, signatures.

    The header takes 1756 bytes; of the two lengths, big-endian, the first is the larger by less than a block.
    """
    head = source.read(0, 0x6DC)
    padded, plain = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
    holds = (
        len(head) == 0x6DC
        and padded % 16 == 0
        and 0 <= padded - plain < 16
        and plain > 0
        and not head[0xDC:0x2DC].strip(b"\0")
        and head[12:28].strip(b"\0")
    )
    return 0x6DC + padded if holds else None


def _encrpted_img(source: Source) -> int | None:
    """D-Link: the magic with its own spelling, and a length, big-endian."""
    head = source.read(0, 16)
    size = 16 + int.from_bytes(head[12:16], "big")
    return size if len(head) == 16 and 64 < size <= source.size + 16 and is_random(source.slice(16, size)) else None


def _salted(source: Source) -> int | None:
    """`openssl enc`: the magic, eight bytes of salt, whole blocks up to the end."""
    return source.size if source.size > 32 and is_random(source) else None


ROWS = (
    Row(b"SHRS", "D-Link SHRS, AES-128-CBC", _shrs),
    Row(b"encrpted_img", "D-Link encrpted_img", _encrpted_img),
    Row(b"Salted__", "openssl enc, salted", _salted),
)


def _row(source: Source) -> tuple[Row, int] | None:
    for row in ROWS:
        if source.read(0, len(row.magic)) == row.magic and (size := row.length(source)):
            return row, min(size, source.size)
    return None


def measure(source: Source) -> int | None:
    found = _row(source)
    return found[1] if found else None


def open_vendor(source: Source, budget: Budget) -> Opened:
    found = _row(source)
    if found is None:
        raise Damaged("an encrypted part whose header is damaged")
    raise Encrypted(f"{found[0].name}: encrypted, not readable without its key")


ABOUT = About(
    title="Encrypted images of makers",
    reads="Headers of D-Link (SHRS, encrpted_img) and of `openssl enc`, held against what follows them.",
    limits="Encrypted: told as such, nothing is decrypted. Other headers show as unknown parts of high entropy.",
    witness="openssl",
)

FORMAT = Format("vendor-encrypted", tuple(Magic(row.magic) for row in ROWS), measure, open_vendor, ABOUT, carve=False)
