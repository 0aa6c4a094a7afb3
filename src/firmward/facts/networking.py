"""Whether this system uses a network at all.

An initramfs that only mounts a root, or a tool's own root, does not, and questions about firewalls and zones have no
sense there.
"""

from dataclasses import dataclass

from firmward.facts.command_line import own_words
from firmward.facts.listeners import Listeners
from firmward.facts.startup import Process, Start, Startup
from firmward.model.facts import Unknown
from firmward.model.location import Location

PROGRAMS = frozenset(
    (
        *("udhcpc", "udhcpc6", "dhcpcd", "dhclient", "NetworkManager", "systemd-networkd", "networkd", "connmand"),
        *("netifd", "wpa_supplicant", "hostapd", "ifup", "ifplugd", "pppd", "ModemManager", "networking"),
        *("avahi-daemon", "chronyd", "ntpd", "systemd-timesyncd"),
    )
)
"""Programs that bring up a network, or have no use without one."""

SERVICES = frozenset({"network", "networking"})
"""Scripts and units that bring up what their configuration names."""

LOOPBACK = ("lo", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Networking:
    """The system brings up a network or opens a socket that others reach; `at` is the first place that shows it."""

    at: Location


def collect(startup: Startup, listeners: Listeners | Unknown | None) -> Networking | None:
    reachable = listeners.reachable if isinstance(listeners, Listeners) else ()
    places = [process.at for process in startup.processes if process.start is not Start.DISABLED and _uses(process)]
    places += [listener.at for listener in reachable]
    if not places:
        startup.require_seen()
        return None
    return Networking(places[0])


def _uses(process: Process) -> bool:
    if process.program in PROGRAMS or process.service.rpartition("/")[2].removesuffix(".service") in SERVICES:
        return True
    words = own_words(process.argv)
    if any(word in LOOPBACK for word in words):
        return False
    if process.program == "ifconfig":
        return len(words) > 1 and words[-1] != "down"
    return process.program == "ip" and ("up" in words or "add" in words) and words[:1] != ("rule",)
