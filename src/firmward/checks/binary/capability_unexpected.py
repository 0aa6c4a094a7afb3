"""capability-unexpected"""

import struct

from firmward.facts import powers
from firmward.facts.capable_programs import ATTRIBUTE, NAMES, CapableProgram, CapablePrograms
from firmward.facts.startup import Start, Startup
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import Node
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, RemoveCapabilities, Safety, Stage

ROOT = frozenset((
    "cap_sys_admin", "cap_dac_override", "cap_dac_read_search", "cap_setuid", "cap_setgid", "cap_sys_ptrace",
    "cap_sys_module", "cap_sys_rawio", "cap_setfcap", "cap_setpcap", "cap_chown", "cap_fowner", "cap_mknod",
    "cap_sys_chroot", "cap_bpf", "cap_mac_admin", "cap_mac_override", "cap_sys_boot", "cap_linux_immutable",
))  # fmt: skip
"""Each of them leads to root's rights, or near."""

HARMLESS = frozenset((
    "cap_net_bind_service", "cap_ipc_lock", "cap_sys_nice", "cap_wake_alarm", "cap_block_suspend", "cap_audit_write",
    "cap_sys_time", "cap_net_broadcast", "cap_kill", "cap_sys_resource", "cap_lease",
))  # fmt: skip
ORDINARY = {
    "ping": {"cap_net_raw"},
    "ping4": {"cap_net_raw"},
    "ping6": {"cap_net_raw"},
    "arping": {"cap_net_raw"},
    "clockdiff": {"cap_net_raw", "cap_sys_nice"},
    "traceroute": {"cap_net_raw"},
    "traceroute6": {"cap_net_raw"},
    "traceroute6.iputils": {"cap_net_raw"},
    "mtr-packet": {"cap_net_raw"},
    "fping": {"cap_net_raw"},
    "dumpcap": {"cap_net_raw", "cap_net_admin", "cap_dac_override"},
    "gst-ptp-helper": {"cap_net_bind_service", "cap_net_admin", "cap_sys_nice"},
    "newuidmap": {"cap_setuid"},
    "newgidmap": {"cap_setgid"},
    "suexec": {"cap_setuid", "cap_setgid"},
    "gnome-keyring-daemon": {"cap_ipc_lock"},
    "dnsmasq": {"cap_net_bind_service", "cap_net_admin", "cap_net_raw"},
}
"""What programs have in distributions' packages, and no more than that."""

FOLDERS = ("bin/", "sbin/", "usr/bin/", "usr/sbin/", "usr/lib/", "usr/libexec/", "lib/")


def program(*names: str, revision: int = 2) -> Node:
    """A file that carries these capabilities, effective."""
    bits = sum(1 << NAMES.index(name) for name in names)
    pairs = (bits & 0xFFFFFFFF, 0, bits >> 32, 0)
    value = struct.pack("<5I", revision << 24 | 1, *pairs) + (struct.pack("<I", 0) if revision == 3 else b"")
    return Node(b"\x7fELF\x02\x01", 0o755, xattrs=((ATTRIBUTE, value),))


@check(
    title="A program carries capabilities that it ordinarily has not",
    severity=Severity.MEDIUM,
    practice="P23",
    cwe=250,
    bad=(
        Example({"usr/bin/python3.11": program("cap_setuid")}),
        Example({"usr/bin/camerad": program("cap_net_admin", "cap_sys_admin", revision=3)}),
        Example({"usr/bin/ping": program("cap_net_raw", "cap_dac_override")}),
        Example({"home/service/ping": program("cap_net_raw")}),
        Example({"usr/bin/tool": program("cap_bpf")}),
    ),
    good=(
        Example({"usr/bin/ping": program("cap_net_raw"), "usr/bin/newuidmap": program("cap_setuid")}),
        Example({"usr/bin/camerad": program("cap_sys_admin")}, policy='[filesystem]\nsetuid = ["/usr/bin/camerad"]\n'),
        Example(
            {"usr/bin/ping": Node(b"\x7fELF", 0o755, xattrs=(("security.selinux", b"system_u:object_r:bin_t\0"),))}
        ),
    ),
)
def capability_unexpected(
    capable: CapablePrograms, startup: Startup | Unknown | None, policy: Policy | None
) -> Findings:
    """Whoever runs such a program gets a piece of root's rights; many of the pieces (cap_setuid, cap_dac_override,
    cap_sys_admin, cap_sys_ptrace, cap_sys_module) are as good as all, and with an interpreter the rest is one line. A
    service gets what it needs by its unit, which gives it to nobody else. A file system without extended attributes
    carries none, and passes.
    """
    declared = (policy.filesystem.setuid if policy is not None and policy.filesystem is not None else None) or ()
    for found in capable.programs:
        if "/" + found.path not in declared and not _is_ordinary(found):
            yield _finding(found, startup, policy)
    if capable.unread:
        raise Unavailable("; ".join(capable.unread[:5]))


def _is_ordinary(found: CapableProgram) -> bool:
    usual = ORDINARY.get(found.path.rpartition("/")[2], set())
    return found.permitted | found.inheritable <= usual and found.path.startswith(FOLDERS)


def _finding(found: CapableProgram, startup: Startup | Unknown | None, policy: Policy | None) -> Finding:
    power = powers.power(found.path.rpartition("/")[2])
    names = sorted(found.permitted | found.inheritable)
    grave = sorted(found.permitted & ROOT)
    words = f"{', '.join(grave)} leads to root's rights" if grave else "the policy does not name it"
    return Finding(
        found.path,
        f"{found.path} has {', '.join(names)}: " + (f"it {power}, and {words}" if power else words),
        at=Location(found.path),
        remedy=_remedy(found, startup, policy),
        severity=_severity(found, power),
        evidence=" ".join(names) + (" effective" if found.effective else ""),
    )


def _severity(found: CapableProgram, power: str | None) -> Severity:
    if not found.permitted:
        return Severity.LOW  # inheritable alone gives nothing to a process that has none
    if found.permitted & ROOT:
        return Severity.CRITICAL if power is not None else Severity.HIGH
    return Severity.LOW if found.permitted <= HARMLESS else Severity.MEDIUM


def _remedy(found: CapableProgram, startup: Startup | Unknown | None, policy: Policy | None) -> Remedy:
    """Safe where the policy lists what may have more rights than who starts it, and nothing starts this one."""
    name = found.path.rpartition("/")[2]
    summary = "Take the capabilities away (setcap -r) and give them to the service by its unit (AmbientCapabilities=)"
    changes = (RemoveCapabilities(found.path),)
    listed = policy.filesystem.setuid if policy is not None and policy.filesystem is not None else None
    processes = startup.processes if isinstance(startup, Startup) else ()
    is_started = any(one.program == name and one.start is not Start.DISABLED for one in processes)
    if listed is not None and isinstance(startup, Startup) and not is_started:
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, changes)
    breaks = f"{name} has no more rights than the user who starts it, a service with a user of its own among them"
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, changes, breaks)
