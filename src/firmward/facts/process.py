"""The record of one program that the system starts; every family that starts programs uses it (see startup.py)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from firmward.facts.measure import Measure
from firmward.model.location import Location

MULTI_CALL = re.compile(r"(?:.*/)?(?:busybox|toybox)[\w.+-]*")
"""BusyBox and Toybox under all their names, which need only begin so: `busybox-extras` in Alpine, `busybox.suid`."""


def is_multi_call(program: str) -> bool:
    return MULTI_CALL.fullmatch(program) is not None


def applet(argv: Sequence[str]) -> Sequence[str]:
    """The command line of the applet, where it is called by BusyBox's own name."""
    return argv[1:] if len(argv) > 1 and is_multi_call(argv[0]) else argv


class Manager(StrEnum):
    """Who starts a process."""

    SYSTEMD = "systemd"
    INITTAB = "inittab"
    SYSV = "sysv"
    PROCD = "procd"
    OPENRC = "openrc"
    INETD = "inetd"
    XINETD = "xinetd"
    SCRIPT = "script"
    """A script that init runs, such as rcS or rc.local."""


class Start(StrEnum):
    """When it starts."""

    BOOT = "boot"
    ON_DEMAND = "on-demand"
    """By a connection or an event: socket units, inetd, xinetd."""
    DISABLED = "disabled"
    """Installed, not started: not enabled, masked, or not executable."""


@dataclass(frozen=True, slots=True)
class Socket:
    """A socket that the manager opens for the process. `address` and `interface` are empty for all."""

    protocol: str
    port: int
    address: str = ""
    interface: str = ""


@dataclass(frozen=True, slots=True)
class Process:
    """One program that the system starts, as its command line stands after what is known is filled in.

    `argv[0]` is the program as written; a word that could not be worked out holds `$NAME`. `service` is the unit, init
    script, inittab id or inetd service; `user` is None where nothing says it (then it is root's). `at` is the line that
    starts it. `tty` is the terminal that an inittab line or a getty gives it; `input` the file that a script feeds it
    (`iptables-restore < file`), `told` the text (`echo text | program`), where that is known. `stays` says that whoever
    starts it means it to go on running (`start-stop-daemon`, procd, `&`), `measures` what a script puts upon it.
    """

    argv: tuple[str, ...]
    service: str
    manager: Manager
    start: Start
    at: Location
    user: str | None = None
    sockets: tuple[Socket, ...] = ()
    tty: str | None = None
    input: str | None = None
    told: str | None = field(default=None, repr=False)
    stays: bool = False
    measures: frozenset[Measure] = frozenset()

    @property
    def is_service(self) -> bool:
        """Whether its service could be switched off: a script that init runs, such as rcS, does more than this."""
        if self.manager is Manager.INITTAB:
            return self.at.path == "etc/inittab"
        return self.manager is not Manager.SCRIPT

    @property
    def program(self) -> str:
        """The program's own name, without its folder; BusyBox's applet when it is called through busybox."""
        return applet(self.argv)[0].rpartition("/")[2]
