"""Words that a command line should have and that no option of the configuration stands for.

What an option can make the default is kernel-config's question, and asked of the command line there. These are asked of
a kernel whose configuration is known, and so its processor and version; of no other, since most do nothing elsewhere.
"""

from dataclasses import dataclass

from firmward.checks.kernel.command_line.words import NO, YES, Words
from firmward.checks.kernel.kernels.condition import Condition
from firmward.checks.kernel.options.row import (
    X86,
    Cost,
    Kernel,
    Source,
    built,
    either,
    processor,
    settled,
    since,
)
from firmward.facts.kernel_command_line import Argument, CommandLine
from firmward.model.finding import Severity

LOW, INFO = Severity.LOW, Severity.INFO


@dataclass(frozen=True, slots=True)
class Row:
    """A word that is wanted of kernels for which all of `needs` hold.

    `key` is the finding's. `why` follows "the kernel is started without WORD: ". Where there is a `cause`, it is wanted
    on lines with one of the words of these names alone.
    """

    key: str
    words: Words
    why: str
    source: Source
    severity: Severity
    cost: Cost
    needs: tuple[Condition, ...]
    cause: frozenset[str] = frozenset()

    def concerns(self, kernel: Kernel) -> bool:
        """Whether it is known to be asked of a kernel."""
        return settled((one(kernel.options) for one in self.needs), False) is True

    def lacks(self, kernel: Kernel, line: CommandLine) -> bool:
        if self.cause and self.cause_on(line) is None:
            return False
        return not (self.words.says(line) and self._does_something(kernel))

    def cause_on(self, line: CommandLine) -> Argument | None:
        return next((word for word in line.arguments if word.name in self.cause and word.value != "-"), None)

    def _does_something(self, kernel: Kernel) -> bool:
        return self.words.needs is None or self.words.needs(kernel.options) is True


SHUFFLED = Words("page_alloc.shuffle=1", frozenset(("page_alloc.shuffle",)), rf"page_alloc\.shuffle={YES}",
    rf"page_alloc\.shuffle={NO}")  # fmt: skip
HASHED = Words("hash_pointers=always", frozenset(("hash_pointers", "no_hash_pointers")), "hash_pointers=always",
    "hash_pointers=(?:auto|never)|no_hash_pointers.*", needs=since(6, 17))  # fmt: skip
SINGLE = Words("mitigations=auto,nosmt", frozenset(("nosmt", "mitigations")),
    r"nosmt(?:=force)?|mitigations=auto,nosmt(?:[,;].*)?", "mitigations=off")  # fmt: skip
ISOLATED = Words("pti=on", frozenset(("pti", "nopti")), "pti=on", "pti=(?:off|auto)|nopti")
FORCED = Words("iommu=force", frozenset(("iommu",)), "iommu=(?:.*,)?force(?:,.*)?", "iommu=(?:.*,)?off(?:,.*)?")

ROWS = (
    Row("shuffle", SHUFFLED, "CONFIG_SHUFFLE_PAGE_ALLOCATOR is built in and asleep, free pages are handed out in order",
        Source.KSPP, LOW, Cost.LITTLE, (built("SHUFFLE_PAGE_ALLOCATOR"),)),
    Row("hash-pointers", HASHED, "the checks of the heap that it is started with have addresses written out as they "
        "are", Source.KSPP, LOW, Cost.DEBUGGING, (since(5, 14),), frozenset(("slab_debug", "slub_debug"))),
    Row("smt", SINGLE, "on CPUs with faults a core's threads, which share its buffers, read each other's data",
        Source.KSPP, INFO, Cost.TIME, (processor(X86), built("HOTPLUG_SMT"))),
    Row("pti", ISOLATED, "CPUs without Meltdown keep the kernel's pages mapped, and timing tells where they lie",
        Source.KSPP, INFO, Cost.TIME,
        (processor(X86), either(built("PAGE_TABLE_ISOLATION"), built("MITIGATION_PAGE_TABLE_ISOLATION")))),
    Row("iommu-force", FORCED, "the kernel may leave the IOMMU off by reasons of its own, and DMA reaches all memory",
        Source.CLIP_OS, INFO, Cost.LITTLE,
        (processor(X86), either(built("INTEL_IOMMU"), built("AMD_IOMMU")))),
)  # fmt: skip
