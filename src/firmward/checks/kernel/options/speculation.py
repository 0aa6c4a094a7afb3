"""What keeps a CPU's speculation from telling secrets of the kernel or of other programs.

Fixes of CPUs' faults go back to old stable lines, with their options: before the version of Linux that brought one, it
is asked of kernels whose configuration names it.
"""

from firmward.checks.kernel.kernels.condition import Condition
from firmward.checks.kernel.options.row import (
    ARM,
    ARM64,
    MIPS,
    POWERPC,
    RISCV,
    X86,
    X86_64,
    Cost,
    Row,
    Source,
    built,
    either,
    named,
    since,
    value,
)
from firmward.model.finding import Severity

MEDIUM = Severity.MEDIUM
UPSTREAM, KSPP, OWN = Source.UPSTREAM, Source.KSPP, Source.OWN
LITTLE, TIME = Cost.LITTLE, Cost.TIME

INTEL, AMD = built("CPU_SUP_INTEL"), built("CPU_SUP_AMD")


def known(names: tuple[str, ...], *version: int) -> Condition:
    """That the kernel has one of the options: it is of this version or later, or its configuration names one."""
    return either(named(*names), since(*version))


PREDICTOR = "a program trains the branch predictor so that the kernel speculates into code that leaks its memory"
HISTORY = "the history of branches, which programs fill, steers the kernel's indirect branches past other fixes"
MELTDOWN = "programs read all of the kernel's memory through Meltdown"
SWITCH = "all fixes of the CPU's speculation are left out at once"

ROWS = (
    Row("CPU_MITIGATIONS", "y", SWITCH, UPSTREAM, MEDIUM, TIME, X86, (5, 4),
        instead=(built("SPECULATION_MITIGATIONS"),),
        needs=(known(("CPU_MITIGATIONS", "SPECULATION_MITIGATIONS"), 5, 19),)),
    Row("CPU_MITIGATIONS", "y", SWITCH, UPSTREAM, MEDIUM, TIME, ARM64 | ARM | RISCV | MIPS | POWERPC, (5, 10),
        needs=(known(("CPU_MITIGATIONS",), 6, 9),)),
    Row("SCHED_CORE", "y", "programs that do not trust each other share a core's threads and read each other's caches",
        KSPP, cost=LITTLE, since=(5, 14), needs=(built("SCHED_SMT"),)),
    # x86
    Row("MITIGATION_PAGE_TABLE_ISOLATION", "y", MELTDOWN, UPSTREAM, MEDIUM, TIME, X86_64, (4, 15),
        instead=(built("PAGE_TABLE_ISOLATION"),)),
    Row("MITIGATION_PAGE_TABLE_ISOLATION", "y", MELTDOWN, KSPP, MEDIUM, TIME, X86 - X86_64, (4, 19),
        instead=(built("PAGE_TABLE_ISOLATION"),)),
    Row("MITIGATION_SPECTRE_V1", "y", "bounds checks that the CPU skips let programs read the kernel's memory",
        UPSTREAM, MEDIUM, LITTLE, X86, (6, 12)),
    Row("MITIGATION_SPECTRE_V2", "y", "indirect branches of the kernel go, in speculation, where a program says",
        UPSTREAM, MEDIUM, TIME, X86, (6, 12)),
    Row("MITIGATION_RETPOLINE", "y", "the kernel's indirect jumps follow what programs taught the predictor", UPSTREAM,
        MEDIUM, TIME, X86, (4, 15), instead=(built("RETPOLINE"),)),
    Row("MITIGATION_SPECTRE_BHI", "y", "on Intel's CPUs the history of branches brings Spectre v2 back", UPSTREAM,
        cost=TIME, architectures=X86, since=(5, 10), needs=(INTEL, known(("MITIGATION_SPECTRE_BHI",), 6, 9))),
    Row("MITIGATION_SSB", "y", "a load that overtakes a store reads what was there before, out of a sandbox too",
        UPSTREAM, cost=LITTLE, architectures=X86, since=(6, 12)),
    Row("MITIGATION_L1TF", "y", "a guest or a program reads the L1 cache through page table entries that are not "
        "present", UPSTREAM, MEDIUM, LITTLE, X86, (6, 12), needs=(INTEL,)),
    Row("MITIGATION_MDS", "y", "programs sample what other code left in the buffers of Intel's CPUs", UPSTREAM, MEDIUM,
        TIME, X86, (6, 12), needs=(INTEL,)),
    Row("MITIGATION_TAA", "y", "an aborted transaction reveals what Intel's CPUs hold in their buffers", UPSTREAM,
        cost=LITTLE, architectures=X86, since=(6, 12), needs=(INTEL,)),
    Row("MITIGATION_MMIO_STALE_DATA", "y", "reads of device registers hand over what other code left in the buffers",
        UPSTREAM, cost=LITTLE, architectures=X86, since=(6, 12), needs=(INTEL,)),
    Row("MITIGATION_RFDS", "y", "programs read stale registers of the kernel on Intel's Atom cores", UPSTREAM,
        cost=LITTLE, architectures=X86, since=(5, 10), needs=(INTEL, known(("MITIGATION_RFDS",), 6, 9))),
    Row("MITIGATION_GDS", "y", "gather instructions leak vector registers, and so keys, of other code", UPSTREAM,
        MEDIUM, TIME, X86, (6, 12), needs=(INTEL,)),
    Row("MITIGATION_SRBDS", "y", "programs on another core see the random numbers that Intel's CPUs hand out", UPSTREAM,
        cost=LITTLE, architectures=X86, since=(6, 12), needs=(INTEL,)),
    Row("MITIGATION_RETBLEED", "y", "returns in the kernel are steered like indirect branches, and leak its memory",
        UPSTREAM, MEDIUM, TIME, X86, (6, 12), needs=(INTEL,)),
    Row("MITIGATION_TSA", "y", "loads that AMD's CPUs complete too early tell programs of data that are not theirs",
        UPSTREAM, cost=LITTLE, architectures=X86, since=(5, 10),
        needs=(AMD, known(("MITIGATION_TSA",), 6, 16))),
    Row("MITIGATION_VMSCAPE", "y", "a guest steers branches of the program that runs it, and reads the host's secrets",
        UPSTREAM, cost=LITTLE, architectures=X86, since=(5, 10),
        needs=(value("KVM", "on"), known(("MITIGATION_VMSCAPE",), 6, 17))),
    Row("MITIGATION_RETHUNK", "y", "returns cannot be rewritten at boot, on which the fixes of Retbleed and SRSO rest",
        UPSTREAM, cost=TIME, architectures=X86_64, since=(5, 4), instead=(built("RETHUNK"),),
        needs=(known(("RETHUNK", "MITIGATION_RETHUNK"), 5, 19),)),
    Row("MITIGATION_UNRET_ENTRY", "y", "AMD's CPUs up to Zen 2 enter the kernel with a predictor that programs trained",
        UPSTREAM, MEDIUM, TIME, X86_64, (5, 4), instead=(built("CPU_UNRET_ENTRY"),),
        needs=(AMD, known(("CPU_UNRET_ENTRY", "MITIGATION_UNRET_ENTRY"), 5, 19))),
    Row("MITIGATION_IBPB_ENTRY", "y", "the predictor cannot be flushed on each entry, the strictest fix for AMD CPUs",
        UPSTREAM, architectures=X86_64, since=(5, 4), instead=(built("CPU_IBPB_ENTRY"),),
        needs=(AMD, known(("CPU_IBPB_ENTRY", "MITIGATION_IBPB_ENTRY"), 5, 19))),
    Row("MITIGATION_IBRS_ENTRY", "y", "Intel's Skylake enters the kernel with predictions that programs made", UPSTREAM,
        MEDIUM, TIME, X86_64, (5, 4), instead=(built("CPU_IBRS_ENTRY"),),
        needs=(INTEL, known(("CPU_IBRS_ENTRY", "MITIGATION_IBRS_ENTRY"), 5, 19))),
    Row("MITIGATION_CALL_DEPTH_TRACKING", "y", "Skylake has the slow fix of Retbleed alone, which is soon turned off",
        UPSTREAM, cost=LITTLE, architectures=X86_64, since=(6, 2), instead=(built("CALL_DEPTH_TRACKING"),),
        needs=(INTEL,)),
    Row("MITIGATION_SRSO", "y", "programs poison the return predictor of AMD's Zen CPUs and read the kernel's memory",
        UPSTREAM, MEDIUM, TIME, X86_64, (5, 10), instead=(built("CPU_SRSO"),),
        needs=(AMD, known(("CPU_SRSO", "MITIGATION_SRSO"), 6, 5))),
    Row("MITIGATION_ITS", "y", "indirect branches in half of a cache line escape the other fixes on Intel's CPUs",
        UPSTREAM, cost=LITTLE, architectures=X86_64, since=(5, 10),
        needs=(INTEL, known(("MITIGATION_ITS",), 6, 15))),
    Row("MITIGATION_SLS", "y", "CPUs speculate straight on past a return or jump into gadgets that lie behind it", KSPP,
        cost=LITTLE, architectures=X86_64, since=(5, 17), instead=(built("SLS"),)),
    # ARM
    Row("UNMAP_KERNEL_AT_EL0", "y", "programs find the kernel's addresses, and on a Cortex-A75 read all its memory",
        UPSTREAM, MEDIUM, TIME, ARM64, (4, 16)),
    Row("ARM64_E0PD", "y", "the time that a fault takes tells programs which addresses the kernel uses", UPSTREAM,
        architectures=ARM64, since=(5, 6)),
    Row("HARDEN_BRANCH_PREDICTOR", "y", PREDICTOR, UPSTREAM, MEDIUM, LITTLE, ARM64, (4, 16), (5, 10)),
    Row("HARDEN_BRANCH_PREDICTOR", "y", PREDICTOR, UPSTREAM, MEDIUM, LITTLE, ARM, (4, 18),
        needs=(built("CPU_SPECTRE"),)),
    Row("MITIGATE_SPECTRE_BRANCH_HISTORY", "y", HISTORY, UPSTREAM, MEDIUM, LITTLE, ARM64, (4, 9),
        needs=(known(("MITIGATE_SPECTRE_BRANCH_HISTORY",), 5, 17),)),
    Row("HARDEN_BRANCH_HISTORY", "y", "vectors are entered with branch predictions that a program chose", UPSTREAM,
        MEDIUM, LITTLE, ARM, (4, 9), needs=(built("CPU_SPECTRE"), known(("HARDEN_BRANCH_HISTORY",), 5, 17))),
    Row("HARDEN_EL2_VECTORS", "y", "speculative reads of registers show on Cortex-A57 and A72 where the "
        "hypervisor's vectors lie", UPSTREAM, architectures=ARM64, since=(4, 17), until=(5, 9)),
    Row("ARM64_SSBD", "y", "a load that runs ahead of a store to the same address leaks what was there before", OWN,
        cost=LITTLE, architectures=ARM64, since=(4, 18), until=(5, 10)),
)  # fmt: skip
