"""How the kernels of a root stand: the rows of kernel-config counted, and the words for it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from firmward.audit.profiles import allowance
from firmward.checks.kernel.options import rows
from firmward.checks.kernel.options.row import Kernel, kernel_of
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs
from firmward.model.facts import Unknown
from firmward.model.finding import Severity
from firmward.model.kernel_standing import KernelStanding
from firmward.model.policy import Policy
from firmward.model.report import CheckResult, Report

CHECK = "kernel-config"
"""The check that asks the same; a report that asks it has the standing."""
QUESTIONS = {
    "kernel-end-of-life": "Supported line",
    "kernel-lsm-missing": "Access control",
    "kernel-netfilter-missing": "Packet filter",
    "kernel-cgroups-missing": "Control groups",
    "kernel-modules-unsigned": "Signed modules",
    "kernel-module-unneeded": "Modules reduced",
    "kernel-optee-missing": "OP-TEE",
    "kernel-live-patching-absent": "Live patching",
    "kernel-cmdline": "Command line",
    "sysctl": "Parameters",
}
SEVERITIES = (Severity.MEDIUM, Severity.LOW, Severity.INFO)
"""Of rows, the worst first."""


def standings(
    configs: KernelConfigs | None | Unknown,
    command_lines: KernelCommandLine | None | Unknown,
    policy: Policy | None,
) -> tuple[KernelStanding, ...]:
    """Of each kernel of a root."""
    if not isinstance(configs, KernelConfigs):
        return ()
    return tuple(_standing(kernel_of(one, command_lines), policy) for one in configs.found)


def distinct(found: Iterable[KernelStanding]) -> tuple[KernelStanding, ...]:
    """Each once: two slots may have the same boot partition."""
    return tuple(dict.fromkeys(found))


def _standing(kernel: Kernel, policy: Policy | None) -> KernelStanding:
    counted: Counter[str] = Counter()
    for row in rows():
        answer = row.judge(kernel)
        if answer is None:
            continue
        counted["asked"] += 1
        if isinstance(answer, Unknown):
            counted["unknown"] += 1
        elif answer:
            counted["as wanted"] += 1
        elif allowance(CHECK, row.name, policy) is not None:
            counted["left out"] += 1
        else:
            counted[row.severity.value] += 1
    options = kernel.options
    return KernelStanding(
        options.title,
        options.at,
        kernel.architecture if isinstance(kernel.architecture, str) else "",
        counted["asked"],
        counted["as wanted"],
        counted["left out"],
        counted["medium"],
        counted["low"],
        counted["info"],
        counted["unknown"],
    )


def answers(report: Report) -> tuple[tuple[str, CheckResult], ...]:
    """What a kernel must have whatever its options are, in two words, with what was said of it."""
    told = {check.check: check for check in report.checks}
    return tuple((words, told[id]) for id, words in QUESTIONS.items() if id in told)


def headline(standing: KernelStanding) -> str:
    """In one sentence."""
    processor = f" for {standing.architecture}" if standing.architecture else ""
    return f"Linux {standing.name}{processor}: {standing.as_wanted} of {standing.asked} options are as wanted"


def rest(standing: KernelStanding) -> str:
    """What the others are, in words."""
    return ", ".join(_rest(standing)) or "nothing is left"


def _rest(standing: KernelStanding) -> Iterator[str]:
    if standing.left_out:
        yield f"{standing.left_out} left out by the profile"
    for severity in SEVERITIES:
        count = getattr(standing, severity.value)
        if count:
            yield f"{count} {severity.value}"
    if standing.unknown:
        yield f"{standing.unknown} unknown"
