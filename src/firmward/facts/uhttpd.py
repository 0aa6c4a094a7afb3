"""OpenWrt's uhttpd: where it listens, and whether what it serves is encrypted.

Rules, from OpenWrt's documentation and uhttpd's own usage: `-p [ADDRESS:]PORT` opens a plain socket and `-s` one with
TLS, any number of each; without either it is port 80 everywhere. procd's script makes them from etc/config/uhttpd: each
`uhttpd` section is a server with lists `listen_http` and `listen_https`; `redirect_https` sends plain requests on to
HTTPS. The encrypted sockets are only opened where `cert` and `key` are set.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts import command_line
from firmward.facts.listener import Application, Listener, split_endpoint
from firmward.facts.startup import Process, Startup
from firmward.formats import uci
from firmward.model.location import Location
from firmward.model.tree import Tree

PROGRAM = "uhttpd"
UCI_FILE = "etc/config/uhttpd"
WITH_VALUE = "pshErxclnNLotTAmkKCiyuUXIZP"
TRUE = ("1", "on", "true", "yes", "enabled")


@dataclass(frozen=True, slots=True)
class Uhttpd:
    """All servers that start: `listeners` are their sockets, `unread` says what could not be read."""

    listeners: tuple[Listener, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup) -> Uhttpd | None:
    processes = startup.running(PROGRAM)
    if not processes:
        return None
    listeners: list[Listener] = []
    for process in processes:
        listeners += _from_arguments(process)
    text = tree.text(UCI_FILE)
    if text is not None and not listeners:
        return parse(text, processes[0])
    if not listeners:
        first = processes[0]
        listeners.append(Listener("tcp", 80, "", PROGRAM, first.service, first.at, speaks=Application.HTTP))
    return Uhttpd(tuple(listeners))


def parse(text: str, process: Process) -> Uhttpd:
    """The sockets of etc/config/uhttpd."""
    listeners: list[Listener] = []
    unread: list[str] = []
    for section in uci.parse(text):
        if section.type == "uhttpd":
            for value, speaks in _sockets(section):
                place = split_endpoint(value.value)
                at = Location(UCI_FILE, value.line)
                if place is None:
                    unread.append(f"{at}: {value.value} cannot be worked out")
                else:
                    listeners.append(Listener("tcp", place[1], place[0], PROGRAM, process.service, at, True, speaks))
    return Uhttpd(tuple(listeners), tuple(unread))


def _sockets(section: uci.Section) -> Iterator[tuple[uci.Value, Application]]:
    encrypted = bool(section.get("cert") and section.get("key"))
    redirect = section.get("redirect_https")
    sends_on = encrypted and redirect is not None and redirect.value in TRUE and bool(section.list("listen_https"))
    for value in section.list("listen_http"):
        yield value, Application.HTTP_REDIRECT if sends_on else Application.HTTP
    if encrypted:
        for value in section.list("listen_https"):
            yield value, Application.HTTPS


def _from_arguments(process: Process) -> Iterator[Listener]:
    arguments = command_line.read(command_line.own_words(process.argv), letters=WITH_VALUE)
    for letter, speaks in (("p", Application.HTTP), ("s", Application.HTTPS)):
        for value in arguments.all(letter):
            place = split_endpoint(value)
            if place is not None:
                yield Listener("tcp", place[1], place[0], PROGRAM, process.service, process.at, speaks=speaks)
