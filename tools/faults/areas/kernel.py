"""Kernel parameters, mandatory access control, containers."""

from fault import Fault

FAULTS = (
    Fault(
        "checks/kernel/sysctl.py",
        "    if row.enough(verdicts):",
        "    if any(verdicts):",
        "tests/checks/kernel/test_sysctl.py",
        "one good parameter of two is enough",
    ),
    Fault(
        "checks/kernel/sysctl.py",
        "    elif not settings.unread:",
        "    else:",
        "tests/checks/kernel/test_sysctl.py",
        "a parameter is called left alone although a file could not be read",
    ),
    Fault(
        "facts/sysctl.py",
        "if init.program is Program.SYSTEMD and _at_boot(units):",
        "if _at_boot(units):",
        "tests/facts/test_sysctl.py",
        "files count that nothing applies",
    ),
    Fault(
        "facts/scripts/builtins.py",
        '    if target.startswith(PARAMETERS) and "$" not in target:',
        "    if target == PARAMETERS:",
        "tests/facts/test_sysctl.py tests/test_every_check.py",
        "what a script writes to proc/sys is not seen",
    ),
)
