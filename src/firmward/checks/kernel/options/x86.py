"""What x86 alone offers: guards of the CPU against the kernel's own slips, its microcode, and its IOMMUs."""

from dataclasses import replace

from firmward.checks.kernel.command_line.words import Words, listed
from firmward.checks.kernel.options.row import X86, X86_64, Cost, Row, Source, built, either, since
from firmward.model.finding import Severity

MEDIUM, INFO = Severity.MEDIUM, Severity.INFO
UPSTREAM, KSPP = Source.UPSTREAM, Source.KSPP
LITTLE, TIME = Cost.LITTLE, Cost.TIME
X86_32 = X86 - X86_64

INTEL, AMD = built("CPU_SUP_INTEL"), built("CPU_SUP_AMD")
IOMMU, MICROCODE = built("IOMMU_SUPPORT"), built("MICROCODE")
ON = replace(listed("intel_iommu", "on", "(?:.*,)?off(?:,.*)?"), needs=built("INTEL_IOMMU"))
KCFI = Words("cfi=kcfi", frozenset(("cfi",)), "cfi=(?:.*,)?kcfi(?:,.*)?", "cfi=(?:.*,)?(?:auto|fineibt|off)(?:,.*)?")

ROWS = (
    # the CPU
    Row("X86_SMAP", "y", "the kernel follows a corrupted pointer into data that a program laid out for it", UPSTREAM,
        MEDIUM, architectures=X86, since=(3, 7), until=(5, 19)),
    Row("X86_UMIP", "y", "SGDT and SIDT tell programs at which addresses tables of the kernel lie",
        UPSTREAM, architectures=X86, since=(4, 15), instead=(built("X86_INTEL_UMIP"),)),
    Row("X86_KERNEL_IBT", "y", "an overwritten pointer may lead the kernel into the middle of any function", UPSTREAM,
        cost=LITTLE, architectures=X86_64, since=(5, 18)),
    Row("CFI_AUTO_DEFAULT", "n", "FineIBT looks at a call where it lands, which a jump past the check escapes", KSPP,
        architectures=X86_64, since=(6, 11), needs=(either(built("CFI_CLANG"), built("CFI")), built("CC_IS_CLANG")),
        words=KCFI),
    Row("RANDOMIZE_MEMORY", "y", "the map of all physical memory lies at a fixed address, a target for stray writes",
        UPSTREAM, MEDIUM, architectures=X86_64, since=(4, 8)),
    Row("X86_PAE", "y", "page tables have no bit against execution, so that every page of data can be run", KSPP,
        MEDIUM, LITTLE, X86_32),
    Row("HIGHMEM64G", "y", "long page table entries, with their bit against execution, are not in use", KSPP,
        cost=LITTLE, architectures=X86_32, until=(6, 15)),
    # until then it was the alternative to HIGHMEM64G, and off where that is on
    Row("HIGHMEM4G", "y", "few builds without high memory choose X86_PAE, which has the bit against execution", KSPP,
        INFO, architectures=X86_32, needs=(since(6, 15),)),
    # microcode and machine checks
    Row("MICROCODE", "y", "the CPU keeps the microcode of its firmware, and its faults with it", UPSTREAM, MEDIUM,
        architectures=X86),
    Row("MICROCODE_INTEL", "y", "Intel's CPUs get no microcode from the kernel, on which most mitigations rest",
        UPSTREAM, MEDIUM, architectures=X86, until=(6, 6), needs=(INTEL, MICROCODE)),
    Row("MICROCODE_AMD", "y", "AMD's CPUs get no microcode from the kernel, and keep faults that it would mend",
        UPSTREAM, MEDIUM, architectures=X86, until=(6, 6), needs=(AMD, MICROCODE)),
    Row("X86_MCE", "y", "memory errors, provoked ones too, are not noticed, and the kernel computes on with them",
        UPSTREAM, architectures=X86),
    Row("X86_MCE_INTEL", "y", "errors that Intel's CPUs correct, as hammered memory makes them, are not counted",
        UPSTREAM, architectures=X86, needs=(INTEL,)),
    Row("X86_MCE_AMD", "y", "errors that AMD's CPUs correct, as hammered memory makes them, are not counted", UPSTREAM,
        architectures=X86, needs=(AMD,)),
    # DMA
    Row("INTEL_IOMMU", "y", "on Intel's boards a device with DMA, plugged in or taken over, reaches all memory",
        UPSTREAM, cost=LITTLE, architectures=X86, needs=(IOMMU,)),
    Row("INTEL_IOMMU_DEFAULT_ON", "y", "Intel's IOMMU stays off unless the command line turns it on", KSPP, cost=TIME,
        architectures=X86, needs=(IOMMU,), words=ON),
    Row("INTEL_IOMMU_SVM", "y", "a device cannot be confined to the memory of the one program that it works for", KSPP,
        INFO, architectures=X86_64, since=(4, 4), needs=(IOMMU,)),
    Row("AMD_IOMMU", "y", "on AMD's boards a device with DMA, plugged in or taken over, reaches all memory",
        UPSTREAM, cost=LITTLE, architectures=X86_64, needs=(IOMMU,)),
    Row("AMD_IOMMU_V2", "on", "AMD's IOMMU cannot confine a device to the memory of the one program that it serves",
        KSPP, INFO, architectures=X86_64, since=(3, 3), until=(6, 7)),
)  # fmt: skip
