"""support-outlives-component"""

from datetime import date

from firmward.facts.lives import Kind, Life, Lives
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.clock import Clock
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

BOOKWORM = {"etc/os-release": "ID=debian\nVERSION_ID=12\n"}


@check(
    title="The product is supported longer than what it is made of",
    severity=Severity.MEDIUM,
    practice="P08 P43",
    cwe=1104,
    bad=(
        Example(BOOKWORM, policy="[support]\nuntil = 2031-06-30\n"),
        Example(BOOKWORM, policy="[support]\nyears_from_activation = 2\n"),
        Example(
            {"etc/os-release": "ID=gatewayos\n", "usr/lib/python3.12/os.py": ""},
            policy="[support]\nuntil = 2029-06-30\n",
        ),
    ),
    good=(
        Example(BOOKWORM, policy="[support]\nuntil = 2028-06-30\n"),
        Example(BOOKWORM, policy="[support]\nyears_from_activation = 1\n"),
    ),
)
def support_outlives_component(lives: Lives, policy: Policy, clock: Clock) -> Findings:
    """The maker promises fixes for longer than those get them who make what the product is built from. From that day on
    he must mend it himself, or move every device in the field to a later release, which is a new system to be tested
    and not an update: it must be planned while the old one is supported. Support that is counted from activation lasts
    for a device that is activated today, and longer for those in stock.

    The kernel has a check of its own. Boot loaders have no announced end, and are no part of this.
    """
    needed = None if policy.support is None else policy.support.end(clock.today)
    if needed is None:
        raise NotApplicable("no end of support is declared")
    doubts = list(lives.unread)
    judged = [one for one in lives.of(Kind.DISTRIBUTION, Kind.COMPONENT) if one.product and not one.carrier]
    told: set[str] = set()
    past: list[str] = []
    for life in judged:
        if isinstance(life.line, Unknown):
            doubts.append(life.line.reason)
        elif life.is_past(clock.today):
            past.append(life.name)
        elif life.end is None:
            doubts.append(f"no end of {life.title} {life.line.line} is announced")
        elif life.end < needed and (key := f"{life.product}-{life.line.line}") not in told:
            told.add(key)
            yield _finding(life, key, life.end, needed)
    if doubts:
        raise Unavailable("; ".join(dict.fromkeys(doubts[:3])))
    if past and not told:
        raise NotApplicable(f"component-end-of-life tells what is past its end already: {', '.join(past[:3])}")
    if not judged:
        raise NotApplicable("nothing here that has a version whose support is known")


def _finding(life: Life, key: str, end: date, needed: date) -> Finding:
    return Finding(
        key,
        f"{life.name} is supported until {end} ({life.by}), and the product until {needed}",
        at=life.at,
        remedy=Remedy(
            f"Build on a release of {life.title} that is supported for longer, or plan the change to one before {end}",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )
