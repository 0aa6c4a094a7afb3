"""Dates of support out of the database, in the form that `--lifecycle` takes (facts/lifecycle.py).

endoflife.date lists what others make; what it does not know (boot loaders, CIP, Buildroot) stays as it is shipped.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from firmward.facts.lifecycle import SHIPPED, read_lifecycle
from firmward.model.errors import InputError
from firmward.vulns.database import Database

FEED = "eol"


@dataclass(frozen=True, slots=True)
class Kept:
    """What endoflife.date calls `source`: our `title` for it, `by` whom it is supported, and which of its dates
    `counts`: `eol`, or `eoes` where that is when the last of its makers stops."""

    source: str
    title: str
    by: str
    counts: str = "eol"


PRODUCTS = {
    "linux": Kept("linux-kernel", "Linux", "kernel.org"),
    "debian": Kept("debian", "Debian", "Debian and its LTS team", "eoes"),
    "devuan": Kept("devuan", "Devuan", "Devuan"),
    "ubuntu": Kept("ubuntu", "Ubuntu", "Canonical, without Ubuntu Pro"),
    "alpine": Kept("alpine-linux", "Alpine Linux", "Alpine"),
    "postmarketos": Kept("postmarketos", "postmarketOS", "postmarketOS"),
    "openwrt": Kept("openwrt", "OpenWrt", "OpenWrt"),
    "yocto": Kept("yocto", "Yocto Project", "Yocto Project"),
    "fedora": Kept("fedora", "Fedora", "Fedora"),
    "rhel": Kept("rhel", "Red Hat Enterprise Linux", "Red Hat, without extended support"),
    "centos": Kept("centos", "CentOS", "CentOS"),
    "rocky": Kept("rocky-linux", "Rocky Linux", "Rocky Linux"),
    "almalinux": Kept("almalinux", "AlmaLinux", "AlmaLinux"),
    "openssl": Kept("openssl", "OpenSSL", "OpenSSL, without its contracts"),
    "python": Kept("python", "Python", "Python"),
    "perl": Kept("perl", "Perl", "Perl"),
    "php": Kept("php", "PHP", "PHP"),
    "nodejs": Kept("nodejs", "Node.js", "Node.js"),
    "ruby": Kept("ruby", "Ruby", "Ruby"),
    "qt": Kept("qt", "Qt", "The Qt Company, its commercial support", "eoes"),
    "nginx": Kept("nginx", "nginx", "nginx"),
    "apache": Kept("apache-http-server", "Apache HTTP Server", "Apache"),
    "haproxy": Kept("haproxy", "HAProxy", "HAProxy"),
    "openvpn": Kept("openvpn", "OpenVPN", "OpenVPN"),
    "postgresql": Kept("postgresql", "PostgreSQL", "PostgreSQL"),
    "mariadb": Kept("mariadb", "MariaDB", "MariaDB"),
    "mysql": Kept("mysql", "MySQL", "Oracle"),
    "redis": Kept("redis", "Redis", "Redis"),
    "influxdb": Kept("influxdb", "InfluxDB", "InfluxData"),
    "docker": Kept("docker-engine", "Docker Engine", "Docker"),
    "containerd": Kept("containerd", "containerd", "containerd"),
    "podman": Kept("podman", "Podman", "Podman"),
}
CODENAMES = ("yocto", "debian")
"""Products whose releases are also told by their names in os-release."""


def names_of(product: str) -> tuple[str, ...]:
    """What endoflife.date calls one of our products: it has renamed some."""
    return (PRODUCTS[product].source, product)


def lifecycle_text(database: Database) -> str:
    """The file for `--lifecycle`. Raises InputError where there are no such dates, or they do not hold."""
    feed = next((one for one in database.status().feeds if one.name == FEED), None)
    if feed is None:
        raise InputError(f"{database.path}: has no dates of support; `firmward vulns update eol` fetches them")
    text = written(json.loads(SHIPPED.read_text(encoding="utf-8")), database.support(), feed.updated.date())
    read_lifecycle(text, str(database.path))
    return text


def written(document: dict[str, object], support: Mapping[str, str], as_of: date) -> str:
    """The shipped document with newer lines of the products that endoflife.date knows."""
    products = document["products"]
    if isinstance(products, dict):
        for name, lines in support.items():
            kept = PRODUCTS.get(name)
            if kept is not None:
                products[name] = {"title": kept.title, "by": kept.by, "lines": json.loads(lines)}
    source = "endoflife.date; boot loaders, CIP and Buildroot as firmward ships them"
    return json.dumps({**document, "as_of": as_of.isoformat(), "source": source}, indent=1, ensure_ascii=False) + "\n"
