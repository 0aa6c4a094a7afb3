"""A root that is alive as far as a folder can be: an auditor of running systems finds there what it asks.

Nothing of this machine is seen or touched: namespaces of its own for mounts, processes, network, names and messages.
Given are: what the device makes at its first start (host keys, certificates), /dev, /proc and /run of its own, the
mounts of its fstab with their options (over the same disk), its host name, its kernel parameters (as files over
/proc/sys, read from its own sysctl.d by sysctl itself), its firewall rules loaded into a network of its own (with two
interfaces, in which any address may be bound), the modules that such rules would have loaded, every server that it
enables, started from its own configuration, and the exposure of its units, which systemd works out without running.
Not given are a running init, the device's kernel with its security modules, and containers.
"""

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from measure import cost


@dataclass(frozen=True, slots=True)
class Server:
    """What is started where one of the units is enabled; `process` is what the process list must show then."""

    process: str
    units: tuple[str, ...]
    command: str


SERVERS = (
    Server("sshd", ("ssh.service", "sshd.service"), "mkdir -p /run/sshd; /usr/sbin/sshd"),
    Server("nginx", ("nginx.service",), "mkdir -p /run/nginx /var/log/nginx; /usr/sbin/nginx"),
    Server("mosquitto", ("mosquitto.service",), "/usr/sbin/mosquitto -d -c /etc/mosquitto/mosquitto.conf"),
    Server("snmpd", ("snmpd.service",), "/usr/sbin/snmpd -LS3d -C -c /etc/snmp/snmpd.conf"),
    Server(
        "dnsmasq",
        ("dnsmasq.service",),
        "mkdir -p /run/dnsmasq; dnsmasq -C /etc/dnsmasq.conf --pid-file=",
    ),
    Server("lighttpd", ("lighttpd.service",), "mkdir -p /run/lighttpd; lighttpd -f /etc/lighttpd/lighttpd.conf"),
    Server("vsftpd", ("vsftpd.service", "vsftpd@lan.service"), "mkdir -p /run/vsftpd/empty; /usr/sbin/vsftpd $FTP"),
    Server("cron", ("cron.service",), "/usr/sbin/cron"),
)
"""The servers of which Debian brings the program and an auditor of hosts may have a test."""

TABLES = {
    "nftables.service": "nft -f /etc/nftables.conf && echo nf_tables 1 0 >>/run/modules",
    "netfilter-persistent.service": "iptables-restore </etc/iptables/rules.v4 && ip6tables-restore "
    "</etc/iptables/rules.v6 && echo ip_tables 1 0 >>/run/modules",
}
"""How rules are loaded, and the module that Debian's kernel loads for them (this machine's may have it built in)."""

MADE = re.compile(r"/data/[\w./-]+\.(?:pem|key|crt)|/(?:data|etc)/ssh/ssh_host_\w+_key\b")
STATE = re.compile(r"/data(?:/[\w-]+)+/")

LSMOD = "#!/bin/sh\necho Module Size Used by\ncat /run/modules 2>/dev/null\nexit 0\n"

ANALYZE = r"""#!/bin/sh
if [ "$*" != security ]; then exec /usr/bin/systemd-analyze.real "$@"; fi
echo UNIT EXPOSURE PREDICATE HAPPY
for unit in $(ls /etc/systemd/system/*.wants | grep '\.service$' | grep -v @ | sort -u); do
    /usr/bin/systemd-analyze.real security --offline=true --no-pager "$unit" 2>/dev/null |
        sed -n 's/.*exposure level for \(.*\): \([0-9.]*\) \([A-Z]*\).*/\1 \2 \3/p'
done
"""
"""systemd-analyze(1) asks a running systemd for its units; here it is asked unit by unit, from the files."""


def enabled(root: Path) -> frozenset[str]:
    return frozenset(path.name for path in (root / "etc/systemd/system").glob("*.wants/*"))


def expected(root: Path) -> tuple[Server, ...]:
    return tuple(server for server in SERVERS if enabled(root).intersection(server.units))


def prepare(root: Path) -> None:
    """What the device makes at its first start, and the two programs that would ask the kernel or init."""
    for program, text in (("usr/bin/systemd-analyze", ANALYZE), ("usr/sbin/lsmod", LSMOD)):
        place = root / program
        place.rename(place.with_name(f"{place.name}.real"))
        place.write_text(text)
        place.chmod(0o755)
    complete(root / "etc/group")
    texts = [text for path in (root / "etc").rglob("*") if (text := read(path))]
    for folder in sorted({one for text in texts for one in STATE.findall(text)}):
        (root / folder.strip("/")).mkdir(parents=True, exist_ok=True)
    for path in sorted({one for text in texts for one in MADE.findall(text)}):
        first_start(root, path)


def complete(groups: Path) -> None:
    """With nogroup, which Debian always has and nginx asks for."""
    text = groups.read_text()
    if not re.search(r"^nogroup:", text, re.MULTILINE):
        groups.write_text(f"{text}nogroup:x:65534:\n")


def read(path: Path) -> str:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 1 << 20:
        return ""
    return path.read_bytes().decode("utf-8", "replace")


def first_start(root: Path, path: str) -> None:
    place = root / path.strip("/")
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if "ssh_host_" in path:
        kind = path.removesuffix("_key").rsplit("_", 1)[1]
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(place)], check=True)
        return
    key, certificate = root / "run/device.key", root / "run/device.pem"
    if not key.exists():
        names = ["-subj", "/CN=device", "-days", "900", "-keyout", str(key), "-out", str(certificate)]
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        subprocess.run(["openssl", "req", "-x509", "-nodes", *curve, *names], check=True, capture_output=True)
    place.write_bytes((key if path.endswith(".key") else certificate).read_bytes())


def mounts(root: Path) -> Iterable[str]:
    """The fstab's mounts as binds of the same folders, so that their options are seen; the root's come last."""
    rows = [line.split() for line in read(root / "etc/fstab").splitlines() if not line.lstrip().startswith("#")]
    for row in sorted((row for row in rows if len(row) > 3 and row[1].startswith("/")), key=lambda row: row[1] == "/"):
        known = [one for one in row[3].split(",") if one in ("ro", "nosuid", "nodev", "noexec")]
        place = row[1].rstrip("/") or "/"
        if place not in ("/proc", "/sys", "/dev", "/run"):
            bound = "" if place == "/" else f"mkdir -p {place}; mount --bind {place} {place}; "
            yield f"{bound}mount -o {','.join(['remount', 'bind', *known])} {place}"


def inside(root: Path, command: str) -> tuple[frozenset[str], str]:
    """Run a command with the system's servers up; the processes that it could see, and what it wrote to /run/out."""
    wanted = expected(root)
    instance = " ".join(path.name for path in (root / "etc").glob("vsftpd*.conf"))
    started = "\n".join(
        f"(FTP='/etc/{instance}'; {server.command}) >/out/{server.process}.log 2>&1 &" for server in wanted
    )
    loaded = "\n".join(f"({how}) >/out/tables.log 2>&1" for unit, how in TABLES.items() if unit in enabled(root))
    names = " ".join(server.process for server in wanted)
    (root / "start").write_text(f"""#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
hostname -F /etc/hostname
sysctl -q --system >/dev/null 2>&1
{loaded}
{chr(10).join(mounts(root))}
{started}
for second in 1 2 3 4 5 6 7 8 9 10; do
    missing=; for name in {names}; do pgrep -x $name >/dev/null || missing=$name; done
    [ -z "$missing" ] && break
    sleep 1
done
ps -eo comm= >/out/processes
({command}) </dev/null >/out/screen 2>&1
""")
    out = root.with_name(f"{root.name}.out")
    out.mkdir(exist_ok=True)
    (root / "out").mkdir(exist_ok=True)
    cost(
        [
            "unshare",
            "--mount",
            "--net",
            "--ipc",
            "--uts",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            rooms(root, out),
        ]
    )
    return frozenset((out / "processes").read_text().split()), (out / "screen").read_text(errors="replace")


def rooms(root: Path, out: Path) -> str:
    return f"""
set -e
mount --bind {root} {root}; mount --bind {out} {root}/out
mount -t proc proc {root}/proc; mount -t tmpfs -o nosuid,nodev tmpfs {root}/run; mount -t sysfs -o ro sysfs {root}/sys
mount -t tmpfs -o nosuid,noexec tmpfs {root}/dev
cd {root}/dev
mknod -m 666 null c 1 3; mknod -m 666 zero c 1 5; mknod -m 666 full c 1 7; mknod -m 666 random c 1 8
mknod -m 666 urandom c 1 9; mknod -m 666 tty c 5 0; mkdir pts shm; ln -s /proc/self/fd fd
mount -t devpts -o newinstance devpts pts; ln -s pts/ptmx ptmx; mount -t tmpfs -o nosuid,nodev,noexec tmpfs shm
mkdir {root}/run/parameters
(cd /proc/sys && find . -type d -exec mkdir -p {root}/run/parameters/{{}} \\; && find . -type f | while read -r name; do
    cat "$name" >"{root}/run/parameters/$name" 2>/dev/null || true; done)
mount --bind {root}/run/parameters {root}/proc/sys
ip link set lo up
ip link add eth0 type veth peer eth1
ip address add 192.0.2.20/24 dev eth0; ip address add 10.20.0.1/24 dev eth1; ip link set eth0 up; ip link set eth1 up
for family in ipv4 ipv6; do echo 1 >/proc/sys/net/$family/ip_nonlocal_bind; done
cd {root}
exec chroot {root} /bin/bash -c "exec -a /sbin/init /bin/sh /start"
"""
