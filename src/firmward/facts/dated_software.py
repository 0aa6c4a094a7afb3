"""Software of known makers that a root has, each with its version: as the packages' databases say, else as files do.

Files are asked only where no distribution that is known keeps them, and only what tells its version for certain: the
name of a library or folder that carries it, or the words that a program has for it. A version that is found nowhere is
not guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.distribution import Distribution
from firmward.facts.packages import Package, Packages
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

SIZE_LIMIT = 16 << 20
"""Bytes of a program that is searched for its version; larger ones are told as unread."""

PACKAGES = tuple(
    (product, re.compile(pattern))
    for product, pattern in (
        ("openssl", r"openssl|lib(?:ssl|openssl|crypto)(?:[13](?:\.\d){0,2})?(?:t64)?"),
        ("python", r"(?:lib)?python[23]?(?:\.\d{1,2})?(?:-(?:minimal|base|light|core))?"),
        ("perl", r"perl(?:-?base)?"),
        ("php", r"php\d{0,2}(?:\.\d)?(?:-(?:cli|fpm|cgi|common))?"),
        ("nodejs", r"node(?:js)?"),
        ("ruby", r"ruby(?:\d\.\d)?"),
        ("qt", r"libqt[56]core(?:5a|6)?(?:t64)?|qt[56]?-?(?:qt)?base"),
        ("nginx", r"nginx(?:-(?:core|light|full|ssl|common|extras))?"),
        ("apache", r"apache2?|apache2-bin|httpd"),
        ("haproxy", r"haproxy"),
        ("openvpn", r"openvpn(?:-(?:openssl|mbedtls|wolfssl))?"),
        ("postgresql", r"postgresql(?:-?\d{1,2})?"),
        ("mariadb", r"mariadb(?:-server(?:-\d{1,2}\.\d{1,2})?)?"),
        ("mysql", r"mysql-server(?:-\d\.\d)?"),
        ("redis", r"redis(?:-server)?"),
        ("influxdb", r"influxdb2?"),
        ("docker", r"docker(?:\.io|-ce|-moby)?|dockerd|moby(?:-engine)?"),
        ("containerd", r"containerd(?:\.io)?"),
        ("podman", r"podman"),
    )
)
"""Names of packages, with the product that each is."""
OTHERS_NAMES = ("docker-ce", "containerd.io")
OTHERS_VERSIONS = re.compile(r"nodesource|deb\.sury|pgdg")
"""Packages that come from their makers' own feeds, and not from the distribution that they are installed in."""
AHEAD = re.compile(r"\d{1,3}:|v(?=\d)")
"""The epoch of dpkg, and a letter that some put before a version."""


@dataclass(frozen=True, slots=True)
class _Named:
    """Files whose path carries the version of a product."""

    product: str
    glob: str
    version: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Written:
    """Files that have the version of a product among their bytes."""

    product: str
    glob: str
    version: re.Pattern[bytes]


LIB = ("lib", "usr/lib", "lib/*-linux-*", "usr/lib/*-linux-*", "lib64", "usr/lib64", "usr/local/lib")
MULTIARCH = re.compile(r"(?:^|/)lib/[a-z0-9_]+-linux-[a-z0-9]+/")
"""Folders that Debian's family alone names so."""
BIN = ("usr/sbin", "usr/bin", "usr/local/sbin", "usr/local/bin")
NAMED = (
    _Named("qt", "libQt[56]Core.so.*", re.compile(r"\.so\.(\d\.\d{1,2}\.\d{1,2})$")),
    _Named("python", "python[23].*", re.compile(r"/python([23]\.\d{1,2})$")),
    _Named("perl", "libperl.so.*", re.compile(r"\.so\.(5\.\d{1,2}(?:\.\d{1,2})?)$")),
)
WRITTEN = (
    _Written("openssl", "libcrypto.so*",
        re.compile(rb"OpenSSL (\d\.\d{1,2}\.\d{1,2}[a-z]{0,2}) +\d{1,2} [A-Z][a-z]{2} 20\d\d")),
    _Written("nginx", "nginx", re.compile(rb"nginx/(\d\.\d{1,2}\.\d{1,2})(?![\d.])")),
    _Written("php", "php*", re.compile(rb"X-Powered-By: PHP/(\d\.\d{1,2}\.\d{1,2})(?![\d.])")),
    _Written("openvpn", "openvpn", re.compile(rb"OpenVPN (\d\.\d{1,2}\.\d{1,2}) [a-z]")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dated:
    """One `product` of a `version`, `at` where that is said. `is_distributed` says that the root's distribution brought
    it, and keeps it."""

    product: str
    version: str
    at: Location
    is_distributed: bool = False


@dataclass(frozen=True, slots=True)
class DatedSoftware:
    """All that were `found`, each version of a product once; `unread` says in words what could not be looked at."""

    found: tuple[Dated, ...]
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree, packages: Packages | None | Unknown, distribution: Distribution | None | Unknown
) -> DatedSoftware | None:
    unread: list[str] = []
    found: dict[tuple[str, str], Dated] = {}
    if isinstance(packages, Unknown):
        unread.append(packages.reason)
    elif packages is not None:
        unread += packages.unread
        for one in _packaged(packages, distribution):
            found.setdefault((one.product, one.version), one)
    if not (isinstance(distribution, Distribution) and distribution.product):
        packaged = {one.product for one in found.values()}
        for one in (*_named(tree), *_written(tree, unread)):
            if MULTIARCH.search(one.at.path or ""):
                unread.append(f"{one.at}: built by Debian or a child of it, and of which release is not said")
            elif one.product not in packaged:
                found.setdefault((one.product, one.version), one)
    return DatedSoftware(tuple(found.values()), tuple(unread)) if found or unread else None


def _packaged(packages: Packages, distribution: Distribution | None | Unknown) -> Iterator[Dated]:
    """A maker's own build keeps no packages: what their makers do not mend, nobody does."""
    keeps = isinstance(distribution, Distribution) and bool(distribution.product)
    for package in packages.found:
        product = next((name for name, pattern in PACKAGES if pattern.fullmatch(package.name)), None)
        if product is not None:
            version = AHEAD.sub("", package.version, count=1) if AHEAD.match(package.version) else package.version
            yield Dated(product, version, package.at, keeps and not _is_from_elsewhere(package))


def _is_from_elsewhere(package: Package) -> bool:
    return package.name in OTHERS_NAMES or OTHERS_VERSIONS.search(package.version) is not None


def _named(tree: Tree) -> Iterator[Dated]:
    for row in NAMED:
        for path in (path for folder in LIB for path in tree.glob(f"{folder}/{row.glob}")):
            version = row.version.search(path)
            if version is not None and (row.product != "python" or tree.list(path)):
                yield Dated(row.product, version[1], Location(path))


def _written(tree: Tree, unread: list[str]) -> Iterator[Dated]:
    for row in WRITTEN:
        folders = LIB if row.glob.startswith("lib") else BIN
        entries = (tree.resolve(path) for folder in folders for path in tree.glob(f"{folder}/{row.glob}"))
        for path in sorted({entry.path for entry in entries if entry is not None}):
            try:
                content = tree.read(path, SIZE_LIMIT)
            except Unavailable as reason:
                unread.append(str(reason))
                continue
            version = row.version.search(content or b"")
            if version is not None:
                yield Dated(row.product, version[1].decode("ascii"), Location(path))
