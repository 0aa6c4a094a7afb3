"""Ways into the kernel that a device can do without: in its configuration and among its modules."""

from fault import Fault

ROWS = "tests/checks/kernel/options/test_surface_rows.py"
SURFACE, POWERPC = "checks/kernel/options/attack_surface.py", "checks/kernel/options/powerpc.py"

FAULTS = (
    Fault(
        SURFACE,
        "MEDIUM, architectures=X86 | ARM64, instead=",
        "MEDIUM, architectures=X86 | ARM64 | ARM, instead=",
        ROWS,
        "one option is asked twice of an architecture",
    ),
    Fault(SURFACE, "until=(5, 13)", "until=(5, 31)", ROWS, "an option is asked of kernels that have it no more"),
    Fault(
        SURFACE,
        'instead=(built("LEGACY_VSYSCALL_NONE"),)',
        'instead=(off("LEGACY_VSYSCALL_NONE"),)',
        ROWS,
        "what is as good as an option is taken for its contrary",
    ),
    Fault(
        POWERPC,
        "isinstance(answer, Unknown) else not answer",
        "isinstance(answer, Unknown) else answer",
        ROWS,
        "later kernels may lack what they all have",
    ),
    Fault(
        POWERPC,
        "return answer if isinstance(answer, Unknown) else not answer",
        "return answer is False or isinstance(answer, Unknown)",
        ROWS,
        "a kernel of unknown version counts as an old one",
    ),
    Fault(
        "checks/kernel/options/userspace.py",
        'value("PAGE_OFFSET", "0xC0000000")',
        'value("PAGE_OFFSET", "0x80000000")',
        ROWS,
        "a kernel that leaves programs 3 GiB and does not say VMSPLIT_3G is blamed",
    ),
)
