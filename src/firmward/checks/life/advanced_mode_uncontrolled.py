"""advanced-mode-uncontrolled"""

from firmward.facts.unlocks import Trigger, Unlock, Unlocks
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

WORDS = {
    Trigger.FILE: "when {cue} is there: whatever can write that file opens it",
    Trigger.MEDIUM: "from {cue}: whoever brings the medium opens it",
    Trigger.ENVIRONMENT: "when {cue} says so: whoever can set that opens it, from afar too once root",
    Trigger.SETTING: "when {cue} says so: whatever changes settings opens it",
    Trigger.REQUEST: "when {cue} is asked for: everybody whom the web server lets in opens it",
    Trigger.PACKET: "for {cue} that anyone in the network may send",
    Trigger.DEVELOPER: "over {cue} and asks nobody for a key",
    Trigger.BUTTON: "by {cue} and erases nothing: who holds the device for a minute has its secrets",
}
INITTAB = "::sysinit:/etc/init.d/rcS\n"


def _system(*lines: str) -> Example:
    return Example({"etc/inittab": INITTAB, "etc/init.d/rcS": executable("\n".join(("#!/bin/sh", *lines, "")))})


UNITS = "usr/lib/systemd/system"


def _unit(condition: str) -> Example:
    return Example(
        {
            "sbin/init": link("/usr/lib/systemd/systemd"),
            "usr/lib/systemd/systemd": executable(b"\x7fELF"),
            f"{UNITS}/default.target": link("multi-user.target"),
            f"{UNITS}/multi-user.target": "[Unit]\nDescription=all\n",
            f"{UNITS}/debug.service": f"[Unit]\n{condition}\n[Service]\nExecStart=/usr/sbin/telnetd -F\n",
            "etc/systemd/system/multi-user.target.wants/debug.service": link(f"/{UNITS}/debug.service"),
        }
    )


@check(
    title="A developer or service mode opens without presence or without erasing secrets",
    severity=Severity.HIGH,
    practice="P45",
    cwe=489,
    bad=(
        _system("[ -f /data/.debug ] && /usr/sbin/telnetd"),
        _unit("ConditionPathExists=/data/.debug"),
        _system('if [ "$(fw_printenv -n service_mode)" = "1" ]; then', "    dropbear -p 2222", "fi"),
        _system("if [ -f /mnt/usb/debug.sh ]; then", "    sh /mnt/usb/debug.sh", "fi"),
        Example(
            {
                "etc/inittab": "::respawn:/usr/sbin/uhttpd -f -h /www\n",
                "www/cgi-bin/diag": executable('#!/bin/sh\n[ "$QUERY_STRING" = telnet ] && telnetd -l /bin/sh\n'),
            }
        ),
        Example({"etc/inittab": "::respawn:/usr/bin/adbd\n", "default.prop": "ro.adb.secure=0\nro.debuggable=1\n"}),
    ),
    good=(
        _system(
            "[ -x /usr/sbin/dropbear ] || exit 0", "[ -f /etc/default/dropbear ] && . /etc/default/dropbear", "dropbear"
        ),
        _unit("ConditionPathExists=!/data/.no_debug"),
        _system(
            'if [ "$(cat /sys/class/gpio/gpio5/value)" = "0" ]; then',
            "    cryptsetup erase /dev/mmcblk0p4",
            "    dropbear",
            "fi",
        ),
        Example({"etc/inittab": "::respawn:/usr/bin/adbd\n", "default.prop": "ro.adb.secure=1\nro.debuggable=0\n"}),
    ),
)
def advanced_mode_uncontrolled(unlocks: Unlocks, policy: Policy | None) -> Findings:
    """Vendors leave themselves a way in: a file, a variable of the boot loader, a page, a packet or a stick that starts
    telnet, SSH or a debug bridge. Whoever learns of it has it on every device, mostly from afar. A mode for developers
    or owners is right where it takes a hand on the device (a button, a jumper) and erases the owner's data and the
    device's keys before it opens. One that takes a hand and erases nothing is medium. Compiled programs are not looked
    into.
    """
    declared = policy.modes.advanced if policy is not None and policy.modes is not None else None
    for unlock in unlocks.unlocks:
        if unlock.cue.trigger is not Trigger.BUTTON:
            yield _finding(unlock, None)
        elif not unlock.wipes:
            yield _finding(unlock, Severity.MEDIUM)
        elif declared == "none":
            yield _undeclared(unlock)
    if unlocks.unread:
        raise Unavailable("; ".join(unlocks.unread[:5]))


def _finding(unlock: Unlock, severity: Severity | None) -> Finding:
    how = WORDS[unlock.cue.trigger].format(cue=unlock.cue.text)
    verb = "waits" if unlock.cue.trigger in (Trigger.PACKET, Trigger.DEVELOPER) else "is opened"
    return Finding(
        unlock.key,
        f"{unlock.opens} {verb} {how}",
        at=unlock.at,
        remedy=Remedy(
            "Take it out; where owners need a way in, open it by a button or jumper alone, after the data and keys are "
            "erased, and declare it as [modes].advanced",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
        severity=severity,
    )


def _undeclared(unlock: Unlock) -> Finding:
    return Finding(
        unlock.key,
        f"{unlock.opens} is opened by {unlock.cue.text} after erasing, and the policy declares no such mode",
        at=unlock.at,
        remedy=Remedy("Declare it as [modes].advanced in device.toml, or take it out", Safety.MANUAL, Stage.SOURCE),
        severity=Severity.LOW,
    )
