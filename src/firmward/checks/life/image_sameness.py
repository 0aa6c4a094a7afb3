"""image-sameness"""

from collections.abc import Mapping
from dataclasses import dataclass

from firmward.checks.service.cures import at_first_boot
from firmward.checks.service.cures.at_first_boot import Device
from firmward.checks.service.cures.keys import left_out
from firmward.checks.service.cures.locking import locked, of_samba
from firmward.facts.init import Init
from firmward.facts.installed_programs import InstalledPrograms
from firmward.facts.private_keys import PrivateKeys, PrivateKeyUse
from firmward.facts.samba_passwords import SambaPassword, SambaPasswords
from firmward.facts.sameness import Sameness, Shared
from firmward.facts.writable import Writable
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Source, Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import link
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Remove, Safety, Stage, WriteFile

HIGH, MEDIUM, LOW, INFO = Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of sameness: what it is, what comes of it, and what to do instead.

    `made_anew` says that the program makes the file where it is missing, so that it can be left out.
    """

    key: str
    severity: Severity
    what: str
    why: str
    instead: str
    made_anew: bool = False


FIRST_BOOT = "Leave it out: it is made at first boot, on storage that lasts"
ENROL = "Give each device its own, at first boot or in the factory"

ROWS = (
    Row("ssh-host-key", HIGH, "the SSH host key", "one device can stand in for all", FIRST_BOOT),
    Row("tls-key", HIGH, "a TLS key", "one device can stand in for all", ENROL),
    Row("wireguard-key", HIGH, "a WireGuard key", "the tunnel cannot tell devices apart", ENROL),
    Row("private-key", HIGH, "a private key", "whoever has one device speaks for all", ENROL),
    Row("password-hash", HIGH, "the password and salt of an account", "one password found opens all devices", ENROL),
    Row("credential", HIGH, "a credential", "one device gives it away for all", ENROL),
    Row("wifi-key", HIGH, "the wireless network's key", "whoever knows one network enters all", ENROL),
    Row("disk-key", HIGH, "the key of encrypted storage", "whoever has one device reads the storage of all",
        "Make the key on each device at first boot, and seal it to its TPM or secure element"),
    Row("vnc-password", HIGH, "a VNC login", "one found opens all devices", ENROL),
    Row("keytab", HIGH, "a Kerberos keytab", "one device speaks for all", ENROL),
    Row("dns-key", HIGH, "a TSIG or rndc secret", "whoever has one device changes zones", ENROL),
    Row("ntp-key", HIGH, "NTP keys", "whoever has one device forges time for all", ENROL),
    Row("samba-secrets", HIGH, "Samba's secrets or accounts", "one device speaks for all", ENROL),
    Row("fleet-device", HIGH, "a device's name or key at its update server", "the server takes all for one", ENROL),
    Row("machine-id", MEDIUM, "the machine id", "logs, DHCP leases and addresses derived from it collide",
        "Ship it empty, or with the word uninitialized: systemd or D-Bus makes it at first boot"),
    Row("random-seed", MEDIUM, "a random seed", "devices may begin with the same random numbers", FIRST_BOOT, True),
    Row("duid", MEDIUM, "a DHCP identity (DUID) or its secret", "devices in one network take each other's leases",
        FIRST_BOOT, True),
    Row("iscsi-initiator", MEDIUM, "the iSCSI initiator's name", "targets take all devices for one",
        "Ship GenerateName=yes, or make the name at first boot"),
    Row("nvme-host", MEDIUM, "the NVMe host's name", "targets take all devices for one", FIRST_BOOT),
    Row("snmp-engine", MEDIUM, "the SNMP engine or its users' keys", "keys and replay guards of all devices are one",
        "Leave engineID and usmUser out: the agent makes them at its first start"),
    Row("docker-engine", MEDIUM, "the Docker engine's identity", "registries and managers take all for one",
        FIRST_BOOT, True),
    Row("network-secret", MEDIUM, "NetworkManager's secret key", "stable private addresses can be computed",
        FIRST_BOOT, True),
    Row("mac-address", MEDIUM, "a MAC address", "two devices in one network disturb each other",
        "Take the address from the hardware, or derive it from the serial number"),
    Row("serial-number", LOW, "a serial number", "devices cannot be told apart", ENROL),
    Row("hostname", INFO, "the host's name", "devices in one network answer to one name",
        "Add a part of the serial number or MAC address to it at first boot"),
)  # fmt: skip
BY_KEY = {row.key: row for row in ROWS}
SAMBA = ("smbpasswd", ".tdb")
WITHOUT = {
    "mac-address": "an interface without an address in its hardware gets another one at each boot",
    "duid": "a DHCP server that knows the device by this identity does not know it any more",
}


@check(
    title="Identity or secret alike in every copy of the image",
    severity=Severity.HIGH,
    practice="P44",
    cwe=1391,
    bad=(
        Example({"etc/machine-id": "5f0c1e5bb3a94f7d8c2e6a1b9d3f4e70\n", "var/lib/systemd/random-seed": b"\x8a" * 512}),
        Example({"etc/config/network": "config device\n\toption name 'eth0'\n\toption macaddr '02:a1:b2:c3:d4:e5'\n"}),
        Example({"etc/network/interfaces": "iface eth0 inet dhcp\n\thwaddress ether 02:a1:b2:c3:d4:e5\n"}),
    ),
    good=(
        Example({"etc/machine-id": "", "var/lib/dbus/machine-id": link("/etc/machine-id")}),
        Example({"etc/machine-id": "uninitialized\n"}),
        Example({"etc/config/network": "config device\n\toption name 'eth0'\n"}),
    ),
)
def image_sameness(
    sameness: Sameness,
    source: Source,
    private_keys: PrivateKeys | Unknown | None,
    samba: SambaPasswords | Unknown | None,
    programs: InstalledPrograms | Unknown | None,
    init: Init | Unknown | None,
    writable: Writable | Unknown | None,
    policy: Policy | None,
) -> Findings:
    """What is alike in every device breaks them all at once: who opens one device, or the update file, has the keys,
    passwords and seeds of all others, and devices of one name or address disturb each other in a network. Each thing
    here belongs to one device alone and is made at first boot, in the factory or at enrolment. Checks of their own tell
    more of keys, credentials and accounts; this one is the list of all that has to become different.
    """
    if source is not Source.IMAGE:
        raise NotApplicable("a running device has what is its own; the image tells what is not")
    device = Device(programs, init, writable, policy)
    uses = private_keys.keys if isinstance(private_keys, PrivateKeys) else ()
    kept = {one.account: one for one in samba.passwords} if isinstance(samba, SambaPasswords) else {}
    cures = _Cures(device, {use.key.path: use for use in uses}, kept)
    seen: set[str] = set()
    for thing in sameness.things:
        key = f"{thing.kind} {thing.at.path}" + (f" {thing.name}" if thing.kind == "password-hash" else "")
        if key not in seen:
            seen.add(key)
            yield _finding(key, thing, BY_KEY[thing.kind], cures)
    if sameness.unread:
        raise Unavailable("; ".join(sameness.unread[:5]))


@dataclass(frozen=True, slots=True)
class _Cures:
    """What decides how a thing becomes each device's own: the `keys` by path, and the passwords of `samba` by
    account."""

    device: Device
    keys: Mapping[str, PrivateKeyUse]
    samba: Mapping[str, SambaPassword]


def _finding(key: str, thing: Shared, row: Row, cures: _Cures) -> Finding:
    path = thing.at.path or ""
    owner = f" {thing.name}" if thing.kind == "password-hash" else ""
    return Finding(
        key,
        f"{row.what}{owner} in /{path} is alike in every copy: {row.why}",
        at=thing.at,
        remedy=_remedy(thing, row, cures),
        severity=row.severity,
    )


def _remedy(thing: Shared, row: Row, cures: _Cures) -> Remedy:
    path, use = thing.at.path or "", cures.keys.get(thing.at.path or "")
    if thing.kind == "ssh-host-key":
        return at_first_boot.host_key(path, cures.device, row.instead)
    if thing.kind == "machine-id":
        return at_first_boot.machine_id(path, cures.device, row.instead)
    if thing.kind in ("tls-key", "private-key") and use is not None:
        return left_out(use, cures.device, row.instead)
    if thing.kind == "password-hash" and thing.name is not None and not path.endswith(SAMBA):
        return locked(row.instead, path, thing.name, cures.device.policy)
    of_share = cures.samba.get(thing.name or "") if path.endswith(SAMBA) else None
    if of_share is not None:
        return of_samba(of_share)
    return _of_file(thing, row, path)


def _of_file(thing: Shared, row: Row, path: str) -> Remedy:
    if thing.taking_out is not None:
        return Remedy(row.instead, Safety.UNSAFE, Stage.IMAGE, (thing.taking_out,), WITHOUT[thing.kind])
    if thing.kind == "iscsi-initiator":
        # what Debian's and Yocto's start scripts make a name of
        change = WriteFile(path, "GenerateName=yes\n", 0o600)
        return Remedy(row.instead, Safety.UNSAFE, Stage.IMAGE, (change,), "targets have to be told each device's name")
    if path.endswith(".tdb"):
        return Remedy(row.instead, Safety.UNSAFE, Stage.IMAGE, (Remove(path),), "nobody has an account of Samba's yet")
    if row.made_anew and not path.startswith("etc/config/"):
        # who needs the file makes it, or does without it
        return Remedy(row.instead, Safety.SAFE, Stage.IMAGE, (Remove(path),))
    return Remedy(row.instead, Safety.MANUAL, Stage.IMAGE)
