"""The sockets that wait for others, on the network and on the device itself.

On an image they are derived: from what starts (Startup) and from the configuration of each program that does, read as
the program would. On a running device the kernel is asked: proc/net/{tcp,tcp6,udp,udp6} list the sockets that are open
(state 0A for TCP, 07 without a peer for UDP), and the derived ones only lend their names. A table that is missing there
makes the family unknown, never empty.

Engines of containers open ports as well, those that a container's description publishes; what is spoken there is known
where the container's program reads a configuration of this system, and guessed from its port otherwise.

A program that no row knows is looked into: when it is able to listen (it imports `listen` and `accept`, or `bind` and
`recvfrom`) and neither its words nor its script say where, it is named in `unread`, since its port cannot be known.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from firmward.facts import (
    command_line,
    container_ports,
    daemon,
    engine_sockets,
    net_program,
    own_sockets,
    ssh_listeners,
)
from firmward.facts.apache import Apache
from firmward.facts.apache_file import is_apache
from firmward.facts.containers import Containers
from firmward.facts.dnsmasq import Dnsmasq
from firmward.facts.dropbear import Dropbear
from firmward.facts.haproxy import Haproxy
from firmward.facts.lighttpd import Lighttpd
from firmward.facts.listener import Application, Listener
from firmward.facts.miniupnpd import Miniupnpd
from firmward.facts.mosquitto import Mosquitto
from firmward.facts.nginx import Nginx
from firmward.facts.snmpd import Snmpd
from firmward.facts.sshd import Sshd
from firmward.facts.startup import Process, Start, Startup
from firmward.facts.uhttpd import Uhttpd
from firmward.model.facts import Source, Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

__all__ = ["Application", "Listener", "Listeners", "collect", "parse_table"]

TABLES = (("tcp", "proc/net/tcp"), ("tcp", "proc/net/tcp6"), ("udp", "proc/net/udp"), ("udp", "proc/net/udp6"))
LISTENING = {"tcp": "0A", "udp": "07"}
ROW = re.compile(
    r"^\s*\d+:\s+([0-9A-Fa-f]{8}|[0-9A-Fa-f]{32}):([0-9A-Fa-f]{4})\s+(?:[0-9A-Fa-f]{8,32}):([0-9A-Fa-f]{4})\s+([0-9A-F]{2})\s"
)

WELL_KNOWN = {(protocol, port): speaks for row in daemon.DAEMONS for protocol, port, speaks in row.opens}
"""What is spoken on a socket whose program is unknown, by the usual use of its port."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """All `listeners`; `unread` says what could not be read or worked out, a sentence each."""

    listeners: tuple[Listener, ...]
    unread: tuple[str, ...] = ()

    @property
    def reachable(self) -> tuple[Listener, ...]:
        """Those that others than the device itself can reach, as far as their address tells."""
        return tuple(listener for listener in self.listeners if not listener.is_local)


def collect(
    tree: Tree,
    source: Source,
    startup: Startup | Unknown | None,
    lighttpd: Lighttpd | Unknown | None,
    nginx: Nginx | Unknown | None,
    apache: Apache | Unknown | None,
    mosquitto: Mosquitto | Unknown | None,
    dnsmasq: Dnsmasq | Unknown | None,
    snmpd: Snmpd | Unknown | None,
    uhttpd: Uhttpd | Unknown | None,
    miniupnpd: Miniupnpd | Unknown | None,
    sshd: Sshd | Unknown | None,
    dropbear: Dropbear | Unknown | None,
    containers: Containers | Unknown | None,
    haproxy: Haproxy | Unknown | None,
) -> Listeners | None:
    families = (lighttpd, nginx, apache, mosquitto, dnsmasq, snmpd, uhttpd, miniupnpd, sshd, dropbear, haproxy)
    if source is not Source.IMAGE:
        named = _derived(tree, startup, families, containers) if isinstance(startup, Startup) else None
        return live(tree, named.listeners if named else ())
    if isinstance(startup, Unknown):
        raise Unavailable(startup.reason)
    return None if startup is None else _derived(tree, startup, families, containers)


Family = Lighttpd | Nginx | Apache | Mosquitto | Dnsmasq | Snmpd | Uhttpd | Miniupnpd | Sshd | Dropbear | Haproxy


def keyed(listeners: Listeners) -> Iterator[tuple[str, Listener]]:
    """The sockets, by protocol and port."""
    for listener in listeners.listeners:
        yield listener.key, listener


def _derived(
    tree: Tree,
    startup: Startup,
    families: tuple[Family | Unknown | None, ...],
    containers: Containers | Unknown | None,
) -> Listeners:
    listeners: list[Listener] = []
    unread = list(startup.unread_servers)
    for family in families:
        if isinstance(family, Unknown):
            unread.append(family.reason)
        elif isinstance(family, Sshd):
            listeners += ssh_listeners.of_sshd(family, startup)
        elif isinstance(family, Dropbear):
            listeners += ssh_listeners.of_dropbear(family, startup)
        elif family is not None:
            listeners += family.listeners
            unread += family.unread
    handed_over = {process.service for process in startup.processes if process.sockets}
    listeners = [listener for listener in listeners if listener.service not in handed_over]
    for process in startup.processes:
        if process.start is not Start.DISABLED:
            found, lost = _of_process(tree, process)
            listeners += found
            unread += lost
    if isinstance(containers, Containers):
        known = {(one.service, one.key) for one in listeners if one.forwarded_to is not None}
        published = container_ports.listeners(containers, startup, WELL_KNOWN)
        listeners += [one for one in published if (one.service, one.key) not in known]
    return Listeners(tuple(dict.fromkeys(listeners)), tuple(dict.fromkeys(unread)))


SUPER_SERVERS = frozenset({"inetd", "openbsd-inetd", "inetutils-inetd", "xinetd"})
"""They listen for the services of their tables, which are processes of their own here."""


def _of_process(tree: Tree, process: Process) -> tuple[list[Listener], list[str]]:
    if process.sockets:
        return list(_handed_over(process)), []
    program = process.program
    if program in daemon.OWN_FAMILY or program in SUPER_SERVERS or is_apache(tree, process):
        return [], []
    if program in engine_sockets.PROGRAMS:
        return engine_sockets.listeners(tree, process)
    special = net_program.PROGRAMS.get(program)
    if special is not None and (found := list(special(process))):
        return found, []
    script = own_sockets.script_of(tree, process)
    if script is not None:
        return _of_script(tree, process, script)
    if special is not None:
        return [], []
    if net_program.is_busybox(tree, process) and program in net_program.BUSYBOX:
        row = net_program.BUSYBOX[program]
        return daemon.listeners_of(row, tree, process)
    if program in daemon.ROWS:
        return daemon.listeners_of(daemon.ROWS[program], tree, process)
    able = net_program.may_listen(tree, process)
    told = own_sockets.of_words(process, able, WELL_KNOWN)
    return told, [f"{program} ({process.at}) can listen, on which port cannot be read"] if able and not told else []


def _of_script(tree: Tree, process: Process, path: str) -> tuple[list[Listener], list[str]]:
    try:
        return list(own_sockets.of_script(tree, process, path)), []
    except Unavailable as reason:
        return [], [str(reason)]


def _handed_over(process: Process) -> Iterator[Listener]:
    """The sockets that inetd, xinetd or systemd opens for it."""
    row = daemon.ROWS.get(process.program)
    words = {speaks for _, _, speaks in row.opens} if row else set()
    for socket in process.sockets:
        protocol = "udp" if socket.protocol.startswith("udp") else "tcp"
        known = next(iter(words)) if len(words) == 1 else WELL_KNOWN.get((protocol, socket.port), Application.UNKNOWN)
        if process.program in net_program.SHELLS:
            known = Application.COMMAND
        certain = not command_line.unresolved(process.argv[:1])
        yield Listener(
            protocol, socket.port, socket.address, process.program, process.service, process.at, certain, known
        )


def live(tree: Tree, named: tuple[Listener, ...] = ()) -> Listeners:
    """The sockets that the kernel lists, with the names that the configuration gives them."""
    names = {(listener.protocol, listener.port): listener for listener in named}
    found = []
    for protocol, path in TABLES:
        text = tree.text(path)
        if text is None:
            if path.endswith("6"):
                continue  # a kernel without IPv6 has no such table
            raise Unavailable(f"{path} cannot be read, so the open sockets are not known")
        for address, port, line in parse_table(text, protocol):
            known = names.get((protocol, port))
            at = Location(path, line)
            if known is not None:
                found.append(replace(known, address=address, at=at, certain=True))
            else:
                speaks = WELL_KNOWN.get((protocol, port), Application.UNKNOWN)
                found.append(Listener(protocol, port, address, "", "", at, speaks=speaks))
    return Listeners(tuple(dict.fromkeys(found)))


def parse_table(text: str, protocol: str) -> Iterator[tuple[str, int, int]]:
    """Address, port and line of each socket that waits. Raises Unavailable for a line that is none of the kernel's."""
    for number, line in enumerate(text.splitlines(), start=1):
        if number == 1 or not line.strip():
            continue
        row = ROW.match(line)
        if row is None:
            raise Unavailable(f"line {number} of the table of open {protocol} sockets is not understood")
        if row[4] == LISTENING[protocol] and (protocol == "tcp" or row[3] == "0000"):
            yield _address(row[1]), int(row[2], 16), number


def _address(digits: str) -> str:
    """The kernel writes each 32-bit word in the processor's order; nearly all are little-endian."""
    words = (digits[start : start + 8] for start in range(0, len(digits), 8))
    content = bytes(chain.from_iterable(bytes.fromhex(word)[::-1] for word in words))
    if len(content) == 4:
        return ".".join(str(byte) for byte in content)
    address = ipaddress.IPv6Address(content)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped is not None else str(address)
