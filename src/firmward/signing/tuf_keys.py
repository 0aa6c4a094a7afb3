"""Keys as TUF's metadata name them, and signatures as it holds them (TUF 1.0, section 4.2).

An id is made of the key as the metadata writes it, and is another than the store's own, which is that of the
SubjectPublicKeyInfo. Which role of a store serves which role of TUF is said here alone: a key of another role signs no
metadata, whatever a draft asks for.
"""

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from firmward.model.errors import InputError, TrustError
from firmward.signing.public_half import from_pem, key_id
from firmward.signing.role import Role
from firmward.signing.signing_key import PublicKey, Scheme, SigningKey
from firmward.signing.tuf_model import Key, Signature, Signer, SSlibKey

ROOT, TARGETS, SNAPSHOT, TIMESTAMP = "root", "targets", "snapshot", "timestamp"
_STORE_ROLES = {
    ROOT: Role.UPDATE_ROOT,
    TARGETS: Role.TARGETS,
    SNAPSHOT: Role.SNAPSHOT,
    TIMESTAMP: Role.TIMESTAMP,
}
SHOWN = 16
"""Digits of an id that a person sees."""


def store_role(name: str) -> Role:
    """Whose keys of a store sign the metadata of this name; that of a channel is signed by release."""
    return _STORE_ROLES.get(name, Role.RELEASE)


def tuf_key(public: PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(public, scheme=_scheme(public)[0])


def signature(key: SigningKey, payload: bytes) -> Signature:
    """Raises TrustError or DeviceError as the key does."""
    return Signature(tuf_key(key.public).keyid, key.sign(payload, _scheme(key.public)[1]).hex())


class StoreSigner(Signer):
    """A key of a store as python-tuf's own signing asks for one. Raises TrustError or DeviceError as the key does."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    @property
    def public_key(self) -> Key:
        return tuf_key(self._key.public)

    def sign(self, payload: bytes) -> Signature:
        return signature(self._key, payload)

    @classmethod
    def from_priv_key_uri(cls, priv_key_uri: str, public_key: Key, secrets_handler: object = None) -> "StoreSigner":
        raise InputError("a key of a store has no address")


def check_key(key: Key) -> None:
    """Raises TrustError for a key of a kind that devices do not know, or under an id that is not its own: one key under
    two ids would count for two."""
    try:
        value = key.keyval["public"]
        hexadecimal = key.keytype == "ed25519"
        public = (
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(value)) if hexadecimal else from_pem(value.encode(), "")
        )
        own = tuf_key(public)
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise TrustError(f"key {key.keyid[:SHOWN]}: is none that firmward knows") from error
    if own != key:
        raise TrustError(f"key {key.keyid[:SHOWN]}: is listed under an id or for a scheme that is not its own")


def own_id(key: Key) -> str:
    """By which people know a key, since `firmward keys list` shows it: the store's id, not that of the metadata."""
    try:
        return key_id(_public(key.keytype, key.keyval["public"]))
    except (KeyError, ValueError, AttributeError, TypeError, TrustError):
        return key.keyid  # of a kind that no store has


def _public(kind: str, value: str) -> PublicKey:
    if kind == "ed25519":
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(value))
    return from_pem(value.encode(), "")


def _scheme(public: PublicKey) -> tuple[str, Scheme]:
    if isinstance(public, RSAPublicKey):
        return "rsassa-pss-sha256", Scheme.RSA_PSS_SHA256
    if isinstance(public, EllipticCurvePublicKey):
        return "ecdsa-sha2-nistp256", Scheme.ECDSA_SHA256
    return "ed25519", Scheme.ED25519
