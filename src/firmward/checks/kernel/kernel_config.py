"""kernel-config"""

import re
from collections.abc import Iterator

from firmward.checks.kernel.kernels.security_modules import MANDATORY, built
from firmward.checks.kernel.options import rows
from firmward.checks.kernel.options.row import RISKY, Kernel, Row, kernel_of, name_in
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, SetKernelOption, Stage

NAMED = 3
"""Kernels and reasons named in one text."""
ON = ("y", "m")
NUMBER = re.compile(r"-?\d+|0x[0-9a-fA-F]+")


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
def kernel_config(configs: KernelConfigs, command_lines: KernelCommandLine | None | Unknown) -> Findings:
    """A fault in the kernel is a fault in everything, and there is a new one each week. What a fault is worth to an
    attacker was decided when the kernel was configured: whether addresses are random, memory is either written or
    executed, freed memory is overwritten, programs may reach interfaces that no device needs. Most of it costs nothing
    that can be measured, and the rest says what it costs. Options that a kernel of this version or processor does not
    have are not asked for; a defconfig says nothing of what it leaves out. What each command line of the kernel makes
    up for, such as `init_on_alloc=1`, does not fail; what one takes back is kernel-cmdline's.
    """
    kernels = [kernel_of(one, command_lines) for one in configs.found]
    doubts: list[str] = []
    for row in rows():
        answers = [(kernel, row.judge(kernel)) for kernel in kernels]
        failing = [kernel for kernel, answer in answers if answer is False]
        if failing:
            yield _finding(row, failing, len(kernels))
        doubts += [answer.reason for _, answer in answers if isinstance(answer, Unknown)]
    if doubts or configs.unread:
        raise Unavailable("; ".join(dict.fromkeys((*_counted(doubts), *configs.unread[:NAMED]))))


def _counted(doubts: list[str]) -> Iterator[str]:
    if doubts:
        yield f"{len(doubts)} options are not known: {doubts[0]}"


def _finding(row: Row, failing: list[Kernel], kernels: int) -> Finding:
    first, option = failing[0].options, name_in(row.option, failing[0])
    which = "" if kernels == 1 else f" in {', '.join(one.options.name for one in failing[:NAMED])}"
    return Finding(
        row.name,
        f"CONFIG_{option} {_state(row, option, first)}{which}: {row.why}",
        at=first.at,
        severity=row.severity,
        evidence=_evidence(option, first),
        remedy=_remedy(row, option, first),
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


def _remedy(row: Row, option: str, options: KernelOptions) -> Remedy:
    wanted = _wanted(row, options)
    advice = "turn it off" if wanted == "n" else f"set it to {wanted}"
    word = "" if row.words is None else f", or start the kernel with {row.words.advice}"
    summary = f"In the kernel's configuration {advice}{word}, as {row.source} advises; {row.cost}"
    held = [one for one in row.held_by if options.options.get(one) in ON]
    if held:
        return Remedy(f"{summary}. It has to do without CONFIG_{held[0]} first", Safety.MANUAL, Stage.SOURCE)
    with_it = [f"CONFIG_{one}" for one in row.selected_by if options.options.get(one) in ON]
    off = tuple(SetKernelOption(one, "n") for one in with_it)
    return Remedy(
        summary,
        Safety.UNSAFE if row.cost in RISKY or off else Safety.SAFE,
        Stage.SOURCE,
        (SetKernelOption(f"CONFIG_{option}", _written(wanted)), *off),
        f"what needs {' or '.join(with_it)}, which selects it, stops working" if off else row.breaks,
    )


def _written(value: str) -> str:
    """As Kconfig reads it: words in quotes."""
    return value if value in ("y", "m", "n") or NUMBER.fullmatch(value) else f'"{value}"'


def _wanted(row: Row, options: KernelOptions) -> str:
    if row.wanted == "max":
        return options.options.get(f"{row.option}_MAX", "")
    if row.wanted.startswith("has:"):
        words = [word for word in options.options.get(row.option, "").split(",") if word]
        return ",".join((*words, _module(row, options)))
    return "y" if row.wanted == "on" else row.wanted


def _module(row: Row, options: KernelOptions) -> str:
    """The word that the list lacks; of several that are as good, one that is built already."""
    wanted = row.wanted.removeprefix("has:")
    if row.name != "lsm-mandatory":
        return wanted
    return next((name for name in MANDATORY if built(options, name) is True), wanted)
