"""A socket that is closed for others, where its program is to go on and has it beside the sockets that are declared.

It is kept for the device itself where the program can do that: what calls it from the device still does. Safe where the
policy declares another socket of the same program: then its maker thought of what this program opens. Not safe where
containers start, which come from an address that is not the device's own, nor for DHCP, without which a whole network
has no addresses.
"""

from collections.abc import Iterable

from firmward.facts.containers import Containers
from firmward.facts.declared_services import is_undeclared
from firmward.facts.listener import Application, Listener
from firmward.facts.startup import Startup
from firmward.model.facts import Unknown
from firmward.model.policy import Policy
from firmward.model.remedy import CloseSocket, Remedy, Safety, Stage

OPENWRT = "etc/config/"
CAN_CLOSE = {
    "lighttpd": "",
    "nginx": "",
    "mosquitto": "",
    "dnsmasq": "",
    "snmpd": "",
    "sshd": "",
    "uhttpd": OPENWRT,
}
"""By program the folder that its file of settings must be in."""
OPENED_NO_MORE = (Application.TFTP, Application.DHCP)
"""What answers nobody on the loopback."""
CLEAR = (Application.HTTP, Application.HTTP_REDIRECT)


def closed(
    key: str,
    group: Iterable[Listener],
    siblings: Iterable[Listener],
    policy: Policy,
    startup: Startup | Unknown | None,
    containers: Containers | Unknown | None,
) -> Remedy | None:
    """The remedy that closes the sockets of a `group`, which have one protocol and port; None where the program goes
    as a whole, or cannot be told. `siblings` are all sockets of the same program."""
    own, all_of = tuple(group), tuple(siblings)
    first = own[0]
    if not all(_can_close(one, first, startup) for one in own):
        return None
    others = [one for one in all_of if one.key != key]
    is_meant = any(policy.allows_listening(one.protocol, one.port) for one in others)
    is_local = policy.allows_listening(first.protocol, first.port)
    if not (is_meant or is_local) and is_undeclared(policy, (first.program, first.service)):
        return None
    if first.program == "sshd" and not is_meant:  # it would listen on its usual port
        return None
    # where dnsmasq answers holds for all that it does
    shared = first.program == "dnsmasq" and first.speaks is Application.DNS
    if shared and any(_is_for_others(one, policy) or one.speaks is not Application.DNS for one in all_of):
        return None
    changes = tuple(dict.fromkeys(CloseSocket(one.program, one.at.path or "", *_place(one)) for one in own))
    opens_no_more = first.program == "sshd" or first.speaks in OPENED_NO_MORE
    own_name = f"{key} of {first.program}"
    does = f"Open {own_name} no more" if opens_no_more else f"Keep {own_name} for the device itself"
    summary = f"{does}, or declare it in device.toml"
    if (is_meant or is_local) and first.speaks is not Application.DHCP and not _has_containers(containers):
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, changes)
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, changes, _breaks(first))


def _can_close(one: Listener, first: Listener, startup: Startup | Unknown | None) -> bool:
    """Whether a file of settings opens it, and not the command line nor an engine of containers."""
    path = one.at.path
    folder = CAN_CLOSE.get(one.program)
    if path is None or folder is None or not path.startswith(folder) or not one.certain or one.forwarded_to is not None:
        return False
    starts = {process.at.path for process in startup.processes} if isinstance(startup, Startup) else {path}
    return (one.program, one.service) == (first.program, first.service) and path not in starts


def _is_for_others(one: Listener, policy: Policy) -> bool:
    return any((said.protocol, said.port) == _place(one) and said.peer != "local" for said in policy.listen)


def _has_containers(containers: Containers | Unknown | None) -> bool:
    return isinstance(containers, Containers) and any(one.starts for one in containers.containers)


def _place(one: Listener) -> tuple[str, int]:
    return one.protocol, one.port


def _breaks(one: Listener) -> str:
    if one.speaks is Application.DHCP:
        return "what gets its address here gets none any more"
    also = ", who types an address without https among them" if one.speaks in CLEAR else ""
    return f"who calls {one.program} on {one.key} from elsewhere, or from a container, finds it closed{also}"
