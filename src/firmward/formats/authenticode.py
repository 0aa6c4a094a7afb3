"""Authenticode: what each signature of a PE file says, and whether it holds (Microsoft's paper of it; UEFI 2.10, 32.5).

Rules: an entry of the certificate table is a PKCS#7 message whose content, SpcIndirectData, has the digest of the file
by one algorithm. A signature is worth something when that digest is the file's, the message verifies with the signer's
certificate, and a path leads from there to an anchor. A message has one signer. Firmware tries the entries one by one;
signatures nested in unsigned attributes, as Windows reads them, it passes over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats import cms, der, pe, x509_path
from firmward.formats.malformed import Malformed
from firmward.formats.signature_algorithm import DIGESTS, dotted
from firmward.formats.x509 import Signed
from firmward.formats.x509_path import Path

INDIRECT_DATA = "1.3.6.1.4.1.311.2.1.4"
NESTED_LIMIT = 8
TRIES = 256
"""Signatures of certificates that are verified for one file; on the largest curve one takes 30 ms."""


class Digest(StrEnum):
    """How the digest that was signed compares with the file's."""

    VALID = "valid"
    MISMATCH = "mismatch"
    UNPARSABLE = "unparsable"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature. `offset` is where its entry of the certificate table begins in the file, in bytes.

    `algorithm` is hashlib's name and `claimed` the digest that was signed. `verifies` says that the signature is the
    `certificate`'s, `path` leads from there to an anchor or says why not; both are of no use while `digest` is not
    valid. `is_nested` is one that firmware does not look at, `is_stamped` one with a time stamp (not verified here).
    `problem` says in words what is wrong with digest or signature.
    """

    offset: int
    digest: Digest
    algorithm: str | None = None
    claimed: bytes = b""
    certificate: Signed | None = None
    verifies: bool = False
    path: Path | None = None
    is_nested: bool = False
    is_stamped: bool = False
    others: tuple[Signed, ...] = ()
    problem: str | None = None

    @property
    def holds(self) -> bool:
        """Whether the file is what the signer's certificate signed, whoever that is."""
        return self.digest is Digest.VALID and self.verifies

    @property
    def is_anchored(self) -> bool:
        return self.holds and self.path is not None and self.path.anchor is not None


def signatures(program: pe.Program, read: pe.Read, anchors: Iterable[Signed] = ()) -> tuple[Signature, ...]:
    """Those of a file, in order, nested ones behind the one that carries them.

    Raises Malformed when the certificate table cannot be read; what is wrong with one signature is told in it.
    """
    anchors = tuple(anchors)
    messages = [found for entry in pe.certificates(program, read) for found in _messages(entry)]
    wanted = {found.algorithm for found in messages if isinstance(found, _Message)}
    try:
        digests, reason = pe.digests(program, read, sorted(wanted)), ""
    except Malformed as error:
        digests, reason = {}, str(error)
    effort = x509_path.Effort(TRIES)
    return tuple(
        found if isinstance(found, Signature) else _judged(found, digests.get(found.algorithm), reason, anchors, effort)
        for found in messages
    )


@dataclass(frozen=True, slots=True)
class _Message:
    """A message that could be read."""

    offset: int
    message: cms.SignedData
    signer: cms.Signer
    algorithm: str
    claimed: bytes
    is_nested: bool


def _messages(entry: pe.Certificate) -> Iterator[_Message | Signature]:
    if not entry.is_pkcs7:
        yield Signature(entry.offset, Digest.UNPARSABLE, problem=f"a certificate of kind {entry.kind:#06x}")
        return
    outer = _message(entry.offset, entry.content, is_nested=False)
    yield outer
    if isinstance(outer, _Message):
        carried = (one for one in outer.signer.unsigned if one.type == cms.NESTED_SIGNATURE)
        values = (value for attribute in carried for value in attribute.values)
        for value, _ in zip(values, range(NESTED_LIMIT), strict=False):
            yield _message(entry.offset, value, is_nested=True)


def _message(offset: int, data: bytes, *, is_nested: bool) -> _Message | Signature:
    try:
        message = cms.parse(data)
        if len(message.signers) != 1:
            raise Malformed(f"Authenticode: a message of {len(message.signers)} signers")
        algorithm, claimed = claimed_digest(message)
    except Malformed as reason:
        return Signature(offset, Digest.UNPARSABLE, is_nested=is_nested, problem=str(reason))
    return _Message(offset, message, message.signers[0], algorithm, claimed, is_nested)


def claimed_digest(message: cms.SignedData) -> tuple[str, bytes]:
    """Algorithm and digest in the content of a message. Raises Malformed when this is no SpcIndirectData."""
    content = message.content
    if message.content_type != INDIRECT_DATA or content is None:
        raise Malformed("Authenticode: a message that is not about a file")
    parts = der.all_inside(content, der.Value(der.SEQUENCE, 0, len(content)), 2)
    info = der.all_inside(content, parts[1], 2) if len(parts) == 2 else ()
    if len(info) != 2 or info[1].tag != der.OCTETS:
        raise Malformed("Authenticode: no digest in the message")
    identifier = der.content(content, next(iter(der.all_inside(content, info[0], 2)), info[0]))
    if identifier not in DIGESTS:
        raise Malformed(f"Authenticode: the digest {dotted(identifier)} is not known")
    return DIGESTS[identifier], der.content(content, info[1])


def _judged(
    found: _Message, digest: bytes | None, reason: str, anchors: tuple[Signed, ...], effort: x509_path.Effort
) -> Signature:
    verdict = cms.verify(found.message, found.signer)
    certificate = verdict.certificate
    path = None
    if certificate is not None:
        path = x509_path.find(certificate, found.message.certificates, anchors, effort)
    is_valid = digest is not None and digest == found.claimed
    problem = verdict.problem
    if not is_valid:
        problem = reason or f"the file's digest by {found.algorithm} is not the one that was signed"
    return Signature(
        found.offset,
        Digest.VALID if is_valid else Digest.MISMATCH,
        found.algorithm,
        found.claimed,
        certificate,
        verdict.holds,
        path,
        found.is_nested,
        found.signer.is_stamped,
        found.message.certificates,
        problem,
    )
