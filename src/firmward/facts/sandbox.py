"""What a known program needs to do its work, so that all else can be taken from it: rows in sandboxes/, one a program.

A row says under what the program was really run, and seen to serve: a filter of system calls and a limit of what is
written are promised as safe for these alone. `beyond` finds in a program's configuration what makes it do more than
was seen, such as running programs of others.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from firmward.facts import sandboxes

WORK = ("NET_ADMIN", "NET_RAW", "SYS_TIME")
"""What a program keeps that runs as an account of its own from the start: the others of a row serve to become one."""

SECRET = re.compile(r"(?i)passw|secret|token|api.?key|credential|://[^/\s]*@")
"""What may be a secret on a command line: such a line is not copied anywhere."""

UNREAD = "\0"

LITTLE = 3.0
"""Below this value of `systemd-analyze security` is each row that says no `exposure` of its own."""

BASE = (
    ("NoNewPrivileges", "yes"),
    ("ProtectSystem", "strict"),
    ("ProtectHome", "yes"),
    ("PrivateTmp", "yes"),
    ("PrivateDevices", "yes"),
    ("PrivateMounts", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectProc", "invisible"),
    ("ProcSubset", "pid"),
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("LockPersonality", "yes"),
    ("MemoryDenyWriteExecute", "yes"),
    ("KeyringMode", "private"),
    ("SystemCallArchitectures", "native"),
    ("SystemCallErrorNumber", "EPERM"),
)
"""systemd's settings that all rows have, but for what a row says otherwise."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What `programs` need.

    `seen` says under what they were run, empty where nobody did. `capabilities` are what they need of root's power,
    `families` the sockets, `calls` the groups and calls beyond systemd's @system-service without what is privileged.
    `writes` is where they write by their usual configuration, `reads` what else AppArmor has to let them read, `runs`
    the programs that they start, by name or as "shells" or "containers". `options` replace those of `BASE`, None takes
    one out. `configuration` are the files that they read by themselves, `accounts` what distributions call their
    account. `tasks` and `memory` are limits far above what was seen, `beyond` finds in the configuration what was not.
    `exposure` is the lowest value of `systemd-analyze security` at which those that hand out shells still let in, and
    those that manage containers still start them: `left` are the settings that would lower it, and what was seen to
    fail under each.
    """

    programs: tuple[str, ...]
    seen: str = ""
    capabilities: tuple[str, ...] = ()
    families: tuple[str, ...] = ("AF_INET", "AF_INET6", "AF_UNIX")
    calls: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    options: tuple[tuple[str, str | None], ...] = ()
    configuration: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    tasks: int = 64
    memory: str = "128M"
    beyond: str = ""
    exposure: float | None = None
    left: tuple[tuple[str, str], ...] = ()

    def settings(self) -> tuple[tuple[str, str], ...]:
        """All of systemd's, but for the paths that are written."""
        own = dict(self.options)
        found = [(key, own.get(key, value)) for key, value in BASE]
        found += [(key, value) for key, value in self.options if key not in dict(BASE)]
        calls = () if "SystemCallFilter" in own else self._filter()
        bounding = () if "CapabilityBoundingSet" in own else (("CapabilityBoundingSet", self._bounding()),)
        families = (("RestrictAddressFamilies", " ".join(self.families)),) if self.families else ()
        return tuple((key, value) for key, value in (*found, *bounding, *families, *calls) if value is not None)

    @property
    def unread(self) -> str:
        """What stands for a configuration that cannot be read."""
        return UNREAD

    def _bounding(self) -> str:
        return " ".join(f"CAP_{name}" for name in self.capabilities)

    def _filter(self) -> tuple[tuple[str, str], ...]:
        more = (("SystemCallFilter", " ".join(self.calls)),) if self.calls else ()
        return ("SystemCallFilter", "@system-service"), ("SystemCallFilter", "~@privileged @resources"), *more

    def kept(self) -> tuple[str, ...]:
        """Its capabilities where it has an account from the start."""
        return tuple(name for name in self.capabilities if name in WORK)

    def does_more(self, configuration: str) -> bool:
        """Whether a configuration asks for more than was seen."""
        if configuration == UNREAD:
            return True
        return bool(self.beyond) and re.search(self.beyond, configuration, re.MULTILINE) is not None


@cache
def rows() -> Mapping[str, Sandbox]:
    """By program."""
    found: dict[str, Sandbox] = {}
    for file in iter_modules(sandboxes.__path__):
        row: Sandbox = import_module(f"{sandboxes.__name__}.{file.name}").ROW
        found |= dict.fromkeys(row.programs, row)
    return MappingProxyType(found)


def held(row: Sandbox | None, ports: bool) -> tuple[str, ...]:
    """The capabilities of a program that has an account from the start, and opens `ports` below 1024."""
    return (*(row.kept() if row is not None else ()), *(("NET_BIND_SERVICE",) if ports else ()))
