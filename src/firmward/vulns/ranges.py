"""Whether a version lies in what a claim names, and the words for it.

A claim is compared by its own scheme. Makers write `semver` over numbers that are none (1.1.1k): where one of the two
cannot be read so, both are read as upstreams number. A range that starts where it ends, without taking it in, would
be empty: who writes one means all before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.model.facts import Unknown
from firmward.vulns.record import Product, Range, Scheme
from firmward.vulns.versions import order

LOOSE = frozenset({Scheme.SEMVER, Scheme.GENERIC, Scheme.NPM, Scheme.GO})
_ENDLESS = ".999999999"
"""What an end of `6.1.*` stands for."""


EVERYTHING = Range()


class Fit(StrEnum):
    """How a version fits a product of a claim."""

    RANGE = "range"
    ANY = "any"
    """All versions are meant."""
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """How a version fits, by which `span` where it does, and the `reason` where that is unknown."""

    fit: Fit
    span: Range = EVERYTHING
    reason: str = ""


def place(version: str, product: Product) -> Place:
    """Where a version lies among those of a product."""
    doubt = ""
    key = order.key_of(product.scheme, version)
    for span in product.ranges:
        if span.exact and key is not None and order.is_other(product.scheme, key, span.exact):
            continue
        found = lies_in(version, span, product.scheme)
        if found is True:
            return Place(Fit.RANGE, span)
        if isinstance(found, Unknown):
            doubt = doubt or found.reason
    if doubt:
        return Place(Fit.UNKNOWN, reason=doubt)
    if product.is_any:
        return Place(Fit.ANY)
    return Place(Fit.OUTSIDE) if product.ranges else Place(Fit.UNKNOWN, reason="it names no versions")


def lies_in(version: str, span: Range, scheme: Scheme) -> bool | Unknown:
    """Whether a version lies in one range."""
    meant = _as_meant(span)
    found = order.lies_in(version, meant, scheme)
    if isinstance(found, Unknown) and scheme in LOOSE and scheme is not Scheme.GENERIC:
        return order.lies_in(version, meant, Scheme.GENERIC)
    return found


def ends(product: Product, version: str) -> Iterator[str]:
    """The versions that mend it, of the ranges of a product that has it: those above this one."""
    for span in product.ranges:
        if span.end and not span.through and _is_above(span.end, version, product.scheme):
            yield span.end


def last(product: Product) -> str:
    """The highest version that is said to have it, empty where that is not said."""
    told = [span.exact or (span.end if span.through else "") for span in product.ranges]
    return next(reversed(order.in_order(product.scheme, filter(None, told))), "") if all(told) else ""


def starts(product: Product, version: str) -> Iterator[str]:
    """The versions from which on a product is said to be whole, above this one."""
    for span in product.ranges:
        for first in (span.start, span.exact):
            if first and _is_above(first, version, product.scheme):
                yield first


def words(found: Place) -> str:
    """Which versions have it, by the place where this one was found."""
    if found.fit is Fit.ANY:
        return "all versions have it"
    span = _filled(found.span)
    if span.exact or span.start == span.end != "":
        return "this version has it"
    start = "" if span.start in order.NOTHING else f"from {'above ' if span.after else ''}{span.start}"
    end = "" if span.end in order.ENDLESS else f"{'up to' if span.through else 'before'} {span.end}"
    return f"versions {' '.join(filter(None, (start, end)))} have it" if start or end else "all versions have it"


def _as_meant(span: Range) -> Range:
    if span.end.endswith(".*"):
        return Range(span.start, span.end[:-2] + _ENDLESS, span.after, through=True)
    return _filled(span)


def _filled(span: Range) -> Range:
    """A range that would be empty is all before its end."""
    return Range(end=span.end) if span.end and span.start == span.end and not span.through else span


def _is_above(other: str, version: str, scheme: Scheme) -> bool:
    found = order.compare(scheme, other, version)
    if isinstance(found, Unknown) and scheme in LOOSE:
        found = order.compare(Scheme.GENERIC, other, version)
    return not isinstance(found, Unknown) and found > 0
