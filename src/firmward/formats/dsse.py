"""Signed envelopes (DSSE 1.0): a payload of a stated type, and who signed the two together.

What is signed is the type and the payload with their lengths before them, so that no other pair gives the same bytes.
An envelope is written in one form alone; another spelling of the same is refused, so that nothing in it can be altered.
"""

import base64
import binascii
import json
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

SIGNATURES_LIMIT = 16
PAYLOAD_LIMIT = 1 << 20
SIZE_LIMIT = 2 * PAYLOAD_LIMIT


@dataclass(frozen=True, slots=True)
class Envelope:
    """A `payload` of a `type`, with signatures by the ids of their keys."""

    type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...] = ()

    @property
    def signed(self) -> bytes:
        """What a signature is over (DSSE's pre-authentication encoding)."""
        kind = self.type.encode()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)


def to_json(envelope: Envelope) -> bytes:
    signatures = [{"keyid": key, "sig": base64.b64encode(one).decode()} for key, one in envelope.signatures]
    payload = base64.b64encode(envelope.payload).decode()
    document = {"payloadType": envelope.type, "payload": payload, "signatures": signatures}
    return json.dumps(document, separators=(",", ":")).encode()


def parse(content: bytes) -> Envelope:
    """Raises Malformed."""
    if len(content) > SIZE_LIMIT:
        raise Malformed(f"the envelope has more than {SIZE_LIMIT} bytes")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Malformed("the envelope is not JSON") from error
    if not isinstance(document, dict):
        raise Malformed("the envelope is no table")
    listed = document.get("signatures")
    if not isinstance(listed, list) or len(listed) > SIGNATURES_LIMIT:
        raise Malformed(f"signatures is no list of at most {SIGNATURES_LIMIT}")
    envelope = Envelope(_text(document, "payloadType"), _decoded(document, "payload"), tuple(map(_signature, listed)))
    if to_json(envelope) != content:
        raise Malformed("the envelope is not written in its one form")
    return envelope


def _signature(one: object) -> tuple[str, bytes]:
    if not isinstance(one, dict):
        raise Malformed("a signature is no table")
    return _text(one, "keyid"), _decoded(one, "sig")


def _text(table: dict[str, object], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.isascii():
        raise Malformed(f"{key} is no plain text")
    return value


def _decoded(table: dict[str, object], key: str) -> bytes:
    try:
        return base64.b64decode(_text(table, key), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"{key} is not base64") from error
