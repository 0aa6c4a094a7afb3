"""A hidden mode is as bad as what it takes to enter it, and the policy may declare one that erases."""

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.example import judge_example
from firmward.model.check import Example
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import executable, link

CHECK = find_check("advanced-mode-uncontrolled")
BUTTON = 'if [ "$(cat /sys/class/gpio/gpio5/value)" = 1 ]; then'
HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW

MODES = [
    (("[ -f /data/.debug ] && telnetd",), "", HIGH),
    (("[ -f /mnt/usb/debug ] && telnetd",), "", HIGH),
    (("[ -f /data/.debug ] && { rm -rf /data/keys; telnetd; }",), "", HIGH),
    ((BUTTON, "telnetd", "fi"), "", MEDIUM),
    ((BUTTON, "telnetd", "fi"), "[modes]\nadvanced = 'button'\n", MEDIUM),
    ((BUTTON, "mkfs.ext4 /dev/mmcblk0p4", "telnetd", "fi"), "", None),
    ((BUTTON, "mkfs.ext4 /dev/mmcblk0p4", "telnetd", "fi"), "[modes]\nadvanced = 'button'\n", None),
    ((BUTTON, "mkfs.ext4 /dev/mmcblk0p4", "telnetd", "fi"), "[modes]\nadvanced = 'none'\n", LOW),
    (("telnetd",), "", None),
]


@pytest.mark.parametrize(("lines", "policy", "severity"), MODES)
def test_it_weighs_what_it_takes(lines: tuple[str, ...], policy: str, severity: Severity | None) -> None:
    script = executable("\n".join(("#!/bin/sh", *lines, "")))
    verdict = judge_example(
        CHECK, Example({"etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": script}, policy)
    )
    assert verdict.outcome is (Outcome.PASS if severity is None else Outcome.FAIL)
    assert [finding.severity or CHECK.severity for finding in verdict.findings] == (
        [] if severity is None else [severity]
    )


def test_a_path_unit_that_waits_for_a_file_is_seen() -> None:
    units = "usr/lib/systemd/system"
    files = {
        "sbin/init": link("/usr/lib/systemd/systemd"),
        "usr/lib/systemd/systemd": executable(b"\x7fELF"),
        f"{units}/default.target": link("multi-user.target"),
        f"{units}/multi-user.target": "[Unit]\nDescription=all\n",
        f"{units}/open.path": "[Path]\nPathExists=/data/open\nUnit=shell.service\n",
        f"{units}/shell.service": "[Service]\nExecStart=/usr/sbin/telnetd -F\n",
        "etc/systemd/system/multi-user.target.wants/open.path": link(f"/{units}/open.path"),
    }
    assert [one.key for one in judge_example(CHECK, Example(files)).findings] == ["telnetd by /data/open"]
