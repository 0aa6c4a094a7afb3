"""private-key-embedded"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from firmward.checks.service.cures.at_first_boot import Device
from firmward.checks.service.cures.keys import left_out
from firmward.facts.init import Init
from firmward.facts.installed_programs import InstalledPrograms
from firmward.facts.private_keys import PrivateKeys, PrivateKeyUse
from firmward.facts.writable import Writable
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Source, Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Remove, Safety, Stage

KEY = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIMoNNQSjmOM+BM57ZElMVAux0r+zUkzeq3i45JVUD+p3oAoGCCqGSM49
AwEHoUQDQgAENcjWLZpwy52cQ72A16aLZn/SSfLD/GWtfbpJuqqngF2KBBUsSBi8
kID4BNf2AfoF8nNah90ypVKZ2IgWi0GLxg==
-----END EC PRIVATE KEY-----
"""
TUNNEL = (
    "config interface 'wg0'\n\toption proto 'wireguard'\n"
    "\toption private_key 'MDEyMzQ1Njc4OUFCQ0RFRmdoaWprbG1ub3BxcnN0dXY='\n"
)
PROGRAM = b"\x7fELF\x01\x01\x01" + bytes(57) + b"usage: agent\0" + KEY.encode() + b"\0"


@check(
    title="Private key in the image",
    severity=Severity.CRITICAL,
    practice="P18 P44",
    cwe=321,
    bad=(
        Example({"etc/nginx/nginx.conf": "ssl_certificate_key /etc/nginx/device.key;\n", "etc/nginx/device.key": KEY}),
        Example({"etc/config/network": TUNNEL}),
        Example({"usr/bin/agent": PROGRAM}),
    ),
    good=(
        Example({"etc/nginx/nginx.conf": "ssl_certificate_key /data/tls/device.key;\n"}),
        Example({"etc/config/network": "config interface 'lan'\n\toption proto 'static'\n"}),
        Example({"usr/bin/agent": b"\x7fELF\x01\x01\x01" + bytes(57) + b"-----BEGIN EC PRIVATE KEY-----\0"}),
    ),
)
def private_key_embedded(
    private_keys: PrivateKeys,
    source: Source,
    programs: InstalledPrograms | Unknown | None,
    init: Init | Unknown | None,
    writable: Writable | Unknown | None,
    policy: Policy | None,
) -> Findings:
    """A key in the image is in every device and in every update file, so it is no secret: whoever has it speaks for all
    devices, reads their traffic, signs what they trust, or logs in where the key opens an account. Keys that a server's
    configuration names, that belong to a certificate in the image or that open an account are critical; one without a
    known use is high, one under a passphrase medium (the passphrase must be in the image too), and a key among tests
    and examples low. An SSH server's host keys are keys like others; ssh-host-key-baked-in
    tells what comes of them.
    """
    if source is not Source.IMAGE:
        raise NotApplicable("a running device may have keys of its own; the image tells which are not")
    samples = [use for use in private_keys.keys if _is_sample(use)]
    device = Device(programs, init, writable, policy)
    yield from _own((use for use in private_keys.keys if not _is_sample(use)), device)
    yield from _samples(samples)
    if private_keys.unread:
        raise Unavailable("; ".join(private_keys.unread[:5]))


def _is_sample(use: PrivateKeyUse) -> bool:
    return use.key.sample and not use.host_key and use.named is None and use.account is None


def _own(uses: Iterable[PrivateKeyUse], device: Device) -> Iterator[Finding]:
    seen: set[str] = set()
    for use in uses:
        key = _key(use, seen)
        seen.add(key)
        yield Finding(
            key,
            f"{_what(use)} in /{use.key.path}{_use(use)}",
            at=use.key.at,
            remedy=left_out(use, device),
            severity=_severity(use),
        )


def _key(use: PrivateKeyUse, seen: set[str]) -> str:
    """The path, with the public part where a file has several: which of them comes first says nothing."""
    path, public = use.key.path, use.key.public
    key = path if path not in seen else f"{path}#{public.identity[:12]}" if public is not None else f"{path}#2"
    number = 2
    while key in seen:
        number += 1
        key = f"{path}#{number}"
    return key


def _what(use: PrivateKeyUse) -> str:
    kind = "" if use.key.algorithm == "unknown" else f"{use.key.algorithm} "
    guarded = (
        " under a passphrase" if use.key.locked else " under a passphrase everybody knows" if use.key.known else ""
    )
    return f"{kind}private key{guarded} ({use.key.form})"


def _use(use: PrivateKeyUse) -> str:
    words = ["it is the SSH server's host key"] if use.host_key else []
    if use.account is not None:
        words.append(f"it opens the account {use.account}")
    if use.authority:
        words.append(f"it signs certificates as the authority in {use.certificate}")
    elif use.certificate is not None:
        words.append(f"it belongs to the certificate in {use.certificate}")
    if use.named is not None and use.named != use.key.at:
        words.append(f"{use.named} uses it")
    return f": {', '.join(words)}" if words else ""


def _severity(use: PrivateKeyUse) -> Severity | None:
    if use.key.locked:
        return Severity.MEDIUM
    if use.key.path.endswith("ssl-cert-snakeoil.key") and use.named is None:
        return Severity.LOW  # Debian's package makes it at its installation, for nobody until a server names it
    has_use = use.host_key or use.certificate is not None or use.account is not None or use.named is not None
    return None if has_use else Severity.HIGH


def _samples(uses: list[PrivateKeyUse]) -> Iterator[Finding]:
    for path, group in groupby(sorted(uses, key=lambda use: use.key.path), key=lambda use: use.key.path):
        first, *others = group
        count = f" and {len(others)} more" if others else ""
        yield Finding(
            path,
            f"{_what(first)}{count} in /{path}, for tests or as an example: everybody has it",
            at=first.key.at,
            remedy=_without_sample(first),
            severity=Severity.LOW,
        )


def _without_sample(use: PrivateKeyUse) -> Remedy:
    summary = "Leave tests and examples out, and use such a key nowhere"
    if not use.key.alone:
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    return Remedy(summary, Safety.SAFE, Stage.IMAGE, (Remove(use.key.path),))
