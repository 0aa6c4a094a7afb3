"""What a component is called in the claims of others: CPE's vendor and product, and the names of package registries.

A component's own CPE names and its package URL count first, then what aliases.toml knows. With neither, the name alone
is asked for, of any vendor, and whoever reads the result is told so.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from urllib.parse import unquote

from firmward.model.component import Component
from firmward.vulns.record import Product

Pair = tuple[str, str]

_PURL = re.compile(r"pkg:([a-z][a-z0-9.+-]*)/([^@?#]+)")
_NUMBERED = re.compile(r"([a-z][a-z+_-]*?)-?\d+(?:\.\d+)*")
ECOSYSTEMS = {
    "pypi": "PyPI",
    "npm": "npm",
    "golang": "Go",
    "cargo": "crates.io",
    "gem": "RubyGems",
    "maven": "Maven",
    "composer": "Packagist",
    "nuget": "NuGet",
}
"""OSV's names for what package URLs call otherwise."""
KERNEL_IMAGES = ("linux-image", "kernel-image", "kernel-core", "kernel-default")
"""How the names of packages begin that bring a kernel: others of the same source bring programs and headers."""
_LINUX = ("linux", "linux_kernel")
NOBODY = frozenset({"", "n/a", "unknown", "*", "-"})
"""Vendors that say nothing."""


@dataclass(frozen=True, slots=True)
class Names:
    """`pairs` are vendors and products by which a component is meant. `loose` are products that any vendor may have
    made. `packages` are an ecosystem with a package's name."""

    pairs: frozenset[Pair]
    loose: frozenset[str] = frozenset()
    packages: frozenset[Pair] = frozenset()

    def asked(self) -> tuple[Pair, ...]:
        """What a database is asked for. Claims that name no vendor are found by the product alone."""
        products = {("", product) for _, product in self.pairs} | {("", product) for product in self.loose}
        return tuple(sorted(products | self.packages))

    def mean(self, product: Product) -> bool:
        """Whether a claim's product is this component. Where software runs (CPE's target_sw) is no part of a name."""
        if product.ecosystem:
            return (product.ecosystem, normal(product.ecosystem, product.product)) in self.packages
        vendor, name = normal("", product.vendor), normal("", product.product)
        if (vendor, name) in self.pairs or name in self.loose:
            return True
        return vendor in NOBODY and any(name == own for _, own in self.pairs)


def names(component: Component) -> Names:
    own = frozenset(pair for pair in map(_of_cpe, component.cpes) if pair is not None)
    package = _package(component.purl)
    # npm's expat is not the library of that name
    called = {normal("", name) for name in (component.name, component.source) if name and package is None}
    pairs = own | _known(own, called)
    if component.vendor:
        pairs |= {(normal("", component.vendor), name) for name in called}
    packages = frozenset() if package is None else frozenset({package})
    loose = frozenset() if pairs or packages else frozenset(called)
    return Names(frozenset(pairs), loose, packages)


def normal(ecosystem: str, name: str) -> str:
    """A name as it is compared: PEP 503 for Python's packages, as written where case tells, else as CPE writes."""
    if ecosystem == "PyPI":
        return re.sub(r"[-_.]+", "-", name).lower()
    if ecosystem:
        return name
    return re.sub(r"\s+", "_", name.strip()).lower().replace("\\", "")


def is_kernel(component: Component) -> bool:
    """Whether a component is a kernel that runs."""
    return is_of_kernel(component) and (
        not component.distribution
        or _LINUX in _known(frozenset(), {normal("", component.name)})
        or component.name.startswith(KERNEL_IMAGES)
    )


def is_of_kernel(component: Component) -> bool:
    """Whether a component was built from the kernel's source."""
    return _LINUX in names(component).pairs


def holds_everywhere(product: Product) -> bool:
    """Whether a condition is one that every device with Linux fulfils."""
    return f"{product.vendor}:{product.product}" in _platforms()["holds"]


def is_foreign(product: Product) -> bool:
    """Whether a condition is a system that no device with Linux is."""
    known = _platforms()
    return product.vendor in known["foreign_vendors"] or f"{product.vendor}:{product.product}" in known["foreign"]


def _known(own: frozenset[Pair], called: set[str]) -> frozenset[Pair]:
    """What aliases.toml adds: to the CPE names that a component has, or to what it is called where it has none."""
    by_name, by_pair = _aliases()
    if own:
        return frozenset().union(*(by_pair.get(pair, frozenset()) for pair in own))
    found: frozenset[Pair] = frozenset()
    for name in called:
        plain = _NUMBERED.fullmatch(name)
        found |= by_name.get(name, by_name.get(plain[1], frozenset()) if plain else frozenset())
    return found


def _of_cpe(cpe: str) -> Pair | None:
    """Vendor and product of a formatted CPE 2.3 name, or of a URI of 2.2."""
    if cpe.startswith("cpe:2.3:"):
        parts = re.split(r"(?<!\\):", cpe)[3:5]
    elif cpe.startswith("cpe:/"):
        parts = [unquote(part) for part in cpe.split(":")[2:4]]
    else:
        return None
    return (normal("", parts[0]), normal("", parts[1])) if len(parts) == 2 and parts[1] not in NOBODY else None


def _package(purl: str) -> Pair | None:
    found = _PURL.match(purl)
    if found is None or found[1] not in ECOSYSTEMS:
        return None
    ecosystem = ECOSYSTEMS[found[1]]
    name = unquote(found[2]).rstrip("/")
    if ecosystem == "Maven":
        name = name.replace("/", ":")
    return ecosystem, normal(ecosystem, name)


@lru_cache
def _tables() -> Mapping[str, Mapping[str, list[str]]]:
    text = files("firmward.vulns").joinpath("aliases.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache
def _platforms() -> Mapping[str, frozenset[str]]:
    return {name: frozenset(words) for name, words in _tables()["platforms"].items()}


@lru_cache
def _aliases() -> tuple[Mapping[str, frozenset[Pair]], Mapping[Pair, frozenset[Pair]]]:
    by_name: dict[str, frozenset[Pair]] = {}
    by_pair: dict[Pair, frozenset[Pair]] = {}
    for name, written in _tables()["products"].items():
        pairs = frozenset((vendor, product) for vendor, _, product in (one.partition(":") for one in written))
        by_name[normal("", name)] = pairs
        is_one = any(product == normal("", name) for _, product in pairs)  # else a package that packs several
        for pair in pairs:
            same = pairs if is_one else frozenset(one for one in pairs if one[1] == pair[1])
            by_pair[pair] = by_pair.get(pair, frozenset()) | same
    return by_name, by_pair
