"""What PowerPC alone offers, or has from another version on."""

from firmward.checks.kernel.command_line.words import Words, switched_off
from firmward.checks.kernel.kernels.condition import Condition
from firmward.checks.kernel.options.row import POWERPC, Cost, Row, Source, before, both, off
from firmward.model.finding import Severity

MEDIUM, LOW, INFO = Severity.MEDIUM, Severity.LOW, Severity.INFO
OWN, NONE, FEATURE, DEBUGGING = Source.OWN, Cost.NONE, Cost.FEATURE, Cost.DEBUGGING


def _had_not(trait: str) -> tuple[Condition, ...]:
    """Until 5.17 some processors' code alone had these protections, and said so by an option without a prompt."""
    return (both(before(5, 17), off(trait)),)


# xmon=ro and the like start the debugger, whatever its default is: kernel-cmdline tells them
WAITING = Words("xmon=off", frozenset(("xmon",)), "xmon=off.*")

ROWS = (
    # the kernel and programs apart
    Row("PPC_KUEP", "y", "the kernel executes code in a program's pages when it is led there", OWN, LOW, Cost.LITTLE,
        POWERPC, since=(5, 2), instead=_had_not("PPC_HAVE_KUEP")),
    Row("PPC_KUAP", "y", "the kernel reads and writes a program's pages when a wrong pointer leads there", OWN, LOW,
        Cost.TIME, POWERPC, since=(5, 2), instead=_had_not("PPC_HAVE_KUAP")),
    Row("PPC_KUAP_DEBUG", "n", "each entry checks by extra code that programs' pages are locked, for developers", OWN,
        INFO, DEBUGGING, POWERPC, since=(5, 2)),
    Row("RANDOMIZE_BASE", "y", "the kernel of an e500 starts at the same address each time", OWN, LOW, NONE, POWERPC,
        since=(5, 5), instead=(off("PPC_85xx"),)),
    Row("STRICT_DEVMEM", "y", "/dev/mem gives root the kernel's own memory and not only a device's registers", OWN,
        MEDIUM, NONE, POWERPC, instead=(off("DEVMEM"),)),
    # debuggers and what shows memory
    Row("XMON", "n", "a debugger waits for a crash or a sysrq key, and gives who has the console all memory", OWN,
        MEDIUM, DEBUGGING, POWERPC),
    Row("XMON_DEFAULT", "n", "the debugger stops the machine at each fault with a prompt on its console", OWN, LOW,
        DEBUGGING, POWERPC, words=WAITING),
    Row("XMON_DEFAULT_RO_MODE", "y", "the debugger writes to memory and registers, where reading would do", OWN, LOW,
        DEBUGGING, POWERPC, since=(5, 2), instead=(off("XMON"),)),
    Row("PPC_PTDUMP", "n", "the kernel's page tables, hash table included, can be read in debugfs", OWN, LOW, DEBUGGING,
        POWERPC, until=(5, 15)),
    Row("PPC_EARLY_DEBUG", "n", "output goes to a hard-wired port before any driver runs, for bringing boards up", OWN,
        INFO, DEBUGGING, POWERPC),
    Row("PPC_MEMTRACE", "n", "root takes memory from the kernel for hardware traces and reads it in debugfs", OWN, LOW,
        DEBUGGING, POWERPC, since=(4, 14)),
    Row("SCOM_DEBUGFS", "n", "debugfs reads and writes the chip's service registers, below every protection", OWN, LOW,
        DEBUGGING, POWERPC),
    # firmware
    Row("PPC_RTAS_FILTER", "y", "root has firmware write to any physical address by the rtas() call", OWN, LOW, FEATURE,
        POWERPC, since=(5, 10), until=(6, 2), instead=(off("PPC_RTAS"),)),
    Row("RTAS_FLASH", "n", "root replaces the machine's firmware through a file in /proc", OWN, LOW, FEATURE, POWERPC),
    Row("RTAS_PROC", "n", "clock, power and sensors of the firmware are files in /proc for root to set", OWN, INFO,
        FEATURE, POWERPC),
    # what programs can do without
    Row("PPC_TRANSACTIONAL_MEM", "n", "programs use transactions, whose saved registers leaked between processes", OWN,
        LOW, FEATURE, POWERPC, since=(3, 9), words=switched_off("ppc_tm")),
    Row("PPC_SUBPAGE_PROT", "n", "a system call sets rights for parts of pages, of use to one emulator", OWN, INFO,
        FEATURE, POWERPC),
    Row("PPC_FAST_ENDIAN_SWITCH", "n", "an obsolete entry that swaps a program's byte order is kept open", OWN, INFO,
        FEATURE, POWERPC, since=(4, 12), until=(6, 12)),
)  # fmt: skip
