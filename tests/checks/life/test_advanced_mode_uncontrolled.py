"""A hidden mode is as bad as what it takes to enter it, and the policy may declare one that erases."""

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.example import judge_example
from firmward.model.check import Example
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content, executable, link

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
    (('if [ "$(wget -qO- https://a.example.com/mode)" = on ]; then', "passwd -u root", "fi"), "", HIGH),
    (('[ "$(curl -s https://a.example.com/$ID)" = on ] && mount -o remount,rw /',), "", HIGH),
    (("wget -q https://a.example.com/up || exit 0", "dropbear"), "", None),
    (('[ -n "$(wget -qO- https://a.example.com/time)" ] || exit 0', "dropbear"), "", None),
    (('[ "$(wget -qO- https://u:p@a.example.com/debug)" = 1 ] || exit 0', "dropbear"), "", HIGH),
    (("[ -f /data/config ] || mount -o remount,rw /",), "", None),
    (("wget -qO /tmp/time https://a.example.com/time && date -s @$(cat /tmp/time)", "dropbear"), "", None),
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


PAGE = "<?php\nif ($_GET['dev'] === '1') {{ exec('{}'); }}\n"
PLAIN: dict[str, Content] = {"etc/inittab": "::respawn:/usr/sbin/lighttpd -D -f /etc/l.conf\n", "etc/l.conf": ""}


@pytest.mark.parametrize(
    ("files", "keys"),
    [
        ({"var/www/dev.php": PAGE.format("/usr/sbin/open")}, ["passwd by /var/www/dev.php"]),
        ({"var/www/dev.php": PAGE.format("/usr/sbin/shut")}, []),
        (
            {"usr/share/www/cgi-bin/mode.cgi": executable("#!/bin/sh\nmount -o remount,rw /\n")},
            ["the root file system by /usr/share/www/cgi-bin/mode.cgi"],
        ),
        (
            {"mnt/boot/config.json": '{"developmentMode": true}'},
            ["balenaOS by the network (developmentMode is true)"],
        ),
        ({"mnt/boot/config.json": '{"developmentMode": false}'}, []),
    ],
)
def test_what_a_request_or_a_setting_opens_is_seen(files: dict[str, Content], keys: list[str]) -> None:
    programs: dict[str, Content] = {
        "usr/sbin/open": executable("#!/bin/sh\npasswd -d root\n"),
        "usr/sbin/shut": executable("#!/bin/sh\npasswd -l root\n"),
    }
    verdict = judge_example(CHECK, Example({**PLAIN, **programs, **files}))
    assert [finding.key for finding in verdict.findings] == keys
