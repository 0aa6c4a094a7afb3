"""The UPnP gateway daemons that start (miniupnpd): who may open ports, and towards whom they listen.

Rules, from miniupnpd.conf(5) and its manual page:

- The file is that of `-f`, else etc/miniupnpd/miniupnpd.conf or etc/miniupnpd.conf; `key=value` lines; `listening_ip`
  may come several times. Options: `-i` outside interface, `-a` inside address or interface, `-p` port, `-S` secure.
- Without `secure_mode=yes` (or `-S`) a host may open ports towards other hosts than itself.
- SSDP is UDP 1900, `enable_natpmp=yes` or `enable_pcp_pmp` adds UDP 5351, the description is served on `port` (any free
  one when 0).
- OpenWrt writes the file from etc/config/upnpd, where secure_mode is 1 unless set and `internal_iface` lan.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firmward.facts import command_line
from firmward.facts.configuration_file import ConfigurationFiles, inside, lines
from firmward.facts.listener import Application, Listener
from firmward.facts.number import is_number
from firmward.facts.startup import Process, Startup
from firmward.formats import uci
from firmward.model.location import Location
from firmward.model.tree import Tree

PROGRAM = "miniupnpd"
FILES = ("etc/miniupnpd/miniupnpd.conf", "etc/miniupnpd.conf")
UCI_FILE = "etc/config/upnpd"
TRUE = ("yes", "1", "true", "on", "enabled")


@dataclass(frozen=True, slots=True)
class Gateway:
    """One daemon of `service`. `secure` is secure_mode and `secure_at` where it is set, or where it is missing.

    `outside` and `inside` are interfaces or addresses as written, `listeners` its sockets.
    """

    service: str
    secure: bool
    secure_at: Location
    outside: tuple[str, ...]
    inside: tuple[str, ...]
    listeners: tuple[Listener, ...]


@dataclass(frozen=True, slots=True)
class Miniupnpd:
    """All `gateways` that start; `unread` says what could not be read."""

    gateways: tuple[Gateway, ...]
    unread: tuple[str, ...] = ()

    @property
    def listeners(self) -> tuple[Listener, ...]:
        return tuple(listener for gateway in self.gateways for listener in gateway.listeners)


@dataclass(frozen=True, slots=True)
class Option:
    """One `value`, and `at`, where it stands."""

    value: str
    at: Location


Options = Mapping[str, tuple[Option, ...]]


def collect(tree: Tree, startup: Startup) -> Miniupnpd | None:
    processes = startup.running(PROGRAM)
    if not processes:
        return None
    gateways: list[Gateway] = []
    unread: list[str] = []
    for process in processes:
        files = ConfigurationFiles(tree)
        gateway = effective(_options(tree, process, files), process)
        if gateway is not None:
            gateways.append(gateway)
        unread += files.unread
    return Miniupnpd(tuple(gateways), tuple(unread)) if gateways or unread else None


def parse(text: str, path: str) -> Options:
    """All values of every key."""
    options: dict[str, tuple[Option, ...]] = {}
    for number, line in lines(text):
        key, _, value = line.partition("=")
        bare = value.partition("#")[0].strip()
        options[key.strip()] = (*options.get(key.strip(), ()), Option(bare, Location(path, number)))
    return options


def effective(options: Options, process: Process) -> Gateway | None:
    """What a daemon with these options does; None when it is switched off."""
    if "enabled" in options and not _true(options, "enabled"):
        return None
    secure = options.get("secure_mode", (Option("no", process.at),))[-1]
    inside_names = tuple(option.value for option in options.get("listening_ip", ()))
    return Gateway(
        process.service,
        secure.value.lower() in TRUE,
        secure.at,
        tuple(option.value for name in ("ext_ifname", "ext_ifname6") for option in options.get(name, ())),
        inside_names,
        tuple(_listeners(options, process)),
    )


def _listeners(options: Options, process: Process) -> Iterator[Listener]:
    named = (option.at for values in options.values() for option in values if option.at != process.at)
    file = next((at.path for at in named), None)
    main = Location(file) if file else process.at
    if "enable_upnp" not in options or _true(options, "enable_upnp"):
        at = options["enable_upnp"][-1].at if "enable_upnp" in options else main
        yield Listener("udp", 1900, "", PROGRAM, process.service, at, speaks=Application.UPNP)
        port = options.get("http_port", options.get("port", (Option("0", main),)))[-1]
        if is_number(port.value) and 0 < int(port.value) < 65536:
            yield Listener("tcp", int(port.value), "", PROGRAM, process.service, port.at, speaks=Application.UPNP)
    pmp = next((name for name in ("enable_natpmp", "enable_pcp_pmp") if _true(options, name)), None)
    if pmp is not None:
        yield Listener("udp", 5351, "", PROGRAM, process.service, options[pmp][-1].at, speaks=Application.NAT_PMP)


def _options(tree: Tree, process: Process, files: ConfigurationFiles) -> Options:
    arguments = command_line.read(command_line.own_words(process.argv), letters="fiaopPNBruwm")
    path = arguments.get("f") or next((path for path in FILES if tree.is_file(path)), None)
    if tree.is_file(UCI_FILE) and (path is None or not tree.is_file(inside(path))):
        return _uci(tree.text(UCI_FILE) or "")
    text = files.main(path) if path else ""
    options = dict(parse(text or "", inside(path or "")))
    for letter, name in (("i", "ext_ifname"), ("a", "listening_ip"), ("p", "port")):
        if arguments.has(letter):
            options[name] = tuple(Option(value, process.at) for value in arguments.all(letter))
    if arguments.has("S"):
        options["secure_mode"] = (Option("yes", process.at),)
    return options


def _uci(text: str) -> Options:
    names = {"external_iface": "ext_ifname", "internal_iface": "listening_ip"}
    options: dict[str, tuple[Option, ...]] = {
        "secure_mode": (Option("1", Location(UCI_FILE)),),
        "listening_ip": (Option("lan", Location(UCI_FILE)),),
        "ext_ifname": (Option("wan", Location(UCI_FILE)),),
        "port": (Option("5000", Location(UCI_FILE)),),
        "enable_natpmp": (Option("1", Location(UCI_FILE)),),
    }
    for section in uci.parse(text):
        if section.type == "upnpd":
            for name in section.options:
                values = tuple(Option(value.value, Location(UCI_FILE, value.line)) for value in section.list(name))
                options[names.get(name, name)] = values
    return options


def _true(options: Options, name: str) -> bool:
    return name in options and options[name][-1].value.lower() in TRUE
