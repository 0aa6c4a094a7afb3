"""What has to change so that a program starts no more."""

import pytest

from firmward.facts.closings import Closing, Closings
from firmward.facts.collection import Collection
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.remedy import DisableService, RemoveLine, ReplaceLine

ELF = executable(b"\x7fELF\x02\x01\x01")
RCS = executable("#!/bin/sh\nfor i in /etc/init.d/S??*; do $i start; done\n")
BUSYBOX: dict[str, Content] = {"etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": RCS}
UNITS = "usr/lib/systemd/system"
SYSTEMD: dict[str, Content] = {
    "usr/lib/systemd/systemd": ELF,
    "sbin/init": link("../usr/lib/systemd/systemd"),
    f"{UNITS}/default.target": link("multi-user.target"),
    f"{UNITS}/multi-user.target": "[Unit]\nWants=app.service\n",
}
OPENRC: dict[str, Content] = {
    "sbin/openrc": ELF,
    "etc/inittab": "::sysinit:/sbin/openrc sysinit\n::wait:/sbin/openrc default\n",
    "etc/init.d/telnetd": executable("#!/sbin/openrc-run\ncommand=/usr/sbin/telnetd\n"),
}


def closing(files: dict[str, Content], program: str = "telnetd") -> Closing | None:
    found = Collection(MemoryTree(files)).get(Closings)
    assert isinstance(found, Closings)
    return next((one for one in found.all if one.program == program), None)


CASES = {
    "a script that starts it alone goes as a whole": (
        {**BUSYBOX, "etc/init.d/S50telnetd": executable("#!/bin/sh\nmkdir -p /run/t\ntelnetd\n")},
        DisableService("sysv", "S50telnetd"),
        (),
    ),
    "of a script that starts more the line goes": (
        {**BUSYBOX, "etc/init.d/S50app": executable("#!/bin/sh\n/usr/bin/app &\n\ttelnetd -p 24\n")},
        ReplaceLine("etc/init.d/S50app", 3, "\ttelnetd -p 24", "\t:"),
        (),
    ),
    "a line that cannot go takes the others with it": (
        {**BUSYBOX, "etc/init.d/S50app": executable("#!/bin/sh\n/usr/bin/app &\ntelnetd; exit 0\n")},
        DisableService("sysv", "S50app"),
        ("app",),
    ),
    "a script that the service calls loses the line": (
        {
            **BUSYBOX,
            "etc/init.d/S50app": executable("#!/bin/sh\n/opt/start.sh\n"),
            "opt/start.sh": executable("#!/bin/sh\ntelnetd &\n"),
        },
        ReplaceLine("opt/start.sh", 2, "telnetd &", ":"),
        (),
    ),
    "rcS itself loses the line": (
        {**BUSYBOX, "etc/init.d/rcS": executable("#!/bin/sh\ntelnetd\n/usr/bin/app &\n")},
        ReplaceLine("etc/init.d/rcS", 2, "telnetd", ":"),
        (),
    ),
    "a loop that starts it over and over goes with it": (
        {
            "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
            "etc/init.d/rcS": executable("#!/bin/sh\nwhile :; do\n  telnetd -F\ndone &\nsyslogd\n"),
        },
        ReplaceLine("etc/init.d/rcS", 2, "while :; do\n  telnetd -F\ndone &", ":"),
        (),
    ),
    "a line of inittab goes": (
        {"etc/inittab": "::respawn:/usr/sbin/telnetd -F\n"},
        RemoveLine("etc/inittab", 1, "::respawn:/usr/sbin/telnetd -F"),
        (),
    ),
    "a unit is switched off": (
        {**SYSTEMD, f"{UNITS}/app.service": "[Service]\nExecStart=/usr/sbin/telnetd -F\n"},
        DisableService("systemd", "app.service"),
        (),
    ),
    "a unit that another one requires takes it along": (
        {
            **SYSTEMD,
            f"{UNITS}/app.service": "[Unit]\nRequires=door.service\n[Service]\nExecStart=/usr/bin/app\n",
            f"{UNITS}/door.service": "[Service]\nExecStart=/usr/sbin/telnetd -F\n",
        },
        DisableService("systemd", "door.service"),
        ("app.service",),
    ),
    "a service of OpenRC": (
        {**OPENRC, "etc/runlevels/default/telnetd": link("/etc/init.d/telnetd")},
        DisableService("openrc", "telnetd"),
        (),
    ),
    "a service of OpenRC that another one needs is nobody's to stop": (
        {
            **OPENRC,
            "etc/init.d/app": executable("#!/sbin/openrc-run\ncommand=/usr/bin/app\ndepend() {\n\tneed telnetd\n}\n"),
            "etc/runlevels/default/app": link("/etc/init.d/app"),
        },
        None,
        (),
    ),
}


@pytest.mark.parametrize(("files", "change", "takes"), CASES.values(), ids=CASES)
def test_what_closes_it(files: dict[str, Content], change: object, takes: tuple[str, ...]) -> None:
    found = closing(files)
    assert (found.change if found else None) == change
    assert (found.takes if found else ()) == takes
