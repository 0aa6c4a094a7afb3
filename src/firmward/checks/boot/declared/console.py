"""What the policy says of the serial console: in both of its words, `off` and `output-only`, nobody types there."""

from firmward.model.policy import Policy
from firmward.model.remedy import Safety


def closing(policy: Policy | None) -> Safety:
    """How safe it is to keep whoever types at the serial line out: safe where a section `boot` is declared."""
    return Safety.UNSAFE if policy is None or policy.boot is None else Safety.SAFE
