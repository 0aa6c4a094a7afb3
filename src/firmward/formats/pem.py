"""PEM armour (RFC 7468) as it is met in images: in files of its own, in configurations, scripts and programs' strings.

Rules: a line `-----BEGIN label-----`, perhaps headers of RFC 1421 (`Proc-Type: 4,ENCRYPTED`), base 64, a line with END
and the same label. In C, JSON and scripts the line ends are written as `\\n` and each line may stand in quotes. A first
line without base 64 that decodes is no block: parsers carry it as a word to look for.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

BEGIN = b"-----BEGIN "
BODY_LIMIT = 64 << 10
"""Bytes of a block; a key of 16384 bits has 13 000, and a chain of certificates is many blocks."""

_FIRST = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_HEADER = re.compile(rb"\s*(?:Proc-Type|DEK-Info|Comment|Version|X-[\w-]{1,30}|Key-[\w-]{1,30}):[^\n]{0,200}\n?")


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its label, what it decodes to, its place. `locked` says that its headers name a cipher."""

    label: str
    content: bytes
    start: int
    end: int
    locked: bool = False


def blocks(data: bytes) -> Iterator[Block]:
    """The blocks in the bytes, in order."""
    position = data.find(BEGIN)
    while position >= 0:
        block = _block(data, position)
        if block is not None:
            yield block
        position = data.find(BEGIN, position + len(BEGIN))


def _block(data: bytes, start: int) -> Block | None:
    first = _FIRST.match(data, start)
    if first is None:
        return None
    last = b"-----END " + first[1] + b"-----"
    end = data.find(last, first.end(), first.end() + BODY_LIMIT)
    if end < 0:
        return None
    body = data[first.end() : end].replace(b"\\r", b"\n").replace(b"\\n", b"\n")
    locked = False
    while header := _HEADER.match(body):
        locked = locked or b"ENCRYPTED" in header[0]
        body = body[header.end() :]
    content = _decoded(body)
    return None if content is None else Block(first[1].decode(), content, start, end + len(last), locked)


def _decoded(body: bytes) -> bytes | None:
    words = body.translate(None, b" \t\r\n\0\"'\\,")
    checksum = words.rfind(b"=", 0, -4)  # OpenPGP's checksum stands after the last line
    if len(words) > 5 and words[-5:-4] == b"=" and checksum == len(words) - 5:
        words = words[:-5]
    try:
        return base64.b64decode(words, validate=True) or None
    except (binascii.Error, ValueError):
        return None
