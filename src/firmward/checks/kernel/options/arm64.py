"""What 64-bit ARM alone offers: pointers with signatures, tags of memory, separate worlds of addresses, its SMMU."""

from firmward.checks.kernel.command_line.words import setting, switched_on
from firmward.checks.kernel.options.row import ARM64, Cost, Row, Source, value
from firmward.model.finding import Severity

MEDIUM, INFO = Severity.MEDIUM, Severity.INFO
UPSTREAM, KSPP = Source.UPSTREAM, Source.KSPP
LITTLE, TIME = Cost.LITTLE, Cost.TIME

ROWS = (
    Row("ARM64_PAN", "y", "the kernel uses a corrupted pointer into a program's data, as exploits lay it out", UPSTREAM,
        MEDIUM, architectures=ARM64, since=(4, 3), until=(7, 0)),
    Row("ARM64_SW_TTBR0_PAN", "y", "CPUs before ARMv8.1, such as Cortex-A53 and A72, let the kernel follow programs' "
        "pointers", KSPP, MEDIUM, LITTLE, ARM64, (4, 10)),
    Row("ARM64_EPAN", "y", "memory that programs can only execute is open to the kernel's stray reads", UPSTREAM,
        architectures=ARM64, since=(5, 13)),
    Row("RODATA_FULL_DEFAULT_ENABLED", "y", "read-only data have a second, writable mapping beside their own", UPSTREAM,
        cost=LITTLE, architectures=ARM64, since=(5, 0), until=(6, 18), words=setting("rodata", "full", "on|off|0|n")),
    Row("ARM64_PTR_AUTH_KERNEL", "y", "return addresses on the kernel's stack bear no signature and can be replaced",
        UPSTREAM, cost=LITTLE, architectures=ARM64, since=(5, 14)),
    Row("ARM64_BTI_KERNEL", "y", "a corrupted pointer may send the kernel to any instruction, not only to entries",
        UPSTREAM, cost=LITTLE, architectures=ARM64, since=(5, 8), held_by=("CC_IS_GCC",)),
    Row("ARM64_MTE", "y", "CPUs that tag memory cannot use it to stop programs at overflows and use after free",
        UPSTREAM, architectures=ARM64, since=(5, 10)),
    Row("KASAN_HW_TAGS", "y", "the kernel makes no use of tags of memory, which stop most flaws of its heap", KSPP,
        INFO, TIME, ARM64, (5, 11)),
    Row("RANDOMIZE_MODULE_REGION_FULL", "y", "modules lie near the kernel, and an address of one tells the other's",
        UPSTREAM, architectures=ARM64, since=(4, 6)),
    # DMA
    Row("ARM_SMMU", "y", "boards with an SMMU of version 1 or 2 leave all memory open to devices with DMA", UPSTREAM,
        INFO, LITTLE, ARM64, (3, 11)),
    Row("ARM_SMMU_V3", "y", "boards with an SMMU of version 3 leave all memory open to devices with DMA", UPSTREAM,
        INFO, LITTLE, ARM64, (4, 1)),
    Row("ARM_SMMU_DISABLE_BYPASS_BY_DEFAULT", "y", "a device that no driver set up passes the SMMU and reaches all "
        "memory", UPSTREAM, architectures=ARM64, since=(5, 1), needs=(value("ARM_SMMU", "on"),),
        words=switched_on("arm-smmu.disable_bypass")),
)  # fmt: skip
