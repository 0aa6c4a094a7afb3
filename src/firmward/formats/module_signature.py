"""Who signed a kernel module, and whether the signature holds with a certificate that is given.

What is appended to a module (kernel_module) is a CMS message without content (sign-file of Linux 4.3 and later); it has
no certificates either, but names one by issuer and serial number or by key identifier. The kernel looks for it among
those that were built in (CONFIG_MODULE_SIG_KEY, CONFIG_SYSTEM_TRUSTED_KEYS) and, where it is so configured, those of
the platform. The signature of a root hash of dm-verity (root_hash_sig_key_desc) is such a message too, over the root
hash as hexadecimal text.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from firmward.formats import cms, kernel_module, x509
from firmward.formats.kernel_module import Appended, Kind, Read
from firmward.formats.malformed import Malformed
from firmward.formats.x509 import Signed


@dataclass(frozen=True, slots=True)
class Signing:
    """`signer` is the common name of the certificate's issuer, empty where only a key's identifier is named; `key` the
    serial number or that identifier; `digest` is hashlib's name, `scheme` rsa, rsa-pss, ecdsa or other."""

    signer: str
    key: bytes
    digest: str
    scheme: str


def read(message: bytes) -> Signing:
    """By the first signer of a detached message. Raises Malformed."""
    signer = _signer(cms.parse(message))
    name = x509.common_name(signer.issuer) if signer.identifier is None else ""
    return Signing(name, signer.identifier or signer.serial, signer.digest, signer.algorithm.scheme.value)


def of_module(signature: Appended) -> Signing:
    """Raises Malformed."""
    if signature.kind is Kind.PKCS7:
        return read(signature.signature)
    return Signing(signature.signer, signature.key, signature.digest, "rsa")


def verify_module(signature: Appended, module: Read, certificates: Iterable[Signed]) -> cms.Verdict:
    """Whether it holds over the module with one of the certificates. Raises Malformed for a message that is none, and
    for the form before Linux 4.3, which is not verified here."""
    if signature.kind is not Kind.PKCS7:
        raise Malformed(f"a module's signature of the kind {signature.kind} is not verified here")
    message = cms.parse(signature.signature)
    signer = _signer(message)
    return cms.verify(message, signer, kernel_module.digest_of(signature, module, signer.digest), certificates)


def verify_root_hash(root_hash: str, message: bytes, certificates: Iterable[Signed]) -> cms.Verdict:
    """Whether a signature of dm-verity's root hash (in hexadecimal) holds. Raises Malformed."""
    parsed = cms.parse(message)
    signer = _signer(parsed)
    digest = hashlib.new(signer.digest, root_hash.lower().encode(), usedforsecurity=False).digest()
    return cms.verify(parsed, signer, digest, certificates)


def _signer(message: cms.SignedData) -> cms.Signer:
    if message.content is not None:
        raise Malformed("a signature that carries its own content")
    if not message.signers:
        raise Malformed("a message that nobody signed")
    return message.signers[0]
