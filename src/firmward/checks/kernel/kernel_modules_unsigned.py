"""kernel-modules-unsigned"""

from dataclasses import dataclass

from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.facts.kernel_modules import KernelModules
from firmward.facts.sysctl import Sysctl
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, SetKernelOption, Stage

FORCED = ("MODULE_SIG_FORCE", "IMA_APPRAISE_REQUIRE_MODULE_SIGS")
"""Options with which the kernel takes signed modules alone, whatever its command line says."""
LOCKED = ("LOCK_DOWN_KERNEL_FORCE_INTEGRITY", "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY")
SECURE_BOOT = ("LOCK_DOWN_IN_EFI_SECURE_BOOT", "EFI_SECURE_BOOT_LOCK_DOWN")
"""Of distributions' kernels: lockdown where UEFI says that secure boot is on."""
TRUE = frozenset(("", "1", "y", "Y", "on"))
LEVELS = frozenset(("integrity", "confidentiality"))
DISABLED = "kernel.modules_disabled"
NAMED = 5
"""Modules and kernels that a message names."""

CURE = Remedy(
    "Build the kernel without modules, or sign them in the build and set CONFIG_MODULE_SIG_FORCE",
    Safety.UNSAFE,
    Stage.SOURCE,
    (
        SetKernelOption("CONFIG_MODULE_SIG", "y"),
        SetKernelOption("CONFIG_MODULE_SIG_ALL", "y"),
        SetKernelOption("CONFIG_MODULE_SIG_FORCE", "y"),
    ),
    "modules that this build did not sign, such as a vendor's driver, are loaded no more",
)


def _config(*lines: str) -> str:
    title = "# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.12.30 Kernel Configuration\n"
    rest = "".join(f"CONFIG_DRIVER_{number}=y\n" for number in range(100))
    return title + "".join(f"{line}\n" for line in lines) + rest


CONFIG, GRUB = "boot/config-6.12.30", "boot/grub/grub.cfg"
SIGNED = ("CONFIG_MODULES=y", "CONFIG_MODULE_SIG=y", "# CONFIG_MODULE_SIG_FORCE is not set")
PLAIN = "linux /vmlinuz root=/dev/sda2 ro\n"


@dataclass(frozen=True, slots=True)
class _Words:
    """What the command line says that concerns modules: each is Unknown where not all of it is known."""

    enforces: bool | Unknown
    locks: bool | Unknown
    lsm: str | None | Unknown


@check(
    title="The kernel loads modules that nobody signed",
    severity=Severity.HIGH,
    practice="P07",
    cwe=347,
    bad=(
        Example({CONFIG: _config("CONFIG_MODULES=y", "# CONFIG_MODULE_SIG is not set")}),
        Example({CONFIG: _config(*SIGNED), GRUB: PLAIN}),
        Example({CONFIG: _config(*SIGNED), GRUB: PLAIN, "etc/sysctl.conf": f"{DISABLED} = 1\n"}),
        Example(facts=(KernelModules(2, unsigned=("lib/modules/6.12.30/extra/camera.ko", "opt/app/motor.ko")),)),
    ),
    good=(
        Example({CONFIG: _config("# CONFIG_MODULES is not set")}),
        Example({CONFIG: _config("CONFIG_MODULES=y", "CONFIG_MODULE_SIG=y", "CONFIG_MODULE_SIG_FORCE=y")}),
        Example({CONFIG: _config(*SIGNED), GRUB: PLAIN.replace(" ro", " ro module.sig_enforce=1")}),
        Example(
            {
                CONFIG: _config(*SIGNED, "CONFIG_SECURITY_LOCKDOWN_LSM=y", 'CONFIG_LSM="lockdown,yama"'),
                GRUB: PLAIN.replace(" ro", " ro lockdown=integrity"),
            }
        ),
    ),
)
def kernel_modules_unsigned(
    configs: KernelConfigs | None | Unknown,
    modules: KernelModules | None | Unknown,
    command_lines: KernelCommandLine | None | Unknown,
    settings: Sysctl | None | Unknown,
) -> Findings:
    """A module is code of the kernel: whoever becomes root on a kernel that loads any is the kernel, and nothing that
    was verified at boot holds him. Signatures alone do not help, since a kernel that has them takes unsigned modules
    too and only marks itself as tainted: they must be enforced, with CONFIG_MODULE_SIG_FORCE, `module.sig_enforce=1` or
    lockdown. `kernel.modules_disabled=1` closes the door once boot is over, and leaves it open until then. A kernel
    without modules needs none of this.
    """
    if configs is None:
        raise NotApplicable("the kernel that runs this is judged with the root beside it")
    if isinstance(configs, Unknown):
        yield from _by_modules(configs, modules, command_lines, settings)
        return
    doubts = list(configs.unread)
    open_ones: list[KernelOptions] = []
    for options in configs.found:
        enforces = _enforces(options, _words(options, command_lines))
        if isinstance(enforces, Unknown):
            doubts.append(f"{options.name}: {enforces.reason}")
        elif not enforces:
            open_ones.append(options)
    if open_ones:
        yield _finding(open_ones, modules, settings)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _enforces(options: KernelOptions, words: _Words) -> bool | Unknown:
    """Whether this kernel takes signed modules alone, or none at all."""
    loadable, signed = options.is_on("MODULES"), options.is_on("MODULE_SIG")
    if loadable is False or any(options.is_on(name) is True for name in FORCED):
        return True
    for doubt in (loadable, signed):
        if isinstance(doubt, Unknown):
            return doubt
    if not signed:
        return False
    if words.enforces is True:
        return True
    locked = True if any(options.is_on(name) is True for name in LOCKED) else words.locks
    has_lockdown = _has_lockdown(options, words)
    if locked is False or has_lockdown is False:
        return words.enforces
    return has_lockdown if locked is True else locked


def _has_lockdown(options: KernelOptions, words: _Words) -> bool | Unknown:
    """Whether lockdown is among the security modules that the kernel starts."""
    built, early = options.is_on("SECURITY_LOCKDOWN_LSM"), options.is_on("SECURITY_LOCKDOWN_LSM_EARLY")
    if built is not True or early is True:
        return built
    named = words.lsm if words.lsm is not None else options.get("LSM")
    return named if isinstance(named, Unknown) else "lockdown" in named.split(",")


def _words(options: KernelOptions, command_lines: KernelCommandLine | None | Unknown) -> _Words:
    """What boot loaders and the kernel's own configuration put on the command line."""
    built_in = options.command_line
    if any(options.is_on(name) is True for name in ("CMDLINE_FORCE", "CMDLINE_OVERRIDE")):
        return _said((), (built_in,), None)
    if not isinstance(command_lines, KernelCommandLine):
        reason = command_lines.reason if command_lines else "the kernel's command line is not known"
        return _said((), (built_in,), Unknown(reason))
    pieces = tuple(line for line in command_lines.lines if not line.is_whole)
    return _said(command_lines.whole, (*pieces, built_in), _blind(command_lines))


def _blind(command_lines: KernelCommandLine) -> Unknown | None:
    if command_lines.unread:
        return Unknown("; ".join(command_lines.unread[:3]))
    return None if command_lines.whole else Unknown("only pieces of the kernel's command line are known")


def _said(whole: tuple[CommandLine, ...], pieces: tuple[CommandLine, ...], why: Unknown | None) -> _Words:
    """A word counts that stands on each whole line, or in a piece; that none does is known where all are."""

    def says(name: str, values: frozenset[str]) -> bool | Unknown:
        found = any(values.intersection(line.all(name)) for line in pieces) or (
            bool(whole) and all(values.intersection(line.all(name)) for line in whole)
        )
        return True if found else why or False

    lsm = next((value for line in (*whole, *pieces) if (value := line.get("lsm")) is not None), None)
    return _Words(says("module.sig_enforce", TRUE), says("lockdown", LEVELS), lsm)


def _finding(
    kernels: list[KernelOptions], modules: KernelModules | None | Unknown, settings: Sysctl | None | Unknown
) -> Finding:
    unsigned = [one for one in kernels if one.is_on("MODULE_SIG") is not True]
    signs = "checks no signatures of modules" if unsigned else "checks signatures of modules, and loads unsigned ones"
    names = ", ".join(one.title for one in kernels[:NAMED])
    count = len(modules.unsigned) if isinstance(modules, KernelModules) else 0
    told = f"; {count} modules here bear none" if count else ""
    severity, but = _weight(kernels, settings)
    return Finding(
        "enforcement",
        f"the kernel {names} {signs}{told}{but}",
        at=kernels[0].at,
        remedy=CURE,
        severity=severity,
        evidence="CONFIG_MODULES=y, CONFIG_MODULE_SIG_FORCE is not set",
    )


def _weight(kernels: list[KernelOptions], settings: Sysctl | None | Unknown) -> tuple[Severity | None, str]:
    """What makes it less grave, and in words why."""
    if _closes(settings):
        return Severity.LOW, f", until {DISABLED}=1 is set at boot"
    if all(one.is_on("SECURITY_LOADPIN_ENFORCE") is True for one in kernels):
        return Severity.LOW, "; LoadPin takes them from one file system alone"
    if all(any(one.is_on(name) is True for name in SECURE_BOOT) for one in kernels):
        return Severity.MEDIUM, ", unless UEFI says that secure boot is on"
    return None, ""


def _closes(settings: Sysctl | None | Unknown) -> bool:
    return isinstance(settings, Sysctl) and settings.get(DISABLED) == "1"


def _by_modules(
    configs: Unknown,
    modules: KernelModules | None | Unknown,
    command_lines: KernelCommandLine | None | Unknown,
    settings: Sysctl | None | Unknown,
) -> Findings:
    """Without the configuration: a system that ships modules without a signature has a kernel that loads them."""
    lines = command_lines.lines if isinstance(command_lines, KernelCommandLine) else ()
    is_told = any(TRUE & {*line.all("module.sig_enforce")} or LEVELS & {*line.all("lockdown")} for line in lines)
    if isinstance(modules, KernelModules) and modules.unsigned and not modules.ima_signed and not is_told:
        yield Finding(
            "modules",
            f"{len(modules.unsigned)} kernel modules bear no signature: the kernel that they are for asks for none",
            at=Location(modules.unsigned[0]),
            remedy=CURE,
            severity=Severity.LOW if _closes(settings) else None,
            evidence=", ".join(modules.unsigned[:NAMED]),
        )
    raise Unavailable(configs.reason)
