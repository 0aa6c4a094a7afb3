"""One finding for each component that has known vulnerabilities, whichever check tells of it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby

from firmward.model.finding import Finding
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage
from firmward.model.vulnerability import Vulnerability, urgency

TOLD = 4
"""Vulnerabilities that a finding names; the report lists all."""


def findings(
    vulnerabilities: Iterable[Vulnerability], as_of: date, places: Mapping[str, tuple[str, ...]] | None = None
) -> Iterator[Finding]:
    """In the order of the components' names. `places` are paths of each component, by its ref."""
    by_component = sorted(vulnerabilities, key=lambda one: (one.name, one.version, one.component))
    for _, found in groupby(by_component, key=lambda one: (one.name, one.version)):
        yield _finding(sorted(found, key=urgency), as_of, places or {})


def _finding(found: list[Vulnerability], as_of: date, places: Mapping[str, tuple[str, ...]]) -> Finding:
    first = found[0]
    paths = places.get(first.component, ())
    return Finding(
        f"{first.name}-{first.version}" if first.version else first.name,
        " ".join(_told(found)),
        at=Location(paths[0]) if paths else Location(),
        remedy=Remedy(first.do or _update(found), Safety.MANUAL, Stage.SOURCE),
        severity=min((one.severity for one in found), key=lambda one: one.rank),
        evidence=f"{', '.join(one.id for one in found[:TOLD])}, as known on {as_of}",
    )


def _told(found: list[Vulnerability]) -> Iterator[str]:
    first = found[0]
    name = f"{first.name} {first.version}".strip()
    count = "a known vulnerability" if len(found) == 1 else f"{len(found)} known vulnerabilities"
    exploited = sum(one.exploited is not None for one in found)
    used = f", {exploited} of them known to be exploited" if exploited and len(found) > 1 else ""
    yield f"{name} has {count}{used}."
    score = "" if first.score is None else f" (base score {first.score.score:.1f})"
    yield f"{'It is' if len(found) == 1 else 'The first to mend is'} {first.id}{score}."
    if first.why:
        yield first.why


def _update(found: list[Vulnerability]) -> str:
    fixed = next((one.fixed[0] for one in found if one.fixed), "")
    name = found[0].name
    return f"Update {name} to {fixed}" if fixed else f"Look for a release of {name} that mends {found[0].id}"
