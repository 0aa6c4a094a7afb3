"""What loads the rules at boot, in the way of the init system: early, before the network, after the maker's own rules.

systemd gets a unit that network-pre.target waits for; BusyBox and SysV a script among those of the start; OpenRC a
service in the runlevel that mounts; procd a script with its link. Where a single script does everything, inittab starts
the rules before it. Whether the system will really run it, the facts are asked afterwards (place.py).
"""

import re
from dataclasses import dataclass

from firmward.facts.firewall import Firewall
from firmward.facts.process import Manager
from firmward.facts.startup import Startup
from firmward.harden import insserv, runlevels
from firmward.harden.draft import Refused
from firmward.harden.lines import Lines
from firmward.harden.site import Site

NAME = "firmward-firewall"
SCRIPT = f"etc/init.d/{NAME}"
UNIT = f"etc/systemd/system/{NAME}.service"
NETWORK = ("networking", "mountnfs.sh")
"""Scripts that bring the network up, or want it, as Debian calls them."""
RUNLEVELS_S = ("etc/rcS.d", "etc/rc.d/rcS.d")
NUMBERED = re.compile(r"S(\d\d)(.+)")
EARLY = 4
"""After what mounts, before the network, in the usual numbers."""
OTHERS = ("nftables", "iptables", "ip6tables", "netfilter-persistent", "ufw", "firewall", "systemd-modules-load")

UNIT_TEXT = """[Unit]
Description=Packet filter from the policy of the device
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
After={after}
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
{commands}
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome=yes

[Install]
WantedBy=sysinit.target
"""

SYSV_TEXT = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          {name}
# Required-Start:
# Required-Stop:
# Default-Start:     S
# Default-Stop:
# Short-Description: Packet filter from the policy of the device
### END INIT INFO

case "$1" in
	start)
{commands}
		;;
esac
"""

OPENRC_TEXT = """#!/sbin/openrc-run

description="Packet filter from the policy of the device"

depend() {{
	after {mounts} nftables iptables ip6tables
	before net {network}
}}

start() {{
{commands}
}}
"""

PROCD_TEXT = """#!/bin/sh /etc/rc.common

START=19

start() {{
{commands}
}}
"""


@dataclass(frozen=True, slots=True)
class Loading:
    """The same twice: lines for a shell, and command lines for a unit."""

    lines: tuple[str, ...]
    commands: tuple[str, ...]

    def indented(self, tabs: int) -> str:
        return "\n".join("\t" * tabs + line for line in self.lines)


def start(site: Site, loading: Loading) -> None:
    """Raises Refused where nothing is known that could start it."""
    startup = site.facts.families.get(Startup)
    if not isinstance(startup, Startup):
        raise Refused("it is not known what starts here, and so not what could load the rules")
    if startup.init is Manager.SYSTEMD:
        _systemd(site, loading)
    elif startup.init is Manager.OPENRC:
        _openrc(site, loading)
    elif startup.init is Manager.PROCD:
        site.draft.write(SCRIPT, PROCD_TEXT.format(commands=loading.indented(1)), 0o755)
        site.draft.link(f"etc/rc.d/S19{NAME}", f"../init.d/{NAME}")
    else:
        _script(site, SYSV_TEXT.format(name=NAME, commands=loading.indented(2)))


def _systemd(site: Site, loading: Loading) -> None:
    after = " ".join(f"{name}.service" for name in OTHERS)
    commands = "\n".join(f"ExecStart={command}" for command in loading.commands)
    site.draft.write(UNIT, UNIT_TEXT.format(after=after, commands=commands))
    site.draft.link(f"etc/systemd/system/sysinit.target.wants/{NAME}.service", f"/{UNIT}")


def _openrc(site: Site, loading: Loading) -> None:
    words = {"mounts": " ".join(runlevels.MOUNTS), "network": " ".join(NETWORK), "commands": loading.indented(1)}
    site.draft.write(SCRIPT, OPENRC_TEXT.format(**words), 0o755)
    site.draft.link(f"{runlevels.that_mounts(site.draft)}/{NAME}", f"/{SCRIPT}")


def _script(site: Site, text: str) -> None:
    below = site.draft.below
    for folder in RUNLEVELS_S:
        links = [path.rpartition("/")[2] for path in below.glob(f"{folder}/S*")]
        if links:
            site.draft.write(SCRIPT, text, 0o755)
            site.draft.link(f"{folder}/S{_number(site, links)}{NAME}", f"{'../' * folder.count('/')}init.d/{NAME}")
            insserv.enlist(site.draft, insserv.BOOT, NAME, before=NETWORK, after=("mountkernfs.sh", "checkroot.sh"))
            return
    numbered = [path.rpartition("/")[2] for path in below.glob("etc/init.d/S[0-9][0-9]*")]
    if numbered:
        site.draft.write(f"etc/init.d/S{_number(site, numbered)}{NAME}", text, 0o755)
    elif below.is_file("etc/inittab"):
        site.draft.write(SCRIPT, text, 0o755)
        _inittab(site)
    else:
        raise Refused("there is no folder of start scripts and no inittab that could load the rules")


def _number(site: Site, names: list[str]) -> str:
    """The early one, or that of the last of the maker's scripts that load rules, with a name that comes after it."""
    firewall = site.facts.families.get(Firewall)
    places = firewall.loaded if isinstance(firewall, Firewall) else ()
    loaders = {site.draft.below.resolve(at.path) for at in places if at.path is not None}
    found, beside = EARLY, ""
    for name in names:
        match = NUMBERED.match(name)
        entries = [site.draft.below.resolve(f"{folder}/{name}") for folder in (*RUNLEVELS_S, "etc/init.d")]
        if match and any(entry is not None and entry in loaders for entry in entries) and int(match[1]) >= found:
            found, beside = int(match[1]), match[2]
    return f"{found:02}" if beside < NAME else f"{found:02}zz-"


def _inittab(site: Site) -> None:
    """Before the first script that init waits for."""
    table = Lines.of(site.draft, "etc/inittab")
    if any(NAME in line for line in table.all):
        return
    first = next((index for index, line in enumerate(table.all) if _runs_script(line)), None)
    if first is None:
        raise Refused("inittab starts no script that the rules could come before")
    identifier = "" if table.all[first].startswith(":") else "fw"
    table.all.insert(first, f"{identifier}::sysinit:/{SCRIPT} start")
    table.write()


def _runs_script(line: str) -> bool:
    fields = line.split(":", 3)
    return not line.startswith("#") and len(fields) == 4 and fields[2] == "sysinit" and "/etc/" in fields[3]
