"""Systems that real inits start, before and after: what the maker declares serves on, and what nobody declared is gone.

What an intruder opens all the same is out of reach, and no two devices have the same key.

The roots are Debian's own packages with the field's mistakes planted. Each is started by its own init in namespaces of
its own, with a client on the other end of a cable; what is seen is seen from there.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import Firmward
from real.started import DEVICE, Started

from real import roots, started

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not roots.is_possible(), reason="roots of packages cannot be made here"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root rights for namespaces with real owners"),
    pytest.mark.skipif(shutil.which("ssh") is None, reason="openssh-client is missing"),
]

SERVICES = (
    "lighttpd", "mosquitto", "dropbear", "dnsmasq", "nftables", "iproute2", "busybox-static", "openbsd-inetd",
    "telnetd", "procps",
)  # fmt: skip
SYSV = roots.Root("served-sysv", SERVICES, system="sysvinit-core")
OPENRC = roots.Root("served-openrc", ("openrc", *SERVICES), system="sysvinit-core")

PAGE, PAGE_ANSWER = b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK"
CONNECT = bytes.fromhex("101000044d5154540402003c000461626364")
"""MQTT 3.1.1, section 3.1: CONNECT of the client `abcd`, without a name and a password."""
CONNACK = b"\x20\x02\x00"
"""Its answer begins so, whether the client is let in or not."""
QUESTION = bytes.fromhex("00120001010000010000000000000664657669636504686f6d650000010001")
"""DNS over TCP (RFC 1035, section 4.2.2): A of device.home."""
PORTS = {"page": 80, "ssh": 22, "broker": 1883, "telnet": 23, "backdoor": 4444, "implant": 5555}
IMPLANT = ("/bin/busybox", "nc", "-ll", "-p", "5555", "-e", "/bin/sh")

POLICY = """
schema = 1
[device]
product = "box"
version = "1.0"
system = "debian"
[support]
until = 2031-06-30
[[listen]]
port = 80
service = "lighttpd"
from = "lan"
[[listen]]
port = 22
service = "dropbear"
from = "lan"
[[listen]]
port = 1883
service = "mosquitto"
from = "lan"
[[egress]]
to = "lan"
port = 53
protocol = "udp"
[[service]]
name = "lighttpd"
user = "www-data"
writes = ["/var/log/lighttpd", "/var/cache/lighttpd", "/run"]
[[service]]
name = "mosquitto"
user = "mosquitto"
writes = ["/var/lib/mosquitto", "/var/log/mosquitto", "/run"]
[[service]]
name = "dropbear"
writes = ["/run", "/etc/dropbear"]
[[account]]
name = "fitter"
login = true
reason = "workshop"
[filesystem]
writable = ["/etc/dropbear", "/var", "/run", "/tmp", "/home"]
setuid = []
"""
BROKER = "persistence true\npersistence_location /var/lib/mosquitto/\ninclude_dir /etc/mosquitto/conf.d\n"
ANONYMOUS = "listener 1883\nallow_anonymous true\n"
TELNET = "telnet stream tcp nowait root /usr/sbin/telnetd telnetd\n"
BACKDOOR = "#!/bin/sh -e\n/bin/busybox nc -ll -p 4444 -e /bin/sh &\nexit 0\n"
INITTAB = "::sysinit:/etc/init.d/rcS\n::respawn:/sbin/syslogd -n\n"
RCS = """\
#!/bin/sh
export PATH=/sbin:/usr/sbin:/bin:/usr/bin
mount -o remount,rw / 2>/dev/null
mkdir -p /run/mosquitto /run/lighttpd /run/lock
chown mosquitto: /run/mosquitto
for script in /etc/init.d/S??*; do
    [ -x "$script" ] && "$script" start
done
"""
OF_BUSYBOX = {
    "S03sysctl": "[ -x /sbin/sysctl ] && /sbin/sysctl -q -p /etc/sysctl.conf",
    "S45dnsmasq": "start-stop-daemon -S -x /usr/sbin/dnsmasq",
    "S50dropbear": "[ -r /etc/default/dropbear ] && . /etc/default/dropbear\n"
    "start-stop-daemon -S -x /usr/sbin/dropbear -- $DROPBEAR_EXTRA_ARGS",
    "S55mosquitto": "start-stop-daemon -S -b -x /usr/sbin/mosquitto -- -c /etc/mosquitto/mosquitto.conf",
    "S60lighttpd": "start-stop-daemon -S -x /usr/sbin/lighttpd -- -f /etc/lighttpd/lighttpd.conf",
    "S70inetd": "start-stop-daemon -S -x /usr/sbin/inetd",
    "S99local": "/etc/rc.local",
}


@dataclass(frozen=True)
class Box:
    """A root that was planted with mistakes, and the key of the one who may log in."""

    root: Path
    key: Path


def box(init: str, folder: Path) -> Box:
    archive = roots.build(OPENRC if init == "openrc" else SYSV)
    root = started.unpacked(archive, folder / init)
    plant(root, "etc/mosquitto/mosquitto.conf", BROKER)  # Debian's names a file for its number in a missing folder
    plant(root, "etc/mosquitto/conf.d/field.conf", ANONYMOUS)
    plant(root, "etc/inetd.conf", TELNET)
    plant(root, "etc/rc.local", BACKDOOR, 0o755)
    plant(root, "etc/default/dropbear", 'DROPBEAR_EXTRA_ARGS=""\n')
    plant(root, "etc/network/interfaces", "auto lo\niface lo inet loopback\n")
    if init == "busybox":
        of_busybox(root)
    key = folder / f"{init}-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    subprocess.run(["chroot", root, "useradd", "-m", "-s", "/bin/sh", "-p", "*", "fitter"], check=True)
    home = root / "home" / "fitter" / ".ssh"
    home.mkdir(0o700)
    shutil.copy(f"{key}.pub", home / "authorized_keys")
    owner = (root / "home" / "fitter").stat()
    for path in (home, home / "authorized_keys"):
        os.chown(path, owner.st_uid, owner.st_gid)
    subprocess.run(["chroot", root, "usermod", "-p", weak("xc3511"), "root"], check=True)
    return Box(root, key)


def weak(password: str) -> str:
    command = ["openssl", "passwd", "-1", "-salt", "field", password]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def plant(root: Path, name: str, text: str, mode: int = 0o644) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def of_busybox(root: Path) -> None:
    """As Buildroot lays a system out."""
    for path in [*root.glob("etc/rc?.d"), *root.glob("etc/init.d")]:
        shutil.rmtree(path)
    for name in ("sbin/init", "sbin/syslogd"):
        (root / name).unlink(missing_ok=True)
        (root / name).symlink_to("/bin/busybox")
    plant(root, "etc/inittab", INITTAB)
    plant(root, "etc/init.d/rcS", RCS, 0o755)
    for name, line in OF_BUSYBOX.items():
        body = f'#!/bin/sh\ncase "$1" in\nstart)\n\t{line.replace(chr(10), chr(10) + chr(9))}\n\t;;\nesac\n'
        plant(root, f"etc/init.d/{name}", body, 0o755)


@pytest.fixture(scope="module", params=["sysv", "openrc", "busybox"])
def planted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    folder = tmp_path_factory.mktemp("boxes")
    try:
        yield box(request.param, folder)
    except roots.NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def login(device: Started, key: Path, user: str = "fitter") -> str:
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "ConnectTimeout=5")
    words = [word for option in options for word in ("-o", option)]
    ssh = ["ssh", "-q", "-i", str(key), *words, f"{user}@{DEVICE}", "id -un"]
    done = subprocess.run(["nsenter", "-t", str(device.client), "-n", *ssh], capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


def test_before_everything_is_open_and_all_devices_have_one_key(planted: Box) -> None:
    keys = []
    for _ in range(2):
        with started.started(copied(planted.root)) as device:
            serves(device, planted.key)
            assert device.wait(PORTS["telnet"])
            assert device.wait(PORTS["backdoor"], b"id\n").startswith(b"uid=0(root)")
            device.implant(*IMPLANT)
            assert device.wait(PORTS["implant"], b"id\n").startswith(b"uid=0(root)")
            keys.append(host_key(device))
    assert keys[0] == keys[1]


def host_key(device: Started) -> str:
    scan = ["nsenter", "-t", str(device.client), "-n", "ssh-keyscan", "-t", "ed25519", DEVICE]
    found = subprocess.run(scan, check=True, capture_output=True, text=True, timeout=60).stdout
    assert f"{DEVICE} ssh-ed25519 " in found
    return found


def copied(root: Path) -> Path:
    """A start leaves traces."""
    place = root.with_name(f"{root.name}-started")
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", root, place], check=True)
    return place


def serves(device: Started, key: Path | None) -> None:
    assert device.wait(PORTS["page"], PAGE).startswith(PAGE_ANSWER)
    assert device.wait(PORTS["broker"], CONNECT).startswith(CONNACK)
    assert device.wait(PORTS["ssh"]).startswith(b"SSH-2.0-dropbear")
    assert key is None or login(device, key) == "fitter"


@pytest.mark.parametrize("words", [(), ("--unsafe",)], ids=["safe", "unsafe"])
def test_after_it_what_is_declared_serves_and_the_rest_is_gone(
    planted: Box, words: tuple[str, ...], firmward: Firmward, tmp_path: Path
) -> None:
    policy = tmp_path / "device.toml"
    policy.write_text(POLICY)
    called = firmward("harden", planted.root, "--policy", policy, "--apply", "-o", tmp_path / "out", "--quiet", *words)
    assert called.code in (0, 1), called.err
    keys = []
    for _ in range(2):
        with started.started(copied(tmp_path / "out" / "rootfs")) as device:
            # with consent the key goes that every copy of the image would have: each device is to get its own
            serves(device, None if words else planted.key)
            assert device.ask(PORTS["telnet"]) is None
            assert device.ask(PORTS["backdoor"], b"id\n") is None
            assert not [one for one in device.programs() if "telnetd" in one or "4444" in one]
            device.implant(*IMPLANT)
            assert any("5555" in one for one in device.programs())
            assert device.ask(PORTS["implant"], b"id\n") is None  # what nobody declared, the packet filter drops
            keys.append(host_key(device))
    assert keys[0] != keys[1]
