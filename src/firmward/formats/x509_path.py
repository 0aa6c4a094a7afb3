"""The way from a signer's certificate to an anchor (RFC 5280, section 6), as firmware goes it.

Rules: an anchor may be any certificate, the signer's own among them, and need not name itself. A certificate belongs to
an issuer when the names are equal and the issuer's key verifies it; who issued must be allowed to. Firmware has no
clock that it trusts and looks neither at validity nor at the purposes of keys; lengths of paths and constraints of
names are not looked at here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from firmward.formats import der, signature_algorithm, x509
from firmward.formats.malformed import Malformed
from firmward.formats.x509 import Certificate, Signed

DEPTH = 8
"""Certificates of one path."""
TRIES = 64
"""Signatures verified for one path, so that certificates of one name that all issue each other end."""


@dataclass(slots=True)
class Effort:
    """Signatures that may still be verified, for all paths of one file."""

    left: int


@dataclass(frozen=True, slots=True)
class Path:
    """`certificates` lead from the signer's to the `anchor`, which is the last of them.

    Without an anchor they are those up to which it holds, and `problem` says in words what is missing.
    """

    certificates: tuple[Signed, ...]
    anchor: Signed | None
    problem: str | None = None


def find(leaf: Signed, others: Iterable[Signed], anchors: Iterable[Signed], effort: Effort | None = None) -> Path:
    """The path from a certificate, over any of `others`, to the first anchor that is found.

    What it takes is taken from `effort`, so that many paths with the largest of keys end together.
    """
    return _Search(tuple(others), tuple(anchors), effort or Effort(TRIES)).follow((leaf,))


def not_valid_on(path: Path, day: date) -> tuple[Certificate, ...]:
    """The certificates of a path whose time has not begun or is over: told, since firmware does not ask."""
    read = (x509.read(one.data) for one in path.certificates)
    return tuple(one for one in read if one is not None and not one.starts <= day <= one.ends)


def is_issued_by(certificate: Signed, issuer: Signed) -> bool:
    """Whether names and signature say so. Raises Malformed when the signature cannot be verified here."""
    if certificate.issuer != issuer.subject or issuer.key is None:
        return False
    algorithm = signature_algorithm.parse(certificate.algorithm, der.value_at(certificate.algorithm, 0))
    return signature_algorithm.verifies(algorithm, issuer.key, certificate.body, certificate.signature)


class _Search:
    """Depth first, anchors before others."""

    def __init__(self, others: Sequence[Signed], anchors: Sequence[Signed], effort: Effort) -> None:
        self._others = others
        self._anchors = anchors
        self._left = min(TRIES, effort.left)
        self._effort = effort

    def follow(self, path: tuple[Signed, ...]) -> Path:
        """`path` goes on to an anchor, or as far as the first way leads."""
        last = path[-1]
        anchor = next((one for one in self._anchors if one.data == last.data), None)
        if anchor is not None:
            return Path(path, anchor)
        if len(path) == DEPTH:
            return Path(path, None, f"a path of more than {DEPTH} certificates")
        best = Path(path, None, "no certificate here issued the last one")
        if last.issuer == last.subject:
            best = Path(path, None, "the last one names itself and is no anchor")
        for candidate in (*self._anchors, *self._others):
            if candidate.subject != last.issuer or any(candidate.data == one.data for one in path):
                continue
            if self._left == 0:
                return Path(path, None, "more signatures than are verified")
            self._left -= 1
            self._effort.left -= 1
            problem = _objection(last, candidate)
            found = Path(path, None, problem) if problem else self.follow((*path, candidate))
            if found.anchor is not None:
                return found
            if len(found.certificates) > len(best.certificates) or problem:
                best = found
        return best


def _objection(certificate: Signed, issuer: Signed) -> str | None:
    """Why a certificate of the right name did not issue another, or may not have."""
    try:
        if not is_issued_by(certificate, issuer):
            return "its issuer's key does not verify the last one"
    except Malformed as reason:
        return str(reason)
    return None if issuer.may_issue else "the issuer of the last one is no CA"
