"""Where the engines of containers listen: dockerd and balena's.

Rules, from dockerd(8): `-H` and `hosts` of daemon.json (`--config-file`) name sockets; `tcp://` is 2375 without
`tlsverify`. balenaOS: the engine's unit adds BALENA_DEVELOPMENT_ARGS, which development mode (`developmentMode` in the
boot partition's config.json) makes `-H tcp://0.0.0.0:2375`.
"""

import json
from collections.abc import Iterator
from typing import Any

from firmward.facts import command_line
from firmward.facts.listener import Application, Listener, split_endpoint
from firmward.facts.startup import Process
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

PROGRAMS = frozenset(("dockerd", "balenad", "balena-engine-daemon"))
FILES = {"dockerd": "etc/docker/daemon.json"}
OTHER_FILE = "etc/balena-engine/daemon.json"
DEVELOPMENT = "BALENA_DEVELOPMENT_ARGS"
DEVICE_FILES = ("mnt/boot/config.json", "resin-boot/config.json", "boot/config.json")
DEFAULT_PORT = 2375


def listeners(tree: Tree, process: Process) -> tuple[list[Listener], list[str]]:
    """The sockets of one engine, and what could not be read."""
    arguments = command_line.read(
        command_line.own_words(process.argv),
        "HDl",
        ("host", "config-file", "data-root", "log-driver", "storage-driver"),
    )
    lost: list[str] = []
    path = (arguments.get("config-file") or FILES.get(process.program, OTHER_FILE)).strip("/")
    told = _table(tree, path, lost)
    has_tls = arguments.has("tlsverify") or told.get("tlsverify") is True
    hosts = [(value, process.at) for value in arguments.all("H", "host")]
    named = told.get("hosts")
    hosts += [(value, Location(path)) for value in named if isinstance(value, str)] if isinstance(named, list) else []
    if any(DEVELOPMENT in word for word in command_line.unresolved(process.argv)):
        hosts += _development(tree, lost)
    speaks = Application.HTTPS if has_tls else Application.DOCKER
    places = [(split_endpoint(value[6:], DEFAULT_PORT), at) for value, at in hosts if value.startswith("tcp://")]
    return [
        Listener("tcp", place[1], place[0], process.program, process.service, at, speaks=speaks)
        for place, at in places
        if place is not None
    ], lost


def _development(tree: Tree, lost: list[str]) -> Iterator[tuple[str, Location]]:
    for path in DEVICE_FILES:
        if _table(tree, path, lost).get("developmentMode") in (True, "true"):
            yield f"tcp://0.0.0.0:{DEFAULT_PORT}", Location(path)
            return


def _table(tree: Tree, path: str, lost: list[str]) -> dict[str, Any]:
    try:
        table = json.loads(tree.text(path) or "{}")
    except Unavailable as reason:
        lost.append(str(reason))
        return {}
    except (ValueError, RecursionError):
        lost.append(f"{path} is no JSON")
        return {}
    return table if isinstance(table, dict) else {}
