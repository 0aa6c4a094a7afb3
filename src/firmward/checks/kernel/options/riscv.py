"""What RISC-V alone needs: what all architectures share has rows for it in the files of the themes."""

from firmward.checks.kernel.options.row import RISCV, Cost, Row, Source, off
from firmward.model.finding import Severity

ROWS = (
    Row("ERRATA_THEAD_GHOSTWRITE", "y", "a program on T-HEAD's C910 or C920 writes to any physical address",
        Source.UPSTREAM, Severity.MEDIUM, Cost.FEATURE, RISCV, (6, 14), instead=(off("RISCV_ISA_XTHEADVECTOR"),)),
)  # fmt: skip
