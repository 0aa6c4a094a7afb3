"""The services of xinetd: etc/xinetd.conf, or the file after `-f`, and what it includes.

Rules, from xinetd.conf(5): a service with `disable = yes` does not start; `disabled` in the defaults names more of
them, and where the defaults have `enabled`, only the services named there start (by id, which is the name unless said
otherwise). In an includedir files with a dot in their name or a tilde at its end are left out. `port` outdoes the
name's port. Without `server` a service is internal or redirects. Whether xinetd itself runs, startup.py knows: what is
enabled here is on demand, as if it did.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from firmward.facts.configuration_file import each_file, inside
from firmward.facts.inetd import EVERYWHERE, own_ports
from firmward.facts.process import Manager, Process, Socket, Start
from firmward.formats import services, xinetd
from firmward.model.location import Location
from firmward.model.tree import Tree

PATH = "etc/xinetd.conf"
FILE_LIMIT = 200
"""Files of one configuration; includes may run in circles."""


@dataclass(frozen=True, slots=True)
class Xinetd:
    """`processes` are the services of the configuration; `unread` names what could not be worked out."""

    processes: tuple[Process, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree) -> Xinetd | None:
    return read(tree, PATH) if tree.exists(PATH) else None


def started_with(tree: Tree, process: Process) -> Xinetd | None:
    """The services of a xinetd that is started with a file of its own; None for one that reads the usual one."""
    path = next((word for before, word in pairwise(process.argv) if before == "-f"), None)
    if path is None:
        return None
    if "$" in path:
        return Xinetd((), (f"{process.at}: which table {process.program} reads is known at run time only",))
    found = read(tree, inside(path))
    lost = () if tree.is_file(inside(path)) else (f"{inside(path)}, the table of xinetd, is not there",)
    return Xinetd(found.processes, (*found.unread, *lost))


def reads_inetds(process: Process) -> bool:
    """Whether this xinetd serves what etc/inetd.conf says too."""
    return process.program == "xinetd" and "-inetd_compat" in process.argv


def read(tree: Tree, main: str) -> Xinetd:
    """The services of a configuration that begins with this file."""
    files = dict(_files(tree, main))
    unread = [f"{path}: {problem}" for path, found in files.items() for problem in found.problems]
    blocks = [(path, block) for path, found in files.items() for block in found.blocks]
    defaults = [block for _, block in blocks if block.kind == "defaults"]
    ports = own_ports(tree)
    processes = []
    for path, block in blocks:
        if block.kind == "service":
            process = _process(path, block, defaults, ports)
            processes.append(process)
            if not process.sockets:
                unread.append(f"{process.at}: the port of {block.name} is not known")
    return Xinetd(tuple(processes), tuple(unread))


def _files(tree: Tree, main: str) -> Iterator[tuple[str, xinetd.Configuration]]:
    """The configuration's files in the order in which they are read."""

    def includes(found: xinetd.Configuration) -> Iterator[str]:
        return (path for include in dict.fromkeys(found.includes) for path in _included(tree, include))

    return each_file(tree, main, xinetd.parse, includes, FILE_LIMIT)


def _included(tree: Tree, include: xinetd.Include) -> list[str]:
    path = include.path.strip("/")
    if not include.folder:
        return [path]
    files = [name for name in tree.list(path) if tree.is_file(name)]
    return [file for file in files if not ("." in file.rpartition("/")[2] or file.endswith("~"))]


def _process(path: str, block: xinetd.Block, defaults: list[xinetd.Block], ports: services.Ports) -> Process:
    name = block.get("id") or block.name
    server = block.get("server")
    line = block.lines.get("server", block.line)
    argv = (server, *block.values.get("server_args", ())) if server else _served_inside(block)
    if "NAMEINARGS" in block.values.get("flags", ()) and server:
        argv = _named_in_arguments(server, block.values.get("server_args", ()))
    start = Start.ON_DEMAND if _is_enabled(block, name, defaults) else Start.DISABLED
    sockets = tuple(_sockets(block, defaults, ports))
    return Process(argv, name, Manager.XINETD, start, Location(path, line), block.get("user"), sockets)


def _named_in_arguments(server: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """With NAMEINARGS the arguments begin with the program's name, which tcpd takes as the program to run."""
    if server.rpartition("/")[2] == "tcpd" and arguments:
        return arguments
    return (server, *arguments[1:])


def _served_inside(block: xinetd.Block) -> tuple[str, ...]:
    redirect = block.values.get("redirect")
    return ("redirect", *redirect) if redirect else ("internal", block.name)


def _is_enabled(block: xinetd.Block, name: str, defaults: list[xinetd.Block]) -> bool:
    names = {name, block.name}
    enabled = [names & set(one.values["enabled"]) for one in defaults if "enabled" in one.values]
    disabled = any(names & set(one.values.get("disabled", ())) for one in defaults)
    return (block.get("disable") or "no").lower() != "yes" and not disabled and all(enabled)


def _sockets(block: xinetd.Block, defaults: list[xinetd.Block], ports: services.Ports) -> Iterator[Socket]:
    protocol = block.get("protocol") or ("udp" if block.get("socket_type") == "dgram" else "tcp")
    number = services.port(block.get("port") or block.name, protocol.rstrip("46"), ports)
    bound = [one.get(key) for one in (block, *defaults) for key in ("bind", "interface")]
    address = next((text for text in bound if text), "")
    if number is not None:
        yield Socket(protocol.rstrip("46"), number, "" if address in EVERYWHERE else address)
