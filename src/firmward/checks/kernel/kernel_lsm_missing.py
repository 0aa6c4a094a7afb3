"""kernel-lsm-missing"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from firmward.checks.kernel.kernels.command_lines import started_with
from firmward.checks.kernel.kernels.each import Fault, findings
from firmward.checks.kernel.kernels.example import CMDLINE, CONFIG, PLAIN, config
from firmward.checks.kernel.kernels.security_modules import MANDATORY, NAMES, OPTIONS, built, is_ordered, started
from firmward.facts.apparmor import Apparmor
from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.facts.selinux import Selinux
from firmward.facts.smack import Smack
from firmward.facts.tomoyo import Tomoyo
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Severity
from firmward.model.memory import Content
from firmward.model.remedy import Remedy, RemoveKernelWord, Safety, SetKernelOption, Stage

APPARMOR = ("SECURITY=y", "SECURITY_APPARMOR=y", 'LSM="yama,apparmor"')
LANDLOCK = (
    "SECURITY=y", "SECURITY_LANDLOCK=y", 'LSM="landlock"', "SECURITY_SELINUX=n", "SECURITY_APPARMOR=n",
    "SECURITY_SMACK=n", "SECURITY_TOMOYO=n",
)  # fmt: skip
SELINUX = ("SECURITY=y", "SECURITY_SELINUX=y", "SECURITY_SELINUX_BOOTPARAM=y", 'LSM="selinux"')
UNITS = "usr/lib/systemd/system"
PROFILES: dict[str, Content] = {
    f"{UNITS}/default.target": "[Unit]\nWants=apparmor.service\n",
    f"{UNITS}/apparmor.service": "[Service]\nExecStart=/lib/apparmor/apparmor.systemd reload\n",
    "etc/apparmor.d/usr.bin.app": "/usr/bin/app {\n  network inet stream,\n}\n",
}
WORDS = ("lsm", "security", "selinux", "apparmor")
"""Of the command line, by which another module starts, or none."""
TOLD = 100
"""Letters of a value that a message repeats."""
BREAKS = "programs that the policy of the security module does not let do what they need stop working"
FENCED = "; Landlock holds only programs that ask for it"
NEEDS = {"selinux": ("SECURITY", "SECURITY_NETWORK", "AUDIT"), "smack": ("SECURITY", "SECURITY_NETWORK"),
         "apparmor": ("SECURITY", "SECURITYFS"), "tomoyo": ("SECURITY", "SECURITYFS")}  # fmt: skip
USUAL = "landlock,lockdown,yama,integrity"
"""What CONFIG_LSM lists beside."""
POLICY: dict[str, Content] = {
    "etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n",
    "etc/selinux/targeted/policy/policy.33": b"\x8c\xff\x7c\xf9",
}


@dataclass(frozen=True, slots=True)
class _Policies:
    """For which modules the system brings a policy; `doubts` says of which it is not known."""

    brought: frozenset[str]
    doubts: tuple[tuple[str, str], ...] = ()

    def has(self, names: Iterable[str]) -> bool | Unknown:
        """Whether it brings one for any of these."""
        wanted = frozenset(names)
        if not wanted.isdisjoint(self.brought):
            return True
        reason = next((reason for name, reason in self.doubts if name in wanted), None)
        return False if reason is None else Unknown(reason)

    def of(self, options: KernelOptions) -> "_Policies":
        """With what a kernel brings itself."""
        if options.is_on("SECURITY_TOMOYO_OMIT_USERSPACE_LOADER") is not True:
            return self
        return replace(self, doubts=(*self.doubts, ("tomoyo", "TOMOYO's policy is built into the kernel")))


@check(
    title="The kernel runs no mandatory access control",
    severity=Severity.HIGH,
    practice="P07 P24",
    cwe=693,
    bad=(
        Example({CONFIG: config("SECURITY=n"), CMDLINE: PLAIN}),
        Example({CONFIG: config(*APPARMOR), CMDLINE: PLAIN.replace(" ro", " ro apparmor=0"), **PROFILES}),
        Example({CONFIG: config(*SELINUX), CMDLINE: PLAIN.replace(" ro", " ro lsm=yama"), **POLICY}),
        Example({CONFIG: config(*APPARMOR), CMDLINE: PLAIN, "etc/inittab": "::respawn:/usr/bin/app\n"}),
        Example({CONFIG: config(*LANDLOCK), CMDLINE: PLAIN}),
    ),
    good=(
        Example({CONFIG: config(*APPARMOR), CMDLINE: PLAIN, **PROFILES}),
        Example({CONFIG: config(*SELINUX), CMDLINE: PLAIN, **POLICY}),
    ),
)
def kernel_lsm_missing(
    configs: KernelConfigs,
    command_lines: KernelCommandLine | None | Unknown,
    apparmor: Apparmor | None | Unknown,
    selinux: Selinux | None | Unknown,
    smack: Smack | None | Unknown,
    tomoyo: Tomoyo | None | Unknown,
) -> Findings:
    """A program that runs as root, or breaks out of its account, may do everything unless the kernel asks a second
    time: SELinux, AppArmor, Smack or TOMOYO hold each program to a policy that it cannot change. The module must be
    built in, be among those that the kernel starts (CONFIG_LSM or `lsm=`; before Linux 5.1 CONFIG_DEFAULT_SECURITY or
    `security=`), and be given a policy by the system. Without a policy it allows everything, which is medium. Landlock
    is medium as well: programs fence themselves in by it, and one that does not is not held by anything.
    """
    brought = _policies(apparmor, selinux, smack, tomoyo)

    def judge(options: KernelOptions) -> Fault | None | Unknown:
        policies = brought.of(options)
        possible = [name for name in MANDATORY if built(options, name) is not False]
        if not possible:
            return _not_built(options, policies)
        lines = started_with(options, command_lines)
        if isinstance(lines, Unknown):
            is_told = all(built(options, name) is True for name in possible)
            return (_whatever_starts(options, possible, policies) if is_told else None) or lines
        judged = [_started(options, line, policies) for line in lines]
        faults = [one for one in judged if isinstance(one, Fault)]
        doubts = [one for one in judged if isinstance(one, Unknown)]
        return faults[0] if faults else doubts[0] if doubts else None

    yield from findings(configs, "lsm", judge)


def _policies(
    apparmor: Apparmor | None | Unknown,
    selinux: Selinux | None | Unknown,
    smack: Smack | None | Unknown,
    tomoyo: Tomoyo | None | Unknown,
) -> _Policies:
    brought = {
        "selinux": isinstance(selinux, Selinux) and selinux.policy is not None,
        "apparmor": isinstance(apparmor, Apparmor) and _is_meant(apparmor),
        "smack": isinstance(smack, Smack),
        "tomoyo": isinstance(tomoyo, Tomoyo) and tomoyo.enforces,
    }
    families = (("selinux", selinux), ("apparmor", apparmor), ("smack", smack), ("tomoyo", tomoyo))
    doubts = [(name, family.reason) for name, family in families if isinstance(family, Unknown)]
    if isinstance(apparmor, Apparmor) and apparmor.unread:
        doubts.append(("apparmor", apparmor.unread[0]))
    return _Policies(frozenset(name for name, there in brought.items() if there), tuple(doubts))


def _is_meant(apparmor: Apparmor) -> bool:
    """Whether profiles are loaded; that nothing loads those of a program that starts is for mac-permissive to tell."""
    starts = any(one.profile is not None and one.profile.confines for one in apparmor.started)
    return apparmor.is_used or (apparmor.installed and starts)


def _not_built(options: KernelOptions, policies: _Policies) -> Fault:
    landlock = "landlock" in options.options.get("LSM", "").split(",") and built(options, "landlock") is True
    return Fault(
        "has neither SELinux nor AppArmor, Smack or TOMOYO built in" + (FENCED if landlock else ""),
        _cure(options, policies),
        f"CONFIG_{OPTIONS['selinux']}, CONFIG_{OPTIONS['apparmor']}, CONFIG_{OPTIONS['smack']} and "
        f"CONFIG_{OPTIONS['tomoyo']} are off",
        Severity.MEDIUM if landlock else None,
    )


def _whatever_starts(options: KernelOptions, possible: list[str], policies: _Policies) -> Fault | None:
    """What is wrong whatever the command line says: for none of the modules that may start there is a policy."""
    return _without_policy(options, possible, policies) if policies.has(possible) is False else None


def _started(options: KernelOptions, line: CommandLine, policies: _Policies) -> Fault | None | Unknown:
    running = started(options, line)
    if isinstance(running, Unknown):
        return running
    mandatory = [name for name in running if name in MANDATORY]
    if not mandatory:
        return _not_started(options, line, policies, running)
    has_policy = policies.has(mandatory)
    if has_policy is False:
        return _without_policy(options, mandatory, policies)
    return has_policy if isinstance(has_policy, Unknown) else None


def _not_started(options: KernelOptions, line: CommandLine, policies: _Policies, running: tuple[str, ...]) -> Fault:
    there = [NAMES[name] for name in MANDATORY if built(options, name) is True]
    has = f"has {' and '.join(there)} built in and starts" if there else "starts"
    why = _why(options, line)
    return Fault(
        f"{has} no mandatory access control: {why}" + (FENCED if "landlock" in running else ""),
        _off(line, why) if any(line.has(word) for word in WORDS) else _cure(options, policies),
        why,
        Severity.MEDIUM if "landlock" in running else None,
    )


def _off(line: CommandLine, why: str) -> Remedy:
    words = dict.fromkeys(str(word) for word in line.arguments if word.name in WORDS)
    return Remedy(
        f"Take off the kernel's command line what switches it off: {why}",
        Safety.UNSAFE,
        Stage.SOURCE,
        tuple(RemoveKernelWord(word) for word in words),
        BREAKS,
    )


def _why(options: KernelOptions, line: CommandLine) -> str:
    said = [f"{name}={line.get(name)}"[:TOLD] for name in WORDS if line.has(name)]
    if said:
        return f"it is started with {' '.join(said)}"
    option = "LSM" if is_ordered(options) is True else "DEFAULT_SECURITY"
    return f'CONFIG_{option} is "{options.options.get(option, "")[:TOLD]}"'


def _without_policy(options: KernelOptions, running: list[str], policies: _Policies) -> Fault:
    names = " and ".join(NAMES[name] for name in running)
    load = Remedy("Load a policy at boot, before the services that it holds", Safety.MANUAL, Stage.IMAGE)
    return Fault(
        f"has {names} to start, and nothing brings a policy: without one all is allowed",
        _cure(options, policies) if policies.brought else load,
        f"{', '.join(f'CONFIG_{OPTIONS[name]}' for name in running)} without a policy in etc",
        Severity.MEDIUM,
    )


def _cure(options: KernelOptions, policies: _Policies) -> Remedy:
    """The module for which there is a policy already, else the one whose policy is written soonest."""
    name = next((one for one in MANDATORY if one in policies.brought), "apparmor")
    needs = [SetKernelOption(f"CONFIG_{option}", "y") for option in (*NEEDS[name], OPTIONS[name])]
    if is_ordered(options) is False:
        first = SetKernelOption(f"CONFIG_DEFAULT_SECURITY_{name.upper()}", "y")
    else:
        listed = options.options.get("LSM", USUAL).split(",")
        kept = [one for one in listed if one and one not in MANDATORY]
        first = SetKernelOption("CONFIG_LSM", f'"{",".join([*kept, name])}"')
    return Remedy(
        f"Build {NAMES[name]} in, let the kernel start it, and load a policy for the services at boot",
        Safety.UNSAFE,
        Stage.SOURCE,
        (*needs, first),
        BREAKS,
    )
