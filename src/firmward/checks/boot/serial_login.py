"""serial-login"""

from firmward.facts.process import Manager
from firmward.facts.serial_logins import SerialLogin, SerialLogins
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable, link
from firmward.model.remedy import Change, DisableService, Remedy, RemoveLine, Safety, Stage

LOCKED = {"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/shadow": "root:*:19000:0:99999:7:::\n"}
EXTLINUX = "boot/extlinux/extlinux.conf"
UNITS = "usr/lib/systemd/system"


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
def serial_login(logins: SerialLogins) -> Findings:
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
            yield _finding(login)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _finding(login: SerialLogin) -> Finding:
    line = login.terminal if login.is_certain else f"the {login.terminal}"
    return Finding(
        login.terminal,
        f"{login.service} starts {login.program} on {line}, a way in by three wires"
        + ("" if login.asks else f", and {login.why}"),
        at=login.at,
        evidence=login.line.strip() or None,
        severity=None if login.asks else Severity.CRITICAL,
        remedy=Remedy(
            "Start no login and no shell on the serial line of a product", Safety.UNSAFE, Stage.IMAGE, _cure(login)
        ),
    )


def _cure(login: SerialLogin) -> tuple[Change, ...]:
    """Nothing where BusyBox's own table starts it, or a script that inittab leads to: there a person must look."""
    path = login.at.path or ""
    if login.program in login.line and (path == "etc/inittab" or path.startswith(("etc/init.d/", "etc/rc"))):
        return (RemoveLine(path, login.at.line or 1, login.line),)
    return () if login.manager is Manager.INITTAB else (DisableService(login.manager.value, login.service),)
