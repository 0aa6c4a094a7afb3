"""What the feeds say, as one kind of record each: what feeds write, the database keeps and the matching reads.

A *claim* is one source's word on one product. Sources contradict each other, so that none is merged into another here:
the matching knows which counts (vulns/match.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from firmward.model.vulnerability import KnownExploited, Score


class Scheme(StrEnum):
    """How versions are compared."""

    GENERIC = "generic"
    SEMVER = "semver"
    DPKG = "dpkg"
    RPM = "rpm"
    APK = "apk"
    PYPI = "pypi"
    NPM = "npm"
    GO = "go"
    GIT = "git"
    """Commits, which no version can be compared with."""


class Status(StrEnum):
    """A product's status in a claim (CVE record format 5)."""

    AFFECTED = "affected"
    UNAFFECTED = "unaffected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Range:
    """Versions from `start` on, up to `end`; each empty where there is no bound. `after` leaves the start itself out,
    `through` takes the end itself in. `exact` is the one version meant, and nothing else is set then."""

    start: str = ""
    end: str = ""
    after: bool = False
    through: bool = False
    exact: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """One product as a claim names it: CPE's `vendor` and `product`, or a package's name with its `ecosystem` as OSV
    writes it (`PyPI`, `Debian:12`), with the versions meant in `ranges`: all of them where there is none and `is_any`,
    else none that is known (CPE's `-`). `part` is CPE's: `a` for software, `o` for a system, `h` for a device, empty
    where nothing says it."""

    vendor: str
    product: str
    ecosystem: str = ""
    ranges: tuple[Range, ...] = ()
    is_any: bool = False
    scheme: Scheme = Scheme.GENERIC
    part: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """That `feed` says, in the words of `by` (a CNA, an ADP, `nvd`), that the `product` has this `status` for a
    `vulnerability`; it holds only together with one of each group of `with_all`: an AND of NVD's configurations."""

    vulnerability: str
    feed: str
    by: str
    product: Product
    status: Status = Status.AFFECTED
    with_all: tuple[tuple[Product, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Fix:
    """That a distribution (`debian:12`, `alpine:3.20`, `openwrt:23.05`) has mended a `vulnerability` in the `fixed`
    version of its source `package`. Without a version it is not mended; `0` says that it was never affected.
    `urgency` is the distribution's word (`unimportant`, `end-of-life`)."""

    vulnerability: str
    distribution: str
    package: str
    fixed: str = ""
    urgency: str = ""


@dataclass(frozen=True, slots=True)
class KernelFlaw:
    """A vulnerability by the kernel's own CNA: `pairs` of versions, introduced and fixed, each `0` where it is unknown
    or there is none, and the source `files` that the fix changed."""

    vulnerability: str
    pairs: tuple[tuple[str, str], ...]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a vulnerability whatever it applies to. `is_rejected` says that it is none."""

    id: str
    title: str = ""
    description: str = ""
    published: date | None = None
    modified: date | None = None
    cwes: tuple[int, ...] = ()
    aliases: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    exploited: KnownExploited | None = None
    epss: float | None = None
    is_rejected: bool = False


class Knowledge(Protocol):
    """What the matching asks of a database."""

    def claims(self, products: Iterable[tuple[str, str]]) -> Sequence[Claim]:
        """All on these, each a pair of CPE's vendor and product, or of an ecosystem and a package's name. An empty
        first stands for any."""

    def fixes(self, distribution: str, packages: Iterable[str]) -> Sequence[Fix]:
        """All of these source packages."""

    def covers(self, distribution: str) -> bool:
        """Whether there are data of this distribution at all: without, nothing follows from the absence of a fix."""

    def kernel(self) -> Sequence[KernelFlaw]:
        """All of the kernel's own."""

    def about(self, ids: Iterable[str]) -> Mapping[str, About]:
        """What is known of these; those that are not known are left out."""
