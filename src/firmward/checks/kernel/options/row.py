"""The words in which the rows of this folder say what is wanted of a kernel's configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from firmward.facts.kernel_config import KernelOptions
from firmward.model.facts import Unknown
from firmward.model.finding import Severity

Version = tuple[int, ...]
"""Of Linux: (5, 19), or (5, 4, 208) for a stable release."""
Condition = Callable[[KernelOptions], bool | Unknown]
"""Unknown where the configuration does not say, or is of a kernel whose version is not known."""


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

    NONE = "nothing that can be measured"
    LITTLE = "one or two per cent of time or some memory"
    TIME = "several per cent of time"
    MEMORY = "memory"
    FEATURE = "what needs it stops working"
    DEBUGGING = "ways to find faults"


@dataclass(frozen=True, slots=True)
class Row:
    """One option as it should be.

    `option` is named without CONFIG_. `wanted` is `y`, `n` for off, `on` for `y` or `m`, a text, a number with `least`
    saying that more is as good, `max` for what the option of this name with `_MAX` behind it says, or `has:WORD` for a
    list with commas that must name a word. `why` says in half a sentence what is lost where it is not so: it follows
    the words "CONFIG_X is off: " or "CONFIG_X is on: ". Any of `instead` is as good as the option; without all of
    `needs` it does nothing. The row is asked of kernels of these `architectures` (all without any), `since` and before
    `until` the versions in which the option was there. `key` tells two rows of one option apart.
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

    @property
    def name(self) -> str:
        """What a finding's key is."""
        return self.key or self.option.lower()


X86_64 = frozenset(("x86-64",))
X86 = frozenset(("x86-64", "x86-32"))
ARM64 = frozenset(("arm64",))
ARM = frozenset(("arm",))
RISCV = frozenset(("riscv",))
MIPS = frozenset(("mips",))
POWERPC = frozenset(("powerpc",))


def value(option: str, wanted: str) -> Condition:
    """That an option has this value; `n` is off, `on` is built in or a module."""

    def holds(options: KernelOptions) -> bool | Unknown:
        found = options.get(option)
        if isinstance(found, Unknown):
            return found
        return found in ("y", "m") if wanted == "on" else found == wanted

    return holds


def built(option: str) -> Condition:
    return value(option, "y")


def off(option: str) -> Condition:
    return value(option, "n")


def lists(option: str, word: str) -> Condition:
    """That a word is in a list with commas, such as CONFIG_LSM."""

    def holds(options: KernelOptions) -> bool | Unknown:
        found = options.get(option)
        return found if isinstance(found, Unknown) else word in found.split(",")

    return holds


def since(*version: int) -> Condition:
    """That the kernel is of this version or later."""

    def holds(options: KernelOptions) -> bool | Unknown:
        own = version_of(options)
        return own if isinstance(own, Unknown) else own >= version

    return holds


def both(*conditions: Condition) -> Condition:
    """That all of them hold."""

    def holds(options: KernelOptions) -> bool | Unknown:
        return _settled([condition(options) for condition in conditions], False)

    return holds


def either(*conditions: Condition) -> Condition:
    """That one of them holds."""

    def holds(options: KernelOptions) -> bool | Unknown:
        return _settled([condition(options) for condition in conditions], True)

    return holds


def _settled(answers: list[bool | Unknown], decides: bool) -> bool | Unknown:
    """What one answer alone decides, else the first that is not known, else the contrary."""
    if any(one is decides for one in answers):
        return decides
    return next((one for one in answers if isinstance(one, Unknown)), not decides)


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
