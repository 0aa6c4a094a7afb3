"""sysctl"""

import builtins
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from firmward.facts.startup import Startup
from firmward.facts.sysctl import Parameter, Sysctl
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import executable
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, SetOption, Stage

MEDIUM, LOW, INFO = Severity.MEDIUM, Severity.LOW, Severity.INFO
SAFE, UNSAFE = Safety.SAFE, Safety.UNSAFE

Fits = Callable[[int], bool]
Quantity = Callable[[Iterable[object]], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """One question, of one parameter or of several that belong together.

    `fits` says which numbers are as wanted, `wanted` which one the remedy sets. `default` is the kernel's own value,
    None where it depends on how the kernel was built or patched, and then nothing is said. `worse` is the severity
    where it is set to what is not wanted, `left` where it is left so. `enough` says whether all parameters must fit or
    any. `present` is, of those, the one for the interfaces that are there already when the parameters are set: set to
    what is not wanted, it leaves them without, whatever the default for later ones is.
    """

    key: str
    names: tuple[str, ...]
    fits: Fits
    wanted: str
    default: int | None
    why: str
    worse: Severity = MEDIUM
    left: Severity = LOW
    safety: Safety = SAFE
    enough: Quantity = builtins.all
    present: str | None = None


def _both(family: str, option: str) -> tuple[str, ...]:
    return tuple(f"net.{family}.conf.{which}.{option}" for which in ("all", "default"))


def _is(*values: int) -> Fits:
    return lambda value: value in values


def _least(floor: int) -> Fits:
    return lambda value: value >= floor


ROWS = (
    # what the kernel tells of itself
    Row("kptr_restrict", ("kernel.kptr_restrict",), _least(1), "1", 0,
        "addresses in the kernel, which an exploit needs first, can be read in /proc"),
    Row("dmesg_restrict", ("kernel.dmesg_restrict",), _is(1), "1", 0,
        "every account reads the kernel's log, with addresses and what hardware and drivers report", safety=UNSAFE),
    Row("perf_event_paranoid", ("kernel.perf_event_paranoid",), _least(2), "2", 2,
        "every account may measure the kernel, a large interface with many past holes", safety=UNSAFE),
    # programs against each other
    Row("randomize_va_space", ("kernel.randomize_va_space",), _is(2), "2", 2,
        "programs lie at addresses that an attacker can know, and one overflow is enough"),
    Row("ptrace_scope", ("kernel.yama.ptrace_scope",), _least(1), "1", None,
        "a program may read the memory and keys of every other program of its account", safety=UNSAFE),
    Row("protected_symlinks", ("fs.protected_symlinks",), _is(1), "1", 0,
        "a link that someone leaves in /tmp leads another account's program to a file of its own"),
    Row("protected_hardlinks", ("fs.protected_hardlinks",), _is(1), "1", 0,
        "an account may link a file that it must not write, and wait for root to change or run it"),
    Row("protected_fifos", ("fs.protected_fifos",), _is(1, 2), "1", 0,
        "a pipe that someone leaves in /tmp takes what another account's program means to write to a file"),
    Row("protected_regular", ("fs.protected_regular",), _is(1, 2), "1", 0,
        "a file that someone leaves in /tmp is opened by a program that means to create its own", safety=UNSAFE),
    Row("suid_dumpable", ("fs.suid_dumpable",), _is(0, 2), "0", 0,
        "a setuid program that crashes writes its memory, with root's secrets, for who started it"),
    Row("mmap_min_addr", ("vm.mmap_min_addr",), _least(4096), "65536", None,
        "a program may map the first page, which makes a null pointer in the kernel a way in"),
    # ways into the kernel
    Row("unprivileged_bpf", ("kernel.unprivileged_bpf_disabled",), _is(1, 2), "1", None,
        "every account may load BPF programs into the kernel", safety=UNSAFE),
    Row("bpf_jit_harden", ("net.core.bpf_jit_harden",), _is(1, 2), "2", 0,
        "an account may have code of its choice put into the kernel's memory", worse=LOW, left=INFO, safety=UNSAFE),
    Row("kexec_load_disabled", ("kernel.kexec_load_disabled",), _is(1), "1", 0,
        "root may replace the verified kernel by any other without a restart", worse=LOW, safety=UNSAFE),
    Row("modules_disabled", ("kernel.modules_disabled",), _is(1), "1", 0,
        "modules can be loaded as long as the system runs", worse=INFO, left=INFO, safety=UNSAFE),
    Row("unprivileged_userns_clone", ("kernel.unprivileged_userns_clone",), _is(0), "0", None,
        "every account may be root of a namespace and reach the parts of the kernel meant for root", worse=LOW,
        safety=UNSAFE),
    Row("unprivileged_userfaultfd", ("vm.unprivileged_userfaultfd",), _is(0), "0", 0,
        "every account may stop the kernel while it copies, which makes races into exploits", worse=LOW, safety=UNSAFE),
    Row("sysrq", ("kernel.sysrq",), lambda value: value & ~0x1B6 == 0, "0", None,
        "whoever has a keyboard or the serial line kills programs and has registers and tasks written out", worse=LOW,
        safety=UNSAFE),
    Row("ldisc_autoload", ("dev.tty.ldisc_autoload",), _is(0), "0", None,
        "whoever opens a terminal has old line disciplines loaded, which gave root before", worse=LOW),
    Row("legacy_tiocsti", ("dev.tty.legacy_tiocsti",), _is(0), "0", None,
        "a program types commands into the terminal that it shares with root", worse=LOW),
    Row("io_uring_disabled", ("kernel.io_uring_disabled",), _is(1, 2), "2", 0,
        "every account may use io_uring, whose faults gave root year after year", worse=LOW, left=INFO, safety=UNSAFE),
    Row("max_user_namespaces", ("user.max_user_namespaces",), _is(0), "0", None,
        "every account may make namespaces and reach the parts of the kernel meant for root", worse=INFO,
        safety=UNSAFE),
    Row("oops_limit", ("kernel.oops_limit",), lambda value: 1 <= value <= 100, "100", 10000,
        "an exploit may crash tasks ten thousand times until a counter overflows in its favour", worse=INFO, left=INFO,
        safety=UNSAFE),
    Row("warn_limit", ("kernel.warn_limit",), lambda value: 1 <= value <= 100, "100", 0,
        "warnings of the kernel, the traces of an exploit that is tried, may go on without end", worse=INFO, left=INFO,
        safety=UNSAFE),
    # the network
    Row("tcp_syncookies", ("net.ipv4.tcp_syncookies",), _is(1, 2), "1", 1,
        "a flood of half-open connections from anywhere keeps all others away"),
    Row("accept_source_route", ("net.ipv4.conf.all.accept_source_route",), _is(0), "0", 0,
        "a sender chooses the way of its packets, and so passes filters that trust addresses"),
    Row("accept_source_route_v6", ("net.ipv6.conf.all.accept_source_route",), lambda value: value <= 0, "0", 0,
        "a sender chooses the way of its packets, and so passes filters that trust addresses"),
    Row("accept_redirects", _both("ipv4", "accept_redirects"), _is(0), "0", 1,
        "whoever is on the same network redirects the device's connections to itself", safety=UNSAFE),
    Row("accept_redirects_v6", _both("ipv6", "accept_redirects"), _is(0), "0", 1,
        "whoever is on the same network redirects the device's connections to itself", safety=UNSAFE),
    Row("send_redirects", _both("ipv4", "send_redirects"), _is(0), "0", 1,
        "a router that tells hosts of shorter ways tells them of an attacker's too", worse=LOW, safety=UNSAFE),
    Row("rp_filter", _both("ipv4", "rp_filter"), _is(1, 2), "2", 0,
        "packets with a forged source address are taken", worse=LOW, safety=UNSAFE, enough=builtins.any,
        present="net.ipv4.conf.all.rp_filter"),
    Row("log_martians", _both("ipv4", "log_martians"), _is(1), "1", 0,
        "packets with impossible addresses leave no trace", worse=INFO, left=INFO, safety=UNSAFE, enough=builtins.any),
    Row("icmp_ignore_bogus", ("net.ipv4.icmp_ignore_bogus_error_responses",), _is(1), "1", 1,
        "routers that answer wrongly fill the log", worse=INFO),
    Row("icmp_echo_ignore_broadcasts", ("net.ipv4.icmp_echo_ignore_broadcasts",), _is(1), "1", 1,
        "pings to all multiply an attacker's traffic"),
)  # fmt: skip

OPEN_FOLDERS = ("tmp/", "var/tmp/", "dev/shm/", "run/user/", "home/", "mnt/", "media/")
"""Where more than root writes, or what lies there comes with a medium."""

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
def sysctl(settings: Sysctl, startup: Startup | None | Unknown, policy: Policy | None) -> Findings:
    """The kernel has protections that cost nothing and are off until somebody sets a parameter: hidden addresses,
    guarded links in /tmp, no redirected routes. One that is left off is low, since it takes a hole elsewhere first; one
    that somebody has set to less than the kernel's own value is medium. What counts is what the running system gets:
    files that nothing applies at boot protect nobody, and a later command undoes an earlier file.
    """
    if isinstance(startup, Startup) and _hands_over(startup):
        raise NotApplicable("this system hands over to another root, which sets the parameters")
    unread = list(settings.unread)
    for row in ROWS:
        if _concerns(row, settings):
            yield from _judged(row, settings, unread)
    yield from _core_pattern(settings, unread)
    yield from _forwarding(settings, policy)
    yield from _unapplied(settings)
    if unread:
        raise Unavailable("; ".join(unread[:5]))


def _hands_over(startup: Startup) -> bool:
    return any(process.program in ("switch_root", "run-init", "pivot_root") for process in startup.processes)


def _concerns(row: Row, settings: Sysctl) -> bool:
    if row.key == "send_redirects":
        return _forwards(settings)
    return not (row.key.endswith("_v6") and settings.get("net.ipv6.conf.all.disable_ipv6") == "1")


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
        yield _worse(row, *wrong)
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


def _worse(row: Row, name: str, parameter: Parameter) -> Finding:
    return Finding(
        row.key,
        f"{name} is set to {parameter.value[:40]}: {row.why}",
        at=parameter.at,
        remedy=_remedy(row, parameter.at.path),
        severity=row.worse,
        evidence=f"{name} = {parameter.value[:40]}",
    )


def _left(row: Row, name: str, settings: Sysctl) -> Finding:
    return Finding(
        row.key,
        f"{name} is left at the kernel's {row.default}: {row.why}",
        remedy=_remedy(row, settings.home),
        severity=row.left,
    )


def _remedy(row: Row, path: str | None) -> Remedy:
    """A parameter is set in a file that is applied; what a script sets is for a person."""
    summary = f"Set {' and '.join(row.names)} to {row.wanted}"
    if path is None or not _is_file_of_parameters(path):
        return Remedy(f"{summary}, where the system sets its parameters at boot", Safety.MANUAL, Stage.SOURCE)
    changes = tuple(SetOption(path, name, row.wanted) for name in row.names)
    return Remedy(summary, row.safety, Stage.IMAGE, changes)


def _is_file_of_parameters(path: str) -> bool:
    return path.startswith(("etc/sysctl.", "usr/lib/sysctl.d/", "lib/sysctl.d/", "usr/local/lib/sysctl.d/"))


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
    yield Finding(
        "core_pattern",
        f"{name} is {value[:80]!r}: {why}",
        at=parameter.at if parameter is not None else None,
        remedy=Remedy(
            "Give dumps to a program of the verified system that keeps them for root, or to |/bin/false",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
        severity=severity,
    )


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
    found = next((p for name in names if (p := settings.find(name)) is not None and p.value == "1"), None)
    if profile in ("camera", "controller") and found is not None:
        yield Finding(
            "ip_forward",
            f"packets are forwarded between networks, and the policy calls the product a {profile}",
            at=found.at,
            remedy=Remedy("Take the parameter out, unless containers or a tunnel need it", Safety.UNSAFE, Stage.SOURCE),
            severity=LOW,
        )


def _unapplied(settings: Sysctl) -> Iterator[Finding]:
    for path in () if settings.unread else settings.unapplied:
        yield Finding(
            path,
            f"nothing applies the kernel parameters in {path} at boot",
            at=Location(path),
            remedy=Remedy(f"Run `sysctl -p /{path}` early at boot, or remove the file", Safety.UNSAFE, Stage.SOURCE),
            severity=LOW,
        )
