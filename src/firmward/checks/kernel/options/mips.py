"""What MIPS alone offers, or has from another version on."""

from firmward.checks.kernel.options.row import MIPS, Cost, Row, Source, built, off
from firmward.model.finding import Severity

MEDIUM, LOW, INFO = Severity.MEDIUM, Severity.LOW, Severity.INFO
OWN, FEATURE, DEBUGGING = Source.OWN, Cost.FEATURE, Cost.DEBUGGING

FIXED = off("SYS_SUPPORTS_RELOCATABLE")
"""Of boards whose support in Linux cannot move the kernel."""

ROWS = (
    Row("RELOCATABLE", "y", "the kernel runs only where it was linked to, at an address known to everybody", OWN, LOW,
        Cost.MEMORY, MIPS, since=(4, 7), instead=(FIXED,)),
    Row("RANDOMIZE_BASE", "y", "the kernel starts at the same address each time, and exploits need no leak", OWN, LOW,
        Cost.NONE, MIPS, since=(4, 7), instead=(FIXED,)),
    Row("STRICT_DEVMEM", "y", "/dev/mem gives root the whole memory of a MIPS system, the kernel's too", OWN, MEDIUM,
        Cost.NONE, MIPS, since=(6, 1), instead=(off("DEVMEM"),)),
    Row("MIPS_FP_SUPPORT", "n", "the kernel emulates floating point for programs, an interpreter of their code", OWN,
        INFO, FEATURE, MIPS, since=(5, 0)),
    Row("MIPS32_O32", "n", "a 64-bit kernel takes system calls of o32 programs as well, by code of their own", OWN,
        INFO, FEATURE, MIPS),
    Row("MIPS32_N32", "n", "a 64-bit kernel takes system calls of n32 programs, which hardly any device has", OWN, INFO,
        FEATURE, MIPS),
    Row("MIPS_VPE_LOADER", "n", "root loads code into a second processing element, which shares memory with Linux", OWN,
        LOW, FEATURE, MIPS),
    Row("MIPS_EJTAG_FDC_TTY", "n", "the debug port carries terminals, which whoever attaches a probe can log in at",
        OWN, LOW, DEBUGGING, MIPS, since=(4, 1)),
    Row("MIPS_EJTAG_FDC_KGDB", "n", "a probe on the debug port reaches the kernel's debugger", OWN, LOW, DEBUGGING,
        MIPS, since=(4, 1)),
    Row("MIPS_CMDLINE_FROM_BOOTLOADER", "n", "who writes the boot loader's environment adds words for the kernel", OWN,
        INFO, Cost.NONE, MIPS, since=(4, 2), instead=(built("CMDLINE_OVERRIDE"),)),
    Row("SPINLOCK_TEST", "n", "files in debugfs start tests that hold all processors up on locks", OWN, LOW, DEBUGGING,
        MIPS),
    Row("KVM_MIPS_DEBUG_COP0_COUNTERS", "n", "the kernel counts each access of guests to registers, for developers",
        OWN, INFO, DEBUGGING, MIPS, since=(3, 10)),
)  # fmt: skip
