"""sysctl"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from firmward.checks.kernel.parameters.rows import ROWS, Row
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs
from firmward.facts.startup import Startup
from firmward.facts.sysctl import LAST, Parameter, Sysctl
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import executable
from firmward.model.policy import Policy
from firmward.model.remedy import Change, Remedy, Safety, SetOption, Stage

MEDIUM, LOW, INFO = Severity.MEDIUM, Severity.LOW, Severity.INFO

COMMAND = "command sysctl"
"""The section of a parameter that a command sets."""

LATE = "modules_disabled"
"""Where files of parameters are read, the drivers are not loaded yet, and the device would stay without them."""

OPEN_FOLDERS = ("tmp/", "var/tmp/", "dev/shm/", "run/user/", "home/", "mnt/", "media/")
"""Where more than root writes, or what lies there comes with a medium."""

RANDOM_BITS = {
    "mmap_rnd_bits": "ARCH_MMAP_RND_BITS_MAX",
    "mmap_rnd_compat_bits": "ARCH_MMAP_RND_COMPAT_BITS_MAX",
}
"""By parameter, the option that has the most that the kernel takes."""

START = "::sysinit:/etc/init.d/rcS\n"
GOOD = "".join(f"{name} = {row.wanted}\n" for row in ROWS for name in row.names)
SET = GOOD + "kernel.core_pattern = |/bin/false\n"


@check(
    title="A kernel parameter leaves a protection off",
    severity=MEDIUM,
    practice="P07",
    cwe=1188,
    bad=(
        Example({"etc/sysctl.d/50-app.conf": SET + "kernel.randomize_va_space = 0\n"}),
        Example({"etc/sysctl.conf": SET, "etc/inittab": START, "etc/init.d/rcS": executable("#!/bin/sh\nbin/app\n")}),
        Example(
            {
                "etc/sysctl.conf": SET,
                "etc/inittab": START,
                "etc/init.d/rcS": executable(
                    "#!/bin/sh\nsysctl -p\necho 0 > /proc/sys/kernel/randomize_va_space\n"
                    "sysctl -w kernel.core_pattern='|/tmp/core.sh'\n"
                ),
            }
        ),
    ),
    good=(
        Example({"etc/sysctl.d/50-app.conf": SET}),
        Example(
            {
                "etc/sysctl.conf": SET,
                "etc/inittab": START,
                "etc/init.d/rcS": executable("#!/bin/sh\nsysctl -q -p /etc/sysctl.conf\n"),
            }
        ),
    ),
)
def sysctl(
    settings: Sysctl,
    startup: Startup | None | Unknown,
    configs: KernelConfigs | None | Unknown,
    command_lines: KernelCommandLine | None | Unknown,
    policy: Policy | None,
) -> Findings:
    """The kernel has protections that cost nothing and are off until somebody sets a parameter: hidden addresses,
    guarded links in /tmp, no redirected routes. One that is left off is low, since it takes a hole elsewhere first; one
    that somebody has set to less than the kernel's own value is medium. What counts is what the running system gets:
    files that nothing applies at boot protect nobody, and a later command undoes an earlier file.
    """
    if isinstance(startup, Startup) and _hands_over(startup):
        raise NotApplicable("this system hands over to another root, which sets the parameters")
    unread = list(settings.unread)
    has_ipv6 = not _is_without_ipv6(settings, command_lines)
    for row in ROWS:
        if _concerns(row, settings) and (has_ipv6 or not row.key.endswith("_v6")):
            yield from _judged(row, settings, unread)
    yield from _random_bits(settings, configs, unread)
    yield from _core_pattern(settings, unread)
    yield from _forwarding(settings, policy)
    yield from _unapplied(settings)
    if unread:
        raise Unavailable("; ".join(unread[:5]))


def _hands_over(startup: Startup) -> bool:
    return any(process.program in ("switch_root", "run-init", "pivot_root") for process in startup.processes)


def _concerns(row: Row, settings: Sysctl) -> bool:
    return row.key != "send_redirects" or _forwards(settings)


def _is_without_ipv6(settings: Sysctl, command_lines: KernelCommandLine | None | Unknown) -> bool:
    lines = command_lines.whole if isinstance(command_lines, KernelCommandLine) else ()
    off = bool(lines) and all("1" in (line.get("ipv6.disable"), line.get("ipv6.disable_ipv6")) for line in lines)
    return off or settings.get("net.ipv6.conf.all.disable_ipv6") == "1"


def _forwards(settings: Sysctl) -> bool:
    return any(settings.get(name) == "1" for name in ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"))


def _judged(row: Row, settings: Sysctl, unread: list[str]) -> Iterator[Finding]:
    """Whether each parameter fits, as set or as left; what cannot be told goes to `unread`."""
    default = 0 if row.key == "accept_redirects" and _forwards(settings) else row.default
    verdicts: list[bool] = []
    wrong: tuple[str, Parameter] | None = None
    left: list[str] = []
    for name in row.names:
        parameter = settings.find(name)
        number = default if parameter is None else _number(parameter.value)
        if parameter is not None and number is None:
            unread.append(f"{parameter.at}: the value of {name} cannot be worked out")
            return
        fits = number is None or row.fits(number)
        verdicts.append(fits)
        if parameter is not None and not fits:
            wrong = (name, parameter)
        elif not fits:
            left.append(name)
    if row.enough(verdicts) and not _leaves_interfaces_out(row, settings):
        return
    if wrong is not None:
        yield _worse(row, *wrong, settings)
    elif not settings.unread:
        yield _left(row, left[0], settings)


def _leaves_interfaces_out(row: Row, settings: Sysctl) -> bool:
    """ip-sysctl: the larger of `all` and the interface's own counts, and `default` reaches interfaces made later."""
    said = settings.parameters.get(row.present) if row.present is not None else None
    number = _number(said.value) if said is not None else None
    if number is None or row.fits(number):
        return False
    start, _, end = (row.present or "").partition(".all.")
    own = [
        _number(one.value)
        for name, one in settings.parameters.items()
        if name.startswith(f"{start}.") and name.endswith(f".{end}") and name not in row.names
    ]
    own += [_number(one.value) for pattern, one in settings.patterns if fnmatchcase(f"{start}.eth0.{end}", pattern)]
    return not any(one is not None and row.fits(one) for one in own)


def _number(value: str) -> int | None:
    """As the kernel reads numbers: decimal, hexadecimal with 0x, octal with 0."""
    first = value.split()[0] if value.strip() else ""
    digits = first.lstrip("+-")[:20]
    try:
        number = int(digits, 16 if digits[:2].lower() == "0x" else 8 if digits[:1] == "0" and len(digits) > 1 else 10)
    except ValueError:
        return None
    return -number if first.startswith("-") else number


def _worse(row: Row, name: str, parameter: Parameter, settings: Sysctl) -> Finding:
    return Finding(
        row.key,
        f"{name} is set to {parameter.value[:40]}: {row.why}",
        at=parameter.at,
        remedy=_remedy(row, settings.home if parameter.by_kernel else parameter.at.path, settings),
        severity=row.worse,
        evidence=f"{name} = {parameter.value[:40]}",
    )


def _left(row: Row, name: str, settings: Sysctl) -> Finding:
    return Finding(
        row.key,
        f"{name} is left at the kernel's {row.default}: {row.why}",
        remedy=_remedy(row, settings.home, settings),
        severity=row.left,
    )


def _remedy(row: Row, path: str | None, settings: Sysctl) -> Remedy:
    """A parameter is set in a file that is applied, or where a command sets it."""
    summary = f"Set {' and '.join(row.names)} to {row.wanted}"
    if row.key == LATE:
        summary += " at the end of the start: from then on no driver can be loaded"
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    if path is not None and not _is_file_of_parameters(path):
        at = {name: found.at.path for name in row.names if (found := settings.parameters.get(name)) is not None}
        changes: tuple[Change, ...] = tuple(
            SetOption(path, name, row.wanted, COMMAND) for name, place in at.items() if place == path
        )
        return Remedy(f"{summary}, where the command sets it", row.safety, Stage.IMAGE, changes, row.breaks)
    changes = _with_boot(settings, row)
    if path is not None:
        changes = tuple(SetOption(path, name, row.wanted) for name in row.names)
    if not changes:
        return Remedy(f"{summary}, where the system sets its parameters at boot", Safety.MANUAL, Stage.SOURCE)
    return Remedy(summary, row.safety, Stage.IMAGE, changes, row.breaks)


def _with_boot(settings: Sysctl, row: Row) -> tuple[Change, ...]:
    """A file of parameters, and what applies it from now on."""
    if settings.starter is None:
        return ()
    return (*(SetOption(LAST, name, row.wanted) for name in row.names), settings.starter)


def _is_file_of_parameters(path: str) -> bool:
    return path.startswith(("etc/sysctl.", "usr/lib/sysctl.d/", "lib/sysctl.d/", "usr/local/lib/sysctl.d/"))


def _set(settings: Sysctl, parameter: Parameter | None, name: str, value: str) -> tuple[Change, ...]:
    """One parameter set where it is set already, else where it can be."""
    path = settings.home if parameter is None or parameter.by_kernel else parameter.at.path
    if path is None:
        return ()
    return (SetOption(path, name, value, None if _is_file_of_parameters(path) else COMMAND),)


def _random_bits(settings: Sysctl, configs: KernelConfigs | None | Unknown, unread: list[str]) -> Iterator[Finding]:
    """Bits by which mappings vary, set to fewer than every kernel here could give; kernel-config tells what is left."""
    for key, option in RANDOM_BITS.items():
        parameter = settings.find(f"vm.{key}")
        if parameter is None:
            continue
        number = _number(parameter.value)
        if number is None:
            unread.append(f"{parameter.at}: the value of vm.{key} cannot be worked out")
            continue
        found = configs.found if isinstance(configs, KernelConfigs) else ()
        most = [int(told) for one in found if (told := one.options.get(option, "")).isdecimal() and len(told) < 4]
        if most and number < min(most):
            yield Finding(
                key,
                f"vm.{key} is set to {number}, and the kernel could take {min(most)}: mappings lie where fewer guesses "
                "find them",
                at=parameter.at,
                remedy=Remedy(
                    f"Set vm.{key} to {min(most)}",
                    Safety.SAFE,
                    Stage.IMAGE,
                    _set(settings, parameter, f"vm.{key}", str(min(most))),
                ),
                severity=LOW,
                evidence=f"vm.{key} = {number}",
            )


def _core_pattern(settings: Sysctl, unread: list[str]) -> Iterator[Finding]:
    """Where the memory of a program that crashes goes, from core(5)."""
    name = "kernel.core_pattern"
    parameter = settings.find(name)
    value = "core" if parameter is None else parameter.value.strip()
    if parameter is not None and not parameter.is_known:
        unread.append(f"{parameter.at}: the value of {name} cannot be worked out")
        return
    if parameter is None and settings.unread:
        return
    judged = _dump(value)
    if judged is None:
        return
    why, severity = judged
    changes = _set(settings, parameter, name, "|/bin/false") if parameter is None or _is_set_by_file(parameter) else ()
    yield Finding(
        "core_pattern",
        f"{name} is {value[:80]!r}: {why}",
        at=parameter.at if parameter is not None else None,
        remedy=Remedy(
            "Give dumps to nobody (|/bin/false), or to a program of the verified system that keeps them for root",
            Safety.UNSAFE if changes else Safety.MANUAL,
            Stage.IMAGE if changes else Stage.SOURCE,
            changes,
            breaks="A program that crashes leaves no memory to look for the fault in" if changes else "",
        ),
        severity=severity,
    )


def _is_set_by_file(parameter: Parameter) -> bool:
    """What a command sets may be no plain number, and stays for a person."""
    return _is_file_of_parameters(parameter.at.path or "")


def _dump(pattern: str) -> tuple[str, Severity] | None:
    if pattern.startswith("|"):
        program = pattern[1:].split()[0].lstrip("/") if pattern[1:].split() else ""
        if program.startswith(OPEN_FOLDERS):
            return "the kernel runs this program as root, and it lies where others may write", Severity.HIGH
        return None
    if pattern.startswith("/"):
        is_open = pattern.lstrip("/").startswith(OPEN_FOLDERS)
        return ("memory with keys and passwords is kept where others look", LOW) if is_open else None
    return ("memory with keys and passwords is written to the folder that a program happens to work in", INFO)


def _forwarding(settings: Sysctl, policy: Policy | None) -> Iterator[Finding]:
    """A camera or a controller is no router."""
    profile = policy.kernel.profile if policy is not None and policy.kernel is not None else None
    names = ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv6.conf.all.forwarding")
    found = [(name, p) for name in names if (p := settings.find(name)) is not None and p.value == "1"]
    if profile in ("camera", "controller") and found:
        yield Finding(
            "ip_forward",
            f"packets are forwarded between networks, and the policy calls the product a {profile}",
            at=found[0][1].at,
            remedy=Remedy(
                "Forward nothing, unless containers or a tunnel need it",
                Safety.UNSAFE,
                Stage.IMAGE,
                tuple(change for name, parameter in found for change in _set(settings, parameter, name, "0")),
                breaks="Containers, tunnels and hosts behind the device reach other networks no more",
            ),
            severity=LOW,
        )


def _unapplied(settings: Sysctl) -> Iterator[Finding]:
    for path in () if settings.unread else settings.unapplied:
        yield Finding(
            path,
            f"nothing applies the kernel parameters in {path} at boot",
            at=Location(path),
            remedy=_applied(path, settings),
            severity=LOW,
        )


def _applied(path: str, settings: Sysctl) -> Remedy:
    summary = f"Run `sysctl -p /{path}` early at boot, or remove the file"
    if settings.starter is None or path != LAST:
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    breaks = "What the file asks for takes effect for the first time"
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, (settings.starter,), breaks)
