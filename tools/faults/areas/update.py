"""Updates: which mechanisms there are, and what each verifies."""

from fault import Fault

SCRIPTS = "tests/facts/update/test_own_script.py"
PYTHON = "tests/facts/update/test_python_script.py"
CHECKS = "tests/checks/update"

FAULTS = (
    Fault(
        "facts/update/surroundings.py",
        "runs=has_cron and path in run)",
        "runs=has_cron)",
        CHECKS,
        "a job that is not executable, which run-parts passes over, taken for one that runs",
    ),
    Fault(
        "facts/update/steps.py",
        'if "=" in operator and not value:',
        "if False:",
        SCRIPTS,
        "the file whose name is given by := not read",
    ),
    Fault(
        "facts/update/swupdate_arguments.py",
        "listed = {basename(path): (path, text)",
        "listed = {path: (path, text)",
        "tests/facts/update/test_swupdate_arguments.py",
        "a fragment that its namesake in etc replaces still counted",
    ),
    Fault(
        "facts/updaters.py",
        "lost = () if around.lost is None else (around.lost,)",
        "lost = ()",
        "tests/test_every_loss.py -k update",
        "which scripts run is not known, and nothing is said of it",
    ),
    Fault(
        "checks/update/update_absent.py",
        "if updaters.unseen:",
        "if False:",
        CHECKS,
        "a program that updates, and cannot be read, taken for none",
    ),
    Fault(
        "checks/update/update_unauthenticated.py",
        "if reasons:",
        "if False:",
        CHECKS,
        "an updater that cannot be read passes",
    ),
    Fault(
        "facts/update/own_script.py",
        "if any(step.counts for step in checks):",
        "if checks:",
        SCRIPTS,
        "a signature that nobody looks at is taken for a check",
    ),
    Fault(
        "facts/update/own_script.py",
        'and checks and "-noverify" not in words',
        "and checks",
        SCRIPTS,
        "a chain of certificates that is not verified is taken for a check",
    ),
    Fault(
        "facts/update/steps.py",
        'counts=operator == "&&" or not _is_idle(right)',
        "counts=True",
        SCRIPTS,
        "a failure that only an echo follows stops nothing, and passes",
    ),
    Fault(
        "facts/update/apt.py",
        'is_part = PART.fullmatch(name) and ("." not in name or name.endswith(".conf"))',
        "is_part = True",
        CHECKS,
        "a file that APT does not read changes what is told",
    ),
    Fault(
        "facts/update/opkg.py",
        "return line is not None and (len(line.words) < 3 or line.words[2].lower() not in OFF)",
        "return line is not None",
        CHECKS,
        "a check of signatures that is switched off passes",
    ),
    Fault(
        "facts/update/rauc.py",
        "yield base64.b64decode(match[1])",
        "yield match[1]",
        CHECKS,
        "the names in a certificate are not read",
    ),
    Fault(
        "facts/update/swupdate.py",
        "if SIGNED in content:",
        "if content:",
        f"{CHECKS} tests/test_every_check.py",
        "a build without signed images passes",
    ),
    Fault(
        "facts/updaters.py",
        "unread.append(reason.reason)",
        "pass",
        "tests/test_every_loss.py -k update",
        "a mechanism that cannot be read is forgotten",
    ),
    Fault(
        "facts/update/python/walk.py",
        "counts = not bare if signers <= RETURNING else not self._is_swallowed",
        "counts = True",
        PYTHON,
        "an exception that is passed over is taken for a check of the signature",
    ),
    Fault(
        "facts/update/python/memory.py",
        "if name in OPENS or name in RESPONSES",
        "if name in RESPONSES",
        PYTHON,
        "what a script fetches into memory is forgotten before it is installed",
    ),
    Fault(
        "facts/update/swupdate.py",
        "if len(selections) == 1 and not varies and",
        "if len(selections) == 1 and",
        CHECKS,
        "a copy that a script works out is taken for always the same",
    ),
    Fault(
        "facts/update/own_script.py",
        "if runs is None and not any(",
        "if not any(",
        CHECKS,
        "what is run from where a script unpacks is taken for data",
    ),
    Fault(
        "checks/update/update_absent.py",
        'if declared == "other" and updaters is not None and updaters.able:',
        "if False:",
        CHECKS,
        "a program that could write a system is taken for one that does not",
    ),
)
