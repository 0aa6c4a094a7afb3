"""The distribution that a root was made from, and until when that is supported.

os-release names it (ID, VERSION_ID); a maker's own distribution that is made with Yocto carries the codename of the
release behind it (VERSION_CODENAME, DISTRO_CODENAME). OpenWrt before os-release has etc/openwrt_release. Debian's
children that rebuild its packages live as long as it does; of others that are only like a distribution (ID_LIKE) the
packages are that one's, and of which release only a codename says. A maker's own system may be put together from
Debian's or Ubuntu's programs all the same: their C library says whose it is (`GNU C Library (Debian GLIBC 2.36-9)`), in
a folder that they alone name so. What no distribution is behind is its maker's own.
"""

import re
from dataclasses import dataclass

from firmward.facts.lifecycle import Lifecycle, Line
from firmward.facts.os_release import OsRelease
from firmward.formats import os_release
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

LIBC = ("lib/*-linux-gnu*/libc.so.6", "usr/lib/*-linux-gnu*/libc.so.6")
LIBC_LIMIT = 8 << 20
"""Bytes; Debian's has 2 MiB."""
BANNER = re.compile(rb"GNU C Library \((?P<who>Debian|Ubuntu) GLIBC (?P<version>\d\.\d{2})[^)\0]{0,60}\)")
OF_GLIBC = {
    "debian": {"2.24": "9", "2.28": "10", "2.31": "11", "2.36": "12", "2.41": "13"},
    "ubuntu": {"2.23": "16.04", "2.27": "18.04", "2.31": "20.04", "2.35": "22.04", "2.39": "24.04"},
}
"""The releases that have a version of the C library."""

OPENWRT = "etc/openwrt_release"
PRODUCTS = {
    "debian": "debian", "raspbian": "debian", "devuan": "devuan", "ubuntu": "ubuntu", "alpine": "alpine",
    "postmarketos": "postmarketos", "openwrt": "openwrt", "lede": "openwrt", "poky": "yocto", "buildroot": "buildroot",
    "fedora": "fedora", "rhel": "rhel", "centos": "centos", "rocky": "rocky", "almalinux": "almalinux",
}  # fmt: skip
"""By os-release's ID. `poky` numbers its versions as the project does."""
FEEDS = frozenset(("debian", "ubuntu", "alpine", "openwrt", "fedora", "rhel"))
"""Those whose packages others take as they are; who is like another builds its own."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """`product` is its name among the facts of support, empty for a maker's own; `title` and `version` are
    for people, `line` is what it is of, and `at` says it."""

    product: str
    title: str
    version: str
    line: Line | Unknown
    at: Location


def collect(tree: Tree, release: OsRelease | None | Unknown, lifecycle: Lifecycle) -> Distribution | None:
    if isinstance(release, Unknown):
        raise Unavailable(release.reason)
    named = told(release, lifecycle) if release is not None and release.id else None
    if named is not None and named.product:
        return named
    return _by_libc(tree, lifecycle) or named or _by_openwrt(tree, lifecycle)


def _by_libc(tree: Tree, lifecycle: Lifecycle) -> Distribution | None:
    for path in (path for pattern in LIBC for path in tree.glob(pattern)):
        found = BANNER.search(tree.read(path, LIBC_LIMIT) or b"")
        if found is None:
            continue
        product, glibc = found["who"].decode().lower(), found["version"].decode()
        version = OF_GLIBC[product].get(glibc, "")
        title = lifecycle.title(product)
        unknown = Unknown(f"which release of {title} has the C library {glibc} is not known")
        line = lifecycle.line_of(product, version) if version else unknown
        return Distribution(product, title, version, line, Location(path))
    return None


def _by_openwrt(tree: Tree, lifecycle: Lifecycle) -> Distribution | None:
    said = {row.name: row.value for row in os_release.parse(tree.text(OPENWRT) or "")}
    version = said.get("DISTRIB_RELEASE", "")
    if said.get("DISTRIB_ID", "").lower() not in ("openwrt", "lede") or not version:
        return None
    line = lifecycle.line_of("openwrt", version)
    return Distribution("openwrt", lifecycle.title("openwrt"), version, line, Location(OPENWRT))


def told(release: OsRelease, lifecycle: Lifecycle) -> Distribution:
    product = PRODUCTS.get((release.id or "").lower(), "")
    version = release.version or ""
    if product and version:
        line = lifecycle.line_of(product, version)
        return Distribution(product, lifecycle.title(product), version, line, release.at)
    likes = [product] if product else [PRODUCTS[word] for word in release.like if PRODUCTS.get(word) in FEEDS]
    for name in (*likes, "yocto"):
        named = lifecycle.named(name, release.codename or "")
        if named is not None:
            return Distribution(name, lifecycle.title(name), named.line, named, release.at)
    title = (release.name or release.id or "")[:60]
    why = f"which release of {lifecycle.title(likes[0])} it was made from" if likes else "what it was made from"
    line = Unknown(f"{title}: {why} is not said")
    return Distribution(likes[0] if likes else "", title, "" if version in title else version, line, release.at)
