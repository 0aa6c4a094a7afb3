"""The services of inetd: etc/inetd.conf and etc/inetd.d.

Rules, from the manuals of inetutils', OpenBSD's and BusyBox's inetd: `[address:]service type protocol wait[.max]
user[:group] program argv...`; argv begins with the program's name, which tcpd takes as the program to run; `internal`
services have no program. RPC services (`name/version rpc/...`) have no port of their own and are named as unread.
Whether inetd itself runs, startup.py knows: the processes here are on demand, as if it did.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.process import Manager, Process, Socket, Start, is_multi_call
from firmward.formats import services
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

PATHS = ("etc/inetd.conf", "etc/inetd.d/*")
EVERYWHERE = frozenset(("*", "0.0.0.0", "::", "[::]"))  # noqa: S104 - read, not bound


@dataclass(frozen=True, slots=True)
class Inetd:
    """`processes` are the services of the table; `unread` names the lines that could not be worked out."""

    processes: tuple[Process, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree) -> Inetd | None:
    paths = [path for pattern in PATHS for path in tree.glob(pattern)]
    if not paths:
        return None
    ports = own_ports(tree)
    processes: list[Process] = []
    unread: list[str] = []
    for path in paths:
        for line, words in _lines(tree.text(path) or ""):
            process = _process(words, Location(path, line), ports)
            if process is None:
                unread.append(f"{path}:{line}: no service of inetd that is understood: {words[0]}")
            else:
                processes.append(process)
    return Inetd(tuple(processes), tuple(unread))


def own_ports(tree: Tree) -> services.Ports:
    try:
        return services.parse(tree.text("etc/services") or "")
    except Unavailable:
        return {}


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(text.split("\n"), 1):
        words = row.partition("#")[0].split()
        # a word with a colon at its end alone sets the address for the lines below in some versions
        if words and not (len(words) == 1 and words[0].endswith(":")):
            yield number, words


def _process(words: list[str], at: Location, ports: services.Ports) -> Process | None:
    if len(words) < 6 or words[2].startswith("rpc"):
        return None
    name, _, protocol, _, user, program, *argv = words
    address, _, name = name.rpartition(":")
    bare = protocol.rstrip("46")
    number = services.port(name, bare, ports)
    if number is None or bare not in ("tcp", "udp"):
        return None
    socket = Socket(bare, number, "" if address in EVERYWHERE else address.strip("[]"))
    owner = user.partition(":")[0].partition("/")[0].partition(".")[0]
    return Process(_argv(program, argv, name), name, Manager.INETD, Start.ON_DEMAND, at, owner, (socket,))


def _argv(program: str, argv: list[str], name: str) -> tuple[str, ...]:
    """The command line; `internal NAME` for what inetd serves itself."""
    base = program.rpartition("/")[2]
    if program == "internal":
        return (program, name)
    if base == "tcpd" and argv:
        return tuple(argv)
    if is_multi_call(program) and argv and not is_multi_call(argv[0]):
        return tuple(argv)
    return (program, *argv[1:])
