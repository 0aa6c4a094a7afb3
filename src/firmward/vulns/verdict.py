"""What the claims on one vulnerability come to for one version.

Sources contradict each other. Asked first are those who know best: a CVE's own authority (CNA), then the advisories of
OSV, then NVD, then what others added (ADP). Whoever names the version affected is believed, but for one thing: what the
CNA says is unaffected by name is so, whatever range NVD gives; and so is what the maker's own CNA leaves outside of its
affected versions when it calls all others unaffected. Another's CNA (a distribution's, on software that it packs) has
that word for its own products, and is not believed on others'.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from firmward.vulns import ranges
from firmward.vulns.names import NOBODY, normal
from firmward.vulns.ranges import Fit, Place
from firmward.vulns.record import Claim, Status
from firmward.vulns.versions import order

CNA_FEED = "cve"
ADDED = "adp"
"""How the names end of those who add to others' records."""


@dataclass(frozen=True, slots=True)
class Said:
    """A claim, and where the version lies in it."""

    claim: Claim
    place: Place

    @property
    def hits(self) -> bool:
        return self.place.fit in (Fit.RANGE, Fit.ANY)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The claim that decided, `affected`, None where none says so; else the `doubt` in words, empty where all that was
    said could be compared. `fixed` are versions that mend it, as the claims name them; `last` is the last that has it,
    where they name that alone."""

    affected: Said | None = None
    doubt: str = ""
    fixed: tuple[str, ...] = ()
    last: str = ""


def verdict(claims: Sequence[Claim], version: str) -> Verdict:
    """On one vulnerability. Every claim is on the product in question."""
    said = [Said(claim, ranges.place(version, claim.product)) for claim in sorted(claims, key=authority)]
    if any(_acquits(one, said) for one in said):
        return Verdict()
    cleared = {_source(one.claim) for one in said if one.claim.status is Status.UNAFFECTED and _is_named(one)}
    open_to = [one for one in said if _source(one.claim) not in cleared]
    affected = next((one for one in open_to if one.claim.status is Status.AFFECTED and one.hits), None)
    if affected is not None:
        fixed = _fixed(affected, open_to, version)
        return Verdict(affected, fixed=fixed, last="" if fixed else ranges.last(affected.claim.product))
    return Verdict(doubt=next(filter(None, map(_doubt, open_to)), ""))


def authority(claim: Claim) -> int:
    """0 for who knows best."""
    if claim.by.lower().endswith(ADDED):
        return 3
    return {CNA_FEED: 0, "nvd": 2}.get(claim.feed, 1)


def _source(claim: Claim) -> tuple[str, str]:
    return claim.feed, claim.by


def _is_named(one: Said) -> bool:
    return one.place.fit is Fit.RANGE


def _acquits(one: Said, said: Sequence[Said]) -> bool:
    """Whether a statement of the CNA frees the version from whatever others say."""
    claim = one.claim
    if claim.status is not Status.UNAFFECTED or authority(claim) != 0:
        return False
    if _is_named(one):
        return True
    own = [other for other in said if _source(other.claim) == _source(claim) and other.claim.status is Status.AFFECTED]
    return (
        one.place.fit is Fit.ANY
        and is_maker(claim)
        and bool(own)
        and all(other.place.fit is Fit.OUTSIDE for other in own)
    )


def is_maker(claim: Claim) -> bool:
    """Whether the one who speaks makes the product."""
    by = normal("", claim.by)
    return by not in NOBODY and by in (normal("", claim.product.vendor), normal("", claim.product.product))


def _doubt(one: Said) -> str:
    """Why a statement may hold, in words."""
    if one.claim.status is Status.UNAFFECTED:
        return ""
    if one.claim.status is Status.UNKNOWN:
        return f"{one.claim.by} does not know" if one.hits else ""
    return f"{one.claim.by}: {one.place.reason}" if one.place.fit is Fit.UNKNOWN else ""


def _fixed(affected: Said, said: Sequence[Said], version: str) -> tuple[str, ...]:
    """Where the ranges end that hold the version, nearest first; else where later ones end, or what is called whole."""
    own = affected.place.span
    near = (own.end,) if own.end and not own.through and own.end not in order.ENDLESS else ()
    others: list[str] = []
    for one in said:
        if one.claim.status is Status.AFFECTED:
            others += ranges.ends(one.claim.product, version)
        elif one.claim.status is Status.UNAFFECTED:
            others += ranges.starts(one.claim.product, version)
    ordered = order.in_order(affected.claim.product.scheme, others) or tuple(others)
    return tuple(dict.fromkeys((*near, *ordered)))
