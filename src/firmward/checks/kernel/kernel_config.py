"""kernel-config"""

from collections.abc import Iterator

from firmward.checks.kernel.kernels.needed import needed
from firmward.checks.kernel.kernels.option_cures import cure
from firmward.checks.kernel.options import rows
from firmward.checks.kernel.options.row import Kernel, Row, kernel_of, name_in
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy

NAMED = 3
"""Kernels and reasons named in one text."""


def _kernel(architecture: str = "arm64", **options: str) -> KernelConfigs:
    """A kernel that has all rows as wanted, apart from these options."""
    made: dict[str, str] = {}
    for row in rows():
        if row.wanted.startswith("has:"):
            made[row.option] = ",".join(filter(None, (made.get(row.option), row.wanted.removeprefix("has:"))))
        elif row.wanted != "max" and (not row.architectures or architecture in row.architectures):
            made.setdefault(row.option, row.wanted)
    at = Location("boot/config")
    return KernelConfigs((KernelOptions(at, made | options, True, "6.12.1", "6.12.1", architecture),))


@check(
    title="A kernel option leaves a protection out",
    severity=Severity.MEDIUM,
    practice="P07",
    cwe=1188,
    bad=(
        Example(facts=(_kernel(STRICT_KERNEL_RWX="n"),)),
        Example(facts=(_kernel(DEVMEM="y", STRICT_DEVMEM="n"),)),
    ),
    good=(Example(facts=(_kernel(),)),),
)
def kernel_config(
    configs: KernelConfigs, command_lines: KernelCommandLine | None | Unknown, policy: Policy | None
) -> Findings:
    """A fault in the kernel is a fault in everything, and there is a new one each week. What a fault is worth to an
    attacker was decided when the kernel was configured: whether addresses are random, memory is either written or
    executed, freed memory is overwritten, programs may reach interfaces that no device needs. Most of it costs nothing
    that can be measured, and the rest says what it costs. Options that a kernel of this version or processor does not
    have are not asked for; a defconfig says nothing of what it leaves out. What each command line of the kernel makes
    up for, such as `init_on_alloc=1`, does not fail; what one takes back is kernel-cmdline's. What the declaration says
    that the product does is not taken away from it: such a finding is for a person to accept.
    """
    kernels, needs = [kernel_of(one, command_lines) for one in configs.found], needed(policy)
    doubts: list[str] = []
    for row in rows():
        answers = [(kernel, row.judge(kernel)) for kernel in kernels]
        failing = [kernel for kernel, answer in answers if answer is False]
        if failing:
            yield _finding(row, failing, len(kernels), needs.get(row.name, ""))
        doubts += [answer.reason for _, answer in answers if isinstance(answer, Unknown)]
    if doubts or configs.unread:
        raise Unavailable("; ".join(dict.fromkeys((*_counted(doubts), *configs.unread[:NAMED]))))


def _counted(doubts: list[str]) -> Iterator[str]:
    if doubts:
        yield f"{len(doubts)} options are not known: {doubts[0]}"


def _finding(row: Row, failing: list[Kernel], kernels: int, need: str) -> Finding:
    first, option = failing[0].options, name_in(row.option, failing[0])
    which = "" if kernels == 1 else f" in {', '.join(one.options.name for one in failing[:NAMED])}"
    return Finding(
        row.name,
        f"CONFIG_{option} {_state(row, option, first)}{which}: {row.why}",
        at=first.at,
        severity=row.severity,
        evidence=_evidence(option, first),
        remedy=cure(row, option, first, need),
    )


def _state(row: Row, option: str, options: KernelOptions) -> str:
    found = str(options.options.get(option, "n"))
    if row.wanted.startswith("has:"):
        return f"does not name {row.wanted.removeprefix('has:')}"
    return {"n": "is off", "y": "is on", "m": "is a module"}.get(found, f"is {found}")


def _evidence(option: str, options: KernelOptions) -> str:
    found = options.options.get(option)
    if found is None:
        return f"no line for CONFIG_{option}"
    return f"# CONFIG_{option} is not set" if found == "n" else f"CONFIG_{option}={found}"
