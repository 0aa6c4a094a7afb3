"""What the kernel does to protect programs: against their own faults, and against one another."""

from firmward.checks.kernel.command_line.words import Words, setting
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
    off,
    value,
)
from firmward.model.finding import Severity

LOW, INFO = Severity.LOW, Severity.INFO
UPSTREAM, KSPP, CLIP_OS, CHECKER = Source.UPSTREAM, Source.KSPP, Source.CLIP_OS, Source.CHECKER

MOVING_VDSO = Words("vdso32=1", frozenset(("vdso32",)), r"vdso32=[01]", r"vdso32=\d+")

ROWS = (
    # addresses that cannot be guessed
    Row("COMPAT_BRK", "n", "the heap of each program begins where its data ends, at an address that is known", KSPP,
        cost=Cost.FEATURE, since=(2, 6, 25)),
    Row("COMPAT_VDSO", "n", "the vDSO lies at a fixed address in every program, code for whoever takes one over", KSPP,
        cost=Cost.FEATURE, architectures=X86, words=MOVING_VDSO),
    Row("ARCH_MMAP_RND_BITS", "max", "libraries and mappings have fewer random bits than the processor allows", CHECKER,
        LOW, Cost.MEMORY, X86 | ARM64 | ARM, since=(4, 5)),
    Row("ARCH_MMAP_RND_BITS", "max", "addresses of libraries vary by fewer bits than a MIPS kernel could give", CHECKER,
        LOW, Cost.MEMORY, MIPS, since=(4, 11)),
    Row("ARCH_MMAP_RND_BITS", "max", "addresses of libraries vary by fewer bits than a PowerPC kernel could give",
        CHECKER, LOW, Cost.MEMORY, POWERPC, since=(4, 13)),
    Row("ARCH_MMAP_RND_BITS", "max", "addresses of libraries vary by fewer bits than a RISC-V kernel could give",
        CHECKER, LOW, Cost.MEMORY, RISCV, since=(5, 5)),
    Row("ARCH_MMAP_RND_COMPAT_BITS", "max", "32-bit programs get fewer random bits than their address space allows",
        CHECKER, LOW, Cost.MEMORY, X86_64 | ARM64 | MIPS | RISCV, since=(4, 5), instead=(off("COMPAT"),)),
    Row("VMSPLIT_3G", "y", "programs have less than 3 GiB of addresses, and less room to lie at random ones", UPSTREAM,
        cost=Cost.MEMORY, architectures=ARM | frozenset(("x86-32",)),
        instead=(built("VMSPLIT_3G_OPT"), value("PAGE_OFFSET", "0xC0000000"))),
    # jumps and returns to where they may go
    Row("ARM64_PTR_AUTH", "y", "programs cannot sign return addresses, and an overwritten one is followed", UPSTREAM,
        architectures=ARM64, since=(5, 0)),
    Row("ARM64_BTI", "y", "indirect jumps of a program may land on any instruction, not on marked targets alone",
        UPSTREAM, architectures=ARM64, since=(5, 8)),
    Row("ARM64_GCS", "y", "programs get no second stack for return addresses that writes cannot reach", UPSTREAM,
        architectures=ARM64, since=(6, 13)),
    Row("X86_USER_SHADOW_STACK", "y", "programs get no shadow stack, and return wherever an overflow says", KSPP,
        architectures=X86_64, since=(6, 6)),
    # the memory of others
    Row("PROC_MEM_NO_FORCE", "y", "writes to /proc/PID/mem go through to pages that the program mapped as read-only",
        KSPP, cost=Cost.DEBUGGING, since=(5, 10, 227),
        words=setting("proc_mem.force_override", "never", "always|ptrace")),
    Row("COREDUMP", "n", "a program that crashes has its memory written out, with the keys and passwords in it",
        CLIP_OS, INFO, Cost.DEBUGGING),
)  # fmt: skip
