"""support-period-missing"""

from firmward.facts.os_release import OsRelease
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import NO_POLICY, Policy
from firmward.model.remedy import Remedy, Safety, Stage

DECLARE = Remedy("Give [support] an until, or years_from_activation, in device.toml", Safety.MANUAL, Stage.SOURCE)
RELEASE = "etc/os-release"


@check(
    title="No support period is declared",
    severity=Severity.MEDIUM,
    practice="P43",
    cwe=1277,
    bad=(
        Example({RELEASE: "ID=poky\nVERSION_ID=5.0\n"}, policy='[device]\nproduct = "gateway"\n'),
        Example(
            {RELEASE: "ID=buildroot\nSUPPORT_END=soon\n"}, policy='[support]\ncontact = "security@maker.example"\n'
        ),
    ),
    good=(
        Example({RELEASE: "ID=poky\nVERSION_ID=5.0\n"}, policy="[support]\nuntil = 2031-06-30\n"),
        Example({RELEASE: "ID=alpine\n"}, policy="[support]\nyears_from_activation = 5\n"),
        Example({RELEASE: "ID=buildroot\nSUPPORT_END=2031-06-30\n"}),
    ),
)
def support_period_missing(release: OsRelease | None | Unknown, policy: Policy | None) -> Findings:
    """A device outlives the plans of those who made it. Who buys, runs and insures it must know until when security
    updates come, and the device itself can only warn, or leave the network, at an end that somebody set. The policy's
    [support] says it, or the image's os-release with SUPPORT_END.
    """
    support = policy.support if policy is not None else None
    if support is not None and (support.until is not None or support.years_from_activation):
        return
    if isinstance(release, Unknown):
        raise Unavailable(release.reason)
    if release is not None and release.support_end is not None:
        return
    if policy is None:
        raise Unavailable(NO_POLICY)
    unclear = release.unclear if release is not None else None
    because = "" if unclear is None else ", and SUPPORT_END of os-release is no date"
    yield Finding(
        "support",
        f"the policy says neither until when nor for how many years there are updates{because}",
        at=release.support_at if release is not None else None,
        remedy=DECLARE,
    )
