"""kernel-end-of-life"""

from datetime import date

from firmward.facts.lives import Kind, Life, Lives
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.clock import Clock
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

SUPPORT = "[support]\nuntil = 2028-06-30\n"


def _system(release: str, os_release: str = "ID=gatewayos\n") -> dict[str, str]:
    return {f"lib/modules/{release}/modules.dep": "", "etc/os-release": os_release}


@check(
    title="The kernel is past its life, or will be before the product",
    severity=Severity.HIGH,
    practice="P08",
    cwe=1104,
    bad=(
        Example(_system("5.4.302"), policy=SUPPORT),
        Example(_system("7.1.9"), policy=SUPPORT),
        Example(_system("3.10.14-vendor"), policy=SUPPORT),
        Example(_system("6.1.99"), policy=SUPPORT),
        Example(_system("6.12.40"), policy="[support]\nyears_from_activation = 3\n"),
    ),
    good=(
        Example(_system("6.12.40"), policy=SUPPORT),
        Example(_system("6.1.120-cip36-rt20"), policy=SUPPORT),
        Example(_system("6.1.0-44-arm64", "ID=debian\nVERSION_ID=12\n"), policy=SUPPORT),
        Example(_system("6.12.40")),
    ),
)
def kernel_end_of_life(lives: Lives, clock: Clock, policy: Policy | None) -> Findings:
    """Some ten holes in the kernel become public each day, with the change that mends each, and a line past its end
    gets none of these changes. Only long-term lines live longer than the some ten weeks until the next release. A line
    must outlast the support that the product is promised; one that does not must be replaced in the field before, with
    all drivers that its maker has for the old one.

    A distribution's own kernel lives as long as that, one of the Civil Infrastructure Platform as long as this keeps
    it. The tree of a board's or chip's maker is held to live as long as the line that it is built on: where the maker
    mends it for longer, accept the finding with his word for it. Without a declared end of support only today counts.
    """
    if lives.is_before_a_root:
        raise NotApplicable("an initramfs runs with the kernel of the root that it hands over to")
    kernels = lives.of(Kind.KERNEL)
    doubts = list(lives.kernels_unread)
    needed = policy.support.end(clock.today) if policy is not None and policy.support is not None else None
    told: set[str] = set()
    for life in kernels:
        if isinstance(life.line, Unknown):
            doubts.append(f"{life.name}: {life.line.reason}")
            continue
        why = _why(life, clock.today, needed)
        if why is not None and life.line.line not in told:
            told.add(life.line.line)
            yield _finding(life, life.line.line, why, lives.as_of)
    if not kernels and not doubts:
        doubts.append("which kernel runs the system is not known")
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _why(life: Life, today: date, needed: date | None) -> str | None:
    """What is wrong with a kernel whose line is known; None for one whose fixes last."""
    if isinstance(life.line, Unknown):
        return None
    line, of = life.line, life.carrier or f"the line {life.line.line}"
    if line.is_past(today):
        since = f" since {line.end}" if line.end is not None else ""
        return f"{of} gets no fixes any more{since}"
    if not line.is_long and not life.carrier:
        return f"{of} is no long-term line, and gets no fixes once the next release is out"
    if needed is None or (line.end is not None and line.end >= needed):
        return None
    if line.end is None:
        return None
    return f"{of} gets fixes until {line.end}, and the product is supported until {needed}"


def _finding(life: Life, line: str, why: str, as_of: date) -> Finding:
    return Finding(
        line,
        f"{life.name}: {why}",
        at=life.at,
        evidence=f"{life.version}, judged by the dates of {life.by} as known on {as_of}",
        remedy=Remedy(
            "Build on a long-term line whose end lies behind that of the product's support, and plan the change to the "
            "one after it",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )
