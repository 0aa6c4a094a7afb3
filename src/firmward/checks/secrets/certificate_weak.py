"""certificate-weak"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from firmward.checks.service.cures.at_first_boot import Device
from firmward.checks.service.cures.keys import left_out
from firmward.facts.embedded import Embedded
from firmward.facts.init import Init
from firmward.facts.installed_programs import InstalledPrograms
from firmward.facts.private_keys import PrivateKeys, PrivateKeyUse
from firmward.facts.secret_search import EmbeddedCertificate
from firmward.facts.writable import Writable
from firmward.model.check import Example, Findings, check
from firmward.model.clock import Clock
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import MakeAtFirstBoot, Remedy, Safety, Stage

SHORT = """-----BEGIN CERTIFICATE-----
MIIB+zCCAWSgAwIBAgIUH74N9qjt6pwCAShoVw3FIY6hkuowDQYJKoZIhvcNAQEL
BQAwETEPMA0GA1UEAwwGZGV2aWNlMB4XDTI2MTEyMTA5MjgyNFoXDTM2MTExODA5
MjgyNFowETEPMA0GA1UEAwwGZGV2aWNlMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB
iQKBgQC/WG6mSAzb1UgfwwVNGV7ae8GlXCRetBWQYAGVPWCbohvf1TGPgX9qUQuQ
GIUdtMeynAneriz8aLNokk8Rcx92R4PjcZzVQE1um9/3CT58T6muuqTesWV18uhf
WK0PwPYNWgoZQLZQaZrM3rHJ5Pmo5cfi5kAwGDD4hCXBZgOtJQIDAQABo1AwTjAd
BgNVHQ4EFgQUzLm1h/bqKWBtowtjY34XTTjevkkwHwYDVR0jBBgwFoAUzLm1h/bq
KWBtowtjY34XTTjevkkwDAYDVR0TAQH/BAIwADANBgkqhkiG9w0BAQsFAAOBgQB1
ORYY+QMeL1XSN5vHBn8A6bwb3UQg/WxsmVZ+QThOAAs+1Ym8ZyJEzs/3IyjT2qgW
GLSLjwtJHG2FvnH+wTNRysxVtsak0U/bStYqh4k6qboEg4F3TYNSX4AiW118xr1p
Y7V9E+zJ+yd7ykzsiwnVfH6r0tHIzcg2UpRGmN8+Nw==
-----END CERTIFICATE-----
"""
LONG = """-----BEGIN CERTIFICATE-----
MIIBdDCCARqgAwIBAgIUNqgWbgOCuf/FbceaaZDuqrMLW0gwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGZGV2aWNlMB4XDTI2MTEyMTA5MjgyNFoXDTM2MTExODA5Mjgy
NFowETEPMA0GA1UEAwwGZGV2aWNlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
6ZuXDwHGPs46jp4THF5F9iWUtAxj8YA9+kal/fr+QHdkHXt1x/YI5EYqGdk5S50t
Emh3dsvmpZgcxhkroArdRqNQME4wHQYDVR0OBBYEFGYKeQr74/Q5scFg+OQS69Yy
je0cMB8GA1UdIwQYMBaAFGYKeQr74/Q5scFg+OQS69Yyje0cMAwGA1UdEwEB/wQC
MAAwCgYIKoZIzj0EAwIDSAAwRQIgAc026M2iD5mFCpbhEJCLMj//TxMLZWL3FgdL
uEQqeVYCIQC6JEJIzUzfE5k27HeGn6COteKLe4240fnrDCu5QDhQTA==
-----END CERTIFICATE-----
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A certificate with what else decides: the key in the image that belongs to it (`use`), today, and until when
    the device has support."""

    found: EmbeddedCertificate
    use: PrivateKeyUse | None
    today: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Row:
    """One weakness: `words` says in a sentence what is wrong, None when it is not."""

    key: str
    severity: Severity
    words: Callable[[Case], str | None]
    instead: str
    of_roots: bool = False
    """Whether trusted roots are judged too."""


def _short(case: Case) -> str | None:
    public = case.found.certificate.public
    if public is None:
        return None
    limit = 2048 if public.algorithm == "RSA" else 224
    return f"has a key of {public.bits} bits ({public.algorithm})" if public.bits < limit else None


def _digest(case: Case) -> str | None:
    certificate = case.found.certificate
    if certificate.weak_digest is None or certificate.names_itself:
        return None
    return f"is signed with {certificate.weak_digest}, which can be forged"


def _own_digest(case: Case) -> str | None:
    """A root proves nothing by its signature, and nobody looks at it. A server's own is looked at by some clients."""
    certificate = case.found.certificate
    if certificate.weak_digest is None or not certificate.names_itself or certificate.is_authority:
        return None
    return f"is signed, by itself, with {certificate.weak_digest}, which clients refuse more and more"


def _expired(case: Case) -> str | None:
    ends = case.found.certificate.ends
    return f"ended on {ends}" if ends < case.today else None


def _ends_early(case: Case) -> str | None:
    ends = case.found.certificate.ends
    if case.until is None or ends < case.today or ends >= case.until:
        return None
    return f"ends on {ends}, before the support period on {case.until}"


def _signing(case: Case) -> str | None:
    if case.use is None or not case.use.authority:
        return None
    return f"is an authority whose private key is in the image too (/{case.use.key.path})"


def _leaf(case: Case) -> str | None:
    use, certificate = case.use, case.found.certificate
    if not certificate.is_authority or (use is not None and use.authority):
        return None
    if use is not None and use.named is not None:
        return f"is a server's ({use.named}) and may sign others (CA:TRUE)"
    return "bears a host's name and may sign others (CA:TRUE)" if certificate.for_hosts else None


HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
ROWS = (
    Row("key-size", MEDIUM, _short, "Make a key on P-256 or of 3072 bits RSA, and a certificate for it"),
    Row("digest", MEDIUM, _digest, "Have it signed with SHA-256 or better"),
    Row("own-digest", LOW, _own_digest, "Make it anew with SHA-256"),
    Row("expired", MEDIUM, _expired, "Renew it, and let the device renew it itself from now on"),
    Row("ends-early", MEDIUM, _ends_early, "Let the device renew it, or make one that lasts as long as the support"),
    Row("authority-key", HIGH, _signing,
        "Keep the authority's key away from devices, and replace it: it is known now",
        of_roots=True),
    Row("authority-leaf", MEDIUM, _leaf, "Make the server's certificate with basicConstraints CA:FALSE"),
)  # fmt: skip


@check(
    title="Weak certificate",
    severity=Severity.MEDIUM,
    practice="P18",
    cwe=295,
    bad=(
        Example({"etc/ssl/device.crt": SHORT}),
        Example({"etc/ssl/device.crt": LONG}, policy="[support]\nuntil = 2041-06-30\n"),
    ),
    good=(
        Example({"etc/ssl/device.crt": LONG}),
        Example({"etc/ssl/device.crt": LONG}, policy="[support]\nuntil = 2031-06-30\n"),
    ),
)
def certificate_weak(
    embedded: Embedded,
    private_keys: PrivateKeys | None | Unknown,
    programs: InstalledPrograms | Unknown | None,
    init: Init | Unknown | None,
    writable: Writable | Unknown | None,
    policy: Policy | None,
    clock: Clock,
) -> Findings:
    """A certificate proves who answers only as long as its key cannot be computed, its signature cannot be forged and
    its time has not ended: then devices in the field refuse their own server, or are taught to refuse nothing. A
    server's certificate that may sign others turns one stolen key into any name. Of the many trusted
    roots that a distribution ships only those are told whose private key is in the image; the few that a maker chose
    himself are judged like others.
    """
    until = policy.support.until if policy is not None and policy.support is not None else None
    uses = private_keys.keys if isinstance(private_keys, PrivateKeys) else ()
    device = Device(programs, init, writable, policy)
    seen: set[str] = set()
    for one in embedded.certificates:
        if _is_judged(one):
            case = Case(one, _use(one, uses), clock.today, until)
            yield from (found for found in _findings(case, device) if found.key not in seen)
            seen.update(_key(row, one) for row in ROWS)
    if embedded.unread:
        raise Unavailable("; ".join(embedded.unread[:5]))
    if isinstance(private_keys, Unknown):
        raise Unavailable(private_keys.reason)


def _is_judged(one: EmbeddedCertificate) -> bool:
    """Those in files of their own and in configurations; one inside a program or a library's code is for its tests, or
    pinned there."""
    return not one.sample and not one.built_in


def _use(one: EmbeddedCertificate, uses: tuple[PrivateKeyUse, ...]) -> PrivateKeyUse | None:
    public = one.certificate.public
    if public is None:
        return None
    return next(
        (use for use in uses if use.key.public is not None and use.key.public.identity == public.identity), None
    )


def _findings(case: Case, device: Device) -> Iterator[Finding]:
    one = case.found
    name = f" ({one.certificate.subject})" if one.certificate.subject else ""
    for row in ROWS:
        words = row.words(case) if row.of_roots or not one.anchor else None
        if words is not None:
            yield Finding(
                _key(row, one),
                f"the certificate in /{one.at.path}{name} {words}",
                at=one.at,
                remedy=_remedy(row, case, device),
                severity=row.severity,
            )


def _remedy(row: Row, case: Case, device: Device) -> Remedy:
    """A certificate that a key of the image signed for itself is made anew with its key; an authority's key goes."""
    use, path = case.use, case.found.at.path
    is_own = use is not None and use.certificate is not None and use.certificate.path == path and not case.found.number
    if use is not None and is_own:
        found = left_out(use, device, row.instead)
        is_made = any(isinstance(one, MakeAtFirstBoot) for one in found.changes)
        if is_made or row.key == "authority-key":
            return found
    return Remedy(row.instead, Safety.MANUAL, Stage.SOURCE)


def _key(row: Row, one: EmbeddedCertificate) -> str:
    """The row and the path, and in a chain the name too."""
    return f"{row.key}:{one.at.path}" + (f"#{one.certificate.subject or one.number}" if one.number else "")
