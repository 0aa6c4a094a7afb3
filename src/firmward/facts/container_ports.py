"""The sockets that engines open for their containers, and the programs in containers whose configuration lies here.

Only where an engine or a tool of its starts: a description that nobody reads opens nothing. A configuration counts when
the description binds it to the place where the program looks for it, or names it so inside.
"""

from collections.abc import Iterator, Mapping
from posixpath import basename, dirname, join, normpath

from firmward.facts import engine_sockets
from firmward.facts.container import run_command
from firmward.facts.container.record import Container
from firmward.facts.containers import Containers
from firmward.facts.listener import Application, Listener
from firmward.facts.own_sockets import MEANT, RESERVED
from firmward.facts.startup import Start, Startup
from firmward.model.tree import Tree

TOOLS = run_command.ENGINES | engine_sockets.PROGRAMS | {"docker-compose", "podman-compose", "quadlet"}


def is_used(startup: Startup) -> bool:
    """Whether an engine of containers starts."""
    return any(one.program in TOOLS and one.start is not Start.DISABLED for one in startup.processes)


def listeners(
    containers: Containers, startup: Startup, usual: Mapping[tuple[str, int], Application]
) -> Iterator[Listener]:
    """The ports that are published, one socket each."""
    for container in containers.containers if is_used(startup) else ():
        for one in container.published:
            is_meant = one.target < RESERVED or one.target in MEANT
            speaks = usual.get((one.protocol, one.target), Application.UNKNOWN) if is_meant else Application.UNKNOWN
            yield Listener(
                *(one.protocol, one.port, one.address, container.name, container.name, container.at),
                speaks=speaks,
                forwarded_to=one.target,
            )


def configuration(tree: Tree, container: Container, name: str, folder: str) -> str | None:
    """The file of this system that a container's program reads as `name`, or in `folder` of the container."""
    for one in container.binds:
        source = normpath(join(dirname(f"/{container.at.path or ''}"), one.source)).lstrip("/")
        if (basename(one.target) or basename(source)) == name and tree.is_file(source):
            return source
        if normpath(one.target or "/") == folder and tree.is_file(f"{source}/{name}"):
            return f"{source}/{name}"
    return None
