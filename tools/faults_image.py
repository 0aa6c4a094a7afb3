"""Breakages of what opens an image and looks inside it: the cage, the search for parts, budgets, extraction, maps."""

from fault import Fault

CAGE = "tests/image/test_cage.py"
CAGED = "tests/cli/test_caged.py"
EXTRACT = "tests/cli/test_extract.py"
EXAMPLES = "tests/test_every_check.py"
UNBLOB = "tests/cli/test_unblob.py"

ROWS = (
    Fault(
        "image/cage.py",
        "if here.landlock and cage.readable is not None:",
        "if False:",
        CAGE,
        "a cage without Landlock: a reader reads and writes any file",
    ),
    Fault(
        "image/cage.py", "if here.seccomp:", "if False:", CAGE, "a cage without seccomp: a reader reaches the network"
    ),
    Fault(
        "image/cage.py",
        "denied = DENIED if cage.writable else DENIED | DENIED_TO_READERS",
        "denied = DENIED",
        CAGE,
        "a reader changes modes and owners",
    ),
    Fault("image/cage.py", "    _limit(cage)\n", "", CAGE, "a cage without a limit of memory"),
    Fault("image/cage.py", "(resource.RLIMIT_CPU, cage.seconds)", "", CAGE, "a cage without a limit of CPU"),
    Fault("image/cage.py", "SCOPES if abi >= 6 else 0", "0", CAGE, "a reader kills the process that leads"),
    Fault(
        "image/cage.py",
        "_allow(ruleset, readable, READ_FILE | READ_DIR)",
        "_allow(ruleset, readable, rights)",
        CAGE,
        "what may be read may be written",
    ),
    Fault(
        "image/cage.py",
        "_allow(ruleset, cage.writable, rights & ~EXECUTE)",
        "_allow(ruleset, cage.writable, rights)",
        UNBLOB,
        "what was written may be started",
    ),
    Fault("image/cage.py", "count + 1, 0, X32", "0, 0, X32", CAGE, "the second set of system calls of x86-64 is open"),
    Fault(
        "cli/caged.py",
        "            cage.enter(walls)\n",
        "",
        f"{CAGED} tests/cli/test_audit.py",
        "the worker that reads the image is in no cage",
    ),
    Fault(
        "cli/caged.py",
        "issubclass(found, Enum) or (module.startswith(MODEL) and is_dataclass(found))",
        "True",
        CAGED,
        "a worker's message may name any class of ours",
    ),
    Fault(
        "cli/caged.py",
        'if module.startswith("firmward.") and "." not in name:',
        'if "." not in name:',
        CAGED,
        "a worker's message may name an enumeration of any module, which is imported for it",
    ),
    Fault("cli/caged.py", "if length > FRAME_LIMIT:", "if False:", CAGED, "a worker's message may be of any length"),
    Fault("cli/caged.py", "        cage.die_with_parent()\n", "", CAGED, "a reader outlives its leader"),
    Fault(
        "cli/caged.py",
        "issubclass(found, errors.FirmwardError)",
        "True",
        CAGED,
        "a worker may raise anything that the module of errors knows",
    ),
)
