"""What a kind of product may leave out of its kernel, and why: `[kernel] profile` of the policy chooses one.

What is left out is not hidden: the finding stays in the report as accepted, with the profile's sentence. What a profile
does not name is wanted of it as of every other, and whoever sees it otherwise accepts it in the policy, with an owner
and a day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from firmward.model.policy import Policy
from firmward.model.report import Acceptance, ReportedFinding


@dataclass(frozen=True, slots=True)
class Allowance:
    """Rows of a check that may be left as they are, by the keys of their findings, for this `reason`."""

    keys: tuple[str, ...]
    reason: str
    check: str = "kernel-config"


DEBUGGING = Allowance(
    ("debug_virtual", "debug_sg", "debug_credentials", "debug_notifiers", "page_table_check",
        "page_table_check_enforced", "kasan_hw_tags"),
    "it finds faults while a kernel is developed; in the field it takes time from a small processor at each step",
)  # fmt: skip
NAMES = Allowance(
    ("kallsyms",), "reports of crashes in the field cannot be read without names; sysctl[kptr_restrict] hides them"
)
HELPER = Allowance(
    ("static_usermodehelper",), "the kernel starts modprobe and udev's helpers by name, from a root that is read-only"
)
DRIVERS = Allowance(
    ("modules", "trim_unused_ksyms"),
    "drivers of several boards, and makers' own, are modules; kernel-modules-unsigned asks who signed them",
)
PACKETS = Allowance(
    ("bpf_syscall",), "systemd filters the addresses of services by BPF; sysctl[unprivileged_bpf] keeps others from it"
)
SMALL_MEMORY = Allowance(
    ("kfence", "kfence_sample_interval", "random_kmalloc_caches", "slab_buckets", "slab_merge_default",
        "shuffle_page_allocator"),
    "caches and pages of its own for each kind of object are memory that a small router has not got",
)  # fmt: skip
CONTAINERS = Allowance(
    ("user_ns", "checkpoint_restore"), "containers without root's rights are made of user namespaces"
)
DATABASES = Allowance(
    ("aio", "io_uring", "inet_diag"), "databases and monitors in containers read and write by it, and list sockets"
)
LATENCY = Allowance(
    ("init_on_alloc_default_on", "init_on_free_default_on", "zero_call_used_regs", "kstack_erase", "kfence",
        "kfence_sample_interval", "randomize_kstack_offset_default", "sched_core"),
    "it lengthens the longest way through the kernel, which a control loop's deadline is made of",
)  # fmt: skip
TRACING = Allowance(
    ("ftrace", "function_tracer", "generic_tracer", "kallsyms"),
    "deadlines missed in the field are found by tracing",
)

PROFILES: Mapping[str, tuple[Allowance, ...]] = MappingProxyType(
    {
        "router": (DEBUGGING, NAMES, HELPER, DRIVERS, SMALL_MEMORY),
        "camera": (DEBUGGING, NAMES, HELPER, DRIVERS, PACKETS),
        "gateway": (DEBUGGING, NAMES, HELPER, DRIVERS, PACKETS, CONTAINERS, DATABASES),
        "controller": (DEBUGGING, NAMES, HELPER, LATENCY, TRACING),
    }
)


def acceptance(finding: ReportedFinding, policy: Policy | None) -> Acceptance | None:
    """By the profile that the policy chooses; None where it does not name this finding."""
    allowed = allowance(finding.check, finding.key, policy)
    return None if allowed is None else Acceptance(allowed.reason, f"the profile {_profile(policy)}", None, False)


def allowance(check: str, key: str, policy: Policy | None) -> Allowance | None:
    """What the profile says of this finding, by its check and key."""
    profile = _profile(policy)
    allowed = () if profile is None else PROFILES[profile]
    return next((one for one in allowed if one.check == check and key in one.keys), None)


def _profile(policy: Policy | None) -> str | None:
    return None if policy is None or policy.kernel is None else policy.kernel.profile
