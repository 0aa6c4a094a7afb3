"""kernel-cgroups-missing"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from firmward.checks.kernel.kernels.command_lines import started_with
from firmward.checks.kernel.kernels.condition import Condition
from firmward.checks.kernel.kernels.each import Fault, findings
from firmward.checks.kernel.kernels.example import CMDLINE, CONFIG, PLAIN, config
from firmward.checks.kernel.options.row import Version, built, either, version_of
from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Severity
from firmward.model.remedy import Remedy, RemoveKernelWord, Safety, SetKernelOption, Stage

MEDIUM, LOW = Severity.MEDIUM, Severity.LOW


@dataclass(frozen=True, slots=True)
class Controller:
    """What limits services: the first of `options` builds it in, with the others that it needs. `holds` says whether it
    is there, `since` the version that brought it. `word` is what `cgroup_disable=` calls it, `limits` what it limits,
    in words."""

    options: tuple[str, ...]
    holds: Condition
    since: Version
    word: str
    limits: str
    severity: Severity = MEDIUM


def _memory(options: KernelOptions) -> bool | Unknown:
    """Until Linux 3.5 it had another name."""
    now, before = built("MEMCG"), built("CGROUP_MEM_RES_CTLR")
    return now(options) if "MEMCG" in options.options else either(now, before)(options)


CONTROLLERS = (
    Controller(("MEMCG",), Condition(_memory, "CONFIG_MEMCG on"), (2, 6, 25), "memory", "memory"),
    Controller(("CGROUP_PIDS",), built("CGROUP_PIDS"), (4, 3), "pids", "the number of processes"),
    Controller(("CFS_BANDWIDTH", "CGROUP_SCHED", "FAIR_GROUP_SCHED"), built("CFS_BANDWIDTH"), (3, 2), "cpu",
               "processor time", LOW),
)  # fmt: skip
UNIFIED_SINCE = (4, 5)
"""Of Linux, which then brought the second version of the hierarchy."""
ALL = ("CGROUPS=y", "MEMCG=y", "CGROUP_PIDS=y", "CGROUP_SCHED=y", "FAIR_GROUP_SCHED=y", "CFS_BANDWIDTH=y")

BREAKS = "the kernel takes more memory and time for each process; on a small device memory may lack"


@check(
    title="The kernel cannot limit what services take",
    severity=MEDIUM,
    practice="P07",
    cwe=770,
    bad=(
        Example({CONFIG: config("CGROUPS=n"), CMDLINE: PLAIN}),
        Example({CONFIG: config(*ALL[2:], "CGROUPS=y", "MEMCG=n"), CMDLINE: PLAIN}),
        Example({CONFIG: config(*ALL), CMDLINE: PLAIN.replace(" ro", " ro cgroup_disable=memory")}),
    ),
    good=(
        Example({CONFIG: config(*ALL), CMDLINE: PLAIN}),
        Example({CONFIG: config(*ALL), CMDLINE: "cgroup_disable=memory cgroup_enable=memory\n"}),
    ),
)
def kernel_cgroups_missing(configs: KernelConfigs, command_lines: KernelCommandLine | None | Unknown) -> Findings:
    """A service that leaks, is flooded or was taken over takes the memory and the processes of all others, the
    updater's and the watchdog's among them. MemoryMax=, TasksMax= and CPUQuota= of a unit, limits of containers and
    OpenRC's groups are set in vain, and mostly without an error, where the kernel lacks the controller, or its command
    line switches it off (`cgroup_disable=memory`, as some boards' trees do). Without a limit of processor time alone it
    is low: time is shared fairly all the same.
    """

    def judge(options: KernelOptions) -> Fault | None | Unknown:
        groups = options.is_on("CGROUPS")
        if groups is False:
            return Fault("has no control groups: nothing limits a service", _cure(CONTROLLERS), "CONFIG_CGROUPS is off")
        return _of_controllers(options, groups, command_lines)

    yield from findings(configs, "cgroups", judge)


def _of_controllers(
    options: KernelOptions, groups: bool | Unknown, command_lines: KernelCommandLine | None | Unknown
) -> Fault | None | Unknown:
    version = version_of(options)
    asked = [one for one in CONTROLLERS if isinstance(version, Unknown) or version >= one.since]
    answers = {one: one.holds(options) for one in asked}
    is_dated = not isinstance(version, Unknown)
    lacking = [
        one for one, there in answers.items() if there is False and (is_dated or one.options[0] in options.options)
    ]
    lines = started_with(options, command_lines)
    switched = [] if isinstance(lines, Unknown) else [one for one in asked if any(_is_off(one, line) for line in lines)]
    if lacking or switched:
        values = (
            value for line in (() if isinstance(lines, Unknown) else lines) for value in line.all("cgroup_disable")
        )
        words = [f"cgroup_disable={value}" for value in dict.fromkeys(values)]
        return _lacks(lacking, [one for one in switched if one not in lacking], words if switched else ())
    if not isinstance(version, Unknown) and version < UNIFIED_SINCE:
        return _old(options)
    return next((one for one in (version, groups, *answers.values(), lines) if isinstance(one, Unknown)), None)


def _words(lines: Iterable[CommandLine]) -> tuple[str, ...]:
    values = (value for line in lines for value in line.all("cgroup_disable"))
    return tuple(f"cgroup_disable={value}" for value in dict.fromkeys(values))


def _is_off(controller: Controller, line: CommandLine) -> bool:
    """Whether a command line takes a controller away; boards' kernels know a word that gives it back."""
    taken, given = (
        {word for value in line.all(name) for word in value.split(",")} for name in ("cgroup_disable", "cgroup_enable")
    )
    return controller.word in taken - given


def _lacks(lacking: list[Controller], switched: list[Controller], words: Sequence[str]) -> Fault:
    every = (*lacking, *switched)
    told = [f"cannot limit {' and '.join(one.limits for one in every)}"]
    if switched:
        told.append(f"its command line says cgroup_disable={','.join(one.word for one in switched)}")
    severity = min((one.severity for one in every), key=lambda one: one.rank)
    off = [f"CONFIG_{one.options[0]} is off" for one in lacking]
    return Fault(": ".join(told), _cure(lacking, words), ", ".join(off) or told[-1], severity)


def _old(options: KernelOptions) -> Fault:
    return Fault(
        "has no unified hierarchy of control groups, which began with Linux 4.5 and which systemd asks for",
        Remedy("Move to a kernel of a long-term line that is kept up", Safety.MANUAL, Stage.SOURCE),
        f"Linux {options.version}",
        LOW,
    )


def _cure(lacking: Sequence[Controller], words: Sequence[str] = ()) -> Remedy:
    off = tuple(RemoveKernelWord(word) for word in words)
    if not lacking:
        return Remedy(
            "Take cgroup_disable= off the kernel's command line, or off /chosen in the board's tree",
            Safety.UNSAFE,
            Stage.SOURCE,
            off,
            BREAKS,
        )
    names = ("CGROUPS", *(name for one in lacking for name in one.options))
    return Remedy(
        f"Build in what limits {', '.join(one.limits for one in lacking)}",
        Safety.UNSAFE,
        Stage.SOURCE,
        (*(SetKernelOption(f"CONFIG_{name}", "y") for name in names), *off),
        BREAKS,
    )
