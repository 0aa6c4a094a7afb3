"""The sockets of SSH servers, from what their own families know of them (sshd.py, dropbear.py).

Rules: sshd's `Port` lines add up, and `-p` takes their place. `ListenAddress` binds, and with a port of its own it goes
before `-p` too. Dropbear's `-p` is `[ADDRESS:]PORT`, several add up. A server that inetd or a socket unit calls opens
nothing itself.
"""

from collections.abc import Iterable, Iterator

from firmward.facts.dropbear import Dropbear, DropbearServer
from firmward.facts.listener import Application, Listener, split_endpoint
from firmward.facts.number import is_number
from firmward.facts.sshd import Server, Sshd
from firmward.facts.startup import Process, Startup
from firmward.formats.sshd_config import Directive
from firmward.model.location import Location


def of_sshd(sshd: Sshd, startup: Startup) -> Iterator[Listener]:
    """The sockets of each sshd that starts."""
    for process in startup.running("sshd"):
        server = next((server for server in sshd.started if server.at == process.at), None)
        if server is not None and not process.sockets and "-i" not in process.argv:
            yield from _of_server(server, process)


def of_dropbear(dropbear: Dropbear, startup: Startup) -> Iterator[Listener]:
    """The sockets of each dropbear that starts; those of OpenWrt's sections share one process."""
    for process in startup.running("dropbear"):
        if process.sockets or "-i" in process.argv:
            continue
        own = [server for server in dropbear.started if server.at == process.at]
        for server in own or [server for server in dropbear.started if server.section is not None]:
            yield from _of_dropbear(server, process)


def _of_server(server: Server, process: Process) -> Iterator[Listener]:
    lines = [line for line in server.configuration.directives if not line.conditions]
    given = [line for line in server.options if line.keyword == "port"]
    ports = _numbers(given) or _numbers(line for line in lines if line.keyword == "port")
    defaults = ports or [(22, Location(server.path) if lines else process.at)]
    certain = not server.configuration.problems and not any("$" in word for word in process.argv)
    addresses = [line for line in (*server.options, *lines) if line.keyword == "listenaddress" and line.arguments]
    for line in addresses:
        own = split_endpoint(line.arguments[0])
        if own is not None and own[0]:
            yield _listener(process, own[1], own[0], Location(line.path, line.line), certain)
            continue
        for port, _ in defaults:
            place = split_endpoint(line.arguments[0], port)
            if place is not None:
                yield _listener(process, port, place[0], Location(line.path, line.line), certain)
    if not addresses:
        for port, at in defaults:
            yield _listener(process, port, "", at, certain)


def _numbers(lines: Iterable[Directive]) -> list[tuple[int, Location]]:
    return [
        (int(line.arguments[0]), Location(line.path, line.line))
        for line in lines
        if line.arguments
        and line.arguments[0].isascii()
        and is_number(line.arguments[0])
        and len(line.arguments[0]) < 6
    ]


def _of_dropbear(server: DropbearServer, process: Process) -> Iterator[Listener]:
    certain = server.unsure is None
    for text in server.ports:
        place = split_endpoint(text)
        if place is not None:
            yield _listener(process, place[1], place[0], server.at or process.at, certain)


def _listener(process: Process, port: int, address: str, at: Location, certain: bool) -> Listener:
    return Listener("tcp", port, address, process.program, process.service, at, certain, Application.SSH)
