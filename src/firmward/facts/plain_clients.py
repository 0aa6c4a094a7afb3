"""Clients that are told to speak in clear: the brokers that the configuration of what starts names.

A program of a maker's own has a configuration of its own form, but a URL says what is spoken: `mqtt://host` and
`tcp://host:1883` have no TLS (`mqtts`, `ssl` and 8883 have), nor have `amqp://` and `coap://`. Looked at are the files
that its command line names, and its words. Comments and brokers on the device itself are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.configuration_file import inside, lines
from firmward.facts.listener import is_loopback
from firmward.facts.startup import Process, Start, Startup
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

URL = re.compile(
    r"\b(mqtt|amqp|coap|tcp(?=://[^\s\"'/]{1,253}:1883\b))://(?:[^\s\"'/@]{0,200}@)?"
    r"(\[[^\]\s]{1,45}\]|[\w.-]{1,253})"
)
NAMED = re.compile(r"^(?:-{1,2}[\w-]+=)?(/(?:etc|opt|usr|srv|home|var)/[^\s=]+)$")
PROTOCOLS = {"tcp": "mqtt"}
FILE_LIMIT = 1 << 18


@dataclass(frozen=True, slots=True)
class PlainClient:
    """One `program` that speaks `protocol` in clear with `host`, told so at `at`."""

    program: str
    protocol: str
    host: str
    at: Location


@dataclass(frozen=True, slots=True)
class PlainClients:
    """All `clients` of this kind; `unread` says what could not be read."""

    clients: tuple[PlainClient, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup) -> PlainClients | None:
    found: dict[tuple[str, str, str], PlainClient] = {}
    unread: list[str] = []
    for process in startup.processes:
        if process.start is not Start.DISABLED:
            try:
                for client in _of_process(tree, process):
                    found.setdefault((client.program, client.protocol, client.host), client)
            except Unavailable as reason:
                unread.append(str(reason))
    return PlainClients(tuple(found.values()), tuple(dict.fromkeys(unread))) if found or unread else None


def _of_process(tree: Tree, process: Process) -> Iterator[PlainClient]:
    for word in process.argv[1:]:
        yield from _in_text(word, process, process.at)
        match = NAMED.match(word)
        path = inside(match[1]) if match else ""
        if path and tree.is_file(path) and not _is_binary(tree, path):
            for number, line in lines(tree.text(path, FILE_LIMIT) or "", "#;/"):
                yield from _in_text(line, process, Location(path, number))


def _is_binary(tree: Tree, path: str) -> bool:
    entry = tree.resolve(path)
    return entry is None or entry.size > FILE_LIMIT or b"\0" in next(iter(tree.chunks(entry)), b"")[:4096]


def _in_text(text: str, process: Process, at: Location) -> Iterator[PlainClient]:
    for match in URL.finditer(text[:4096]):
        host = match[2].strip("[]")
        if not is_loopback(host):
            yield PlainClient(process.program, PROTOCOLS.get(match[1], match[1]), host, at)
