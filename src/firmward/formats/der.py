"""DER (X.690), as far as a CMS message (RFC 5652) has to be opened to see what it carries.

Pure: bytes to records. Lengths are definite, and nothing is read by recursion: `inside` steps into one value, and the
caller says how far down.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

SEQUENCE, OID, OCTETS, CONTEXT_0 = 0x30, 0x06, 0x04, 0xA0

SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
ENVELOPED_DATA = bytes.fromhex("2a864886f70d010703")

VALUES_LIMIT = 64
"""Values side by side that are looked at; a SignedData has six."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its tag, and its content by start and end in the bytes."""

    tag: int
    start: int
    end: int


def value_at(data: bytes, offset: int, limit: int | None = None) -> Value:
    """The value whose tag stands at `offset` and which ends by `limit`. Raises Malformed."""
    end = len(data) if limit is None else limit
    if end - offset < 2:
        raise Malformed("DER: cut off")
    tag, first, start = data[offset], data[offset + 1], offset + 2
    if tag & 0x1F == 0x1F:
        raise Malformed("DER: a tag of many bytes")
    size = first
    if first & 0x80:
        count = first & 0x7F
        if not 1 <= count <= 4 or end - start < count:
            raise Malformed("DER: a length that is not definite")
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    if size > end - start:
        raise Malformed("DER: a value longer than what holds it")
    return Value(tag, start, start + size)


def inside(data: bytes, outer: Value) -> Iterator[Value]:
    """The values that one is made of. Raises Malformed."""
    offset = outer.start
    for _ in range(VALUES_LIMIT):
        if offset >= outer.end:
            return
        value = value_at(data, offset, outer.end)
        yield value
        offset = value.end


def all_inside(data: bytes, outer: Value, limit: int = VALUES_LIMIT) -> tuple[Value, ...]:
    """As `inside`, where none may be left out: raises Malformed for more than `limit` too."""
    found: list[Value] = []
    offset = outer.start
    while offset < outer.end:
        if len(found) == limit:
            raise Malformed(f"DER: more than {limit} values side by side")
        found.append(value_at(data, offset, outer.end))
        offset = found[-1].end
    return tuple(found)


def encoded_inside(data: bytes, outer: Value, limit: int = VALUES_LIMIT) -> tuple[bytes, ...]:
    """As `all_inside`: each value's bytes with tag and length."""
    found, start = [], outer.start
    for value in all_inside(data, outer, limit):
        found.append(data[start : value.end])
        start = value.end
    return tuple(found)


def content(data: bytes, value: Value) -> bytes:
    """What a value holds, without its tag and length."""
    return data[value.start : value.end]


def total_size(head: bytes) -> int | None:
    """Bytes of a CMS message with its header, by its first bytes; None when they begin none."""
    return _sequence(head)[1] if _content_type(head) in (SIGNED_DATA, ENVELOPED_DATA) else None


def is_enveloped(head: bytes) -> bool:
    """Whether the CMS message that begins here is encrypted itself."""
    return _content_type(head) == ENVELOPED_DATA


def _content_type(head: bytes) -> bytes | None:
    """What a CMS message says it is; None when the bytes begin none."""
    try:
        kind = value_at(head, _sequence(head)[0])
    except Malformed:
        return None
    return head[kind.start : kind.end] if kind.tag == OID else None


def _sequence(head: bytes) -> tuple[int, int]:
    """Where the content of the sequence at the start begins and ends, its bytes being there or not."""
    if len(head) < 6 or head[0] != SEQUENCE:
        raise Malformed("DER: no sequence")
    count = head[1] & 0x7F if head[1] & 0x80 else 0
    if head[1] == 0x80 or count > 4:
        raise Malformed("DER: a length that is not definite")
    size = int.from_bytes(head[2 : 2 + count], "big") if count else head[1]
    return 2 + count, 2 + count + size


def encapsulated(message: bytes) -> bytes | None:
    """What a CMS SignedData carries inside; None when it is detached, or encrypted itself. Raises Malformed."""
    whole = value_at(message, 0)
    kind, content = _first(message, whole, 2)
    if message[kind.start : kind.end] != SIGNED_DATA:
        return None
    (signed,) = _first(message, content, 1)
    _, _, carried = _first(message, signed, 3)
    inner = list(inside(message, carried))
    if len(inner) < 2 or inner[1].tag != CONTEXT_0:
        return None
    (octets,) = _first(message, inner[1], 1)
    return message[octets.start : octets.end] if octets.tag == OCTETS else None


def _first(data: bytes, outer: Value, count: int) -> tuple[Value, ...]:
    found = tuple(value for value, _ in zip(inside(data, outer), range(count), strict=False))
    if len(found) < count:
        raise Malformed("DER: a value is missing")
    return found
