"""How the kernel guards its own memory: what is code and what is data, the heap, the stack, copies, chance, DMA.

An option that architectures got at different times has a row for each. Where two names of one option count, the row
bears the newer.
"""

from dataclasses import replace

from firmward.checks.kernel.command_line.words import NO, YES, Words, listed, switched_off, switched_on
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
    before,
    both,
    built,
    either,
    off,
    value,
)
from firmward.model.finding import Severity

MEDIUM, INFO = Severity.MEDIUM, Severity.INFO
UPSTREAM, KSPP, CHECKER, OWN = Source.UPSTREAM, Source.KSPP, Source.CHECKER, Source.OWN
LITTLE, TIME, MEMORY = Cost.LITTLE, Cost.TIME, Cost.MEMORY

CODE = "the kernel's code can be written and its data run, so that one stray write plants code of an attacker's choice"
MODULE_CODE = "memory of modules is writable and executable at once, a place for code that an exploit brings"
TASK = "a task's flags and address limit lie at the foot of its stack, where an overflow of the stack rewrites them"
STACK = "a stack that overflows runs into the memory beside it in silence, where an unmapped page would stop it"
BASE = "the kernel's code lies at the same address on every device, so that an exploit needs no leak to find it"
FRAMES = "variables stand at the same depth of the stack in every system call, which exploits of stale data rely on"
TABLES = "a page that programs own may end up mapped twice or as a kernel's own, and a use after free goes unnoticed"
TABLES_ENFORCED = "wrong mappings of pages are looked for only where the command line asks for it"
WRITABLE_CODE = "nothing says at boot that some mapping of the kernel can be both written and run"
SAMPLES = "use after free and overflows of the heap leave no trace in the field, where an attacker tries them first"
LOW_PAGES = "programs may map low addresses, to which a null pointer with an offset leads the kernel"
LOW_PAGES_LSM = "SELinux too lets programs map what a null pointer with an offset reaches, without the right to"
VIRTUAL = "wrong conversions between virtual and physical addresses pass, and read or write some other page"

SEPARATE_CACHES = Words("slab_nomerge", frozenset(("slab_nomerge", "slub_nomerge", "slab_merge", "slub_merge")),
    r"sl[au]b_nomerge(?:=.*)?", r"sl[au]b_merge(?:=.*)?")  # fmt: skip
# until 5.18 the word was there with the processor's code
OFFSETS = replace(switched_on("randomize_kstack_offset"), needs=either(before(5, 18), built("RANDOMIZE_KSTACK_OFFSET")))
CHECKED_TABLES = replace(switched_on("page_table_check"), needs=built("PAGE_TABLE_CHECK"))
SAMPLING = Words("kfence.sample_interval=100", frozenset(("kfence.sample_interval",)), r"kfence\.sample_interval=100",
    r"kfence\.sample_interval=\d+")  # fmt: skip
# what the drivers of Intel and AMD have for it is older, and still taken
STRICT = Words("iommu.strict=1", frozenset(("iommu.strict", "intel_iommu", "amd_iommu")),
    rf"iommu\.strict={YES}|intel_iommu=(?:.*,)?strict(?:,.*)?|amd_iommu=(?:.*,)?fullflush(?:,.*)?",
    rf"iommu\.strict={NO}")  # fmt: skip
TRANSLATED = Words("iommu.passthrough=0", frozenset(("iommu.passthrough", "iommu")),
    rf"iommu\.passthrough={NO}|iommu=(?:.*,)?nopt(?:,.*)?",
    rf"iommu\.passthrough={YES}|iommu=(?:.*,)?pt(?:,.*)?")  # fmt: skip

WITH_IOMMU = X86 | ARM64 | ARM | RISCV | POWERPC

ROWS = (
    # code and data
    Row("BUG", "y", "a kernel that finds its own data corrupt carries on, and an exploit with it",
        UPSTREAM),
    Row("STRICT_KERNEL_RWX", "y", CODE, UPSTREAM, MEDIUM, architectures=X86, since=(2, 6, 25),
        instead=(built("DEBUG_RODATA"),)),
    Row("STRICT_KERNEL_RWX", "y", CODE, UPSTREAM, MEDIUM, architectures=ARM, since=(3, 19),
        instead=(built("DEBUG_RODATA"),)),
    Row("STRICT_KERNEL_RWX", "y", CODE, UPSTREAM, MEDIUM, architectures=ARM64, since=(4, 0),
        instead=(built("DEBUG_RODATA"),)),
    Row("STRICT_KERNEL_RWX", "y", CODE, UPSTREAM, MEDIUM, architectures=POWERPC, since=(4, 13)),
    Row("STRICT_KERNEL_RWX", "y", CODE, UPSTREAM, MEDIUM, architectures=RISCV, since=(5, 8)),
    Row("STRICT_MODULE_RWX", "y", MODULE_CODE, UPSTREAM, MEDIUM, architectures=X86, since=(2, 6, 38),
        instead=(built("DEBUG_SET_MODULE_RONX"), off("MODULES"))),
    Row("STRICT_MODULE_RWX", "y", MODULE_CODE, UPSTREAM, MEDIUM, architectures=ARM, since=(3, 14),
        instead=(built("DEBUG_SET_MODULE_RONX"), off("MODULES"))),
    Row("STRICT_MODULE_RWX", "y", MODULE_CODE, UPSTREAM, MEDIUM, architectures=ARM64, since=(4, 0),
        instead=(built("DEBUG_SET_MODULE_RONX"), off("MODULES"))),
    Row("STRICT_MODULE_RWX", "y", MODULE_CODE, UPSTREAM, MEDIUM, architectures=RISCV, since=(5, 13),
        instead=(off("MODULES"),)),
    Row("STRICT_MODULE_RWX", "y", MODULE_CODE, UPSTREAM, MEDIUM, architectures=POWERPC, since=(5, 15),
        instead=(off("MODULES"),)),
    Row("DEBUG_WX", "y", WRITABLE_CODE, UPSTREAM, architectures=X86, since=(4, 4)),
    Row("DEBUG_WX", "y", WRITABLE_CODE, KSPP, architectures=ARM64, since=(4, 10)),
    Row("DEBUG_WX", "y", WRITABLE_CODE, KSPP, architectures=POWERPC, since=(5, 2)),
    Row("DEBUG_WX", "y", WRITABLE_CODE, KSPP, architectures=RISCV, since=(5, 8)),
    # stack
    Row("THREAD_INFO_IN_TASK", "y", TASK, UPSTREAM, architectures=X86 | ARM64, since=(4, 9)),
    Row("THREAD_INFO_IN_TASK", "y", TASK, UPSTREAM, architectures=RISCV, since=(4, 15)),
    Row("THREAD_INFO_IN_TASK", "y", TASK, UPSTREAM, architectures=POWERPC, since=(5, 1)),
    Row("THREAD_INFO_IN_TASK", "y", TASK, UPSTREAM, architectures=ARM, since=(5, 16)),
    Row("VMAP_STACK", "y", STACK, UPSTREAM, MEDIUM, architectures=X86_64 | ARM64, since=(4, 9)),
    Row("VMAP_STACK", "y", STACK, UPSTREAM, MEDIUM, architectures=RISCV, since=(5, 14)),
    Row("VMAP_STACK", "y", STACK, UPSTREAM, MEDIUM, architectures=ARM, since=(5, 18)),
    Row("SCHED_STACK_END_CHECK", "y", "a stack that ran over its end is not noticed when the task gives way to another",
        KSPP, cost=LITTLE, since=(3, 18), instead=(built("VMAP_STACK"),)),
    Row("RANDOMIZE_KSTACK_OFFSET_DEFAULT", "y", FRAMES, KSPP, cost=LITTLE, architectures=X86 | ARM64, since=(5, 13),
        words=OFFSETS),
    Row("RANDOMIZE_KSTACK_OFFSET_DEFAULT", "y", FRAMES, KSPP, cost=LITTLE, architectures=POWERPC, since=(6, 0),
        words=OFFSETS),
    Row("RANDOMIZE_KSTACK_OFFSET_DEFAULT", "y", FRAMES, KSPP, cost=LITTLE, architectures=RISCV, since=(6, 10),
        words=OFFSETS),
    # heap
    Row("SLUB_DEBUG", "y", "checks of the heap, red zones and poison, cannot be turned on to look for corruption",
        UPSTREAM, since=(2, 6, 22)),
    Row("SLAB_FREELIST_RANDOM", "y", "objects of the heap lie in order, so that an attacker knows what is beside one",
        KSPP, MEDIUM, since=(4, 7)),
    Row("SLAB_FREELIST_HARDENED", "y", "one overwritten pointer in a list of free objects has the heap hand out any "
        "address", KSPP, MEDIUM, LITTLE, since=(4, 14)),
    Row("SLAB_MERGE_DEFAULT", "n", "caches of like size share memory, so that a flaw in one reaches objects of another",
        KSPP, cost=MEMORY, since=(4, 13), words=SEPARATE_CACHES),
    Row("RANDOM_KMALLOC_CACHES", "y", "memory that is sprayed from one place of the code lands beside that of another",
        KSPP, cost=MEMORY, since=(6, 6)),
    Row("SLAB_BUCKETS", "y", "objects whose size programs choose share caches with the kernel's own, for heap sprays",
        KSPP, cost=MEMORY, since=(6, 11)),
    Row("SHUFFLE_PAGE_ALLOCATOR", "y", "free pages are handed out in order, and an attacker can tell which comes next",
        KSPP, cost=LITTLE, since=(5, 2)),
    Row("INIT_ON_ALLOC_DEFAULT_ON", "y", "fresh memory still holds what was there before, for a missing "
        "initialisation to leak", KSPP, MEDIUM, LITTLE, since=(5, 3), words=switched_on("init_on_alloc")),
    Row("INIT_ON_FREE_DEFAULT_ON", "y", "freed memory keeps keys and pointers until someone happens to write there",
        KSPP, cost=TIME, since=(4, 6), instead=(built("PAGE_POISONING_ZERO"),), words=switched_on("init_on_free")),
    Row("KFENCE", "y", SAMPLES, KSPP, cost=LITTLE, architectures=X86 | ARM64, since=(5, 12)),
    Row("KFENCE", "y", SAMPLES, KSPP, cost=LITTLE, architectures=POWERPC, since=(5, 13)),
    Row("KFENCE", "y", SAMPLES, KSPP, cost=LITTLE, architectures=RISCV, since=(5, 14)),
    Row("KFENCE", "y", SAMPLES, KSPP, cost=LITTLE, architectures=ARM, since=(5, 17)),
    Row("KFENCE_SAMPLE_INTERVAL", "100", "KFENCE guards an object of the heap less often than every 100 ms, or none",
        KSPP, INFO, LITTLE, since=(5, 12), needs=(built("KFENCE"),), words=SAMPLING),
    # structures
    Row("REFCOUNT_FULL", "y", "a count of references that overflows ends in the use of freed memory", UPSTREAM,
        cost=LITTLE, since=(4, 13), until=(5, 4, 208)),
    Row("LIST_HARDENED", "y", "a damaged list gives an attacker a write to an address of choice when it is unlinked",
        KSPP, MEDIUM, LITTLE, instead=(built("DEBUG_LIST"),)),
    Row("BUG_ON_DATA_CORRUPTION", "y", "damage that the kernel finds in its lists is logged, and the exploit goes on",
        KSPP, since=(4, 10)),
    Row("DEBUG_CREDENTIALS", "y", "credentials that were damaged or freed too early are used without a look", KSPP,
        INFO, LITTLE, since=(2, 6, 29), until=(6, 6, 8)),
    Row("DEBUG_NOTIFIERS", "y", "a notifier that points outside the kernel's code is called all the same", KSPP,
        cost=LITTLE, instead=(both(built("CFI_CLANG"), off("CFI_PERMISSIVE"), built("CC_IS_CLANG")),
                              both(built("CFI"), off("CFI_PERMISSIVE"), built("CC_IS_CLANG")))),
    Row("DEBUG_SG", "y", "a damaged table of scattered pages sends a driver's DMA to memory that it should not touch",
        KSPP, cost=LITTLE),
    Row("DEBUG_VIRTUAL", "y", VIRTUAL, KSPP, INFO, TIME, X86 | ARM64 | ARM, since=(4, 11)),
    Row("DEBUG_VIRTUAL", "y", VIRTUAL, KSPP, INFO, TIME, RISCV, since=(5, 8)),
    Row("PAGE_TABLE_CHECK", "y", TABLES, KSPP, cost=TIME, architectures=X86_64, since=(5, 17)),
    Row("PAGE_TABLE_CHECK", "y", TABLES, KSPP, cost=TIME, architectures=ARM64 | RISCV, since=(6, 0)),
    Row("PAGE_TABLE_CHECK_ENFORCED", "y", TABLES_ENFORCED, KSPP, cost=TIME, architectures=X86_64, since=(5, 17),
        words=CHECKED_TABLES),
    Row("PAGE_TABLE_CHECK_ENFORCED", "y", TABLES_ENFORCED, KSPP, cost=TIME, architectures=ARM64 | RISCV,
        since=(6, 0), words=CHECKED_TABLES),
    # copies between programs and the kernel
    Row("HARDENED_USERCOPY", "y", "a copy of a wrong length reads or writes the kernel's memory past the object meant",
        KSPP, MEDIUM, LITTLE, since=(4, 8)),
    Row("HARDENED_USERCOPY_DEFAULT_ON", "y", "lengths of copies are only checked where the command line asks for it",
        KSPP, MEDIUM, LITTLE, since=(6, 15), needs=(built("HARDENED_USERCOPY"),),
        words=switched_on("hardened_usercopy")),
    Row("HARDENED_USERCOPY_FALLBACK", "n", "copies that reach outside an object's declared part are let through with "
        "a warning", KSPP, since=(4, 16), until=(5, 16), needs=(built("HARDENED_USERCOPY"),),
        words=switched_off("slab_common.usercopy_fallback")),
    Row("HARDENED_USERCOPY_PAGESPAN", "n", "it is for finding faults of drivers, and stops copies that are in order",
        KSPP, INFO, until=(5, 18), needs=(built("HARDENED_USERCOPY"),)),
    # low addresses
    Row("DEFAULT_MMAP_MIN_ADDR", "65536", LOW_PAGES, KSPP, architectures=X86 | RISCV | POWERPC, since=(2, 6, 31),
        least=True),
    Row("DEFAULT_MMAP_MIN_ADDR", "65536", LOW_PAGES, KSPP, architectures=ARM64, needs=(off("COMPAT"),), least=True),
    # a program of 32 bits that is linked in the old way begins at 32768
    Row("DEFAULT_MMAP_MIN_ADDR", "32768", LOW_PAGES, OWN, architectures=ARM64, needs=(built("COMPAT"),), least=True,
        key="default_mmap_min_addr-compat"),
    Row("DEFAULT_MMAP_MIN_ADDR", "32768", LOW_PAGES, KSPP, architectures=ARM | MIPS, since=(2, 6, 31), least=True),
    Row("LSM_MMAP_MIN_ADDR", "65536", LOW_PAGES_LSM, UPSTREAM, architectures=X86 | RISCV, since=(2, 6, 31),
        needs=(built("SECURITY_SELINUX"),), least=True),
    Row("LSM_MMAP_MIN_ADDR", "65536", LOW_PAGES_LSM, CHECKER, INFO, architectures=ARM64,
        needs=(off("COMPAT"), built("SECURITY_SELINUX")), least=True),
    Row("LSM_MMAP_MIN_ADDR", "32768", LOW_PAGES_LSM, CHECKER, INFO, architectures=ARM, since=(2, 6, 31),
        needs=(built("SECURITY_SELINUX"),), least=True),
    # chance
    Row("RANDOMIZE_BASE", "y", BASE, UPSTREAM, MEDIUM, architectures=X86, since=(3, 14)),
    Row("RANDOMIZE_BASE", "y", BASE, UPSTREAM, MEDIUM, architectures=ARM64, since=(4, 6)),
    Row("RANDOMIZE_BASE", "y", BASE, KSPP, MEDIUM, architectures=RISCV, since=(6, 6)),
    # before 4.16 it could be a module as well
    Row("HW_RANDOM_TPM", "on", "the TPM's random numbers go unused, and keys made at first boot rest on less chance",
        KSPP, since=(3, 7), needs=(value("TCG_TPM", "on"),)),
    # DMA
    Row("IOMMU_SUPPORT", "y", "nothing can keep a device with DMA, or one that poses as such, out of all memory",
        UPSTREAM, cost=LITTLE, architectures=WITH_IOMMU, since=(3, 1)),
    Row("IOMMU_DEFAULT_PASSTHROUGH", "n", "devices with DMA reach all memory, as if there were no IOMMU", UPSTREAM,
        cost=TIME, since=(4, 18), words=TRANSLATED),
    Row("IOMMU_DEFAULT_DMA_STRICT", "y", "a device may still write to a page for a while after the driver took it back",
        KSPP, cost=TIME, architectures=WITH_IOMMU, since=(5, 15), needs=(built("IOMMU_SUPPORT"),), words=STRICT),
    Row("IOMMU_DEFAULT_DMA_LAZY", "n", "mappings for DMA are torn down in batches, late, when the page is used anew",
        KSPP, INFO, TIME, WITH_IOMMU, (5, 15), words=STRICT),
    Row("EFI_DISABLE_PCI_DMA", "y", "between firmware and kernel any PCI device may write to memory, the kernel's too",
        KSPP, cost=Cost.FEATURE, since=(5, 6), instead=(off("EFI"),),
        words=listed("efi", "disable_early_pci_dma", "(?:.*,)?no_disable_early_pci_dma(?:,.*)?")),
    Row("RESET_ATTACK_MITIGATION", "y", "a forced restart leaves keys in memory, for a system on a stick to read",
        KSPP, cost=Cost.FEATURE, since=(4, 14), instead=(off("EFI"),)),
)  # fmt: skip
