"""What is known of vulnerabilities, in memory: claims, fixes and flaws as short as they can be told."""

import json
import re
import sqlite3
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from firmward.vulns.names import ECOSYSTEMS, normal
from firmward.vulns.record import About, Claim, Fix, KernelFlaw, Product, Range, Scheme, Status

DATA = Path(__file__).parents[1] / "data" / "vulns"
_BOUND = re.compile(r"(>=|<=|>|<|=)(\S+)")


@dataclass
class Known:
    """Knowledge whose parts are given."""

    said: Sequence[Claim] = ()
    mended: Sequence[Fix] = ()
    flaws: Sequence[KernelFlaw] = ()
    told: Sequence[About] = ()
    covered: frozenset[str] = frozenset()
    _by_name: dict[str, list[Claim]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for one in self.said:
            self._by_name[normal(one.product.ecosystem, one.product.product)].append(one)

    def claims(self, products: Iterable[tuple[str, str]]) -> Sequence[Claim]:
        found: dict[int, Claim] = {}
        for first, name in products:
            for one in self._by_name.get(normal(first, name), ()):
                if first in ("", one.product.vendor, one.product.ecosystem):
                    found[id(one)] = one
        return tuple(found.values())

    def fixes(self, distribution: str, packages: Iterable[str]) -> Sequence[Fix]:
        wanted = set(packages)
        return tuple(one for one in self.mended if one.distribution == distribution and one.package in wanted)

    def covers(self, distribution: str) -> bool:
        return distribution in self.covered or any(one.distribution == distribution for one in self.mended)

    def kernel(self) -> Sequence[KernelFlaw]:
        return self.flaws

    def about(self, ids: Iterable[str]) -> Mapping[str, About]:
        wanted = set(ids)
        return {one.id: one for one in self.told if one.id in wanted}


def span(text: str) -> Range:
    """`>=1.0 <1.2`, `=1.1`, `<=1.4`."""
    found = dict(_BOUND.findall(text))
    if "=" in found:
        return Range(exact=found["="])
    start, end = found.get(">=", found.get(">", "")), found.get("<=", found.get("<", ""))
    return Range(start, end, after=">" in found, through="<=" in found)


def product(name: str, *versions: str, scheme: Scheme = Scheme.GENERIC, part: str = "") -> Product:
    """`openssl:openssl` or `PyPI/requests`, with the versions meant; `*` is any of them, and none is CPE's `-`."""
    ecosystem, slash, package = name.partition("/")
    vendor, _, own = name.partition(":")
    spans = tuple(span(one) for one in versions if one != "*")
    if slash and ecosystem in ECOSYSTEMS.values():
        return Product("", package, ecosystem, spans, "*" in versions, scheme, part)
    return Product(vendor, own, "", spans, "*" in versions, scheme, part)


def claim(
    vulnerability: str,
    name: str,
    *versions: str,
    feed: str = "nvd",
    by: str = "",
    status: Status = Status.AFFECTED,
    scheme: Scheme = Scheme.GENERIC,
    with_all: tuple[tuple[Product, ...], ...] = (),
) -> Claim:
    return Claim(vulnerability, feed, by or feed, product(name, *versions, scheme=scheme), status, with_all)


def well_known() -> Known:
    """The vulnerabilities of tests/data/vulns/well-known.toml: facts alone."""
    document = tomllib.loads((DATA / "well-known.toml").read_text(encoding="utf-8"))
    said = [_claim(one) for one in document["claim"]]
    flaws = [KernelFlaw(one["id"], tuple(map(tuple, one["pairs"]))) for one in document.get("kernel", ())]
    fixes = [Fix(*one) for one in document.get("fixes", ())]
    told = [About(one["id"], aliases=tuple(one["aliases"])) for one in document.get("about", ())]
    return Known(said, fixes, flaws, told)


def _claim(row: Mapping[str, object]) -> Claim:
    versions, groups = row["versions"], row.get("with", ())
    assert isinstance(versions, list)
    assert isinstance(groups, list | tuple)
    conditions = tuple(tuple(product(name, "*", part="a") for name in group) for group in groups)
    return claim(
        str(row["id"]),
        str(row["product"]),
        *versions,
        feed=str(row.get("feed", "nvd")),
        by=str(row.get("by", "")),
        status=Status(str(row.get("status", "affected"))),
        scheme=Scheme(str(row.get("scheme", "generic"))),
        with_all=conditions,
    )


def kernel_flaws(text: str) -> list[KernelFlaw]:
    """Of the lines of kernel_cna.jsonl."""
    rows = (json.loads(line) for line in text.splitlines())
    return [KernelFlaw(row["id"], tuple(map(tuple, row["pairs"])), tuple(row["files"])) for row in rows]


def of_facts(path: Path) -> Known:
    """The claims and fixes of vulnfacts.sqlite, whose README says what is missing there."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    rows = connection.execute(
        "SELECT c.cve, r.src, p.vendor, p.product, r.cond, r.ver, r.si, r.se, r.ei, r.ee FROM range r"
        " JOIN product p ON p.id = r.product JOIN cve c ON c.id = r.cve"
    )
    spans: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for cve, source, vendor, name, condition, version, *bounds in rows:
        signs = zip((">=", ">", "<=", "<"), bounds, strict=True)
        spans[cve, source, vendor, name, condition or ""].append(
            f"={version}" if version not in (None, "-", "*") else " ".join(f"{sign}{at}" for sign, at in signs if at)
        )
    somewhere = ((product("somewhere:unknown"),),)
    feeds = {"nvd": ("nvd", "nvd"), "cna": ("cve", "cna"), "cisa-adp": ("cve", "CISA-ADP")}
    said = [
        claim(
            cve,
            f"{vendor}:{name}",
            *(one or "*" for one in found),
            feed=feeds[source][0],
            by=feeds[source][1],
            with_all=somewhere if condition else (),
        )
        for (cve, source, vendor, name, condition), found in spans.items()
    ]
    fixes = connection.execute("SELECT c.cve, f.release, f.pkg, f.fixed FROM distro_fix f JOIN cve c ON c.id = f.cve")
    mended = [Fix(cve, release.lower().replace(":v", ":"), package, fixed) for cve, release, package, fixed in fixes]
    connection.close()
    return Known(said, mended)
