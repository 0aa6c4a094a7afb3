"""expiry-undefined"""

from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage


@check(
    title="What the device does at its end is not declared",
    severity=Severity.LOW,
    practice="P43",
    cwe=1277,
    bad=(
        Example({}, policy="[support]\nuntil = 2031-06-30\n"),
        Example({}, policy="[support]\nyears_from_activation = 5\ncontact = 'security@maker.example'\n"),
    ),
    good=(
        Example({}, policy='[support]\nuntil = 2031-06-30\nafter = "reduced-network"\n'),
        Example({}, policy='[support]\nyears_from_activation = 5\nafter = "warn"\n'),
    ),
)
def expiry_undefined(policy: Policy) -> Findings:
    """A device without updates stays in its network for years, and what is found meanwhile stays open in it. Warn the
    owner, take it off the internet, leave it to the local network, or switch it off: which of them it is decides who is
    harmed, so that it must be decided before the device is sold.
    """
    if policy.support is None:
        raise Unavailable("the policy has no [support], so that no end is declared either")
    if policy.support.after is None:
        yield Finding(
            "after",
            "[support] does not say what the device does when the period is over",
            remedy=Remedy(
                "Set [support].after to warn, reduced-network, local-only or off", Safety.MANUAL, Stage.SOURCE
            ),
        )
