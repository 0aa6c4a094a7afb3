"""review-missing"""

from dataclasses import dataclass
from datetime import date

from firmward.facts.os_release import OsRelease
from firmward.model.check import Example, Findings, check
from firmward.model.clock import Clock
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy, Release, Review
from firmward.model.remedy import Remedy, Safety, Stage


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of review that people must have made, and how it is told."""

    key: str
    words: str


ROWS = (
    Row("code-review", "manual code review"),
    Row("penetration-test", "penetration test"),
)
RELEASES = (
    '[device]\nproduct = "gateway"\nversion = "2.1"\n'
    '[[release]]\nversion = "1.0"\ndate = 2025-03-01\n'
    '[[release]]\nversion = "2.0"\ndate = 2026-02-01\n'
    '[[release]]\nversion = "2.1"\ndate = 2026-09-01\n'
)


def _review(kind: str, day: str, more: str = "") -> str:
    return f'[[review]]\nkind = "{kind}"\ndate = {day}\nowner = "product security"\n{more}'


RECENT = _review("code-review", "2026-08-20", 'release = "2.1"\nreport = "SEC-41"\n')


@check(
    title="A manual review is missing or older than the release before",
    severity=Severity.INFO,
    practice="P19",
    cwe=1053,
    bad=(
        Example({}, policy='[device]\nproduct = "gateway"\nversion = "2.1"\n'),
        Example({}, policy=RELEASES + RECENT + _review("penetration-test", "2025-05-01", 'release = "1.0"\n')),
    ),
    good=(
        Example({}, policy=RELEASES + RECENT + _review("penetration-test", "2026-03-10", 'release = "2.0"\n')),
        Example(
            {"etc/os-release": "ID=poky\nIMAGE_VERSION=1.0\n"},
            policy='[device]\nproduct = "gateway"\n'
            + _review("code-review", "2026-08-20", 'release = "1.0"\n')
            + _review("penetration-test", "2026-08-30", 'release = "1.0"\n'),
        ),
    ),
)
def review_missing(release: OsRelease | None, policy: Policy, clock: Clock) -> Findings:
    """Tools find what they know; the holes in a product's own logic are found by people who read its code and people
    who attack it. The policy keeps one [[review]] for each, with a date and an owner. It counts when it looked at this
    version or the one before, or was made since the one before was given out ([[release]]), and its own `next` is not
    past. What was found is not asked here, so that this is information alone.
    """
    if policy.device is None and not policy.review:
        raise Unavailable("the policy names no [device] and no [[review]]")
    version = policy.device.version if policy.device is not None else None
    version = version or (release.image_version if release is not None else None)
    before = _before(policy.release, version, clock.today)
    undecided = []
    for row in ROWS:
        made = [one for one in policy.review if one.kind == row.key and one.day <= clock.today]
        if not made:
            yield _finding(row, f"the policy records no {row.words}")
            continue
        last = max(made, key=lambda one: one.day)
        if last.following is not None and last.following < clock.today:
            yield _finding(row, f"the next {row.words} was due on {last.following}")
        elif before is not None and not _is_recent(made, version, before):
            told = f"the last {row.words} is of {last.day}, before release {before.version} was given out"
            yield _finding(row, f"{told} on {before.day}")
        elif before is None and not policy.release and version not in {one.release for one in made}:
            undecided.append(row.words)
    if undecided:
        raise Unavailable(f"no [[release]] says whether the last {' and '.join(undecided)} is recent enough")


def _before(releases: tuple[Release, ...], version: str | None, today: date) -> Release | None:
    """The release before this one: before the one with this version, or else before one that is yet to come."""
    given = sorted((one for one in releases if one.day <= today or one.version == version), key=lambda one: one.day)
    versions = [one.version for one in given]
    position = versions.index(version) if version in versions else len(given)
    return given[position - 1] if position > 0 else None


def _is_recent(made: list[Review], version: str | None, before: Release) -> bool:
    names = {before.version} if version is None else {before.version, version}
    return any(one.day >= before.day or one.release in names for one in made)


def _finding(row: Row, message: str) -> Finding:
    return Finding(
        row.key,
        message,
        remedy=Remedy(
            f'Have one made, and record it: [[review]] kind = "{row.key}", date, owner, release, report',
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )
