"""Debian's OpenRC under SysV's init: the two scripts of its table hand over, and SysV's scripts are the services."""

from firmward.model.memory import Content, executable, link

ELF = executable(b"\x7fELF\x02\x01\x01")


def script(command: str, *header: str) -> Content:
    lines = "".join(f"# {line}\n" for line in header)
    info = f"### BEGIN INIT INFO\n{lines}### END INIT INFO\n"
    return executable(f'#!/bin/sh\n{info}case "$1" in\n\tstart) {command} ;;\nesac\n')


FILES: dict[str, Content] = {
    "sbin/init": ELF,
    "sbin/openrc": ELF,
    "sbin/openrc-run": ELF,
    "lib/rc/bin/lsb2rcconf": ELF,
    "etc/inittab": "id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\nl2:2:wait:/etc/init.d/rc 2\n",
    "etc/init.d/rcS": executable("#!/bin/sh\nset -e\nexec /sbin/openrc sysinit\n"),
    "etc/init.d/rc": executable("#!/bin/sh\nset -e\ncase $1 in\n\t* )\n\t\texec /sbin/openrc default\n\t\t;;\nesac\n"),
    "etc/init.d/mountall.sh": script("mount -a", "Provides: mountall", "Default-Start: S"),
    "etc/init.d/networking": script("ifup -a", "Provides: networking", "Default-Start: S"),
    "etc/runlevels/sysinit/mountall.sh": link("/etc/init.d/mountall.sh"),
    "etc/runlevels/sysinit/networking": link("/etc/init.d/networking"),
    "etc/rcS.d/S06mountall.sh": link("../init.d/mountall.sh"),
    "etc/rcS.d/S10networking": link("../init.d/networking"),
}
