"""The cage around who reads hostile bytes, its workers, and what becomes of one that is lost."""

from fault import Fault

CAGE = "tests/image/test_cage.py"
CAGED = "tests/cli/test_caged.py"

FAULTS = (
    Fault("image/cage.py", "if here.landlock and cage.readable is not None:", "if False:", CAGE, "no Landlock"),
    Fault("image/cage.py", "if here.seccomp:", "if False:", CAGE, "no seccomp"),
    Fault("image/cage.py", "    _limit(cage)\n    if", "    if", CAGE, "no limit of memory or time"),
    Fault(
        "image/cage.py",
        "DENIED if cage.writable else DENIED | DENIED_TO_READERS",
        "DENIED",
        CAGE,
        "a reader may change modes and owners",
    ),
    Fault(
        "image/cage.py",
        "(IF_NOT_BELOW, count + 1, 0, X32)",
        "(IF_NOT_BELOW, 0, 0, X32)",
        CAGE,
        "the second set of system calls passes the filter",
    ),
    Fault("image/cage.py", "SCOPES if abi >= 6 else 0", "0", CAGE, "signals to processes outside"),
    Fault(
        "image/cage.py",
        "_libc().prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)",
        "pass",
        CAGE + " --timeout=20",
        "a worker outlives its leader",
    ),
    Fault("cli/caged.py", "            cage.enter(walls)\n", "", CAGED, "a worker without a cage"),
    Fault(
        "cli/caged.py",
        "writable, limits.memory, int(",
        "writable, None, int(",
        CAGED,
        "a worker may take all memory",
    ),
    Fault(
        "cli/caged.py",
        "issubclass(found, Enum) or (module.startswith(MODEL) and is_dataclass(found))",
        "True",
        CAGED,
        "a worker makes the leader call any class of ours",
    ),
)
