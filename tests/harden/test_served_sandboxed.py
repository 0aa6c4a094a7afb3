"""Services serve under what harden writes as safe, in a guest that systemd boots; what is taken from them is gone.

Rows of facts/sandboxes/ may say that a program was seen: this is where it is seen.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import guest
import pytest
from truth.accuracy import CLOCK

from firmward.audit.catalogue import select
from firmward.audit.engine import families, judge
from firmward.checks.service.confining import apparmor, systemd
from firmward.facts import sandbox
from firmward.facts.collection import Collection
from firmward.harden.apply import apply
from firmward.harden.draft import Draft
from firmward.harden.plan import Cure, plan
from firmward.harden.site import Site
from firmward.model.finding import Severity
from firmward.model.folder import FolderTree
from firmward.model.policy import parse_policy
from firmward.model.tree import Kind
from real import roots

CHECKS = ("service-unsandboxed", "service-without-limits", "mac-profile-missing")


@dataclass(frozen=True)
class Served:
    """A `unit` with its `program`, and the `command` that says inside the guest whether it serves."""

    unit: str
    program: str
    command: str
    port: int
    protocol: str = "tcp"


SSH = "ssh -i /root/.ssh/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
SERVED = (
    Served("lighttpd", "lighttpd", "curl -sf http://127.0.0.1:8080/ | grep -q 'the page'", 8080),
    Served("nginx", "nginx", "curl -sf http://127.0.0.1:80/ | grep -q 'the page'", 80),
    Served("apache2", "apache2", "curl -sf http://127.0.0.1:8081/ | grep -q 'the page'", 8081),
    Served(
        "mosquitto",
        "mosquitto",
        "timeout 40 mosquitto_sub -h 127.0.0.1 -t a -C 1 > /run/heard & sleep 4; "
        "mosquitto_pub -h 127.0.0.1 -t a -m hello; wait; grep -q hello /run/heard",
        1883,
    ),
    Served("dnsmasq", "dnsmasq", "busybox nslookup guest.test 127.0.0.1 | grep -q 10.9.8.7", 53, "udp"),
    Served("avahi-daemon", "avahi-daemon", "python3 /opt/mdns.py", 5353, "udp"),
    Served("snmpd", "snmpd", "snmpget -v2c -c guest 127.0.0.1 1.3.6.1.2.1.1.5.0 && "
           "snmpwalk -v2c -c guest 127.0.0.1 1.3.6.1.2.1.2.2.1.2 | grep -q lo", 161, "udp"),
    Served("vsftpd", "vsftpd", "curl -sf ftp://127.0.0.1/file | grep -q 'the file'", 21),
    Served("minidlna", "minidlnad", "curl -sf http://127.0.0.1:8200/ | grep -qi dlna", 8200),
    Served("chrony", "chronyd", "python3 /opt/ntp.py", 123, "udp"),
)  # fmt: skip
AT_HOME = "touch /etc/by-login"
SHELLS = tuple(
    Served(
        unit,
        program,
        f"{SSH} -p {port} root@127.0.0.1 '{AT_HOME}' && {SSH} -p {port} user@127.0.0.1 id | grep -q user",
        port,
    )
    for unit, program, port in (("dropbear", "dropbear", 22), ("ssh", "sshd", 2222))
)
UNASKED = (*SHELLS, *(one for one in SERVED if one.program == "chronyd"))
"""Debian's chrony has a sandbox of its own, and for SSH no check asks: their rows are seen all the same."""
FILES = {
    "etc/dnsmasq.d/guest.conf": "address=/guest.test/10.9.8.7\n",
    "etc/snmp/snmpd.conf": "rocommunity guest 127.0.0.1\nagentaddress udp:161\n",
    "etc/mosquitto/conf.d/guest.conf": "listener 1883\nallow_anonymous true\n",
    "etc/vsftpd.conf": "listen=YES\nanonymous_enable=YES\nxferlog_enable=YES\n"
    "secure_chroot_dir=/var/run/vsftpd/empty\n",
    "srv/ftp/file": "the file\n",
    "var/www/html/index.html": "the page\n",
    "var/www/html/index.lighttpd.html": "the page\n",
    "var/www/html/index.nginx-debian.html": "the page\n",
    "etc/apache2/ports.conf": "Listen 8081\n",
    "etc/chrony/conf.d/guest.conf": "allow 127.0.0.1\nlocal stratum 5\n",
    "etc/ssh/sshd_config.d/guest.conf": "Port 2222\n",
    "opt/ntp.py": "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.settimeout(20)\n"
    "s.sendto(b'\\x23' + bytes(47), ('127.0.0.1', 123))\nassert len(s.recv(100)) == 48\n",
    "opt/mdns.py": "import socket, struct\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.settimeout(20)\n"
    "s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('10.77.0.1'))\n"
    "s.sendto(struct.pack('>6H', 1, 0, 1, 0, 0, 0) + b'\\5guest\\5local\\0' + struct.pack('>HH', 1, 1), "
    "('224.0.0.251', 5353))\nassert s.recv(500)\n",
    "opt/probe.py": "import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\n"
    "print('ptrace', c.ptrace(0, 0, 0, 0), ctypes.get_errno())\n"
    "for path in ('/etc/x', '/usr/x', '/root/x', '/home/x', '/boot/x'):\n"
    "    try:\n        open(path, 'w')\n        print('wrote', path)\n"
    "    except OSError:\n        print('kept', path)\n",
    "etc/hostname": "guest\n",
}
SETUP = """\
ip link add d0 type dummy; ip addr add 10.77.0.1/24 dev d0; ip link set d0 up multicast on
mkdir -p /root/.ssh; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/key; cp /root/.ssh/key.pub /root/.ssh/authorized_keys
useradd -m -s /bin/sh user; mkdir -p /home/user/.ssh; cp /root/.ssh/key.pub /home/user/.ssh/authorized_keys
chown -R user /home/user; systemctl restart avahi-daemon minidlna; sleep 3
"""


def policy() -> str:
    rows = [f'[[service]]\nname = "{one.unit}"\nmemory = "128M"\n' for one in SERVED]
    rows += [
        f'[[listen]]\nport = {one.port}\nprotocol = "{one.protocol}"\nservice = "{one.unit}"\n'
        for one in (*SERVED, *SHELLS)
    ]
    return "schema = 1\n" + "".join(rows)


def laid(root: Path) -> None:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name, old, new in (
        ("etc/lighttpd/lighttpd.conf", r"(server\.port\s*=) 80", r"\1 8080"),
        ("etc/apache2/sites-available/000-default.conf", ":80>", ":8081>"),
    ):
        path = root / name
        path.write_text(re.sub(old, new, path.read_text()))
    for path in (root / "etc/lighttpd/conf-enabled").glob("*ipv6*"):
        path.unlink()
    lighttpd = root / "etc/lighttpd/lighttpd.conf"
    lighttpd.write_text("".join(f"{line}\n" for line in lighttpd.read_text().splitlines() if "use-ipv6" not in line))
    (root / "etc/apparmor.d/usr.sbin.chronyd").unlink(missing_ok=True)  # ours is to be seen


def hardened(root: Path) -> tuple[str, ...]:
    """Apply the safe cures of sandboxes, limits and profiles to a folder; the names of what was cured."""
    checks = select(CHECKS)
    tree = FolderTree(root)
    facts = Collection(tree).facts("guest", families(checks))
    parsed = parse_policy(policy())
    cures = [
        Cure(check.id, one.key, one.severity or Severity.MEDIUM, one.message, "", one.remedy)
        for check in checks
        for one in judge(check, facts, parsed, CLOCK).findings
        if one.remedy is not None
    ]
    site = Site(Draft(tree), facts, parsed)
    applied = apply(plan(cures).chosen, site)
    assert not applied.refused
    for touched in site.draft.touched():
        if touched.after is not None and touched.after.kind is Kind.DIRECTORY:
            (root / touched.path).mkdir()
        elif touched.after is not None and touched.after.kind is Kind.FILE:
            (root / touched.path).write_bytes(site.draft.read(touched.path) or b"")
    return tuple(cure.name for cure in applied.done)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """It holds gigabytes, and so does not outlive the tests."""
    made = tmp_path_factory.mktemp("guest")
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def machine(folder: Path) -> Iterator[guest.Guest]:
    reason = guest.missing()
    if reason is not None:
        pytest.skip(reason)
    try:
        root = guest.unpacked(folder)
    except roots.NoPackagesError:
        pytest.skip("Debian's archive cannot be reached")
    laid(root)
    names = hardened(root)
    for one in SERVED:
        if one not in UNASKED:
            assert f"service-unsandboxed[{one.unit}.service]" in names
    for one in UNASKED:
        row = sandbox.rows()[one.program]
        place = root / f"etc/systemd/system/{one.unit}.service.d/50-row.conf"
        place.parent.mkdir(exist_ok=True)
        told = row.settings()
        emptied = [f"{key}=" for key in sorted(systemd.LISTS) if any(k == key and v[0] != "~" for k, v in told)]
        lines = [*emptied, *(f"{key}={value}" for key, value in told)]
        place.write_text("\n".join(("[Service]", *lines, "")))
        profile = apparmor.profile(f"/usr/sbin/{one.program}", one.program, (), has_tunables=True)
        (root / profile.path).write_text(profile.content)
    for one in SERVED:
        unit = f"probe-{one.unit}.service"
        text = "[Service]\nType=oneshot\nExecStart=/usr/bin/python3 /opt/probe.py\n"
        (root / "etc/systemd/system" / unit).write_text(text)
        given = root / f"etc/systemd/system/{one.unit}.service.d/50-firmward-sandbox.conf"
        if given.exists():
            place = root / f"etc/systemd/system/{unit}.d/50.conf"
            place.parent.mkdir()
            place.write_text(given.read_text())
    with guest.booted(root, folder) as running:
        running.run(SETUP)
        yield running


pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("one", [*SERVED, *SHELLS], ids=lambda one: one.unit)
def test_it_serves_under_its_sandbox_and_profile(machine: guest.Guest, one: Served) -> None:
    status, said = machine.run(f"systemctl is-active {one.unit} && {one.command}")
    assert status == 0, (
        said + machine.run(f"journalctl -u {one.unit} -n 20 --no-pager -o cat; dmesg | grep DENIED | tail")[1]
    )
    _, held = machine.run(f"cat /proc/$(pgrep -o -x {one.program})/attr/apparmor/current")
    assert held.strip() == f"firmward-{one.program} (enforce)"


@pytest.mark.parametrize("one", SERVED, ids=lambda one: one.unit)
def test_it_is_little_exposed(machine: guest.Guest, one: Served) -> None:
    _, said = machine.run(f"systemd-analyze security {one.unit} --no-pager | tail -1")
    found = re.search(r": (\d+\.\d)", said)
    assert found is not None, said
    assert float(found[1]) < 3.0


@pytest.mark.parametrize("one", SHELLS, ids=lambda one: one.unit)
def test_who_hands_out_shells_is_as_little_exposed_as_the_row_says(machine: guest.Guest, one: Served) -> None:
    _, said = machine.run(f"systemd-analyze security {one.unit} --no-pager | tail -1")
    found = re.search(r": (\d+\.\d)", said)
    assert found is not None, said
    assert float(found[1]) <= (sandbox.rows()[one.program].exposure or 0)


@pytest.mark.parametrize("one", [one for one in SERVED if one.program != "chronyd"], ids=lambda one: one.unit)
def test_what_was_taken_away_is_gone(machine: guest.Guest, one: Served) -> None:
    _, said = machine.run(f"systemctl start probe-{one.unit}; journalctl -u probe-{one.unit} --no-pager -o cat")
    assert "ptrace -1 1" in said
    assert said.count("kept /") == 5
    assert "wrote" not in said


def test_without_a_sandbox_the_probe_does_all_of_it(machine: guest.Guest) -> None:
    _, said = machine.run("python3 /opt/probe.py")
    assert "ptrace 0" in said
    assert said.count("wrote /") == 5


def test_a_limit_ends_who_grows_beyond_it(machine: guest.Guest) -> None:
    _, said = machine.run("systemctl show -P MemoryMax lighttpd; systemctl show -P TasksMax lighttpd")
    assert said.split() == [str(128 << 20), str(sandbox.rows()["lighttpd"].tasks)]
