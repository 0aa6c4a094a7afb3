"""The services of inetd: etc/inetd.conf and etc/inetd.d, or the files that it is started with.

Rules, from the manuals of inetutils', OpenBSD's and BusyBox's inetd: `[address:]service type protocol wait[.max]
user[:group] program argv...`; argv begins with the program's name, which tcpd takes as the program to run; `internal`
services have no program. RPC services (`name/version rpc/...`) have no port of their own and are named as unread.
Whether inetd itself runs, and with which files, startup.py knows: the processes here are on demand, as if it did.
`inetd [options] [FILE...]`: files that are named stand in place of the usual ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts import command_line
from firmward.facts.configuration_file import inside
from firmward.facts.process import Manager, Process, Socket, Start, is_multi_call
from firmward.formats import services
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

PATHS = ("etc/inetd.conf", "etc/inetd.d/*")
VALUED = "qRap"
"""Options of any inetd that take a value: BusyBox's -q and -R, OpenBSD's -a, inetutils' -p."""

FILES_LIMIT = 50
"""Tables that one inetd is started with."""

EVERYWHERE = frozenset(("*", "0.0.0.0", "::", "[::]"))  # noqa: S104 - read, not bound


@dataclass(frozen=True, slots=True)
class Inetd:
    """`processes` are the services of the table; `unread` names the lines that could not be worked out."""

    processes: tuple[Process, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree) -> Inetd | None:
    paths = tuple(path for pattern in PATHS for path in tree.glob(pattern))
    return read(tree, paths) if paths else None


def named(process: Process) -> tuple[str, ...]:
    """The tables that an inetd is started with; empty where it reads the usual ones."""
    words = command_line.own_words(process.argv)
    return command_line.read(words, VALUED, ("pidfile", "rate")).words[:FILES_LIMIT]


def read(tree: Tree, paths: tuple[str, ...]) -> Inetd:
    """The services of these tables, of which a folder holds several."""
    ports = own_ports(tree)
    processes: list[Process] = []
    unread: list[str] = []
    files = (file for path in paths for file in (tree.list(path) if tree.is_directory(path) else (path,)))
    for path in files:
        text = tree.text(path)
        if text is None:
            unread.append(f"{path}, a table of inetd, is not there")
        for line, words in _lines(text or ""):
            process = _process(words, Location(path, line), ports)
            if process is None:
                unread.append(f"{path}:{line}: no service of inetd that is understood: {words[0]}")
            else:
                processes.append(process)
    return Inetd(tuple(processes), tuple(unread))


def started_with(tree: Tree, process: Process) -> Inetd | None:
    """The services of an inetd that is started with tables of its own; None for one that reads the usual ones."""
    words = named(process)
    if not words:
        return None
    found = read(tree, tuple(inside(word) for word in words if "$" not in word))
    hidden = any("$" in word for word in words)
    unread = (f"{process.at}: which table {process.program} reads is known at run time only",) if hidden else ()
    return Inetd(found.processes, (*found.unread, *unread))


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
