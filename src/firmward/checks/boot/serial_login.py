"""serial-login"""

from collections.abc import Iterator

from firmward.facts.closings import Closings
from firmward.facts.init import PROGRAMS
from firmward.facts.process import Manager
from firmward.facts.serial_logins import SerialLogin, SerialLogins
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import Change, DisableService, Remedy, RemoveLine, Safety, Stage, WriteFile

LOCKED = {"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/shadow": "root:*:19000:0:99999:7:::\n"}
EXTLINUX = "boot/extlinux/extlinux.conf"
UNITS = "usr/lib/systemd/system"
CLOSED = ("off", "output-only")
INITTAB = "etc/inittab"
BUSYBOX_TABLE = """\
::sysinit:/etc/init.d/rcS
::ctrlaltdel:/sbin/reboot
::shutdown:/sbin/swapoff -a
::shutdown:/bin/umount -a -r
::restart:/sbin/init
"""
"""What BusyBox's init does without a table, but for the shells that it offers."""


@check(
    title="A login waits on a serial line",
    severity=Severity.HIGH,
    practice="P09",
    cwe=1299,
    bad=(
        Example({"etc/inittab": "ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100\n", **LOCKED}),
        Example({"etc/inittab": "ttyAMA0::askfirst:-/bin/sh\n"}),
        Example({"etc/inittab": "::respawn:-/bin/ash\n", EXTLINUX: "LABEL a\n  APPEND console=ttymxc0,115200\n"}),
        Example({"etc/inittab": "id:3:initdefault:\nS0:23:respawn:/sbin/getty -n -l /bin/sh ttyS0 115200\n"}),
        Example(
            {
                "sbin/init": link("/usr/lib/systemd/systemd"),
                "usr/lib/systemd/systemd": executable(b"\x7fELF"),
                f"{UNITS}/default.target": link("multi-user.target"),
                f"{UNITS}/multi-user.target": "[Unit]\nDescription=all\n",
                f"{UNITS}/serial-getty@.service": "[Service]\nExecStart=-/sbin/agetty - $TERM\nTTYPath=/dev/%I\n",
                "etc/systemd/system/multi-user.target.wants/serial-getty@ttySTM0.service": link(
                    f"/{UNITS}/serial-getty@.service"
                ),
            }
        ),
    ),
    good=(
        Example({"etc/inittab": "::sysinit:/etc/init.d/rcS\n#ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100\n"}),
        Example({"etc/inittab": "tty1::respawn:/sbin/getty 38400 tty1\n::respawn:/usr/bin/meterd -d /dev/ttyS1\n"}),
        Example(
            {"etc/inittab": "::askfirst:-/bin/sh\n", EXTLINUX: "LABEL a\n  APPEND root=/dev/sda2 console=ttynull\n"}
        ),
    ),
)
def serial_login(logins: SerialLogins, closings: Closings | Unknown | None, policy: Policy | None) -> Findings:
    """Who opens one device and finds its serial pins types a name there, and passwords after it for as long as he
    likes: nothing on a serial line locks out who guesses. A product has nobody who works at its pins; the login was
    for the workshop. Where no password is asked, by a shell that waits for a key, a getty that logs in by itself, or an
    account without a password, one device is taken over in a minute, and what it knows of all the others: that is
    critical.
    """
    doubts = list(logins.unread)
    told = set()
    for login in sorted(logins.found, key=lambda one: one.asks):
        if login.asks and not login.is_certain:
            doubts.append(f"{login.at}: whether the console is a serial line is not known")
        elif login.terminal not in told:
            told.add(login.terminal)
            yield _finding(login, closings, policy)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _finding(login: SerialLogin, closings: Closings | Unknown | None, policy: Policy | None) -> Finding:
    line = login.terminal if login.is_certain else f"the {login.terminal}"
    return Finding(
        login.terminal,
        f"{login.service} starts {login.program} on {line}, a way in by three wires"
        + ("" if login.asks else f", and {login.why}"),
        at=login.at,
        evidence=login.line.strip() or None,
        severity=None if login.asks else Severity.CRITICAL,
        remedy=_remedy(login, closings, policy),
    )


def _remedy(login: SerialLogin, closings: Closings | Unknown | None, policy: Policy | None) -> Remedy:
    """Safe where the policy says that the console lets nobody in."""
    summary = "Start no login and no shell on the serial line of a product"
    changes = tuple(_changes(login, closings))
    if not changes:
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    if policy is not None and policy.boot is not None and policy.boot.console in CLOSED:
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, changes)
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, changes, "the workshop does not log in at the serial pins")


def _changes(login: SerialLogin, closings: Closings | Unknown | None) -> Iterator[Change]:
    """The line that starts it, or its unit; where BusyBox's init has no table, one that says the same without it."""
    found = closings.at(login.manager, login.service, login.at) if isinstance(closings, Closings) else None
    path = login.at.path or ""
    if found is not None and not found.takes:
        yield found.change
    elif login.manager is Manager.SYSTEMD:
        yield DisableService(login.manager.value, login.service)
    elif login.manager is Manager.INITTAB and path == INITTAB and login.program in login.line:
        yield RemoveLine(path, login.at.line or 1, login.line)
    elif login.manager is Manager.INITTAB and path in PROGRAMS:
        yield WriteFile(INITTAB, BUSYBOX_TABLE)
