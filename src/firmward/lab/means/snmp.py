"""SNMPv2c (RFC 1901, RFC 3416): ask for one value, or set it, with a community as the only password."""

VERSION = b"\x01"
GET, SET = 0xA0, 0xA3
INTEGER, TEXT, NULL, OBJECT, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
NAME = (1, 3, 6, 1, 2, 1, 1, 5, 0)
"""sysName, which whoever may write may write."""
LARGEST = 127
"""Bytes that the short form of a length can say: more is never sent here."""


def get(community: str, name: tuple[int, ...]) -> bytes:
    return _message(GET, community, name, _value(NULL, b""))


def change(community: str, name: tuple[int, ...], text: str) -> bytes:
    return _message(SET, community, name, _value(TEXT, text.encode()))


def _message(kind: int, community: str, name: tuple[int, ...], value: bytes) -> bytes:
    zero = _value(INTEGER, b"\0")
    bound = _value(SEQUENCE, _value(SEQUENCE, _value(OBJECT, _object(name)) + value))
    asked = _value(kind, _value(INTEGER, b"\1") + zero + zero + bound)
    return _value(SEQUENCE, _value(INTEGER, VERSION) + _value(TEXT, community.encode()) + asked)


def _object(name: tuple[int, ...]) -> bytes:
    """X.690, 8.19, for numbers below 128."""
    return bytes((name[0] * 40 + name[1], *name[2:]))


def _value(kind: int, content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise ValueError(f"a value of {len(content)} bytes")
    return bytes((kind, len(content))) + content
