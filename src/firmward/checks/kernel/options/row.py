"""The words in which the rows of this folder say what is wanted of a kernel's configuration."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from firmward.checks.kernel.command_line.words import Words
from firmward.checks.kernel.kernels.command_lines import certain_words, started_with
from firmward.checks.kernel.kernels.condition import Condition
from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.kernel_config import KernelOptions
from firmward.model.facts import Unknown
from firmward.model.finding import Severity

Version = tuple[int, ...]
"""Of Linux: (5, 19), or (5, 4, 208) for a stable release."""


class Source(StrEnum):
    """Who advises it, in words."""

    UPSTREAM = "Linux's own defaults"
    KSPP = "the Kernel Self-Protection Project"
    LOCKDOWN = "what lockdown forbids"
    MAINTAINERS = "the code's maintainers"
    GRSECURITY = "grsecurity"
    CLIP_OS = "CLIP OS"
    GRAPHENE_OS = "GrapheneOS"
    CHECKER = "the author of kernel-hardening-checker"
    OWN = "firmward"


class Cost(StrEnum):
    """What it costs to have it as wanted, in words."""

    NONE = "it costs nothing that can be measured"
    LITTLE = "it costs one or two per cent of time, or some memory"
    TIME = "it costs several per cent of time"
    MEMORY = "it costs memory"
    FEATURE = "what uses it stops working"
    DEBUGGING = "ways to find faults go with it"


RISKY = frozenset((Cost.FEATURE, Cost.TIME))
"""Costs that a product may not bear: whoever changes it tries it out."""
BREAKS = {
    Cost.FEATURE: "programs and drivers that use it stop working",
    Cost.TIME: "the device is slower by several per cent, and what is near its limits comes too late",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One option as it should be.

    `option` is named without CONFIG_. `wanted` is `y`, `n` for off, `on` for `y` or `m`, a text, a number with `least`
    saying that more is as good, `max` for what the option of this name with `_MAX` behind it says, or `has:WORD` for a
    list with commas that must name a word. `why` says in half a sentence what is lost where it is not so: it follows
    the words "CONFIG_X is off: " or "CONFIG_X is on: ". Any of `instead` is as good as the option. The row is
    asked of kernels of these `architectures` (all without any), `since` and before `until` the versions in which the
    option was there, for which all of `needs` hold: what lacks for them has a row of its own. `words` of the command
    line are as good too, where every line that the kernel may start with has them. `key` tells two rows of one option
    apart. Of the options that `selected_by` names, those that are on go off with it, or Kconfig turns it on again;
    where one is on of those that it is `held_by`, the product has to do without that first.
    """

    option: str
    wanted: str
    why: str
    source: Source
    severity: Severity = Severity.LOW
    cost: Cost = Cost.NONE
    architectures: frozenset[str] = frozenset()
    since: Version = ()
    until: Version = ()
    instead: tuple[Condition, ...] = ()
    needs: tuple[Condition, ...] = ()
    least: bool = False
    key: str = ""
    words: Words | None = None
    selected_by: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What a finding's key is."""
        return self.key or self.option.lower()

    @property
    def breaks(self) -> str:
        """What may stop working with it; empty where nothing does."""
        return BREAKS.get(self.cost, "")

    def judge(self, kernel: "Kernel") -> bool | None | Unknown:
        """Whether a kernel has it as wanted; None where it is not asked of such a kernel."""
        asked = self._is_asked(kernel)
        if asked is False:
            return None
        fitting = self._is_met(kernel)
        return asked if isinstance(asked, Unknown) and fitting is not True else fitting

    def undone(self, kernel: "Kernel") -> CommandLine | None:
        """A command line whose words take back what the configuration has as wanted."""
        if self.words is None or isinstance(kernel.lines, Unknown) or self._is_asked(kernel) is not True:
            return None
        # what is not as wanted and yet well is not there at all, or, if it is a thing itself, off by another default
        if self._is_configured(kernel) is not True or self.is_set(kernel.options) is not self.words.is_default:
            return None
        return next((line for line in kernel.lines if self.words.says(line) is False), None)

    def _is_met(self, kernel: "Kernel") -> bool | Unknown:
        configured = self._is_configured(kernel)
        if configured is True or self.words is None or not self.words.is_on(kernel.certain_lines):
            return configured
        return self.words.needs is None or self.words.needs(kernel.options)

    def _is_configured(self, kernel: "Kernel") -> bool | Unknown:
        own = self.is_set(kernel.options)
        if own is True or not self.instead:
            return own
        return settled((own, *(one(kernel.options) for one in self.instead)), True)

    def is_set(self, options: KernelOptions) -> bool | Unknown:
        found = options.get(self.option)
        if isinstance(found, Unknown):
            return found
        if self.wanted == "on":
            return found in ("y", "m")
        if self.wanted.startswith("has:"):
            return self.wanted.removeprefix("has:") in found.split(",")
        wanted = options.get(f"{self.option}_MAX") if self.wanted == "max" else self.wanted
        if isinstance(wanted, Unknown):
            return wanted
        if self.least and found.isdecimal() and wanted.isdecimal():
            return int(found) >= int(wanted)
        return found == wanted

    def _is_asked(self, kernel: "Kernel") -> bool | Unknown:
        """By architecture, version and what it needs; an option that the configuration names is there, whatever version
        it is of."""
        answers = (self._is_there(kernel), *(one(kernel.options) for one in self.needs))
        return settled(answers, False)

    def _is_there(self, kernel: "Kernel") -> bool | Unknown:
        if self.architectures and not isinstance(kernel.architecture, str):
            return kernel.architecture
        if self.architectures and kernel.architecture not in self.architectures:
            return False
        if not (self.since or self.until) or self.option in kernel.options.options:
            return True
        if isinstance(kernel.version, Unknown):
            return kernel.version
        return kernel.version >= self.since and (not self.until or kernel.version < self.until)


X86_64 = frozenset(("x86-64",))
X86 = frozenset(("x86-64", "x86-32"))
ARM64 = frozenset(("arm64",))
ARM = frozenset(("arm",))
RISCV = frozenset(("riscv",))
MIPS = frozenset(("mips",))
POWERPC = frozenset(("powerpc",))


_SIX_NINE = (
    "PAGE_TABLE_ISOLATION", "RETPOLINE", "RETHUNK", "CPU_UNRET_ENTRY", "CPU_IBPB_ENTRY", "CPU_IBRS_ENTRY", "CPU_SRSO",
    "CALL_DEPTH_TRACKING", "SLS",
)  # fmt: skip
FORMER: Mapping[str, tuple[Version, str]] = MappingProxyType(
    {f"MITIGATION_{name.removeprefix('CPU_')}": ((6, 9), name) for name in _SIX_NINE}
    | {
        "ARM_DEBUG_WX": ((6, 9), "DEBUG_WX"),
        "CPU_MITIGATIONS": ((6, 9), "SPECULATION_MITIGATIONS"),
        "KSTACK_ERASE": ((6, 17), "GCC_PLUGIN_STACKLEAK"),
        "LIST_HARDENED": ((6, 6), "DEBUG_LIST"),
        "RANDSTRUCT_FULL": ((5, 19), "GCC_PLUGIN_RANDSTRUCT"),
        "STACKPROTECTOR": ((4, 18), "CC_STACKPROTECTOR"),
        "STACKPROTECTOR_STRONG": ((4, 18), "CC_STACKPROTECTOR_STRONG"),
        "STRICT_KERNEL_RWX": ((4, 11), "DEBUG_RODATA"),
        "STRICT_MODULE_RWX": ((4, 11), "DEBUG_SET_MODULE_RONX"),
        "X86_UMIP": ((5, 5), "X86_INTEL_UMIP"),
    }
)
"""From which version on an option bears its name, and what it was called before."""


def name_in(option: str, kernel: "Kernel") -> str:
    """What an option is called in a kernel: what is said of it, and the cure, must be there to be set."""
    if option not in FORMER or option in kernel.options.options:
        return option
    since, former = FORMER[option]
    is_older = not isinstance(kernel.version, Unknown) and kernel.version < since
    return former if is_older or former in kernel.options.options else option


def value(option: str, wanted: str) -> Condition:
    """That an option has this value; `n` is off, `on` is built in or a module."""

    def holds(options: KernelOptions) -> bool | Unknown:
        found = options.get(option)
        if isinstance(found, Unknown):
            return found
        return found in ("y", "m") if wanted == "on" else found == wanted

    return Condition(holds, _said(option, wanted))


def built(option: str) -> Condition:
    return value(option, "y")


def off(option: str) -> Condition:
    return value(option, "n")


def lists(option: str, word: str) -> Condition:
    """That a word is in a list with commas, such as CONFIG_LSM."""

    def holds(options: KernelOptions) -> bool | Unknown:
        found = options.get(option)
        return found if isinstance(found, Unknown) else word in found.split(",")

    return Condition(holds, f"CONFIG_{option} with {word}")


def named(*options: str) -> Condition:
    """That the configuration says something of one of these: the kernel has the option."""
    return Condition(lambda kernel: any(one in kernel.options for one in options), f"{options[0]} is there")


def since(*version: int) -> Condition:
    """That the kernel is of this version or later."""

    def holds(options: KernelOptions) -> bool | Unknown:
        own = version_of(options)
        return own if isinstance(own, Unknown) else own >= version

    return Condition(holds, f"Linux {'.'.join(map(str, version))}")


def before(*version: int) -> Condition:
    """That the kernel is older than this version."""

    def holds(options: KernelOptions) -> bool | Unknown:
        own = version_of(options)
        return own if isinstance(own, Unknown) else own < version

    return Condition(holds, f"Linux before {'.'.join(map(str, version))}")


def processor(architectures: frozenset[str]) -> Condition:
    """That the kernel is for one of these."""

    def holds(options: KernelOptions) -> bool | Unknown:
        own = architecture_of(options)
        return own if isinstance(own, Unknown) else own in architectures

    return Condition(holds, f"for {', '.join(sorted(architectures))}")


def both(*conditions: Condition) -> Condition:
    """That all of them hold."""
    return Condition(lambda options: settled((one(options) for one in conditions), False), _joined("and", conditions))


def either(*conditions: Condition) -> Condition:
    """That one of them holds."""
    text = _joined("or", conditions)
    return Condition(lambda options: settled((one(options) for one in conditions), True), text)


def settled(answers: Iterable[bool | Unknown], decides: bool) -> bool | Unknown:
    """What one answer alone decides, else the first that is not known, else the contrary."""
    doubt: Unknown | None = None
    for one in answers:
        if isinstance(one, Unknown):
            doubt = doubt or one
        elif one is decides:
            return decides
    return not decides if doubt is None else doubt


def _joined(word: str, conditions: Iterable[Condition]) -> str:
    return f" {word} ".join(one.text for one in conditions)


def _said(option: str, wanted: str) -> str:
    words = {"n": "off", "on": "on", "y": "on"}
    return f"CONFIG_{option} {words.get(wanted, f'= {wanted}')}"


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel's options, with the version of its sources, (6, 1, 55), and the architecture as rows call it. `lines`
    are the command lines that it may start with, `certain_lines` what is sure to be on them even where those are not
    known."""

    options: KernelOptions
    version: Version | Unknown
    architecture: str | Unknown
    lines: tuple[CommandLine, ...] | Unknown
    certain_lines: tuple[CommandLine, ...]


def kernel_of(options: KernelOptions, command_lines: KernelCommandLine | None | Unknown = None) -> Kernel:
    lines = started_with(options, command_lines)
    certain = (certain_words(options),) if isinstance(lines, Unknown) else lines
    return Kernel(options, version_of(options), architecture_of(options), lines, certain)


def version_of(options: KernelOptions) -> Version | Unknown:
    """Of the sources: (6, 1, 55)."""
    steps = options.version.partition("-")[0].split(".")[:3]
    if not all(step.isdecimal() and len(step) < 6 for step in steps):
        return Unknown(f"{options.name} does not say of which version the kernel is")
    return tuple(map(int, steps))


def architecture_of(options: KernelOptions) -> str | Unknown:
    """As the rows call it. By the title, or the option that every configuration of an architecture has."""
    told = options.architecture
    for name, option in (("arm64", "ARM64"), ("arm", "ARM"), ("riscv", "RISCV"), ("mips", "MIPS"), ("powerpc", "PPC")):
        if told == name or options.options.get(option) == "y":
            return name
    if told in ("x86", "x86_64", "i386") or options.options.get("X86") == "y":
        return "x86-64" if told == "x86_64" or options.options.get("X86_64") == "y" else "x86-32"
    return told or Unknown(f"{options.name} does not say for which processors it is")
