"""The same planted mistakes shown to firmward and to other auditors of configuration, each in the way it is made for.

The planted systems are the Debian ones of tests/support/truth, laid over a real Debian root, so that every program that
an auditor looks at or asks is the real one. firmward reads the folder. Lynis audits a running system: it is run in that
root, in namespaces of its own, after the servers that the system has were started there.

A mistake counts as found when a tool says something of the planted root that it does not say of the clean twin, by a
test that is made for it (TESTS): what a tool says of every system tells nobody that a mistake was made. Where a test is
of the right kind its finding counts, whatever words it has. What a tool has no test for is shown, and not held against
it: "in its scope" counts only mistakes for which its documentation has a test.

Not yet a part of `make bench`: in some planted roots sshd, nginx or mosquitto do not start, and Lynis skips its tests
of a server that does not run, so figures would be unfair to it. Which servers ran has to be held first.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import Cost, cost, table
from root_image import FOLDER

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests" / "support"))

LYNIS, ANALYZE = "Lynis", "systemd-analyze security"
TOOLS = (LYNIS, ANALYZE)
PACKAGES = (
    "openssh-server", "nginx-light", "mosquitto", "snmpd", "dnsmasq", "nftables", "chrony", "sudo", "cron", "apparmor",
    "procps", "kmod", "systemd-sysv", "dbus", "udev", "iproute2", "lynis",
)  # fmt: skip
SERVERS = (
    "mkdir -p /run/sshd; /usr/sbin/sshd",
    "/usr/sbin/nginx",
    "/usr/sbin/mosquitto -d -c /etc/mosquitto/mosquitto.conf",
    "/usr/sbin/snmpd",
    "/usr/sbin/dnsmasq",
    "/usr/sbin/cron",
    "/usr/sbin/nft -f /etc/nftables.conf",
)
"""What is started in the root before an auditor that looks for running programs; what is not there does not start."""


OF_TOOLS = (
    "report.dat", "etc/lynis", "usr/sbin/lynis", "usr/share/lynis", "usr/share/doc/lynis", "var/log/lynis*",
    "usr/lib/systemd/system/lynis.*", "etc/systemd/system/*.wants/lynis.*",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Test:
    """A tool's own test, and our checks that ask the same. `source` is where the tool says so."""

    tool: str
    id: str
    checks: tuple[str, ...]
    source: str


LIST = "lynis show tests"
TESTS = (
    Test(LYNIS, "AUTH-9204", ("account-extra-root",), f"{LIST}: accounts with UID 0"),
    Test(LYNIS, "AUTH-9208", ("account-extra-root",), f"{LIST}: unique UIDs"),
    Test(LYNIS, "AUTH-9218", ("account-login-unneeded", "account-empty-password"), f"{LIST}: login shells"),
    Test(LYNIS, "AUTH-9228", ("account-empty-password", "account-extra-root"), f"{LIST}: consistency by pwck"),
    Test(LYNIS, "AUTH-9229", ("account-weak-hash", "account-default-password"), f"{LIST}: password hashing"),
    Test(LYNIS, "AUTH-9250", ("sudo-unrestricted",), f"{LIST}: sudoers file"),
    Test(LYNIS, "AUTH-9252", ("sudo-unrestricted",), f"{LIST}: ownership and modes of sudoers"),
    Test(LYNIS, "AUTH-9283", ("account-empty-password",), f"{LIST}: accounts without password"),
    Test(LYNIS, "BOOT-5184", ("init-script-writable",), f"{LIST}: permissions of boot scripts"),
    Test(LYNIS, "BOOT-5264", ("service-unsandboxed", "service-runs-as-root"), f"{LIST}: systemd-analyze security"),
    Test(LYNIS, "CRYP-7902", ("certificate-weak",), f"{LIST}: expired certificates"),
    Test(LYNIS, "DBS-1884", ("plaintext-protocol",), f"{LIST}: Redis"),
    Test(LYNIS, "FILE-6310", ("mount-options",), f"{LIST}: /tmp, /home and /var"),
    Test(LYNIS, "FILE-6372", ("rootfs-writable",), f"{LIST}: options of /"),
    Test(LYNIS, "FILE-6374", ("mount-options",), f"{LIST}: mount options"),
    Test(LYNIS, "FILE-7524", ("world-writable", "hook-directory-writable", "cron-unneeded"), f"{LIST}: permissions"),
    Test(LYNIS, "FIRE-4508", ("firewall-default-accept", "egress-unrestricted"), f"{LIST}: policies of chains"),
    Test(LYNIS, "FIRE-4512", ("firewall-absent",), f"{LIST}: empty rule set"),
    Test(LYNIS, "FIRE-4540", ("firewall-absent",), f"{LIST}: empty nftables"),
    Test(LYNIS, "FIRE-4590", ("firewall-absent",), f"{LIST}: firewall status"),
    Test(LYNIS, "HRDN-7222", ("debug-tool-shipped",), f"{LIST}: compilers"),
    Test(LYNIS, "HTTP-6710", ("tls-weak", "plaintext-protocol"), f"{LIST}: nginx and TLS"),
    Test(LYNIS, "INSE-8016", ("telnet-enabled",), f"{LIST}: telnet by inetd"),
    Test(LYNIS, "INSE-8116", ("telnet-enabled", "ftp-enabled", "remote-shell-enabled"), f"{LIST}: xinetd"),
    Test(LYNIS, "INSE-8304", ("remote-shell-enabled",), f"{LIST}: rsh server"),
    Test(LYNIS, "INSE-8320", ("plaintext-protocol",), f"{LIST}: TFTP server"),
    Test(LYNIS, "INSE-8322", ("telnet-enabled",), f"{LIST}: telnet server"),
    Test(LYNIS, "KRNL-6000", ("sysctl",), f"{LIST}: kernel parameters"),
    Test(LYNIS, "MACF-6208", ("mac-permissive", "mac-profile-missing"), f"{LIST}: AppArmor"),
    Test(LYNIS, "MACF-6234", ("mac-permissive",), f"{LIST}: SELinux"),
    Test(LYNIS, "PKGS-7420", ("update-not-automatic",), f"{LIST}: unattended upgrades"),
    Test(LYNIS, "SCHD-7704", ("cron-unneeded",), f"{LIST}: crontabs"),
    Test(LYNIS, "SNMP-3306", ("default-community",), f"{LIST}: communities"),
    Test(LYNIS, "SSH-7408", ("ssh-root-login", "ssh-forwarding"), f"{LIST}: options of sshd"),
    Test(ANALYZE, "exposure", ("service-unsandboxed", "service-runs-as-root"), "systemd-analyze(1), security"),
)  # fmt: skip


def scope(tool: str) -> frozenset[str]:
    """The checks that a tool has a test for."""
    return frozenset(check for test in TESTS if test.tool == tool for check in test.checks)


Said = Mapping[str, frozenset[str]]
"""What a tool says of one root: its lines by its test's id."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one tool made of one system: `found` the indexes of the mistakes, and what the run on it cost."""

    found: frozenset[int]
    cpu: float


def base() -> Path:
    """The real root without anything planted, unpacked; owners are kept, so it needs to be root."""
    from real import roots

    folder = FOLDER / "auditors" / "base"
    if not folder.is_dir():
        archive = roots.build(roots.Root("auditors", PACKAGES, suite="trixie"))
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        subprocess.run(["tar", "--zstd", "--exclude=./dev/*", "-xpf", archive, "-C", partial], check=True)
        partial.rename(folder)
    return folder


def lay(files: Mapping[str, Any], root: Path) -> None:
    """The system's files over the real root's; a stand-in gives way to the real program."""
    from firmward.model.memory import Node
    from firmward.model.tree import Kind

    for path, content in files.items():
        node = content if isinstance(content, Node) else Node(content)
        place = root / path
        data = node.content if isinstance(node.content, bytes) else node.content.encode("utf-8", "surrogateescape")
        if place.is_dir() or (data.startswith(b"\x7fELF") and place.is_file()):
            if node.kind is not Kind.SYMLINK and node.mode not in (0o644, 0o755):
                place.chmod(node.mode)
            for name, value in node.xattrs:
                if name != "security.ima":  # the digest of the stand-in
                    os.setxattr(place, name, value)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        make(node, data, place)


def make(node: Any, data: bytes, place: Path) -> None:
    if node.target is not None:
        place.symlink_to(node.target)
        return
    if str(node.kind) == "directory":
        place.mkdir()
    else:
        place.write_bytes(data)
    os.chown(place, node.uid, node.gid)
    place.chmod(node.mode)
    for name, value in node.xattrs:
        os.setxattr(place, name, value)


def run_inside(root: Path, command: str) -> Cost:
    """A program in the root, alone with the servers that it has: no process of this machine is seen or touched."""
    servers = "\n".join(f"({server}) >/dev/null 2>&1 &" for server in SERVERS)
    script = f"""
mount --bind {root} {root} && mount -t proc proc {root}/proc && mount -t tmpfs tmpfs {root}/run
mount -t tmpfs tmpfs {root}/dev
for name in null zero random urandom tty; do touch {root}/dev/$name; mount --bind /dev/$name {root}/dev/$name; done
mount -t sysfs -o ro sysfs {root}/sys
ip link set lo up
exec chroot {root} /bin/sh -c '{servers}
sleep 2; {command}'
"""
    return cost(
        ["unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child", "sh", "-c", script]
    )


def firmward(root: Path, policy: str) -> tuple[list[dict[str, Any]], float]:
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        declared, report = Path(name) / "device.toml", Path(name) / "report.json"
        declared.write_text(policy)
        command = [sys.executable, "-m", "firmward", "audit", str(root), "--quiet", "-o", str(report)]
        spent = cost([*command, "--policy", str(declared)] if policy else command)
        return json.loads(report.read_text())["findings"], spent.cpu


def lynis(root: Path) -> tuple[Said, float]:
    spent = run_inside(root, "lynis audit system --quick --quiet --no-colors --no-log --report-file /report.dat; true")
    found: dict[str, set[str]] = {}
    for line in (root / "report.dat").read_text(errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key in ("warning[]", "suggestion[]", "details[]"):
            found.setdefault(value.partition("|")[0], set()).add(value)
    return {test: frozenset(lines) for test, lines in found.items()}, spent.cpu


def analyze(root: Path) -> tuple[Said, float]:
    """The exposure of every enabled unit, read offline; above 7 systemd-analyze(1) calls it exposed or unsafe."""
    units = sorted({one.name for one in (root / "etc/systemd/system").glob("*.wants/*.service") if "@" not in one.name})
    command = ["systemd-analyze", "security", "--offline=true", f"--root={root}", "--threshold=100", "--json=short"]
    rated: set[str] = set()
    spent = 0.0
    for unit in units:
        try:
            done = cost([*command, unit])
        except SystemExit:
            continue
        spent += done.cpu
        bad = [row["name"] for row in json.loads(done.note or "[]") if row.get("set") is False]
        rated |= {f"{unit} {name}" for name in bad}
    return {"exposure": frozenset(rated)}, spent


RUN = {LYNIS: lynis, ANALYZE: analyze}


def of_firmward(system: Any, clean: Path, planted: Path) -> Result:
    before, _ = firmward(clean, system.policy)
    after, cpu = firmward(planted, system.policy if system.mistaken_policy is None else system.mistaken_policy)
    known = {(one["check"], one["key"]) for one in before}
    new = [one for one in after if (one["check"], one["key"]) not in known]
    found = frozenset(
        index
        for index, mistake in enumerate(system.mistakes)
        if any(one["check"] == mistake.check and is_about(one, mistake.where) for one in new)
    )
    return Result(found, cpu)


def is_about(finding: Mapping[str, Any], where: str) -> bool:
    texts = (finding["key"], finding["message"], str((finding["at"] or {}).get("path")))
    return any(where in text for text in texts)


def of_other(tool: str, system: Any, clean: Path, planted: Path) -> Result:
    before, _ = RUN[tool](clean)
    after, cpu = RUN[tool](planted)
    new = {test for test, lines in after.items() if lines - before.get(test, frozenset())}
    asked = {check for test in TESTS if test.tool == tool and test.id in new for check in test.checks}
    return Result(frozenset(index for index, one in enumerate(system.mistakes) if one.check in asked), cpu)


def compared(system: Any) -> Iterator[tuple[str, Result]]:
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        clean, planted = Path(name) / "clean", Path(name) / "planted"
        for folder, files in ((clean, system.clean), (planted, system.planted)):
            subprocess.run(["cp", "-a", "--reflink=auto", str(base()), str(folder)], check=True)
            lay(files, folder)
        for tool in TOOLS:
            yield tool, of_other(tool, system, clean, planted)
        for folder in (clean, planted):
            strip(folder)
        yield "firmward", of_firmward(system, clean, planted)


def strip(root: Path) -> None:
    """The other auditors are no part of the product."""
    for path in (path for pattern in OF_TOOLS for path in root.glob(pattern)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def section(rounds: int) -> str:
    from truth import accuracy

    systems = [one for one in accuracy.systems() if one.distribution == "debian"]
    if os.geteuid() or not systems:
        return "## Planted mistakes and other auditors\n\nNot measured: it takes root, and planted Debian systems."
    results = {system.name: dict(compared(system)) for system in systems}
    return "\n\n".join(("## Planted mistakes and other auditors", words(systems), totals(systems, results)))


def words(systems: list[Any]) -> str:
    return (
        f"{len(systems)} Debian systems with {sum(len(one.mistakes) for one in systems)} planted mistakes, laid over "
        "a real Debian 13 root. Found is what a tool says of the planted root and not of its clean twin. Lynis audits "
        "a running system and runs inside the root with its servers started; mounts, kernel parameters and the init "
        "system are those of the measuring machine, which costs Lynis the tests that ask the kernel. In its scope are "
        "the mistakes that the tool has a test for. OpenSCAP is left out: the content for Debian that Debian carries "
        "is for releases before 13. The mistakes were planted along firmward's own catalogue of questions, so the "
        "whole is no measure of the others' worth: only the column of what is in their scope compares."
    )


def totals(systems: list[Any], results: Mapping[str, Mapping[str, Result]]) -> str:
    rows = []
    for tool in ("firmward", *TOOLS):
        asked = scope(tool)
        mistakes = [(one, index) for one in systems for index in range(len(one.mistakes))]
        within = [pair for pair in mistakes if tool == "firmward" or pair[0].mistakes[pair[1]].check in asked]
        hit = [pair for pair in within if pair[1] in results[pair[0].name][tool].found]
        cpu = sum(results[one.name][tool].cpu for one in systems)
        rows.append([tool, str(len(mistakes)), str(len(within)), str(len(hit)), f"{cpu / len(systems):.1f}"])
    total = table(["auditor", "planted", "in its scope", "found", "CPU s a system"], rows)
    names = sorted({mistake.check for one in systems for mistake in one.mistakes})
    each = [by_check(name, systems, results) for name in names]
    return f"{total}\n\n{table(['mistake', 'planted', 'firmward', *TOOLS], each)}"


def by_check(check: str, systems: list[Any], results: Mapping[str, Mapping[str, Result]]) -> list[str]:
    where = [(one.name, index) for one in systems for index, each in enumerate(one.mistakes) if each.check == check]
    cells = []
    for tool in ("firmward", *TOOLS):
        count = sum(index in results[name][tool].found for name, index in where)
        cells.append(str(count) if tool == "firmward" or check in scope(tool) else "no test")
    return [check, str(len(where)), *cells]
