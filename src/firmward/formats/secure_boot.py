"""UEFI's secure boot as its variables decide it, and whether a program would be started (UEFI 2.10, 32.3 to 32.5).

Rules: without a platform key (PK) the firmware is in setup mode and starts everything; so it does in audit mode, and
where the switch of edk2 (SecureBootEnable) is off. Else a program is refused when dbx has its digest, a certificate
that leads to its signer, or the digest of one; and started when one of its signatures holds and leads to a certificate
in db, or db has its digest. A refused signature refuses the whole program, however many others it has (edk2's
DxeImageVerificationLib). Revocation from a time on is taken as revocation: time stamps are not verified here.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from firmward.formats import authenticode, efi_signature_list, pe, x509, x509_path
from firmward.formats.authenticode import Signature
from firmward.formats.efi_signature_list import Entry, Kind
from firmward.formats.efi_variables import GLOBAL, IMAGE_SECURITY, SECURE_BOOT_ENABLE, Origin, Store
from firmward.formats.malformed import Malformed
from firmward.formats.shim import Vendor
from firmward.formats.x509 import Signed


@dataclass(frozen=True, slots=True)
class SecureBoot:
    """`setup_mode` is None where the store does not say: U-Boot takes no keys from its file.

    `is_enforced` says that programs are refused, as far as the variables decide it. The modes are None where the store
    has no such variable: they are made at each start, so that only a running machine shows them. `problems` say in
    words which variables could not be read; nothing is known of what they hold.
    """

    setup_mode: bool | None
    is_enforced: bool | None
    audit_mode: bool | None
    deployed_mode: bool | None
    platform_keys: tuple[Entry, ...]
    exchange_keys: tuple[Entry, ...]
    allowed: tuple[Entry, ...]
    revoked: tuple[Entry, ...]
    problems: tuple[str, ...] = ()
    switch: bool | None = None
    """edk2's SecureBootEnable."""


class Decision(StrEnum):
    STARTED = "started"
    REFUSED = "refused"
    NOT_ENFORCED = "not-enforced"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of a program, and why, in words. `by` is the certificate in db or dbx that decided, if one did."""

    decision: Decision
    reason: str
    by: Signed | None = None
    signatures: tuple[Signature, ...] = field(default=(), repr=False)


def decide(store: Store, *, is_built_in: bool = False) -> SecureBoot:
    """The state that a store's variables make. `is_built_in` is for a file of U-Boot's variables inside U-Boot, whose
    keys count, unlike those in the file on a medium."""
    problems: list[str] = []
    counts = store.origin is not Origin.UBOOT or is_built_in
    lists = {
        name: _entries(store, name, vendor, problems) if counts else ()
        for name, vendor in (("PK", GLOBAL), ("KEK", GLOBAL), ("db", IMAGE_SECURITY), ("dbx", IMAGE_SECURITY))
    }
    if store.problem:
        problems.append(store.problem)
    switch = _flag(store, "SecureBootEnable", SECURE_BOOT_ENABLE)
    setup = _flag(store, "SetupMode") if store.origin is Origin.LINUX else None
    if setup is None and counts:
        setup = store.get("PK", GLOBAL) is None
    audit = _flag(store, "AuditMode")
    enforced = _flag(store, "SecureBoot") if store.origin is Origin.LINUX else None
    if enforced is None and setup is not None:
        enforced = not setup and not audit and switch is not False
    return SecureBoot(
        setup,
        enforced,
        audit,
        _flag(store, "DeployedMode"),
        lists["PK"],
        lists["KEK"],
        lists["db"],
        lists["dbx"],
        tuple(problems),
        switch,
    )


def behind_shim(state: SecureBoot, vendor: Vendor) -> SecureBoot:
    """What holds for a program that shim is to start: its maker's lists besides. What the owner enrolled is not looked
    at, nor the generations that shim refuses (sbat)."""
    return replace(state, allowed=(*state.allowed, *vendor.allowed), revoked=(*state.revoked, *vendor.revoked))


def _entries(store: Store, name: str, vendor: object, problems: list[str]) -> tuple[Entry, ...]:
    found = next((one for one in store.variables if one.name == name and one.vendor == vendor), None)
    try:
        return efi_signature_list.parse(found.data) if found is not None else ()
    except Malformed as reason:
        problems.append(f"{name}: {reason}")
        return ()


def _flag(store: Store, name: str, vendor: object = GLOBAL) -> bool | None:
    found = next((one for one in store.variables if one.name == name and one.vendor == vendor), None)
    return bool(found.data[0]) if found is not None and len(found.data) == 1 else None


def certificates(entries: Iterable[Entry]) -> tuple[Signed, ...]:
    """The certificates among the entries that can be read as such."""
    found = []
    for entry in entries:
        if entry.kind is Kind.CERTIFICATE:
            try:
                found.append(x509.signed(entry.data))
            except Malformed:  # firmware passes over it as well
                continue
    return tuple(found)


def admission(state: SecureBoot, program: pe.Program, read: pe.Read) -> Admission:
    """Whether a program would be started. One that firmware could not read is refused, with the reason."""
    if state.is_enforced is None:
        return Admission(Decision.UNKNOWN, "the variables do not say whether secure boot is enforced")
    if not state.is_enforced:
        return Admission(Decision.NOT_ENFORCED, _unenforced(state))
    if state.problems:
        return Admission(Decision.UNKNOWN, f"not all of the variables could be read: {state.problems[0]}")
    try:
        return _judged(state, program, read)
    except Malformed as reason:
        return Admission(Decision.REFUSED, str(reason))


def _unenforced(state: SecureBoot) -> str:
    if state.setup_mode:
        return "no platform key: setup mode"
    if state.audit_mode:
        return "audit mode"
    return "secure boot is switched off"


def _judged(state: SecureBoot, program: pe.Program, read: pe.Read) -> Admission:
    allowed, revoked = (efi_signature_list.digests(entries) for entries in (state.allowed, state.revoked))
    digests = pe.digests(program, read, sorted({algorithm for algorithm, _ in (*allowed, *revoked)}))
    signatures = authenticode.signatures(program, read, certificates(state.allowed))
    own = frozenset(digests.items())
    if own & revoked:
        return Admission(Decision.REFUSED, "its digest is in dbx", None, signatures)
    firmware_sees = [one for one in signatures if not one.is_nested]
    effort = x509_path.Effort(authenticode.TRIES)
    for signature in firmware_sees:
        refusal = _revocation(state, signature, effort)
        if refusal is None and not effort.left:
            return Admission(Decision.UNKNOWN, "more signatures than are verified", None, signatures)
        if refusal is not None:
            return Admission(Decision.REFUSED, "dbx has a certificate that leads to its signer", refusal, signatures)
    for signature in firmware_sees:
        if signature.is_anchored and signature.path is not None:
            reason = "a signature leads to a certificate in db"
            return Admission(Decision.STARTED, reason, signature.path.anchor, signatures)
    if own & allowed:
        return Admission(Decision.STARTED, "its digest is in db", None, signatures)
    return Admission(Decision.REFUSED, _lack(firmware_sees), None, signatures)


def _revocation(state: SecureBoot, signature: Signature, effort: x509_path.Effort) -> Signed | None:
    """The certificate by which dbx refuses a signature that holds."""
    if not signature.holds or signature.certificate is None or signature.path is None:
        return None
    found = x509_path.find(signature.certificate, signature.others, certificates(state.revoked), effort)
    if found.anchor is not None:
        return found.anchor
    listed = efi_signature_list.digests(state.revoked, Kind.CERTIFICATE_DIGEST)
    led = (*signature.path.certificates, *found.certificates)
    return next((one for one in led if any(_is_digest_of(one, *each) for each in listed)), None)


def _is_digest_of(certificate: Signed, algorithm: str, digest: bytes) -> bool:
    return hashlib.new(algorithm, certificate.body, usedforsecurity=False).digest() == digest


def _lack(signatures: list[Signature]) -> str:
    if not signatures:
        return "it is not signed, and its digest is not in db"
    holding = next((one for one in signatures if one.holds), None)
    if holding is None:
        return f"no signature of it holds: {signatures[0].problem}"
    return "no signature of it leads to a certificate in db"
