"""The SNMP agents that start: where they listen and which communities they take.

Rules, from snmpd.conf(5), snmpd(8) and tried out with the program:

- Files: etc/snmp/snmpd.conf, etc/snmp/snmpd.local.conf, usr/share/snmp/snmpd.conf and var/lib/snmp/snmpd.conf, unless
  `-C` forbids them; `-c` adds. `includeFile`, `includeDir` and `includeAllConfigs`-like words insert files.
- `agentAddress` (several, separated by commas, each `[PROTOCOL:]ADDRESS[:PORT]` or a port) and the addresses on the
  command line add up; without any it is UDP 161 on all addresses.
- `rocommunity`, `rwcommunity` (and with a 6 at the end) take `COMMUNITY [SOURCE [...]]`; `com2sec [-Cn X] NAME SOURCE
  COMMUNITY`. No source, `default` or a /0 is everyone.
- Built with SMUX, as Debian's is, it opens TCP 199 on all addresses too, unless started with `-I -smux`.
- OpenWrt writes the file from etc/config/snmpd.

A community is a password: of one that is not well known, nothing is kept but that it is there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmward.facts import command_line
from firmward.facts.configuration_file import ConfigurationFiles, folder_of, inside, lines, unquoted
from firmward.facts.listener import Application, Listener, plain_address
from firmward.facts.number import is_number
from firmward.facts.startup import Process, Startup
from firmward.formats import uci
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

PROGRAM = "snmpd"
FILES = (
    "etc/snmp/snmpd.conf",
    "etc/snmp/snmpd.local.conf",
    "usr/share/snmp/snmpd.conf",
    "var/lib/snmp/snmpd.conf",
    "etc/snmpd.conf",
)
UCI_FILE = "etc/config/snmpd"
WELL_KNOWN_NAMES = """
    public private community admin cisco write read manager snmp snmpd secret default monitor security test guest
    password network all system router switch tivoli openview rmon ilmi apc internal access
"""
WELL_KNOWN = frozenset(WELL_KNOWN_NAMES.split())
"""Communities that makers ship and scanners try first."""

EVERYONE = frozenset(("", "default", "0.0.0.0/0", "0.0.0.0", "::/0", "0/0"))  # noqa: S104 - compared, not bound
WITH_VALUE = "ADxcIHLlpuguMmnOPTv"


@dataclass(frozen=True, slots=True)
class Community:
    """One community that the agent takes. `well_known` is the text where everyone knows it, else None.

    `writable` says that it may change settings, `everyone` that any host may use it, `at` where it stands.
    """

    well_known: str | None
    writable: bool
    everyone: bool
    at: Location
    lines: tuple[tuple[int, str], ...] = ()
    """The line that says it, by number and text; of a well-known community alone."""


@dataclass(frozen=True, slots=True)
class Snmpd:
    """All agents that start: `listeners` are their sockets, `communities` what they take, `unread` says what could not
    be read.
    """

    listeners: tuple[Listener, ...]
    communities: tuple[Community, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its `name`, its `words`, `at`, where it stands, and `lines`, all that say it with their numbers."""

    name: str
    words: tuple[str, ...]
    at: Location
    lines: tuple[tuple[int, str], ...] = ()


def collect(tree: Tree, startup: Startup) -> Snmpd | None:
    processes = startup.running(PROGRAM)
    if not processes:
        return None
    agents = [_agent(tree, process) for process in processes]
    return Snmpd(
        tuple(listener for agent in agents for listener in agent.listeners),
        tuple(dict.fromkeys(community for agent in agents for community in agent.communities)),
        tuple(dict.fromkeys(reason for agent in agents for reason in agent.unread)),
    )


def parse(text: str, path: str, files: ConfigurationFiles) -> Iterator[Option]:
    """The options of a file and of those that it includes, names in lower case."""
    for number, line in lines(text):
        name, *words = line.partition(" #")[0].split()
        said = ((number, line),)
        option = Option(name.lower(), tuple(unquoted(word) for word in words), Location(path, number), said)
        if option.name == "includefile" and words:
            for inner_path, inner in files.included(words[0], option.at, folder_of(path)):
                yield from parse(inner, inner_path, files)
        elif option.name == "includedir" and words:
            # net-snmp warns of a folder that is not there, and goes on
            present = files.folder(words[0], option.at) if files.has_folder(words[0]) else ()
            for inner_path, inner in present:
                if inner_path.endswith(".conf"):
                    yield from parse(inner, inner_path, files)
        else:
            yield option


def effective(options: Iterable[Option], process: Process, tree_words: tuple[str, ...] = ()) -> Snmpd:
    """What one agent with these options does; `tree_words` are the addresses on its command line."""
    known = tuple(options)
    communities = tuple(community for option in known for community in _communities(option))
    uses_three = any(option.name in ("rouser", "rwuser", "createuser") for option in known)
    speaks = Application.SNMP_V3 if uses_three and not communities else Application.SNMP
    places = [(word, o.at) for o in known if o.name == "agentaddress" for word in _split(o.words)]
    places += [(word, process.at) for word in tree_words]
    listeners = []
    unread = []
    for word, at in places or [("udp:161", process.at)]:
        found = place(word)
        if found is None:
            unread.append(f"{at}: {word} cannot be worked out")
        elif found[0]:
            protocol, address, port = found
            listeners.append(Listener(protocol, port, address, PROGRAM, process.service, at, speaks=speaks))
    return Snmpd(tuple(listeners), communities, tuple(unread))


def _agent(tree: Tree, process: Process) -> Snmpd:
    arguments = command_line.read(_without_log_words(command_line.own_words(process.argv)), letters=WITH_VALUE)
    files = ConfigurationFiles(tree)
    options: list[Option] = []
    paths = () if arguments.has("C") else tuple(path for path in FILES if tree.is_file(path))
    for path in (*paths, *(name for value in arguments.all("c") for name in value.split(","))):
        if not tree.is_file(UCI_FILE) or tree.is_file(inside(path)):
            text = files.main(path)
            options += parse(text or "", inside(path), files)
    if tree.is_file(UCI_FILE):
        options += _uci(tree.text(UCI_FILE) or "")
    if not options and not files.unread and not arguments.has("C"):
        files.lose(f"no configuration of {PROGRAM} was found")
    agent = effective(options, process, arguments.words)
    listeners = agent.listeners
    if not any("-smux" in value for value in arguments.all("I")) and _has_smux(tree, process):
        listeners += (Listener("tcp", 199, "", PROGRAM, process.service, process.at, speaks=Application.UNKNOWN),)
    return Snmpd(listeners, agent.communities, (*agent.unread, *files.unread))


def _without_log_words(words: tuple[str, ...]) -> Iterator[str]:
    """`-Ls d` and `-Lf FILE` take one more word, `-LS 4 d` and `-LF 4 FILE` two."""
    skip = 0
    for word in words:
        if skip:
            skip -= 1
            continue
        skip = {"-Ls": 1, "-Lf": 1, "-LS": 2, "-LF": 2}.get(word, 0)
        yield word


def _has_smux(tree: Tree, process: Process) -> bool:
    """The program, or the library that holds its modules, was built with SMUX."""
    modules = [path for folder in ("usr/lib", "usr/lib/*", "lib") for path in tree.glob(f"{folder}/libnetsnmpmibs.so*")]
    for path in (process.argv[0], *modules):
        try:
            if b"smuxsocket" in (tree.read(path.lstrip("/"), 16 << 20) or b""):
                return True
        except Unavailable:
            continue
    return False


def _communities(option: Option) -> Iterator[Community]:
    match option.name, option.words:
        case (("rocommunity" | "rocommunity6" | "rwcommunity" | "rwcommunity6"), [name, *rest]):
            yield _community(name, rest[0] if rest else "", option.name.startswith("rw"), option)
        case "com2sec" | "com2sec6", words:
            positional = words[2:] if words[:1] == ("-Cn",) else words
            if len(positional) >= 3:
                yield _community(positional[2], positional[1], False, option)
        case _:
            return


def _community(name: str, source: str, writable: bool, option: Option) -> Community:
    known = name.lower() in WELL_KNOWN
    everyone = source.lower() in EVERYONE
    return Community(name if known else None, writable, everyone, option.at, option.lines if known else ())


def _split(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        yield from (part.strip() for part in word.split(",") if part.strip())


def place(word: str) -> tuple[str, str, int] | None:
    """Protocol, address and port of one address; an empty protocol for what is no network socket. None where that
    cannot be worked out."""
    head, _, rest = word.partition(":")
    protocol = head.lower()
    if protocol in ("unix", "alias", "pipe", "stdio", "callback"):
        return "", "", 0
    if protocol in ("udp", "udp6", "tcp", "tcp6", "udpv6", "tcpv6", "udpipv6", "tcpipv6", "dtlsudp", "tlstcp"):
        kind = "tcp" if "tcp" in protocol else "udp"
        six = "6" in protocol
    else:
        kind, six, rest = "udp", False, word
    address, port = _host_and_port(rest)
    if not is_number(port) or not 0 < int(port) < 65536:
        return None
    return kind, plain_address(address) or ("::" if six else ""), int(port)


def _host_and_port(text: str) -> tuple[str, str]:
    if is_number(text) or not text:
        return "", text or "161"
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest[1:] or "161"
    host, sign, port = text.rpartition(":")
    return (host, port) if sign and host.count(":") == 0 else (text, "161")


def _uci(text: str) -> Iterator[Option]:
    """What OpenWrt's init script makes of the sections."""
    rows = text.split("\n")
    for section in uci.parse(text):
        at = Location(UCI_FILE, section.line)
        match section.type:
            case "agent":
                yield Option("agentaddress", tuple(value.value for value in section.list("agentaddress")), at)
            case "com2sec" | "com2sec6":
                names = [section.get(key) for key in ("secname", "source", "community")]
                if all(names):
                    community = section.get("community")
                    place = Location(UCI_FILE, community.line) if community else at
                    # without its community a section says nothing, and the script passes it over
                    lines = ((place.line or 0, rows[(place.line or 1) - 1]),)
                    yield Option(section.type, tuple(value.value for value in names if value), place, lines)
            case _:
                continue
