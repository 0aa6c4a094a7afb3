"""support-ended"""

from datetime import date, timedelta

from firmward.facts.os_release import OsRelease
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.clock import Clock
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import NO_POLICY, Policy
from firmward.model.remedy import Remedy, Safety, Stage

RELEASE = "etc/os-release"


@check(
    title="The support period is over",
    severity=Severity.HIGH,
    practice="P43",
    cwe=1277,
    bad=(
        Example({RELEASE: "ID=poky\n"}, policy="[support]\nuntil = 2025-06-30\n"),
        Example({RELEASE: "ID=fedora\nVERSION_ID=39\nSUPPORT_END=2024-11-26\n"}),
    ),
    good=(
        Example({RELEASE: "ID=poky\n"}, policy="[support]\nuntil = 2031-06-30\n"),
        Example({RELEASE: 'ID=fedora\nSUPPORT_END="2027-05-19"\n'}),
    ),
)
def support_ended(release: OsRelease | None | Unknown, policy: Policy | None, clock: Clock) -> Findings:
    """After the end nobody repairs what is found in the system, and what is found is published for all. The device
    should have warned, or left the network, as [support].after says. The policy's day is the last one with support;
    SUPPORT_END in os-release is the first one without, of the system that the image was made from.
    """
    until = policy.support.until if policy is not None and policy.support is not None else None
    if until is not None and clock.today > until:
        yield Finding(
            "product",
            f"the support period of the product ended on {until}, as the policy says",
            remedy=Remedy(
                "Publish what the device does now, or set a later day and keep it", Safety.MANUAL, Stage.SOURCE
            ),
        )
    if isinstance(release, Unknown):
        raise Unavailable(release.reason)
    end = release.support_end if release is not None else None
    if release is not None and end is not None and clock.today >= end:
        yield Finding(
            "system",
            f"{release.name or release.id or 'the system'} had support until {_day_before(end)}, as os-release says",
            at=release.support_at,
            remedy=Remedy("Build on a release of the system that has support", Safety.MANUAL, Stage.SOURCE),
        )
    if until is None and end is None:
        _refuse(policy)


def _day_before(day: date) -> date:
    return day - timedelta(days=1) if day > date.min else day


def _refuse(policy: Policy | None) -> None:
    if policy is None:
        raise Unavailable(NO_POLICY)
    raise NotApplicable("no day is declared on which support ends")
