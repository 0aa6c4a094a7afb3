"""A planted system as a root that real programs run in: its files laid over an installed Debian 13.

The programs are Debian's, the configuration is the system's alone: what Debian's packages configured or enabled for
servers is taken away first, so that both twins start what they say they start. The other auditors lie in a folder of
their own and come into the root only when they are run.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from root_image import FOLDER

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

PACKAGES = (
    "openssh-server", "nginx-light", "mosquitto", "snmpd", "dnsmasq", "nftables", "iptables", "lighttpd", "php-cgi",
    "vsftpd", "chrony", "sudo", "cron", "logrotate", "apparmor", "unattended-upgrades", "procps", "kmod",
    "systemd-sysv", "dbus", "udev", "iproute2", "net-tools", "lsof", "psmisc", "openssl", "linux-base", "lynis",
    "openscap-scanner", "ssg-debian",
)  # fmt: skip
AUDITORS = (
    "etc/lynis", "usr/sbin/lynis", "usr/share/lynis", "usr/share/doc/lynis", "usr/lib/systemd/system/lynis.*",
    "usr/share/xml/scap", "usr/bin/oscap*", "usr/share/openscap",
)  # fmt: skip
OF_SERVERS = (
    "etc/systemd/system/*", "etc/ssh/*", "etc/nginx", "etc/mosquitto", "etc/snmp", "etc/dnsmasq*", "etc/vsftpd.conf",
    "etc/lighttpd", "etc/nftables.conf", "etc/chrony", "etc/cron*/*", "etc/crontab", "etc/sudoers.d/*",
    "etc/apt/sources.list*", "etc/apt/apt.conf.d/20auto-upgrades", "etc/apparmor.d/*", "etc/default/*",
    "etc/logrotate.d/*", "etc/rc*.d/*", "etc/init.d/*", "etc/php/*/cgi/php.ini",
    "etc/gshadow*", "etc/passwd-", "etc/shadow-", "etc/group-",
)  # fmt: skip
"""What packages configured, and what belongs to accounts that the system does not have."""


def base() -> Path:
    """The installed Debian without any server's configuration; owners are kept, so it needs to be root."""
    from real import roots

    folder = FOLDER / "auditors"
    if not folder.is_dir():
        archive = roots.build(roots.Root("auditors", PACKAGES, suite="trixie"))
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "base").mkdir(parents=True)
        subprocess.run(["tar", "--zstd", "--exclude=./dev/*", "-xpf", archive, "-C", partial / "base"], check=True)
        for path in matching(partial / "base", AUDITORS):
            kept = partial / "auditors" / path.relative_to(partial / "base")
            kept.parent.mkdir(parents=True, exist_ok=True)
            path.rename(kept)
        for path in matching(partial / "base", OF_SERVERS):
            remove(path)
        partial.rename(folder)
    return folder


def matching(root: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    return (path for pattern in patterns for path in sorted(root.glob(pattern)))


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def copy(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", "--reflink=auto", f"{source}/.", target], check=True)


def planted_root(files: Mapping[str, Any], root: Path) -> None:
    """The system's files over the real root's; a stand-in gives way to the real program."""
    from firmward.model.memory import Node

    copy(base() / "base", root)
    for path, content in files.items():
        lay(content if isinstance(content, Node) else Node(content), root / path)


def with_auditors(root: Path) -> None:
    copy(base() / "auditors", root)


def lay(node: Any, place: Path) -> None:
    data = node.content if isinstance(node.content, bytes) else node.content.encode("utf-8", "surrogateescape")
    if node.target is None and (is_folder(node, place) or (data.startswith(b"\x7fELF") and place.is_file())):
        label(node, place, without=("security.ima",))
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink() or place.is_file():
        place.unlink()
    if node.target is not None:
        if not place.is_dir():
            place.symlink_to(node.target)
        return
    if str(node.kind) == "directory":
        place.mkdir()
    else:
        place.write_bytes(data)
    os.chown(place, node.uid, node.gid)
    place.chmod(node.mode)
    label(node, place)


def is_folder(node: Any, place: Path) -> bool:
    return str(node.kind) == "directory" and place.is_dir()


def label(node: Any, place: Path, without: tuple[str, ...] = ()) -> None:
    """Unusual modes and the attributes; a digest that is the stand-in's is left out."""
    if node.mode not in (0o644, 0o755):
        place.chmod(node.mode)
    for name, value in node.xattrs:
        if name not in without:
            os.setxattr(place, name, value)
