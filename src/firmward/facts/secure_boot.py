"""UEFI's secure boot as the variable stores of the image decide it: which keys are enrolled, and whether they count.

A store is a volume of edk2's, in a dump of the flash or a file beside the disk, or U-Boot's file in the EFI system
partition (formats/efi_variables.py). Without a platform key the firmware is in setup mode; U-Boot takes no keys from
its file, so that this says nothing (formats/secure_boot.py has the rules).

A test key has a private key that everybody can have: AMI's says so in its name (CERT/CC VU#455367, CVE-2024-8105), and
Debian's ovmf ships the private half of its SnakeOil key for tests.
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from firmward.facts.parts_of_kind import read_each
from firmward.formats import efi_signature_list, efi_variables, secure_boot, shim, x509
from firmward.formats.efi_signature_list import Entry, Kind
from firmward.formats.efi_variables import Store
from firmward.formats.malformed import Malformed
from firmward.model.location import Location
from firmward.model.parts import Content, Parts

KIND = "efi-variables"
OWNERS_LIST = "MokList"
"""What the owner of a machine allowed shim to start besides."""
TEST_NAMES = ("do not trust", "do not ship", "snakeoil")
NAME_LIMIT = 100


class State(StrEnum):
    ON = "on"
    """Programs that the keys do not let in are refused."""
    OFF = "off"
    """Keys are enrolled, and a switch or the audit mode has everything started all the same."""
    SETUP = "setup"
    """No platform key: everything is started, and whoever comes first enrols his own."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """A certificate in the `list` PK, KEK, db or dbx: its `subject`, the SHA-256 of it as `fingerprint`, and whether it
    `is_test`, one whose private key is public."""

    list: str
    subject: str
    fingerprint: str
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class VariableStore:
    """One store, `at`, the program that keeps it (`origin`), its `state` and the enrolled `keys`. `digests` counts the
    programs that db lists by digest, `revoked` all entries of dbx. `problems` say in words what could not be read.
    `variables` are what programs are judged by, `owned` what the machine's owner allowed shim."""

    at: Location
    origin: str
    state: State
    keys: tuple[EnrolledKey, ...]
    digests: int
    revoked: int
    problems: tuple[str, ...] = ()
    variables: secure_boot.SecureBoot | None = field(default=None, repr=False)
    owned: tuple[Entry, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class SecureBoot:
    """All `stores` that were found; `unread` says in words which could not be."""

    stores: tuple[VariableStore, ...]
    unread: tuple[str, ...] = ()

    @property
    def deciding(self) -> tuple[VariableStore, ...]:
        """The stores that say what state they make."""
        return tuple(one for one in self.stores if one.state is not State.UNKNOWN)

    @property
    def state(self) -> State:
        """What all stores that say so agree on."""
        states = {one.state for one in self.deciding}
        return states.pop() if len(states) == 1 else State.UNKNOWN


def collect(parts: Parts) -> SecureBoot | None:
    found, unread = read_each(parts, (KIND,), _read)
    return SecureBoot(tuple(found), unread) if found or unread else None


def _read(at: Location, _: str, content: Content) -> VariableStore:
    magic = content.read(efi_variables.UBOOT_MAGIC_OFFSET, len(efi_variables.UBOOT_MAGIC))
    if magic == efi_variables.UBOOT_MAGIC:
        return _told(efi_variables.parse_uboot(content.read(0, min(content.size, efi_variables.SIZE_LIMIT))), at)
    return _told(efi_variables.parse_volume(content.read), at)


def _told(store: Store, at: Location) -> VariableStore:
    decided = secure_boot.decide(store)
    problems = list(decided.problems)
    lists = {
        "PK": decided.platform_keys,
        "KEK": decided.exchange_keys,
        "db": decided.allowed,
        "dbx": decided.revoked,
    }
    keys = tuple(_key(name, entry) for name, entries in lists.items() for entry in entries if _is_certificate(entry))
    return VariableStore(
        at,
        store.origin.value,
        _state(decided),
        keys,
        len(efi_signature_list.digests(decided.allowed)),
        len(decided.revoked),
        tuple(problems),
        decided,
        _owned(store),
    )


def _state(decided: secure_boot.SecureBoot) -> State:
    if decided.setup_mode is None or decided.is_enforced is None:
        return State.UNKNOWN
    if decided.setup_mode:
        # a store that is damaged may have lost the very key that it is asked for
        return State.UNKNOWN if decided.problems else State.SETUP
    if not decided.platform_keys:
        return State.UNKNOWN
    return State.ON if decided.is_enforced else State.OFF


def _owned(store: Store) -> tuple[Entry, ...]:
    found = store.get(OWNERS_LIST, shim.OWNER)
    try:
        return () if found is None else efi_signature_list.parse(found.data)
    except Malformed:  # shim passes over it as well
        return ()


def _is_certificate(entry: Entry) -> bool:
    return entry.kind is Kind.CERTIFICATE


def _key(name: str, entry: Entry) -> EnrolledKey:
    subject, issuer = _names(entry.data)
    is_test = any(word in each.lower() for word in TEST_NAMES for each in (subject, issuer))
    return EnrolledKey(name, subject, hashlib.sha256(entry.data).hexdigest(), is_test)


def _names(certificate: bytes) -> tuple[str, str]:
    """Subject and issuer in words."""
    try:
        signed = x509.signed(certificate)
        return _words(signed.subject), _words(signed.issuer)
    except Malformed:
        return "a certificate that cannot be read", ""


def _words(name: bytes) -> str:
    return (x509.common_name(name) or x509.words(name))[:NAME_LIMIT]
