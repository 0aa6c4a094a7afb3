"""What a key says of a document: an envelope (formats/dsse.py) with the document in it, signed by as many keys as its
role asks for.
"""

from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from firmward.formats import dsse
from firmward.formats.dsse import Envelope
from firmward.formats.malformed import Malformed
from firmward.model.errors import TrustError
from firmward.signing.public_half import is_signed, key_id
from firmward.signing.signing_key import PublicKey, Scheme, SigningKey


def scheme_of(public: PublicKey) -> Scheme:
    """How a key signs statements; RSA and Ed25519 say the same with the same bytes each time."""
    if isinstance(public, RSAPublicKey):
        return Scheme.RSA_PKCS1_SHA256
    return Scheme.ECDSA_SHA256 if isinstance(public, EllipticCurvePublicKey) else Scheme.ED25519


def signed(kind: str, payload: bytes, keys: Sequence[SigningKey]) -> bytes:
    """The envelope in JSON. Raises TrustError or DeviceError as the keys do."""
    envelope = Envelope(kind, payload)
    made = tuple((key.id, key.sign(envelope.signed, scheme_of(key.public))) for key in keys)
    return dsse.to_json(Envelope(kind, payload, made))


def verified(content: bytes, kind: str, keys: Iterable[PublicKey], threshold: int = 1) -> bytes:
    """The payload, when so many different keys of these have signed it. Raises TrustError."""
    try:
        envelope = dsse.parse(content)
    except Malformed as reason:
        raise TrustError(f"it is no signed statement: {reason}") from reason
    if envelope.type != kind:
        raise TrustError(f"it is a statement of another kind, {envelope.type[:80]!r}")
    known = {key_id(key): key for key in keys}
    held = {name for name, made in envelope.signatures if name in known and _holds(known[name], made, envelope)}
    if len(held) < max(threshold, 1):
        raise TrustError(f"{len(held)} of the keys that may sign it have, and {max(threshold, 1)} must")
    return envelope.payload


def _holds(key: PublicKey, made: bytes, envelope: Envelope) -> bool:
    return is_signed(key, made, envelope.signed, scheme_of(key))
