"""What 32-bit ARM alone offers."""

from firmward.checks.kernel.command_line.words import switched_on
from firmward.checks.kernel.options.row import ARM, Cost, Row, Source, built, off, value
from firmward.model.finding import Severity

MEDIUM, INFO = Severity.MEDIUM, Severity.INFO
UPSTREAM, KSPP, CHECKER = Source.UPSTREAM, Source.KSPP, Source.CHECKER
LITTLE = Cost.LITTLE

ROWS = (
    Row("ARM_PAN", "y", "the kernel may read and write programs' memory at any time, and so what an exploit lays out",
        UPSTREAM, MEDIUM, LITTLE, ARM, (6, 10)),
    Row("CPU_SW_DOMAIN_PAN", "y", "a corrupted pointer leads the kernel to data in a program's memory without a fault",
        UPSTREAM, MEDIUM, LITTLE, ARM, (4, 3), needs=(off("ARM_LPAE"),)),
    Row("DEBUG_ALIGN_RODATA", "y", "code and constants share large pages, which leaves some constants executable",
        UPSTREAM, cost=Cost.MEMORY, architectures=ARM, since=(4, 6)),
    Row("ARM_DEBUG_WX", "y", "no boot looks whether a mapping of the kernel can be both written and run", KSPP,
        architectures=ARM, since=(4, 17), instead=(built("DEBUG_WX"),)),
    # DMA
    Row("ARM_SMMU", "y", "boards with an SMMU leave all memory open to every device with DMA", CHECKER, INFO, LITTLE,
        ARM, (3, 11)),
    Row("ARM_SMMU_DISABLE_BYPASS_BY_DEFAULT", "y", "a device without a driver goes round the SMMU to all memory",
        CHECKER, INFO, architectures=ARM, since=(5, 1), needs=(value("ARM_SMMU", "on"),),
        words=switched_on("arm-smmu.disable_bypass")),
)  # fmt: skip
