"""A private key in a token of PKCS#11: made in it, and never out of it.

Rules (PKCS#11 2.40): CKA_SENSITIVE with CKA_EXTRACTABLE false keeps the private half in the token, CKA_LOCAL,
CKA_ALWAYS_SENSITIVE and CKA_NEVER_EXTRACTABLE are the token's own word that it never was anywhere else, and a key
without them is thrown away. CKM_ECDSA gives r and s side by side, which signatures here have as DER's sequence.

python-pkcs11 (MIT) is an extra, `firmward[hsm]`. The module is a shared library that runs in this process, so that one
which others may change is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from firmward.model.errors import DeviceError, InputError, ToolError, TrustError
from firmward.signing import private_files
from firmward.signing.algorithm import Algorithm
from firmward.signing.public_half import SALT, check_scheme, is_signed
from firmward.signing.signing_key import PublicKey, Scheme

if TYPE_CHECKING:
    import pkcs11

P256 = bytes.fromhex("06082a8648ce3d030107")
EDWARDS25519 = bytes.fromhex("130c656477617264733235353139")
"""CKA_EC_PARAMS: an object identifier, and a name (PKCS#11 3.0, section 2.3.5)."""
OF_A_TPM = "tpm2-software.github.io"
"""The maker of a module (tpm2-pkcs11) whose RSA keys decrypt as well as sign, whatever is asked for."""
POINT_SIZES = {Algorithm.ECDSA_P256: 65, Algorithm.ED25519: 32}


@dataclass(frozen=True, slots=True)
class Token:
    """The library that speaks to it, and the label that it was initialised with."""

    module: Path
    label: str


@dataclass(frozen=True, slots=True)
class Pkcs11Key:
    """The key `label` of a `token`, which `module`, a library of PKCS #11, speaks to."""

    id: str
    name: str
    public: PublicKey
    module: Path
    token: str
    label: str
    pin: str = field(repr=False)

    def sign(self, message: bytes, scheme: Scheme) -> bytes:
        check_scheme(self.public, scheme, self.name)
        with _session(Token(self.module, self.token), self.pin) as session:
            signature = _signature(_private(session, self.label, self.name), message, scheme)
        if not is_signed(self.public, signature, message, scheme):
            raise TrustError(f"{self.name}: {self.label} in token {self.token} is another key than the store lists")
        return signature


def make(token: Token, label: str, algorithm: Algorithm, pin: str) -> PublicKey:
    """Raises TrustError where the token does not vouch that the key cannot leave it."""
    with _session(token, pin, writing=True) as session:
        public, private = _generated(session, token, label, algorithm)
        try:
            if not _stays(private):
                raise TrustError(f"token {token.label}: makes keys that can be taken out of it; use another")
            return _public(public, algorithm)
        except BaseException:
            public.destroy()
            private.destroy()
            raise


def discard(token: Token, label: str, pin: str) -> None:
    """Remove a key that was made just now and is not listed yet."""
    with _session(token, pin, writing=True) as session:
        for one in list(session.get_objects({_words().Attribute.LABEL: label})):
            one.destroy()


def _generated(
    session: "pkcs11.Session", token: Token, label: str, algorithm: Algorithm
) -> "tuple[pkcs11.PublicKey, pkcs11.PrivateKey]":
    words = _words()
    kept = {words.Attribute.SENSITIVE: True, words.Attribute.EXTRACTABLE: False, words.Attribute.PRIVATE: True}
    use = words.MechanismFlag.SIGN | words.MechanismFlag.VERIFY
    bits = algorithm.rsa_bits
    if bits is not None:
        if words.lib(str(token.module)).manufacturer_id.strip() == OF_A_TPM:
            use |= words.MechanismFlag.ENCRYPT | words.MechanismFlag.DECRYPT
        return session.generate_keypair(
            words.KeyType.RSA, bits, store=True, label=label, capabilities=use, private_template=kept
        )
    edwards = algorithm is Algorithm.ED25519
    curve = session.create_domain_parameters(
        words.KeyType.EC_EDWARDS if edwards else words.KeyType.EC,
        {words.Attribute.EC_PARAMS: EDWARDS25519 if edwards else P256},
        local=True,
    )
    how = words.Mechanism.EC_EDWARDS_KEY_PAIR_GEN if edwards else words.Mechanism.EC_KEY_PAIR_GEN
    return curve.generate_keypair(mechanism=how, store=True, label=label, capabilities=use, private_template=kept)


def _stays(private: "pkcs11.PrivateKey") -> bool:
    words = _words().Attribute
    asked = (words.SENSITIVE, words.ALWAYS_SENSITIVE, words.NEVER_EXTRACTABLE, words.LOCAL)
    return all(private[word] is True for word in asked) and private[words.EXTRACTABLE] is False


def _public(public: "pkcs11.PublicKey", algorithm: Algorithm) -> PublicKey:
    words = _words().Attribute
    if algorithm.rsa_bits is not None:
        modulus, exponent = (int.from_bytes(public[word], "big") for word in (words.MODULUS, words.PUBLIC_EXPONENT))
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    # the point stands in an OCTET STRING, which some tokens leave out; its size is the curve's
    point = bytes(public[words.EC_POINT])[-POINT_SIZES[algorithm] :]
    if algorithm is Algorithm.ED25519:
        return Ed25519PublicKey.from_public_bytes(point)
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def _private(session: "pkcs11.Session", label: str, name: str) -> Any:
    words = _words()
    found = list(
        session.get_objects({words.Attribute.CLASS: words.ObjectClass.PRIVATE_KEY, words.Attribute.LABEL: label})
    )
    if len(found) != 1:
        raise TrustError(f"{name}: the token has {len(found)} private keys {label}, not one")
    return found[0]


def _signature(private: Any, message: bytes, scheme: Scheme) -> bytes:
    words = _words()
    how = words.Mechanism
    if scheme is Scheme.ECDSA_SHA256:
        digest = hashes.Hash(hashes.SHA256())
        digest.update(message)
        raw = bytes(private.sign(digest.finalize(), mechanism=how.ECDSA))
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
    if scheme is Scheme.RSA_PSS_SHA256:
        salted = (how.SHA256, words.MGF.SHA256, SALT)
        return bytes(private.sign(message, mechanism=how.SHA256_RSA_PKCS_PSS, mechanism_param=salted))
    return bytes(private.sign(message, mechanism=how.EDDSA if scheme is Scheme.ED25519 else how.SHA256_RSA_PKCS))


@contextmanager
def _session(token: Token, pin: str, *, writing: bool = False) -> "Iterator[pkcs11.Session]":
    """A session in which the user is logged in, with the module's errors in our words."""
    words = _words()
    check_module(token.module)
    wrong = words.exceptions
    try:
        found = words.lib(str(token.module)).get_token(token_label=token.label)
        with found.open(user_pin=pin, rw=writing) as session:
            yield session
    except (wrong.PinIncorrect, wrong.PinInvalid, wrong.PinLenRange) as error:
        raise TrustError(f"token {token.label}: wrong PIN; it may lock itself after a few") from error
    except wrong.PinLocked as error:
        raise TrustError(f"token {token.label}: is locked after wrong PINs; its security officer unlocks it") from error
    except wrong.MultipleTokensReturned as error:
        raise InputError(f"token {token.label}: several have this label; remove the others") from error
    except wrong.NoSuchToken as error:
        raise DeviceError(f"token {token.label}: is not there; plug it in, and try again") from error
    except wrong.MechanismInvalid as error:
        raise InputError(f"token {token.label}: does not know this algorithm; choose another") from error
    except words.PKCS11Error as error:
        what = str(error) or type(error).__name__
        raise DeviceError(f"token {token.label}: {token.module.name} says {what}") from error


def check_module(module: Path) -> None:
    """It is loaded into this process: nobody but root and the user may write it. Raises InputError, TrustError."""
    if not module.is_absolute():
        raise InputError(f"{module}: give the whole path of the PKCS#11 module")
    try:
        real = module.resolve(strict=True)
        found = real.stat()
    except OSError as error:
        raise InputError(f"{module}: {error.strerror or error}") from error
    private_files.check_rights(real, found, private_files.WRITABLE)


def _words() -> Any:
    """python-pkcs11, when a token is asked for."""
    try:
        import pkcs11
    except ImportError as error:
        raise ToolError("keys in tokens need python-pkcs11: pip install 'firmward[hsm]'") from error
    return pkcs11
