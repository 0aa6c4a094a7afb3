"""The containers that this system describes, and what their engines are told.

Looked at: compose files anywhere (and those that `docker compose -f` names), `docker run`, `podman run` and their like
among what starts, Podman's quadlets, what balena's supervisor is given, LXC's and systemd-nspawn's containers, what
dockerd keeps of containers that exist (hostconfig.json), and what the engines are told. A compose file counts as
soon as it is in the system: a program of the maker's own may start it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from firmward.facts import engine_sockets
from firmward.facts.command_line import own_words
from firmward.facts.container import compose, engine, kept, lines, lxc, run_command, unit_like
from firmward.facts.container.record import Bind, Container, EngineSetting, Form
from firmward.facts.listener import Application
from firmward.facts.startup import Start, Startup
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Entry, Kind, Tree

__all__ = ["Bind", "Container", "Containers", "EngineSetting", "collect"]

COMPOSE = frozenset(
    f"{stem}{middle}.{suffix}"
    for stem in ("docker-compose", "compose", "podman-compose", "container-compose")
    for middle in ("", ".override", ".prod", ".production")
    for suffix in ("yml", "yaml")
)
ASIDE = ("usr/share/doc/", "usr/src/", "usr/share/examples/", "usr/lib/python", "usr/lib/node_modules/")
"""Examples and sources, which nobody starts."""

FILES_LIMIT = 300
DAEMONS = ("etc/docker/daemon.json", "etc/balena-engine/daemon.json", "var/snap/docker/current/config/daemon.json")
TOMLS = (
    "etc/containers/registries.conf",
    "etc/containers/registries.conf.d/*.conf",
    "etc/containerd/config.toml",
    "etc/containerd/certs.d/*/hosts.toml",
)
QUADLETS = ("etc/containers/systemd", "usr/share/containers/systemd", "run/containers/systemd")
BALENA = ("mnt/data/apps.json", "mnt/data/apps-v2.json", "resin-data/apps.json")
"""What balena's supervisor starts on a device that comes with its release."""

KEPT = ("var/lib/docker/containers/*/hostconfig.json", "mnt/data/docker/containers/*/hostconfig.json")


@dataclass(frozen=True, slots=True)
class Containers:
    """All `containers`, the `settings` of engines, and in `unread` what could not be read; `unstarted` is the part of
    it that would say which containers start by themselves."""

    containers: tuple[Container, ...]
    settings: tuple[EngineSetting, ...] = ()
    unread: tuple[str, ...] = ()
    unstarted: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup | Unknown | None) -> Containers | None:
    unread: list[str] = []
    found: list[Container] = []
    files = Reading(tree, unread)
    composed = files.each(
        _compose_files(tree, startup, unread), lambda text, path: compose.parse(text, path, tree.text)
    )
    found += [lines.of(tree, one, Form.COMPOSE) for one in composed]
    units = files.each(_quadlets(tree), lambda text, path: unit_like.quadlets(_with_drop_ins(tree, text, path), path))
    found += [lines.of(tree, one, Form.QUADLET) for one in units]
    before = len(unread)
    found += files.each([path for path in BALENA if tree.is_file(path)], compose.supervised)
    unstarted = tuple(unread[before:])
    found += files.each(tree.glob("etc/systemd/nspawn/*.nspawn"), lambda text, path: [unit_like.nspawn(text, path)])
    places = (*tree.glob("var/lib/lxc/*/config"), *tree.glob("srv/lxc/*/config"))
    found += files.each(places, lambda text, path: [lxc.parse(text, path)])
    for pattern in KEPT:
        found += files.each(tree.glob(pattern), lambda text, path: [kept.parse(tree, text, path)])
    found += [lines.of(tree, one, Form.COMMAND) for one in _commanded(startup)]
    settings = [*files.each([path for path in DAEMONS if tree.is_file(path)], engine.daemon)]
    settings += files.each([path for pattern in TOMLS for path in tree.glob(pattern)], engine.toml)
    settings += _engines(tree, startup)
    if isinstance(startup, Unknown):
        unread.append(startup.reason)
    elif startup is not None and startup.blind is not None:
        unread.append(startup.blind)
    if not found and not files.read and not unread:
        return None
    return Containers(tuple(found), tuple(settings), tuple(dict.fromkeys(unread)), unstarted)


def _engines(tree: Tree, startup: Startup | Unknown | None) -> Iterator[EngineSetting]:
    """The sockets that engines are told of on their command lines."""
    for process in startup.processes if isinstance(startup, Startup) else ():
        if process.program in engine_sockets.PROGRAMS and process.start is not Start.DISABLED:
            for one in engine_sockets.listeners(tree, process)[0]:
                is_told = one.at.path in DAEMONS
                if one.speaks is Application.DOCKER and not one.is_local and not is_told:
                    yield EngineSetting("engine-socket", f"tcp://{one.address or '0.0.0.0'}:{one.port}", one.at)  # noqa: S104


Item = TypeVar("Item")


class Reading:
    """Files read one by one, each loss told; `read` counts them."""

    def __init__(self, tree: Tree, unread: list[str]) -> None:
        self.read = 0
        self._tree = tree
        self._unread = unread

    def each(self, paths: Iterable[str], parse: Callable[[str, str], Iterable[Item]]) -> Iterator[Item]:
        for path in list(paths)[:FILES_LIMIT]:
            self.read += 1
            try:
                yield from parse(self._tree.text(path) or "", path)
            except Unavailable as reason:
                self._unread.append(str(reason))
            except Malformed as reason:
                self._unread.append(f"{path}: {reason}")


def _compose_files(tree: Tree, startup: Startup | Unknown | None, unread: list[str]) -> list[str]:
    found = [entry.path for entry in tree.entries() if _is_compose(entry)]
    if len(found) > FILES_LIMIT:
        unread.append(f"more than {FILES_LIMIT} compose files")
    named = [path for path in _named(startup) if tree.is_file(path)]
    return list(dict.fromkeys([*found[:FILES_LIMIT], *named]))


def _is_compose(entry: Entry) -> bool:
    return entry.kind is Kind.FILE and entry.name in COMPOSE and not entry.path.startswith(ASIDE)


def _named(startup: Startup | Unknown | None) -> Iterator[str]:
    """The files in `docker compose -f FILE up` among what starts."""
    for process in startup.processes if isinstance(startup, Startup) else ():
        words = own_words(process.argv)
        composes = process.program in ("docker-compose", "podman-compose") or "compose" in words[:4]
        for before, word in pairwise(words) if composes else ():
            if before in ("-f", "--file"):
                yield word.strip("/")


def _quadlets(tree: Tree) -> list[str]:
    return [path for folder in QUADLETS for path in tree.glob(f"{folder}/*.container")]


def _with_drop_ins(tree: Tree, text: str, path: str) -> str:
    """A quadlet and what lies in its NAME.container.d and in container.d, in the order of the files' names."""
    name = path.rpartition("/")[2]
    places = [f"{folder}/{own}.d/*.conf" for own in (name, "container") for folder in QUADLETS]
    by_name: dict[str, str] = {}
    for drop_in in (found for place in places for found in tree.glob(place)):
        by_name.setdefault(drop_in.rpartition("/")[2], drop_in)
    return "\n".join([text, *(tree.text(by_name[key]) or "" for key in sorted(by_name)[:FILES_LIMIT])])


def _commanded(startup: Startup | Unknown | None) -> Iterator[Container]:
    for process in startup.processes if isinstance(startup, Startup) else ():
        if process.program in run_command.ENGINES and process.start is not Start.DISABLED:
            container = run_command.of_command(own_words(process.argv), process.service, process.at)
            if container is not None:
                yield container
