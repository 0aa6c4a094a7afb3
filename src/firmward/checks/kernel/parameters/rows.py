"""What is asked of kernel parameters, from the kernel's admin-guide/sysctl and networking/ip-sysctl.

Not asked is what leaves a network without its way or addresses: `accept_ra`, by which IPv6 is configured, and
`secure_redirects`. Of `accept_source_route`, `all` decides, whatever `default` says. `vm.mmap_rnd_bits`, whose greatest
value depends on the kernel, is asked by the check itself.
"""

import builtins
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from firmward.model.finding import Severity
from firmward.model.remedy import Safety

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
    any. `breaks` says what may stop working where the remedy is not safe. `present` is, of those, the one for the
    interfaces that are there already when the parameters are set: set to what is not wanted, it leaves them without,
    whatever the default for later ones is.
    """

    key: str
    names: tuple[str, ...]
    fits: Fits
    wanted: str
    default: int | None
    why: str
    worse: Severity = MEDIUM
    left: Severity = LOW
    breaks: str = ""
    enough: Quantity = builtins.all
    present: str | None = None

    @property
    def safety(self) -> Safety:
        return UNSAFE if self.breaks else SAFE


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
        "every account reads the kernel's log, with addresses and what hardware and drivers report",
        breaks="a program without root's rights reads the kernel's log no more"),
    Row("perf_event_paranoid", ("kernel.perf_event_paranoid",), _least(2), "2", 2,
        "every account may measure the kernel, a large interface with many past holes",
        breaks="Accounts other than root measure programs by perf no more"),
    # programs against each other
    Row("randomize_va_space", ("kernel.randomize_va_space",), _is(2), "2", 2,
        "programs lie at addresses that an attacker can know, and one overflow is enough"),
    Row("ptrace_scope", ("kernel.yama.ptrace_scope",), _least(1), "1", None,
        "a program may read the memory and keys of every other program of its account",
        breaks="a debugger or a crash reporter of the same account attaches to running programs no more"),
    Row("protected_symlinks", ("fs.protected_symlinks",), _is(1), "1", 0,
        "a link that someone leaves in /tmp leads another account's program to a file of its own"),
    Row("protected_hardlinks", ("fs.protected_hardlinks",), _is(1), "1", 0,
        "an account may link a file that it must not write, and wait for root to change or run it"),
    Row("protected_fifos", ("fs.protected_fifos",), _is(1, 2), "1", 0,
        "a pipe that someone leaves in /tmp takes what another account's program means to write to a file"),
    Row("protected_regular", ("fs.protected_regular",), _is(1, 2), "1", 0,
        "a file that someone leaves in /tmp is opened by a program that means to create its own",
        breaks="A program that writes into another account's file in a folder for all, such as /tmp, fails"),
    Row("suid_dumpable", ("fs.suid_dumpable",), _is(0, 2), "0", 0,
        "a setuid program that crashes writes its memory, with root's secrets, for who started it"),
    Row("mmap_min_addr", ("vm.mmap_min_addr",), _least(4096), "65536", None,
        "a program may map the first page, which makes a null pointer in the kernel a way in"),
    Row("mmap_low_addresses", ("vm.mmap_min_addr",), lambda value: value < 4096 or value >= 32768, "65536", None,
        "a program may map low pages, to which a null pointer with an offset leads the kernel", worse=LOW,
        breaks="Emulators of old processors that map the lowest addresses do not start"),
    Row("unprivileged_unconfined", ("kernel.apparmor_restrict_unprivileged_unconfined",), _is(1), "1", None,
        "a program without a profile chooses one that may make user namespaces, which AppArmor keeps from others",
        worse=LOW),
    # ways into the kernel
    Row("unprivileged_bpf", ("kernel.unprivileged_bpf_disabled",), _is(1, 2), "1", None,
        "every account may load BPF programs into the kernel",
        breaks="programs without root's rights load no BPF programs, not even filters of their own sockets (eBPF)"),
    Row("bpf_jit_harden", ("net.core.bpf_jit_harden",), _is(1, 2), "2", 0,
        "an account may have code of its choice put into the kernel's memory", worse=LOW, left=INFO,
        breaks="Filters by BPF run a little slower"),
    Row("kexec_load_disabled", ("kernel.kexec_load_disabled",), _is(1), "1", 0,
        "root may replace the verified kernel by any other without a restart", worse=LOW,
        breaks="A crash kernel and a quick restart by kexec cannot be loaded after boot"),
    Row("modules_disabled", ("kernel.modules_disabled",), _is(1), "1", 0,
        "modules can be loaded as long as the system runs", worse=INFO, left=INFO,
        breaks="A driver that was not loaded when the parameters were set is loaded no more"),
    Row("unprivileged_userns_clone", ("kernel.unprivileged_userns_clone",), _is(0), "0", None,
        "every account may be root of a namespace and reach the parts of the kernel meant for root", worse=LOW,
        breaks="Containers without root, and browsers that shut themselves in, do not start"),
    Row("unprivileged_userfaultfd", ("vm.unprivileged_userfaultfd",), _is(0), "0", 0,
        "every account may stop the kernel while it copies, which makes races into exploits", worse=LOW,
        breaks="A virtual machine that is moved while it runs by an account without rights cannot be"),
    Row("sysrq", ("kernel.sysrq",), lambda value: value & ~0x1B6 == 0, "0", None,
        "whoever has a keyboard or the serial line kills programs and has registers and tasks written out", worse=LOW,
        breaks="A person at the keyboard or the serial line restarts a stuck device by no magic key"),
    Row("ldisc_autoload", ("dev.tty.ldisc_autoload",), _is(0), "0", None,
        "whoever opens a terminal has old line disciplines loaded, which gave root before", worse=LOW),
    Row("legacy_tiocsti", ("dev.tty.legacy_tiocsti",), _is(0), "0", None,
        "a program types commands into the terminal that it shares with root", worse=LOW),
    Row("io_uring_disabled", ("kernel.io_uring_disabled",), _is(1, 2), "2", 0,
        "every account may use io_uring, whose faults gave root year after year", worse=LOW, left=INFO,
        breaks="Programs that ask for io_uring get none, and fail where they have no other way"),
    Row("max_user_namespaces", ("user.max_user_namespaces",), _is(0), "0", None,
        "every account may make namespaces and reach the parts of the kernel meant for root", worse=INFO,
        breaks="Containers with user namespaces and services with PrivateUsers= do not start"),
    Row("oops_limit", ("kernel.oops_limit",), lambda value: 1 <= value <= 100, "100", 10000,
        "an exploit may crash tasks ten thousand times until a counter overflows in its favour", worse=INFO, left=INFO,
        breaks="the device restarts after a hundred faults of the kernel that it would have lived through"),
    Row("warn_limit", ("kernel.warn_limit",), lambda value: 1 <= value <= 100, "100", 0,
        "warnings of the kernel, the traces of an exploit that is tried, may go on without end", worse=INFO, left=INFO,
        breaks="the device restarts after a hundred warnings of the kernel"),
    # the network
    Row("tcp_syncookies", ("net.ipv4.tcp_syncookies",), _is(1, 2), "1", 1,
        "a flood of half-open connections from anywhere keeps all others away"),
    Row("accept_source_route", ("net.ipv4.conf.all.accept_source_route",), _is(0), "0", 0,
        "a sender chooses the way of its packets, and so passes filters that trust addresses"),
    Row("accept_source_route_v6", ("net.ipv6.conf.all.accept_source_route",), lambda value: value <= 0, "0", 0,
        "a sender chooses the way of its packets, and so passes filters that trust addresses"),
    Row("accept_redirects", _both("ipv4", "accept_redirects"), _is(0), "0", 1,
        "whoever is on the same network redirects the device's connections to itself",
        breaks="a host behind a router that is not the shortest way keeps to the longer one"),
    Row("accept_redirects_v6", _both("ipv6", "accept_redirects"), _is(0), "0", 1,
        "whoever is on the same network redirects the device's connections to itself",
        breaks="a host behind a router that is not the shortest way keeps to the longer one"),
    Row("send_redirects", _both("ipv4", "send_redirects"), _is(0), "0", 1,
        "a router that tells hosts of shorter ways tells them of an attacker's too", worse=LOW,
        breaks="Hosts are told of shorter ways no more, and their packets go through this device"),
    Row("rp_filter", _both("ipv4", "rp_filter"), _is(1, 2), "2", 0,
        "packets with a forged source address are taken", worse=LOW,
        breaks="packets that no route would answer are dropped: some set-ups of several uplinks rely on them",
        enough=builtins.any, present="net.ipv4.conf.all.rp_filter"),
    Row("log_martians", _both("ipv4", "log_martians"), _is(1), "1", 0,
        "packets with impossible addresses leave no trace", worse=INFO, left=INFO,
        breaks="The log grows where a network is set up wrongly", enough=builtins.any),
    Row("icmp_ignore_bogus", ("net.ipv4.icmp_ignore_bogus_error_responses",), _is(1), "1", 1,
        "routers that answer wrongly fill the log", worse=INFO),
    Row("icmp_echo_ignore_broadcasts", ("net.ipv4.icmp_echo_ignore_broadcasts",), _is(1), "1", 1,
        "pings to all multiply an attacker's traffic"),
)  # fmt: skip
