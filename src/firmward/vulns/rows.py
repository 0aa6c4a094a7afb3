"""What one document of a feed says, beside the records that the matching reads (record.py)."""

from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.model.vulnerability import KnownExploited
from firmward.vulns.record import About, Claim, Fix, KernelFlaw


@dataclass(frozen=True, slots=True)
class Branches:
    """The `pairs` of versions, introduced and fixed, that the kernel's CNA worked out for a `vulnerability`, branch by
    branch: they count before those that its record names."""

    vulnerability: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Exploited:
    """That a `vulnerability` stands in CISA's list, as `known`."""

    vulnerability: str
    known: KnownExploited


@dataclass(frozen=True, slots=True)
class Probability:
    """That a `vulnerability` is used within the next 30 days with this probability, by `epss`."""

    vulnerability: str
    epss: float


@dataclass(frozen=True, slots=True)
class Named:
    """That a distribution's `package` is what CPE calls `vendor` and `product`."""

    distribution: str
    package: str
    vendor: str
    product: str


@dataclass(frozen=True, slots=True)
class Support:
    """Until when the lines of a `product` are supported: `lines` as facts/lifecycle.py reads them, in JSON."""

    product: str
    lines: str


Row = About | Claim | Fix | KernelFlaw | Branches | Exploited | Probability | Named | Support


@dataclass(frozen=True, slots=True)
class Raw:
    """One record as a document has it: a `name` for who must find it, and its `value`, or what is wrong with it."""

    name: str
    value: object | Malformed
