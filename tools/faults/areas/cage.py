"""The cage around who reads hostile bytes, its workers, and what becomes of one that is lost."""

from fault import Fault

CAGE = "tests/image/test_cage.py"
CAGED = "tests/cli/test_caged.py"
WORKERS = "tests/cli/test_workers.py"
INSIDE = "tests/cli/test_caged.py tests/cli/test_ls.py tests/cli/test_cat.py"

FAULTS = (
    Fault("image/cage.py", "if here.landlock and cage.readable is not None:", "if False:", CAGE, "no Landlock"),
    Fault("image/cage.py", "if here.seccomp:", "if False:", CAGE, "no seccomp"),
    Fault("image/cage.py", "    _limit(cage)\n    if", "    if", CAGE, "no limit of memory or time"),
    Fault(
        "image/cage.py", "(resource.RLIMIT_CPU, cage.seconds)", "(resource.RLIMIT_CPU, None)", CAGE, "no limit of CPU"
    ),
    Fault(
        "image/cage.py",
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
        "pass",
        CAGE,
        "a dying reader leaves a core with what it held",
    ),
    Fault(
        "image/cage.py",
        "DENIED if cage.writable else DENIED | DENIED_TO_READERS",
        "DENIED",
        CAGE,
        "a reader may change modes and owners",
    ),
    Fault(
        "image/cage.py",
        "_allow(ruleset, readable, READ_FILE | READ_DIR)",
        "_allow(ruleset, readable, rights)",
        CAGE,
        "what may be read may be written and run",
    ),
    Fault(
        "image/cage.py",
        "(IF_NOT_BELOW, count + 1, 0, X32)",
        "(IF_NOT_BELOW, 0, 0, X32)",
        CAGE,
        "the second set of system calls passes the filter",
    ),
    Fault(
        "image/cage.py", "(ANSWER, 0, 0, KILL)", "(ANSWER, 0, 0, ALLOW)", CAGE, "another architecture passes the filter"
    ),
    Fault("image/cage.py", "SCOPES if abi >= 6 else 0", "0", CAGE, "signals to processes outside"),
    Fault("image/cage.py", "TCP if abi >= 4 else 0", "0", CAGE, "no Landlock for the network"),
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
        "return Cage((target, own, *folders), writable, limits.memory,",
        "return Cage((target, own, *folders), writable, None,",
        CAGED,
        "a worker may take all memory",
    ),
    Fault(
        "cli/caged.py",
        "return Cage((target, own, *folders),",
        "return Cage((target.parent, own, *folders),",
        CAGED,
        "a worker may read what lies beside the image",
    ),
    Fault(
        "cli/caged.py",
        "issubclass(found, Enum) or (module.startswith(MODEL) and is_dataclass(found))",
        "True",
        CAGED,
        "a worker makes the leader call any class of ours",
    ),
    Fault(
        "cli/caged.py",
        'if module.startswith("firmward.") and "." not in name:',
        "if True:",
        CAGED,
        "a worker makes the leader call anything",
    ),
    Fault("cli/caged.py", "if length > FRAME_LIMIT:", "if False:", CAGED, "a worker's message without an end is kept"),
    Fault(
        "cli/caged.py",
        "avoided[worker.at[-1]] = reason",
        "avoided[worker.at[0]] = reason",
        CAGED,
        "the wrong part blamed for a lost reader",
    ),
    Fault("cli/caged.py", "len(avoided) >= RESTARTS", "False", CAGED, "readers started without end"),
    Fault(
        "cli/caged.py",
        "if status == -SHRUNK and not shrunk:",
        "if status == -SHRUNK:",
        CAGED + " --timeout=30",
        "a file that goes on shrinking is read for ever",
    ),
    Fault(
        "cli/caged.py",
        "quiet_until = ends if self._judging else min(ends, heard + SILENCE)",
        "quiet_until = ends",
        CAGED + " --timeout=30",
        "a silent reader waited for to the end",
    ),
    Fault(
        "image/opening.py",
        'self._budget.leave_out(f"{place.id}: {reason}")',
        "pass",
        CAGED,
        "a part whose reader was lost leaves the report complete",
    ),
    Fault(
        "cli/inside.py",
        "raise typer.Exit(EXIT_INCOMPLETE) from None",
        "raise typer.Exit(0) from None",
        INSIDE,
        "a lost reader reported as clean",
    ),
    Fault(
        "cli/inside.py",
        "return (*problems, *image.budget.exhausted)",
        "return tuple(problems)",
        INSIDE,
        "a budget that ran out not told by ls",
    ),
    Fault("cli/workers.py", "if code == 0:", "if worker.said:", WORKERS, "half an answer taken for one"),
    Fault(
        "cli/workers.py", "if worker.is_late:", "if False:", WORKERS, "a worker out of time told as one out of memory"
    ),
    Fault(
        "cli/workers.py",
        "left = min(max(0.0, self._ends - time.monotonic()), LONG)",
        "left = LONG",
        WORKERS + " --timeout=20",
        "a worker that hangs is waited for",
    ),
    Fault(
        "cli/workers.py",
        "return [answers[index] for index in range(len(items))]",
        "return list(answers.values())",
        WORKERS,
        "answers given to the wrong parts",
    ),
)
