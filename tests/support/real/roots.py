"""Root file systems made of Debian's own packages: what real programs ship, configured as their maintainers did it.

An amd64 root is installed, maintainer scripts and all. A root of another architecture cannot run those scripts here;
what they write (accounts, started services, alternatives) is the same on every architecture, so it is taken from the
amd64 root with the same packages, and the programs from the packages of its own architecture.
"""

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import zstandard

PROJECT = Path(__file__).resolve().parents[3]
CACHE = PROJECT / "build" / "cache" / "roots"
HOOKS = Path("/usr/share/mmdebstrap/hooks/merged-usr")
SOURCES = ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list")
ARCHIVE = re.compile(r"^(?:URIs:|deb)\s+(?:\[[^]]*\]\s+)?(\S+/debian)/?(?:\s|$)", re.MULTILINE)
"""Debian's archive as this machine's own sources name it."""
NATIVE = "amd64"
STATUS = "./var/lib/dpkg/status"
UNREACHABLE = re.compile(r"Temporary failure resolving|Could not resolve|Could not connect|Mirror sync in progress")
"""What apt says where Debian's archive is out of reach, or is being renewed."""

OF_CONFIGURATION = ("./etc/", "./var/", "./home/", "./root/", "./srv/")
"""Folders that maintainer scripts write; of the rest only links into /etc/alternatives are theirs."""


class NoPackagesError(Exception):
    """Debian's archive cannot be reached now."""


@dataclass(frozen=True, slots=True)
class Root:
    """`packages` beside those that Debian calls required; `system` is the package that brings init."""

    name: str
    packages: tuple[str, ...]
    architecture: str = NATIVE
    suite: str = "bookworm"
    system: str = "systemd-sysv"

    @property
    def path(self) -> Path:
        return CACHE / f"{self.name}.tar.zst"


SYSTEMD = ("dbus", "udev", "iproute2")
GATEWAY = (
    "openssh-server", "mosquitto", "lighttpd", "dnsmasq", "nftables", "chrony", "rauc", "network-manager", "sudo",
    "logrotate", "cron", "rsyslog", "e2fsprogs", "unattended-upgrades", *SYSTEMD,
)  # fmt: skip
SMALL = ("busybox", "dropbear", "ifupdown", "busybox-syslogd", "udhcpc")
ROUTER = (
    "hostapd", "dnsmasq", "iptables-persistent", "wireguard-tools", "strongswan-starter", "openvpn",
    "miniupnpd-nftables", "ppp", "ifupdown", "isc-dhcp-client", "frr", "openssh-server", "snmpd",
    "linux-image-cloud-amd64", *SYSTEMD,
)  # fmt: skip
DESKTOP = (
    "avahi-daemon", "cups", "samba", "bluez", "modemmanager", "wpasupplicant", "network-manager", "policykit-1",
    "apparmor", "apparmor-profiles", "ufw", "postfix", "sudo", *SYSTEMD,
)  # fmt: skip
OLD = (
    "inetutils-telnetd", "vsftpd", "tftpd-hpa", "xinetd", "rpcbind", "nfs-kernel-server", "snmpd",
    "rsync", "ntpsec", "bind9", "gdbserver", "tcpdump", "strace", "netcat-openbsd", *SYSTEMD,
)  # fmt: skip
WEB = (
    "nginx-light", "php-fpm", "redis-server", "docker.io", "lxc", "selinux-policy-default", "selinux-basics",
    "swupdate", "mender-client", "squid", "coturn", "stubby", "firewalld", *SYSTEMD,
)  # fmt: skip

ROOTS = (
    Root("minimal", ()),
    Root("small", SMALL, system="sysvinit-core"),
    Root("gateway", GATEWAY),
    Root("router", ROUTER),
    Root("desktop", DESKTOP),
    Root("old-services", OLD),
    Root("web", WEB),
    Root("openrc", ("openrc", "openssh-server", "cron", "nftables", "ifupdown"), system="sysvinit-core"),
    Root("finit", ("busybox", "dropbear", "ifupdown"), system="finit-sysv"),
    Root("trixie", GATEWAY, suite="trixie"),
    Root("gateway-arm64", GATEWAY, "arm64"),
    Root("gateway-armhf", GATEWAY, "armhf"),
    Root("small-mipsel", SMALL, "mipsel", system="sysvinit-core"),
    Root("desktop-mips64el", DESKTOP, "mips64el"),
    Root("trixie-riscv64", GATEWAY, "riscv64", suite="trixie"),
)


def root(name: str) -> Root:
    return next(one for one in ROOTS if one.name == name)


def build(wanted: Root) -> Path:
    """The root as a tar archive, from the cache when it is there."""
    if not wanted.path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        unfinished = CACHE / f"{os.getpid()}-{wanted.path.name}"
        try:
            if wanted.architecture == NATIVE:
                install(wanted, unfinished)
            else:
                join(build(twin(wanted)), wanted, unfinished)
            unfinished.rename(wanted.path)
        finally:
            unfinished.unlink(missing_ok=True)
    return wanted.path


def twin(wanted: Root) -> Root:
    """The amd64 root with the same packages."""
    alike = (wanted.packages, wanted.suite, wanted.system)
    return next(o for o in ROOTS if o.architecture == NATIVE and (o.packages, o.suite, o.system) == alike)


def install(wanted: Root, target: Path) -> None:
    packages = (wanted.system, *wanted.packages)
    mmdebstrap("minbase", wanted, packages, target)


def extract(wanted: Root, packages: Sequence[str], target: Path) -> None:
    """Programs of the release as it came out, without its updates: which version they have is not asked here."""
    mmdebstrap("extract", wanted, packages, target, f"--hook-dir={HOOKS}", mirror=(archive(),))


def archive() -> str:
    """Raises RuntimeError where no source of this machine names Debian's archive."""
    texts = (Path(path).read_text(encoding="utf-8") for path in SOURCES if Path(path).is_file())
    for text in texts:
        found = ARCHIVE.search(text)
        if found:
            return found[1]
    raise RuntimeError("no source of packages of this machine names Debian's archive")


def mmdebstrap(
    variant: str, wanted: Root, packages: Sequence[str], target: Path, *more: str, mirror: Sequence[str] = ()
) -> None:
    command = ["mmdebstrap", f"--variant={variant}", f"--architectures={wanted.architecture}", "--format=tar", *more]
    command += [f"--include={','.join(packages)}", wanted.suite, str(target), *mirror]
    environment = {**os.environ, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if UNREACHABLE.search(done.stderr):
        raise NoPackagesError(wanted.name)
    if done.returncode:
        raise RuntimeError(f"{wanted.name}: {done.stderr[-1500:]}")


def is_possible() -> bool:
    """Whether this machine can build roots: the programs, and maintainer scripts that it can run."""
    return os.uname().machine == "x86_64" and shutil.which("mmdebstrap") is not None and HOOKS.is_dir()


def join(configured: Path, wanted: Root, target: Path) -> None:
    """The configuration of the amd64 root over the programs of another architecture."""
    programs = target.with_name(f"programs-{target.name}")
    try:
        extract(wanted, installed(configured), programs)
        with writing(target) as joined:
            taken = set()
            for member, content in members(programs):
                if not member.name.startswith(OF_CONFIGURATION):
                    joined.addfile(member, content)
                    taken.add(member.name)
            for member, content in members(configured):
                if member.name not in taken and is_configuration(member):
                    joined.addfile(*translated(member, content, wanted.architecture))
    finally:
        programs.unlink(missing_ok=True)


def is_configuration(member: tarfile.TarInfo) -> bool:
    if member.name.startswith(OF_CONFIGURATION):
        return "x86_64-linux-gnu" not in member.name
    return member.issym() and member.linkname.startswith("/etc/")


def translated(
    member: tarfile.TarInfo, content: IO[bytes] | None, architecture: str
) -> tuple[tarfile.TarInfo, IO[bytes] | None]:
    """The package database names the architecture; all else is the same."""
    if member.name != STATUS or content is None:
        return member, content
    own = content.read().replace(b"Architecture: amd64", f"Architecture: {architecture}".encode())
    member.size = len(own)
    return member, io.BytesIO(own)


def installed(configured: Path) -> list[str]:
    """The names of the packages in the root."""
    for member, content in members(configured):
        if member.name == STATUS and content is not None:
            lines = content.read().decode().splitlines()
            return [line.removeprefix("Package: ") for line in lines if line.startswith("Package: ")]
    raise RuntimeError(f"{configured}: holds no {STATUS}")


def members(archive: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    with (
        archive.open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as plain,
        tarfile.open(fileobj=plain, mode="r|") as tar,
    ):
        for member in tar:
            yield member, tar.extractfile(member) if member.isfile() else None


@contextmanager
def writing(archive: Path) -> Iterator[tarfile.TarFile]:
    with (
        archive.open("wb") as packed,
        zstandard.ZstdCompressor().stream_writer(packed) as plain,
        tarfile.open(fileobj=plain, mode="w|") as tar,
    ):
        yield tar
