"""MQTT 3.1.1 (OASIS), as little of it as an attacker needs: connect without a name, subscribe to all, publish."""

CONNECT, CONNACK, PUBLISH, SUBSCRIBE = 0x10, 0x20, 0x30, 0x82
CLEAN = 0x02
KEPT_ALIVE = 60
ACCEPTED = 0
ANSWER = 4
"""Bytes of a CONNACK."""
LARGEST = 127
"""Bytes that a length of one byte can say: more is never sent here."""


def connect(client: str) -> bytes:
    return _packet(CONNECT, _text("MQTT") + bytes((4, CLEAN)) + KEPT_ALIVE.to_bytes(2, "big") + _text(client))


def subscribe(topic: str) -> bytes:
    return _packet(SUBSCRIBE, b"\0\1" + _text(topic) + b"\0")


def publish(topic: str, message: bytes) -> bytes:
    return _packet(PUBLISH, _text(topic) + message)


def is_let_in(said: bytes) -> bool:
    return said[:1] == bytes((CONNACK,)) and said[3:4] == bytes((ACCEPTED,))


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _packet(kind: int, body: bytes) -> bytes:
    if len(body) > LARGEST:
        raise ValueError(f"a packet of {len(body)} bytes")
    return bytes((kind, len(body))) + body
