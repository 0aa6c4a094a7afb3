"""Rows of the kernel's own protection and policy: their words, spans, and conditions."""

from fault import Fault

MEMORY = "checks/kernel/options/memory.py"
COMPILER = "checks/kernel/options/compiler.py"
POLICY = "checks/kernel/options/policy.py"
SPECULATION = "checks/kernel/options/speculation.py"
ROWS = "tests/checks/kernel/options/test_rows.py"

FAULTS = (
    Fault(
        SPECULATION,
        "return either(named(*names), since(*version))",
        "return since(*version)",
        ROWS,
        "a fix that went back to a stable line is not asked of it",
    ),
    Fault(
        SPECULATION,
        "return either(named(*names), since(*version))",
        "return since()",
        ROWS,
        "a kernel is asked for a fix that it cannot have",
    ),
    Fault(
        SPECULATION,
        'needs=(INTEL, known(("MITIGATION_RFDS",), 6, 9))',
        'needs=(known(("MITIGATION_RFDS",), 6, 9),)',
        ROWS,
        "a kernel for AMD alone is asked for a fix of Intel's CPUs",
    ),
    Fault(
        SPECULATION,
        'needs=(built("CPU_SPECTRE"), known(("HARDEN_BRANCH_HISTORY",), 5, 17))',
        'needs=(known(("HARDEN_BRANCH_HISTORY",), 5, 17),)',
        ROWS,
        "an ARM CPU that does not speculate is asked for a fix of it",
    ),
    Fault(
        SPECULATION,
        ' instead=(built("RETPOLINE"),)),',
        "),",
        ROWS,
        "an option is not known by the name that it had before",
    ),
    Fault(
        SPECULATION,
        "MEDIUM, LITTLE, ARM64, (4, 16), (5, 10)),",
        "MEDIUM, LITTLE, ARM64, (4, 16)),",
        ROWS,
        "an option is asked for that is no more",
    ),
    Fault(MEMORY, "until=(5, 4, 208)", "until=(5, 4, 20)", ROWS, "counts of references are asked for until they are"),
    Fault(
        MEMORY,
        "UPSTREAM, MEDIUM, architectures=ARM, since=(5, 18)",
        "UPSTREAM, MEDIUM, architectures=ARM, since=(5, 8)",
        ROWS,
        "an architecture is asked for an option before it has it",
    ),
    Fault(
        MEMORY,
        'needs=(built("COMPAT"),), least=True',
        'needs=(built("COMPAT"),)',
        ROWS,
        "more than the address that is wanted is less",
    ),
    Fault(
        MEMORY,
        'since=(3, 18), instead=(built("VMAP_STACK"),)',
        "since=(3, 18)",
        ROWS,
        "a stack with a guard page needs its end looked at",
    ),
    Fault(
        MEMORY,
        'needs=(value("TCG_TPM", "on"),)',
        "needs=()",
        ROWS,
        "a board without a TPM is asked for its random numbers",
    ),
    Fault(
        MEMORY,
        'both(built("CFI_CLANG"), off("CFI_PERMISSIVE"), built("CC_IS_CLANG"))',
        'both(built("CFI_CLANG"), built("CC_IS_CLANG"))',
        ROWS,
        "checks of calls that let all calls pass count",
    ),
    Fault(
        COMPILER,
        'both(built("GCC_PLUGIN_STRUCTLEAK"), built("GCC_PLUGIN_STRUCTLEAK_BYREF_ALL"))',
        'built("GCC_PLUGIN_STRUCTLEAK_BYREF_ALL")',
        ROWS,
        "half of a plugin's options initialise the stack",
    ),
    Fault(
        COMPILER,
        'for kind in ("", "_REGULAR", "_AUTO", "_STRONG"))',
        'for kind in ("", "_AUTO", "_STRONG"))',
        ROWS,
        "an old kernel's canaries are none",
    ),
    Fault(
        COMPILER,
        '("SHIFT", "DIV_ZERO"',
        '("DIV_ZERO"',
        ROWS,
        "a kernel is to stop at shifts that are in order",
    ),
    Fault(
        COMPILER,
        'FORTIFY = "string and memory functions write past buffers whose size the compiler knew"',
        'FORTIFY = "String functions write past buffers."',
        ROWS,
        "a reason is a sentence of its own",
    ),
    Fault(
        POLICY,
        'key="lsm-landlock"',
        'key="lsm-yama"',
        ROWS,
        "two questions bear one name, and one of their findings is lost",
    ),
    Fault(
        POLICY,
        'Row("MODULE_SIG_FORCE", "y"',
        'Row("CONFIG_MODULE_SIG_FORCE", "y"',
        ROWS,
        "an option is named as no configuration names it",
    ),
    Fault(
        POLICY,
        'for name in ("apparmor", "smack", "tomoyo"))',
        'for name in ("smack", "tomoyo"))',
        ROWS,
        "AppArmor is no policy",
    ),
    Fault(
        "checks/kernel/options/x86.py",
        "needs=(since(6, 15),)",
        "since=(6, 15)",
        ROWS,
        "a kernel with HIGHMEM64G is asked for what that excludes",
    ),
)
