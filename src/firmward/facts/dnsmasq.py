"""The dnsmasq servers that start: DNS, DHCP, TFTP and where they are offered.

Rules, from dnsmasq(8) and tried out with the program:

- Every long option may stand on the command line or, without its dashes, in a file. Files: `--conf-file` (`-C`, in the
  place of etc/dnsmasq.conf), `conf-file=` and `conf-dir=DIR[,SUFFIXES]` (`-7`) within files; a suffix that begins with
  `*` selects, one without rules out.
- DNS is on port 53, TCP and UDP, unless `port=` says otherwise; `port=0` turns it off. `dhcp-range` brings DHCP on 67,
  with an IPv6 address DHCPv6 on 547; `enable-tftp` brings 69.
- `interface=`, `listen-address=` say who is answered. Without `bind-interfaces` or `bind-dynamic` the socket is bound
  to all addresses all the same and other requests are dropped: we take the addresses that are answered.
- OpenWrt writes the file from etc/config/dhcp.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmward.facts import command_line
from firmward.facts.configuration_file import ConfigurationFiles, folder_of, inside, lines
from firmward.facts.listener import Application, Listener
from firmward.facts.number import is_number
from firmward.facts.startup import Process, Startup
from firmward.formats import uci
from firmward.model.location import Location
from firmward.model.tree import Tree

PROGRAM = "dnsmasq"
DEFAULT_FILE = "etc/dnsmasq.conf"
UCI_FILE = "etc/config/dhcp"
WITH_VALUE = "rmpclsitugaxSCATHQIBFGOMXVUjPJWY2467803"
LETTERS = {"p": "port", "F": "dhcp-range", "i": "interface", "a": "listen-address", "I": "except-interface"}
OWN_NAMES = "port conf-file conf-dir dhcp-range interface listen-address except-interface"
OTHER_NAMES = "user group pid-file dhcp-leasefile resolv-file addn-hosts server local domain tftp-root dhcp-script"
NAMES = frozenset((OWN_NAMES + " " + OTHER_NAMES).split())
"""Long options whose value may stand in the next word."""


@dataclass(frozen=True, slots=True)
class Dnsmasq:
    """All servers that start: `listeners` are their sockets, `unread` says what could not be read."""

    listeners: tuple[Listener, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its long `name`, its `value`, and `at`, where it stands."""

    name: str
    value: str
    at: Location


def collect(tree: Tree, startup: Startup) -> Dnsmasq | None:
    processes = startup.running(PROGRAM)
    if not processes:
        return None
    listeners: list[Listener] = []
    unread: list[str] = []
    for process in processes:
        files = ConfigurationFiles(tree)
        options = tuple(_options(tree, process, files))
        listeners += effective(options, process)
        unread += files.unread
    return Dnsmasq(tuple(listeners), tuple(dict.fromkeys(unread)))


def parse(text: str, path: str, files: ConfigurationFiles) -> Iterator[Option]:
    """The options of a file and of those that it reads."""
    for number, line in lines(text):
        name, _, value = line.partition(" #")[0].partition("=")
        option = Option(name.strip(), value.strip(), Location(path, number))
        if option.name == "conf-file":
            for inner_path, inner in files.included(option.value, option.at, ""):
                yield from parse(inner, inner_path, files)
        elif option.name == "conf-dir":
            yield from _folder(option, files)
        else:
            yield option


def effective(options: Iterable[Option], process: Process) -> tuple[Listener, ...]:
    """The sockets that these options open, one per service and address."""
    known = tuple(options)
    found = []
    file = next((option.at.path for option in known if option.at != process.at), None)
    for protocol, port, speaks, at in _offers(known, Location(file) if file else process.at):
        for address, told in _addresses(known):
            # DNS has no option of its own: what says where it answers is what has to be changed
            place = at if told is None or told.path == at.path or speaks is not Application.DNS else told
            found.append(Listener(protocol, port, address, PROGRAM, process.service, place, speaks=speaks))
    return tuple(found)


def _options(tree: Tree, process: Process, files: ConfigurationFiles) -> Iterator[Option]:
    arguments = command_line.read(command_line.own_words(process.argv), letters=WITH_VALUE, names=NAMES)
    path = arguments.get("C", "conf-file")
    if tree.is_file(UCI_FILE) and (path is None or not tree.is_file(inside(path))):
        yield from _uci(tree.text(UCI_FILE) or "")
    elif path is not None or tree.is_file(DEFAULT_FILE):
        text = files.main(path or DEFAULT_FILE)
        yield from parse(text or "", inside(path or DEFAULT_FILE), files)
    for name, value in arguments.options:
        option = Option(LETTERS.get(name, name), value, process.at)
        if name in ("7", "conf-dir"):
            yield from _folder(option, files)
        elif name not in ("C", "conf-file"):
            yield option


def _folder(option: Option, files: ConfigurationFiles) -> Iterator[Option]:
    folder, *suffixes = option.value.split(",")
    wanted = tuple(suffix[1:] for suffix in suffixes if suffix.startswith("*"))
    unwanted = tuple(suffix for suffix in suffixes if suffix and not suffix.startswith("*"))
    for path, text in files.folder(folder, option.at):
        name = path.removeprefix(folder_of(path))
        backup = name.endswith("~") or (name.startswith("/#") and name.endswith("#"))
        if not backup and (not wanted or name.endswith(wanted)) and not (unwanted and name.endswith(unwanted)):
            yield from parse(text, path, files)


def _offers(options: tuple[Option, ...], started: Location) -> Iterator[tuple[str, int, Application, Location]]:
    last = {option.name: option for option in options}
    port = last.get("port", Option("port", "53", started))
    if is_number(port.value) and 0 < int(port.value) < 65536:
        yield "udp", int(port.value), Application.DNS, port.at
        yield "tcp", int(port.value), Application.DNS, port.at
    ranges = [option for option in options if option.name == "dhcp-range"]
    four = [option for option in ranges if ":" not in _without_tags(option.value)]
    six = [option for option in ranges if ":" in _without_tags(option.value) and "ra-only" not in option.value]
    if four:
        yield "udp", 67, Application.DHCP, four[0].at
    if six:
        yield "udp", 547, Application.DHCP, six[0].at
    if "enable-tftp" in last:
        yield "udp", 69, Application.TFTP, last["enable-tftp"].at


def _without_tags(value: str) -> str:
    """A dhcp-range without `set:x` and `interface:x`, whose colon is none of an address."""
    marks = ("set:", "tag:", "constructor:", "interface:")
    return ",".join(part for part in value.split(",") if not part.startswith(marks))


def _addresses(options: tuple[Option, ...]) -> tuple[tuple[str, Location | None], ...]:
    """Where it answers, each with what says so first."""
    named: dict[str, Location | None] = {}
    for option in options:
        if option.name in ("interface", "listen-address"):
            for value in option.value.replace(" ", "").split(","):
                if value:
                    named.setdefault(value, option.at)
    return tuple(named.items()) or (("", None),)


def _uci(text: str) -> Iterator[Option]:
    """What OpenWrt's init script makes of the sections."""
    for section in uci.parse(text):
        at = Location(UCI_FILE, section.line)
        if section.type == "dnsmasq":
            for name in ("port", "interface"):
                for value in section.list(name):
                    yield Option(name, value.value, Location(UCI_FILE, value.line))
            tftp = section.get("enable_tftp")
            if tftp and tftp.value in ("1", "on", "true", "yes", "enabled"):
                yield Option("enable-tftp", "", Location(UCI_FILE, tftp.line))
        elif section.type == "dhcp" and section.get("start") and not _ignored(section):
            yield Option("dhcp-range", "", at)


def _ignored(section: uci.Section) -> bool:
    ignore = section.get("ignore")
    return ignore is not None and ignore.value in ("1", "on", "true", "yes", "enabled")
