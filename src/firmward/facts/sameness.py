"""What would be equal in every device that carries the image: keys, hashes, identities, seeds, addresses.

Rules: keys, credentials and password hashes come from their own families; a key of encrypted storage is one whether or
not the storage that it lies on is encrypted itself. The rest are files that programs make for one machine and keep
(machine-id(5), random-seed by systemd-random-seed(8), DHCP's DUIDs, an iSCSI initiator's name), wherever they lie that
are seen at their place (layers.py), and values in configurations and commands that name one device. A file that is
empty, missing, a link to a place that is filled later, or says `uninitialized` is made anew on each device and is none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.accounts import Accounts
from firmward.facts.disk_keys import DiskKey, DiskKeys
from firmward.facts.embedded import Embedded
from firmward.facts.host_keys import HostKeys
from firmward.facts.layers import Layers, seen
from firmward.facts.private_keys import PrivateKeys
from firmward.facts.process import Start
from firmward.facts.samba_passwords import SambaPassword, SambaPasswords
from firmward.facts.scripts import lone
from firmward.facts.startup import Startup
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.remedy import RemoveLine, ReplaceLine
from firmward.model.tree import Kind, Tree

SIZE_LIMIT = 1 << 20
ANYTHING = re.compile(rb"[\s\S]")
FILES_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class Shared:
    """One thing that all copies have: what `kind` it is, the place `at`, and its `name` where a file has several.
    `taking_out` is the line that says it and what stands there without it, where that line says nothing else."""

    kind: str
    at: Location
    name: str | None = None
    taking_out: RemoveLine | ReplaceLine | None = None


@dataclass(frozen=True, slots=True)
class Sameness:
    """All `things`; `unread` says in words what could not be looked at."""

    things: tuple[Shared, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a kind lies: shell patterns of paths, and what of the content makes it one."""

    kind: str
    paths: tuple[str, ...]
    content: re.Pattern[bytes] = ANYTHING


def _line(pattern: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?mi)^[ \t]{0,32}" + pattern.encode())


_MAC = r"(?!00:00:00:00:00:00|ff:ff)(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b"
_COMMANDED = (
    rf"(?:\bhw\s{{1,4}}(?:ether\s{{1,4}})?|\bip\b[^\n#;|&]{{1,200}}?\saddr(?:ess)?\s{{1,4}}|"
    rf"\bmacchanger\b[^\n#;|&]{{0,100}}?\s(?:-m|--mac)[=\s]|\bethaddr\s{{1,4}}|"
    rf"\bnmcli\b[^\n#;|&]{{1,200}}?cloned-mac-address\s{{1,4}}|\.macaddr=)[\"']?{_MAC}"
)
"""ifconfig(8), ip-link(8), macchanger(1), fw_setenv, nmcli(1) and `uci set` that give an interface its address."""
_MADE = re.compile(r"\bip (?:-\S+ ){0,4}link add (?:dev |name )?(\S{1,15}) (?:\S+ ){0,8}?type (?:bridge|dummy)\b")
_JOINED = re.compile(r"\b(?:master|addif) (\S{1,15})")
"""ip-link(8), brctl(8): a bridge that is made, and one that is given a port."""
_IN_ARGV = re.compile(rf"(?i)\bether {_MAC}|{_COMMANDED}")
_CONSTANT = re.compile(
    rb"\A#!(?=[\s\S]*\b(?:echo|printf)[ \t])[^\n]*\n"
    rb"(?:[ \t]*(?:#[^\n]*|set [^\n]*|exit\b[^\n]*|(?:echo|printf)[ \t][^\n$`|;&<>]*)?(?:\n|\Z))+\Z"
)
"""A script that prints the same wherever it runs."""
_PLACES = (
    _Place("machine-id", ("etc/machine-id", "var/lib/dbus/machine-id"), re.compile(rb"^\s*[0-9a-fA-F]{32}\s*$")),
    _Place("random-seed", ("var/lib/systemd/random-seed", "etc/random-seed", "var/lib/random-seed", "etc/urandom.seed",
                           "var/lib/urandom/random-seed", "var/lib/misc/random-seed", "var/lib/seedrng/seed.*",
                           "etc/seedrng/seed.*", "var/spool/random-seed")),
    _Place("duid", ("etc/dhcp6c_duid", "var/lib/dhcpv6/dhcp6c_duid", "var/db/dhcp6c_duid", "etc/dhcpcd.duid",
                    "var/lib/dhcpcd/duid", "var/db/dhcpcd/duid", "var/lib/dhcpcd/secret", "var/db/dhcpcd/secret")),
    _Place("duid", ("etc/config/network",),
           _line(r"option\s{1,8}['\"]?dhcp_default_duid['\"]?\s{1,8}['\"]?[0-9a-f]{8,}")),
    _Place("duid", ("var/lib/dhcp/*.leases", "var/lib/dhclient/*.leases"), _line(r"default-duid\s")),
    _Place("iscsi-initiator", ("etc/iscsi/initiatorname.iscsi",), _line(r"InitiatorName\s{0,8}=\s{0,8}\S")),
    _Place("nvme-host", ("etc/nvme/hostnqn", "etc/nvme/hostid"), re.compile(rb"[0-9a-fA-F-]{36}")),
    _Place("snmp-engine", ("etc/snmp/snmpd.conf", "etc/snmp/snmpd.conf.d/*", "etc/snmpd.conf", "var/lib/snmp/*.conf",
                           "var/net-snmp/*.conf"), _line(r"(?:exactEngineID|engineID|oldEngineID|usmUser)\s")),
    _Place("vnc-password", ("root/.vnc/passwd", "home/*/.vnc/passwd", "etc/vnc/passwd", "etc/x11vnc.pass",
                            "etc/vncpasswd", "root/.config/tigervnc/passwd")),
    _Place("docker-engine", ("etc/docker/key.json", "var/lib/docker/engine-id")),
    _Place("keytab", ("etc/krb5.keytab", "etc/*.keytab", "var/lib/*/*.keytab")),
    _Place("dns-key", ("etc/bind/*", "etc/rndc.key", "etc/rndc.conf", "etc/named.conf", "etc/dhcp/*.key",
                       "etc/dhcp/*.conf", "etc/knot/*.conf", "etc/nsd/*.conf"),
           _line(r"secret:?\s{1,8}\"?[A-Za-z0-9+/]{16,}={0,2}\"?;?")),
    _Place("ntp-key", ("etc/chrony/chrony.keys", "etc/chrony.keys", "etc/ntp.keys", "etc/ntpsec/ntp.keys"),
           _line(r"\d{1,6}\s{1,8}\S{3,}")),
    _Place("samba-secrets", ("var/lib/samba/private/secrets.tdb", "etc/samba/secrets.tdb",
                             "etc/samba/private/secrets.tdb")),
    _Place("samba-secrets", ("var/lib/samba/private/passdb.tdb", "etc/samba/passdb.tdb",
                             "etc/samba/private/passdb.tdb"), re.compile(b"USER_")),
    _Place("network-secret", ("var/lib/NetworkManager/secret_key",)),
    _Place("fleet-device", ("resin-boot/config.json", "mnt/boot/config.json", "boot/config.json",
                            "etc/balena/config.json"),
           re.compile(rb"\"(?:uuid|deviceApiKey)\"\s{0,8}:\s{0,8}\"[0-9a-zA-Z]{8,}\"")),
    _Place("fleet-device", ("etc/swupdate.cfg", "etc/swupdate/*.cfg"),
           _line(r"(?:targettoken|id)\s{0,8}=\s{0,8}\"[^\"]+\"")),
    _Place("fleet-device", ("usr/share/mender/identity/mender-device-identity",
                            "usr/lib/mender/identity/mender-device-identity", "etc/mender/identity/*"), _CONSTANT),
    _Place("serial-number", ("etc/serial", "etc/serial_number", "etc/serialno", "etc/serial.txt", "etc/device_id",
                             "etc/device-id"), re.compile(rb"^\s*[\w-]{4,64}\s*$")),
    _Place("mac-address", ("etc/config/network", "etc/config/wireless"),
           _line(rf"option\s{{1,8}}['\"]?(?:macaddr|mac)['\"]?\s{{1,8}}['\"]?{_MAC}")),
    _Place("mac-address", ("etc/network/interfaces", "etc/network/interfaces.d/*"),
           _line(rf"hwaddress\s{{1,8}}(?:ether\s{{1,8}})?{_MAC}")),
    _Place("mac-address", ("etc/systemd/network/*", "usr/lib/systemd/network/*"),
           re.compile(rb"(?mi)^\[(?:Link|NetDev)\][^\[]{0,2000}?^MACAddress\s{0,8}=\s{0,8}" + _MAC.encode())),
    _Place("mac-address", ("etc/NetworkManager/system-connections/*",),
           _line(rf"cloned-mac-address\s{{0,8}}=\s{{0,8}}{_MAC}")),
    _Place("mac-address", ("etc/init.d/*", "etc/rc.local", "etc/rcS.d/*", "etc/rc.d/*", "etc/network/if-*.d/*",
                           "etc/network/interfaces", "etc/network/interfaces.d/*", "etc/udev/rules.d/*.rules",
                           "etc/uci-defaults/*", "etc/udhcpc/*", "usr/share/udhcpc/*"),
           re.compile(rb"(?mi)^(?![ \t]{0,32}#)[^\n]{0,200}?" + _COMMANDED.encode())),
    _Place("mac-address", ("etc/modprobe.d/*.conf", "usr/lib/modprobe.d/*.conf", "lib/modprobe.d/*.conf"),
           _line(rf"options\s[^\n#]{{1,200}}?\b(?:dev_addr|host_addr|mac_?addr(?:ess)?|ethaddr)={_MAC}")),
    _Place("mac-address", ("boot/uEnv.txt", "mnt/boot/uEnv.txt", "uboot/uEnv.txt"), _line(rf"eth\d?addr={_MAC}")),
    _Place("disk-key", ("etc/cryptsetup-keys.d/*.key",)),
    _Place("hostname", ("etc/hostname",), re.compile(rb"^\s*(?!localhost\b|\(none\))[\w.-]{1,64}\s*$")),
)  # fmt: skip


def collect(
    tree: Tree,
    embedded: Embedded,
    private_keys: PrivateKeys | Unknown | None,
    host_keys: HostKeys | Unknown | None,
    accounts: Accounts | Unknown | None,
    disk_keys: DiskKeys | Unknown | None,
    startup: Startup | Unknown | None,
    layers: Layers | Unknown | None,
    samba: SambaPasswords | Unknown | None,
) -> Sameness:
    unread = list(embedded.unread)
    unread += [part.reason for part in (private_keys, host_keys) if isinstance(part, Unknown)]
    # where the files are made on the device, the image has no hash
    if isinstance(accounts, Unknown) and (tree.is_file("etc/passwd") or tree.is_file("etc/shadow")):
        unread.append(accounts.reason)
    if isinstance(host_keys, HostKeys):
        unread += host_keys.unread
    things = [
        *_keys(private_keys, host_keys),
        *_credentials(embedded),
        *(_hashes(accounts) if isinstance(accounts, Accounts) else ()),
        *(Shared("password-hash", one.at, one.account) for one in _of_samba(samba)),
        *_files(tree, layers, unread),
        *(Shared("disk-key", _place(key)) for key in (disk_keys.keys if isinstance(disk_keys, DiskKeys) else ())),
        *(_commanded(tree, startup) if isinstance(startup, Startup) else ()),
    ]
    return Sameness(tuple(dict.fromkeys(things)), tuple(dict.fromkeys(unread)))


def _keys(private_keys: PrivateKeys | Unknown | None, host_keys: HostKeys | Unknown | None) -> Iterator[Shared]:
    if isinstance(host_keys, HostKeys):
        yield from (Shared("ssh-host-key", key.at) for key in host_keys.keys)
    for use in private_keys.keys if isinstance(private_keys, PrivateKeys) else ():
        if use.host_key:
            continue
        if not use.key.sample or use.named is not None or use.account is not None:
            kind = "tls-key" if use.certificate is not None else "private-key"
            yield Shared(
                "wireguard-key" if use.key.form == "WireGuard" else kind, Location(use.key.path, use.key.at.line)
            )


def _credentials(embedded: Embedded) -> Iterator[Shared]:
    for one in embedded.credentials:
        yield Shared("wifi-key" if one.kind == "wifi" else "credential", one.at, one.name)


def _hashes(accounts: Accounts) -> Iterator[Shared]:
    for account in accounts.accounts:
        if account.scheme is not None:
            yield Shared("password-hash", account.password_at, account.name)


def _place(key: DiskKey) -> Location:
    return key.at if key.path is None else Location(key.path)


def _commanded(tree: Tree, startup: Startup) -> Iterator[Shared]:
    """Addresses that a program is given as it starts, whatever variables they stood in; those of a bridge that has no
    port to the outside (LXC's) are nobody's but its own containers'."""
    scripts = lone.Scripts(tree)
    running = [(one, " ".join(one.argv)[:1000]) for one in startup.processes if one.start is not Start.DISABLED]
    made = {name for _, line in running for name in _MADE.findall(line)}
    inner = made - {name for _, line in running for name in _JOINED.findall(line)}
    for process, line in running:
        is_setting = process.program in ("ip", "ifconfig", "macchanger", "fw_setenv", "nmcli", "uci")
        if is_setting and _IN_ARGV.search(line) and inner.isdisjoint(process.argv):
            yield Shared("mac-address", process.at, taking_out=scripts.cut(process.at))


def _of_samba(samba: SambaPasswords | Unknown | None) -> tuple[SambaPassword, ...]:
    return samba.passwords if isinstance(samba, SambaPasswords) else ()


def _files(tree: Tree, layers: Layers | Unknown | None, unread: list[str]) -> Iterator[Shared]:
    for place in _PLACES:
        patterns = (one for pattern in place.paths for one in seen(pattern, layers))
        paths = (path for pattern in patterns for path in (tree.glob(pattern) if "*" in pattern else (pattern,)))
        for _, path in zip(range(FILES_LIMIT), paths, strict=False):
            entry = tree.lstat_through(path)
            if entry is None or entry.kind is not Kind.FILE or not entry.size:
                continue
            try:
                content = tree.read(path, SIZE_LIMIT) or b""
            except Unavailable as reason:
                unread.append(str(reason))
                continue
            match = place.content.search(content)
            if match is not None:
                at = Location(path, content.count(b"\n", 0, _said(place.kind, match)) + 1)
                yield Shared(place.kind, at, taking_out=_taking_out(tree, place.kind, at))


LINES = re.compile(
    rf"(?i)\s*(?:option\s+['\"]?(?:macaddr|mac|dhcp_default_duid)['\"]?\s+['\"]?[0-9a-f:]+['\"]?|"
    rf"hwaddress\s+(?:ether\s+)?{_MAC}|MACAddress\s*=\s*{_MAC}|cloned-mac-address\s*=\s*{_MAC}|eth\d?addr={_MAC}|"
    rf"default-duid\s[^\n]*)\s*"
)
"""Lines that say an address or identity and nothing else; none of them is a secret."""


def _said(kind: str, match: re.Match[bytes]) -> int:
    """Where in a match the thing is said: a pattern over a section ends with it."""
    return match.end() - 1 if kind == "mac-address" else match.start()


def _taking_out(tree: Tree, kind: str, at: Location) -> RemoveLine | ReplaceLine | None:
    if kind not in ("mac-address", "duid") or at.path is None or at.line is None:
        return None
    lines = (tree.text(at.path) or "").split("\n")
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    if LINES.fullmatch(line):
        return RemoveLine(at.path, at.line, line)
    return lone.Scripts(tree).cut(at)
