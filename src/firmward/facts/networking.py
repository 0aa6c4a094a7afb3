"""Whether the system uses a network at all: only then a packet filter is missed.

It does when it has a socket that others can reach, or starts what brings an interface up or has no use without one.
"""

from firmward.facts.command_line import own_words
from firmward.facts.listeners import Listeners
from firmward.facts.startup import Process, Start, Startup
from firmward.model.facts import Unknown

_PROGRAMS = """
udhcpc udhcpc6 dhcpcd dhclient NetworkManager systemd-networkd networkd connmand netifd wpa_supplicant hostapd ifup
ifplugd pppd ModemManager networking avahi-daemon chronyd ntpd systemd-timesyncd
"""
PROGRAMS = frozenset(_PROGRAMS.split())
SERVICES = ("network", "networking")
"""Scripts and units that bring up what their configuration names."""

LOOPBACK = ("lo", "127.0.0.1")


def is_networked(startup: Startup, listeners: Listeners | Unknown | None) -> bool:
    if isinstance(listeners, Listeners) and listeners.reachable:
        return True
    return any(_brings_up(process) for process in startup.processes if process.start is not Start.DISABLED)


def _brings_up(process: Process) -> bool:
    if process.program in PROGRAMS or process.service.rpartition("/")[2].removesuffix(".service") in SERVICES:
        return True
    words = own_words(process.argv)
    if any(word in LOOPBACK for word in words):
        return False
    if process.program == "ifconfig":
        return len(words) > 1 and words[-1] != "down"
    return process.program == "ip" and ("up" in words or "add" in words) and words[:1] != ("rule",)
