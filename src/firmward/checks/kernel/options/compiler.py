"""What the compiler adds to the kernel's code so that a flaw stops the kernel or one task, and not more."""

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
    both,
    built,
    either,
    off,
)
from firmward.model.finding import Severity

MEDIUM, INFO = Severity.MEDIUM, Severity.INFO
UPSTREAM, KSPP = Source.UPSTREAM, Source.KSPP
LITTLE = Cost.LITTLE

OVERFLOW = "an overflow of a buffer on the stack takes over the return address unnoticed"
NO_CANARY = "functions whose buffers are no arrays of characters have no canary"
CANARY = "tasks share one canary for their stacks, and who learns it from one can overflow all others"
UNSET = "a variable that a function forgets to set holds an earlier call's data, to leak or to steer by"
OFFSETS = "pointers to functions stand at the same offsets as in every other kernel"
FORTIFY = "string and memory functions write past buffers whose size the compiler knew"
CALLS = "a call through an overwritten pointer goes to any code, the first step of most exploits"
STALE = "what a system call left on the stack stays there, for a later one to leak or to use"
RETURNS = "return addresses lie on the stack alone, where an overflow redirects them to code of an attacker's choice"

OLD_CANARIES = tuple(built(f"CC_STACKPROTECTOR{kind}") for kind in ("", "_REGULAR", "_AUTO", "_STRONG"))
LEAKS_NO_STRUCTURES = both(built("GCC_PLUGIN_STRUCTLEAK"), built("GCC_PLUGIN_STRUCTLEAK_BYREF_ALL"))
CLANG = built("CC_IS_CLANG")
ERASES = either(built("KSTACK_ERASE"), built("GCC_PLUGIN_STACKLEAK"))
CHECKS_CALLS = either(built("CFI_CLANG"), built("CFI"))

ROWS = (
    # stack
    Row("STACKPROTECTOR", "y", OVERFLOW, UPSTREAM, MEDIUM, LITTLE, X86, (2, 6, 19), instead=OLD_CANARIES),
    Row("STACKPROTECTOR", "y", OVERFLOW, UPSTREAM, MEDIUM, LITTLE, ARM, (2, 6, 35), instead=OLD_CANARIES),
    Row("STACKPROTECTOR", "y", OVERFLOW, UPSTREAM, MEDIUM, LITTLE, MIPS, (3, 11), instead=OLD_CANARIES),
    Row("STACKPROTECTOR", "y", OVERFLOW, UPSTREAM, MEDIUM, LITTLE, ARM64, (3, 16), instead=OLD_CANARIES),
    Row("STACKPROTECTOR", "y", OVERFLOW, UPSTREAM, MEDIUM, LITTLE, POWERPC, (4, 20)),
    Row("STACKPROTECTOR", "y", OVERFLOW, UPSTREAM, MEDIUM, LITTLE, RISCV, (5, 9)),
    Row("STACKPROTECTOR_STRONG", "y", NO_CANARY, UPSTREAM, MEDIUM, LITTLE, X86 | ARM | MIPS, (3, 14),
        instead=(built("CC_STACKPROTECTOR_STRONG"),)),
    Row("STACKPROTECTOR_STRONG", "y", NO_CANARY, UPSTREAM, MEDIUM, LITTLE, ARM64, (3, 16),
        instead=(built("CC_STACKPROTECTOR_STRONG"),)),
    Row("STACKPROTECTOR_STRONG", "y", NO_CANARY, UPSTREAM, MEDIUM, LITTLE, POWERPC, (4, 20)),
    Row("STACKPROTECTOR_STRONG", "y", NO_CANARY, UPSTREAM, MEDIUM, LITTLE, RISCV, (5, 9)),
    Row("STACKPROTECTOR_PER_TASK", "y", CANARY, UPSTREAM, architectures=ARM64 | ARM, since=(5, 0)),
    Row("STACKPROTECTOR_PER_TASK", "y", CANARY, UPSTREAM, architectures=RISCV, since=(5, 9)),
    Row("INIT_STACK_ALL_ZERO", "y", UNSET, UPSTREAM, MEDIUM, LITTLE, X86 | ARM64 | ARM | POWERPC, (4, 14),
        instead=(LEAKS_NO_STRUCTURES,)),
    Row("INIT_STACK_ALL_ZERO", "y", UNSET, UPSTREAM, MEDIUM, LITTLE, RISCV | MIPS, (5, 9),
        instead=(LEAKS_NO_STRUCTURES,)),
    Row("KSTACK_ERASE", "y", STALE, KSPP, cost=LITTLE, architectures=X86 | ARM64, since=(4, 20),
        instead=(built("GCC_PLUGIN_STACKLEAK"),)),
    Row("KSTACK_ERASE", "y", STALE, KSPP, cost=LITTLE, architectures=ARM | RISCV, since=(6, 11),
        instead=(built("GCC_PLUGIN_STACKLEAK"),)),
    Row("KSTACK_ERASE_METRICS", "n", "every program reads in /proc how deep the kernel's stack of each task went", KSPP,
        INFO, since=(6, 17), needs=(ERASES,)),
    Row("STACKLEAK_METRICS", "n", "/proc tells every program how far the kernel's stacks were used, as a map for "
        "exploits", KSPP, INFO, since=(4, 20), until=(6, 17), needs=(ERASES,)),
    Row("KSTACK_ERASE_RUNTIME_DISABLE", "n", "root can turn off that stacks are erased, with one write to a sysctl",
        KSPP, since=(6, 17), needs=(ERASES,)),
    Row("STACKLEAK_RUNTIME_DISABLE", "n", "one write to kernel.stack_erasing ends the erasing of stacks", KSPP,
        since=(4, 20), until=(6, 17), needs=(ERASES,)),
    # buffers and bounds
    Row("FORTIFY_SOURCE", "y", FORTIFY, KSPP, MEDIUM, architectures=X86 | ARM64 | POWERPC, since=(4, 13)),
    Row("FORTIFY_SOURCE", "y", FORTIFY, KSPP, MEDIUM, architectures=ARM, since=(4, 17)),
    Row("FORTIFY_SOURCE", "y", FORTIFY, KSPP, MEDIUM, architectures=MIPS, since=(5, 5)),
    Row("FORTIFY_SOURCE", "y", FORTIFY, KSPP, MEDIUM, architectures=RISCV, since=(5, 13)),
    Row("UBSAN_BOUNDS", "y", "an index past the end of an array reads or writes what lies behind it", KSPP,
        cost=LITTLE, since=(5, 7)),
    Row("UBSAN_LOCAL_BOUNDS", "y", "clang checks no access to local arrays whose index is worked out at run time", KSPP,
        cost=LITTLE, since=(5, 11), needs=(CLANG,)),
    # with the other checks on it would stop kernels for faults that are none
    Row("UBSAN_TRAP", "y", "an index out of bounds is logged, and the access goes ahead", KSPP, since=(5, 7),
        needs=(built("UBSAN_BOUNDS"), *(
            off(f"UBSAN_{kind}") for kind in
            ("SHIFT", "DIV_ZERO", "UNREACHABLE", "SIGNED_WRAP", "INTEGER_WRAP", "BOOL", "ENUM", "ALIGNMENT")))),
    Row("UBSAN_SANITIZE_ALL", "y", "bounds are checked in no file but those that ask for it one by one", KSPP,
        cost=LITTLE, architectures=X86 | ARM64 | POWERPC | RISCV | MIPS, since=(5, 7), until=(6, 9)),
    # where calls and returns go
    Row("CFI_CLANG", "y", CALLS, KSPP, cost=LITTLE, architectures=ARM64, since=(5, 13), instead=(built("CFI"),),
        needs=(CLANG,)),
    Row("CFI_CLANG", "y", CALLS, KSPP, cost=LITTLE, architectures=X86_64, since=(6, 1), instead=(built("CFI"),),
        needs=(CLANG,)),
    Row("CFI_CLANG", "y", CALLS, KSPP, cost=LITTLE, architectures=RISCV, since=(6, 6), instead=(built("CFI"),),
        needs=(CLANG,)),
    Row("CFI_CLANG", "y", CALLS, KSPP, cost=LITTLE, architectures=ARM, since=(6, 10), instead=(built("CFI"),),
        needs=(CLANG,)),
    Row("CFI_PERMISSIVE", "n", "a call to the wrong function is reported, and made", KSPP,
        architectures=X86_64 | ARM64 | ARM | RISCV, needs=(CHECKS_CALLS, CLANG)),
    Row("SHADOW_CALL_STACK", "y", RETURNS, KSPP, cost=LITTLE, architectures=ARM64, since=(5, 8)),
    Row("SHADOW_CALL_STACK", "y", RETURNS, KSPP, cost=LITTLE, architectures=RISCV, since=(6, 8), needs=(CLANG,)),
    Row("ZERO_CALL_USED_REGS", "y", "registers keep old values over a return, which leak or feed gadgets", KSPP,
        cost=LITTLE, since=(5, 15)),
    # what an attacker can know beforehand
    Row("RANDSTRUCT_FULL", "y", OFFSETS, KSPP, cost=LITTLE, architectures=X86 | ARM64 | ARM | POWERPC, since=(4, 13),
        instead=(built("GCC_PLUGIN_RANDSTRUCT"),)),
    Row("RANDSTRUCT_FULL", "y", OFFSETS, KSPP, cost=LITTLE, architectures=RISCV | MIPS, since=(5, 9),
        instead=(built("GCC_PLUGIN_RANDSTRUCT"),)),
    Row("GCC_PLUGIN_LATENT_ENTROPY", "y", "a device without a random generator has little chance in its pool at boot",
        KSPP, INFO, LITTLE, since=(4, 9), needs=(built("CC_IS_GCC"),)),
    Row("WERROR", "y", "the kernel was built past warnings, among which are overflows that the compiler saw", KSPP,
        INFO, since=(5, 15)),
)  # fmt: skip
