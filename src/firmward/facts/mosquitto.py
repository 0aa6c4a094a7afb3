"""The mosquitto brokers that start: listeners, who may connect, and what of TLS they set.

Rules, from mosquitto.conf(5) and tried out with the program:

- `listener PORT [ADDRESS]` opens one socket, and the options after it are that listener's. `port` and `bind_address`
  anywhere, and listener options that stand before any `listener`, open the default listener too. Its port is 1883, or
  the command line's `-p`, which opens nothing by itself.
- From version 2 on, a broker without any listener takes connections of the device itself only (127.0.0.1 and ::1), and
  anonymous ones; with a listener `allow_anonymous` is false unless set. Version 1 listens everywhere, and
  `allow_anonymous` is true unless set. The version stands in the program; where it cannot be read, it stays unknown.
- `allow_anonymous` and `password_file` hold for all listeners unless `per_listener_settings true` stands before them.
- A listener speaks TLS when it has `certfile` and `keyfile`, or `psk_hint`; port 0 with a path is a Unix socket.
- `include_dir` reads the files ending in `.conf`, in order. The last value of an option holds.
- OpenWrt's script writes the file from etc/config/mosquitto unless `use_uci` is 0: the options of `config mosquitto`
  under their own names, `config listener` with `port`, `enabled` and `no_remote`, `config bridge`.
- A broker in a container reads the file that is bound to /mosquitto/config/mosquitto.conf there; others reach it by the
  ports that the engine publishes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from firmward.facts import command_line, container_ports
from firmward.facts.configuration_file import ConfigurationFiles, inside, lines
from firmward.facts.container.record import Container
from firmward.facts.containers import Containers
from firmward.facts.listener import Application, Listener
from firmward.facts.number import is_number
from firmward.facts.startup import Manager, Process, Start, Startup
from firmward.facts.tls_setting import TlsSetting
from firmward.formats import uci
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

PROGRAM = "mosquitto"
DEFAULT_PORT = 1883
CONTAINER_FOLDER = "/mosquitto/config"
VERSIONED_IMAGE = re.compile(r"mosquitto:v?([12])\b")
BINARY_LIMIT = 16 << 20
VERSION = re.compile(rb"\0([12])\.\d{1,2}\.\d{1,2}\0")
"""How the program holds its own version, a text between two zeros."""
TLS_OPTIONS = ("tls_version", "ciphers", "require_certificate", "bridge_insecure", "bridge_tls_version")
UCI_FILE = "etc/config/mosquitto"
ON = ("1", "on", "true", "yes", "enabled")
ADDRESSES = ("bind_address", "address", "ipaddr")
SWITCHES = ("allow_anonymous", "require_certificate", "bridge_insecure", "per_listener_settings")
DEFAULT_LISTENER = frozenset(
    (
        *("port", "bind_address", "bind_interface", "max_connections", "cafile", "capath", "certfile", "keyfile"),
        *("ciphers", "ciphers_tls1.3", "crlfile", "dhparamfile", "http_dir", "mount_point", "protocol", "psk_hint"),
        *("require_certificate", "socket_domain", "tls_engine", "tls_version", "use_identity_as_username"),
        *("use_subject_as_username", "use_username_as_clientid"),
    )
)
"""Options which, before any `listener`, open the default listener."""


@dataclass(frozen=True, slots=True)
class Broker:
    """One `listener` and who may connect to it.

    `anonymous` is None where it hangs on a version that is unknown, `anonymous_at` is where it is said.
    `wants_certificate` says that a client must show one, or know a key.
    """

    listener: Listener
    anonymous: bool | None
    anonymous_at: Location
    wants_certificate: bool
    section: str | None = None
    """Where in that file it is set: OpenWrt's section, or the listener's port where each has settings of its own."""


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """All `brokers` that start, `tls` is what they set of TLS, `unread` says what could not be read."""

    brokers: tuple[Broker, ...]
    tls: tuple[TlsSetting, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def listeners(self) -> tuple[Listener, ...]:
        return tuple(broker.listener for broker in self.brokers)


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its `name`, its `value`, and `at`, where it stands."""

    name: str
    value: str
    at: Location
    section: str | None = None
    """OpenWrt's, in which it stands."""


@dataclass(slots=True)
class _Draft:
    """One listener as it is read: `port`, `address`, `at`, where it stands, and the `options` that are its own."""

    port: str
    address: str
    at: Location
    options: dict[str, Option] = field(default_factory=dict)

    def is_set(self, *names: str) -> bool:
        return any(self.options[name].value for name in names if name in self.options)

    def says(self, name: str, value: str) -> bool:
        return name in self.options and self.options[name].value.lower() == value


def collect(tree: Tree, startup: Startup, containers: Containers | Unknown | None) -> Mosquitto | None:
    found = list(_in_containers(tree, startup, containers))
    found += [_broker(tree, process) for process in startup.running(PROGRAM)]
    if not found:
        return None
    return Mosquitto(
        tuple(broker for server in found for broker in server.brokers),
        tuple(setting for server in found for setting in server.tls),
        tuple(dict.fromkeys(reason for server in found for reason in server.unread)),
    )


def _in_containers(tree: Tree, startup: Startup, containers: Containers | Unknown | None) -> Iterator[Mosquitto]:
    """The brokers in containers, with the ports by which others reach them."""
    if not isinstance(containers, Containers) or not container_ports.is_used(startup):
        return
    for container in containers.containers:
        path = container_ports.configuration(tree, container, "mosquitto.conf", CONTAINER_FOLDER)
        if path is not None:
            argv = (PROGRAM, "-c", f"/{path}")
            process = Process(argv, container.name, Manager.SCRIPT, Start.BOOT, container.at)
            tag = VERSIONED_IMAGE.search(container.image or "")
            yield _published(_broker(tree, process, int(tag[1]) if tag else None), container)
        elif PROGRAM in (container.image or ""):
            yield Mosquitto((), unread=(f"{container.at}: the configuration of {container.name} is in its image",))


def _published(found: Mosquitto, container: Container) -> Mosquitto:
    if "network" in container.shared:
        return found
    brokers = [
        replace(
            broker,
            listener=replace(
                broker.listener, port=one.port, address=one.address, forwarded_to=one.target, service=container.name
            ),
        )
        for broker in found.brokers
        for one in container.published
        if not broker.listener.is_local and (one.protocol, one.target) == ("tcp", broker.listener.port)
    ]
    return replace(found, brokers=tuple(brokers))


def parse(text: str, path: str, files: ConfigurationFiles) -> Iterator[Option]:
    """The options in the order in which they are read."""
    for number, line in lines(text):
        name, _, value = line.partition(" ")
        option = Option(name, value.strip(), Location(path, number))
        if name == "include_dir":
            for inner_path, inner in files.folder(option.value, option.at):
                if inner_path.endswith(".conf"):
                    yield from parse(inner, inner_path, files)
        else:
            yield option


def _uses_uci(text: str) -> bool:
    told = [value for section in uci.parse(text) if (value := section.get("use_uci")) is not None]
    return not told or told[-1].value in ON


def from_uci(text: str) -> Iterator[Option]:
    """The options that OpenWrt's script writes."""
    sections = uci.parse(text)
    for kind in ("mosquitto", "listener", "bridge"):
        for number, section in enumerate(one for one in sections if one.type == kind):
            enabled = section.get("enabled")
            if enabled is None or enabled.value in ON:
                place = section.name or f"@{kind}[{number}]"
                yield from (replace(option, section=place) for option in _of_section(section))


def _of_section(section: uci.Section) -> Iterator[Option]:
    told = [section.get(name) for name in ("no_remote", "no_remote_access")]
    is_local = any(value is not None and value.value in ON for value in told)
    port = section.get("port")
    if section.type == "listener":
        if port is None:
            return
        address = next((value.value for name in ADDRESSES if (value := section.get(name)) is not None), "")
        text = f"{port.value} {'localhost' if is_local else address}".strip()
        yield Option("listener", text, Location(UCI_FILE, port.line))
    elif is_local:
        yield Option("bind_address", "localhost", Location(UCI_FILE, section.line))
    for name, values in section.options.items():
        if section.type == "listener" and name in ("port", *ADDRESSES):
            continue
        for value in values:
            known = {"1": "true", "0": "false"}.get(value.value, value.value) if name in SWITCHES else value.value
            yield Option(name, known, Location(UCI_FILE, value.line))


def effective(options: tuple[Option, ...], process: Process, version: int | None, port: str | None = None) -> Mosquitto:
    """The listeners that these options open; `port` is the command line's."""
    default, drafts = _drafts(options)
    shared = {option.name: option for option in options}
    opens_default = not DEFAULT_LISTENER.isdisjoint(default.options)
    local_only = not drafts and not opens_default and version != 1
    if not drafts or opens_default:
        drafts = [default, *drafts]
        default.port = port or default.port
    if default.at.path is None:
        default.at = process.at
    unread = []
    if version is None and local_only:
        unread.append(
            f"{process.service}: whether mosquitto listens everywhere hangs on its version, which is not known"
        )
    brokers = []
    for draft in drafts:
        if not is_number(draft.port) or int(draft.port) > 65535:
            unread.append(f"{draft.at}: {draft.port} is no port")
        elif int(draft.port):
            address = "localhost" if local_only else draft.address
            certain = version is not None or not local_only
            brokers.append(_finished(draft, address, certain, shared, process, version, local_only))
    tls = tuple(TlsSetting(PROGRAM, o.name, o.value, o.at, o.section) for o in options if o.name in TLS_OPTIONS)
    return Mosquitto(tuple(brokers), tls, tuple(unread))


def _drafts(options: tuple[Option, ...]) -> tuple[_Draft, list[_Draft]]:
    default = _Draft(str(DEFAULT_PORT), "", Location())
    drafts: list[_Draft] = []
    current = default
    for option in options:
        if option.name == "listener":
            port, _, address = option.value.partition(" ")
            current = _Draft(port, address.strip(), option.at)
            drafts.append(current)
            continue
        owner = default if option.name in ("port", "bind_address") else current
        owner.options[option.name] = option
        if owner is default and option.name in ("port", "bind_address"):
            default.at = option.at
            default.port = option.value if option.name == "port" else default.port
            default.address = option.value if option.name == "bind_address" else default.address
        elif option.name == "bind_interface":
            current.address = option.value
    return default, drafts


def _finished(
    draft: _Draft,
    address: str,
    certain: bool,
    shared: dict[str, Option],
    process: Process,
    version: int | None,
    local_only: bool,
) -> Broker:
    per_listener = "per_listener_settings" in shared and shared["per_listener_settings"].value == "true"
    scope = draft.options if per_listener else shared
    has_tls = draft.is_set("certfile") or draft.is_set("psk_hint")
    speaks = Application.MQTTS if has_tls else Application.MQTT
    allow = scope.get("allow_anonymous")
    default = local_only if version == 2 else (True if version == 1 else None)
    return Broker(
        Listener("tcp", int(draft.port), address, PROGRAM, process.service, draft.at, certain, speaks),
        anonymous=allow.value.lower() == "true" if allow else default,
        anonymous_at=allow.at if allow else draft.at,
        wants_certificate=has_tls and (draft.says("require_certificate", "true") or draft.is_set("psk_hint")),
        section=allow.section if allow else draft.port if per_listener else None,
    )


def _broker(tree: Tree, process: Process, version: int | None = None) -> Mosquitto:
    arguments = command_line.read(command_line.own_words(process.argv), letters="cp", names=("config-file", "port"))
    files = ConfigurationFiles(tree)
    path = arguments.get("c", "config-file")
    generated = tree.text(UCI_FILE) if path and not tree.exists(inside(path)) else None
    if generated is not None and _uses_uci(generated):
        text: str | None = generated
        options = tuple(from_uci(generated))
    else:
        text = files.main(path) if path else ""
        options = tuple(parse(text or "", (path or "").lstrip("/"), files))
    version = version or _version(tree, process)
    found = effective(options, process, version, arguments.get("p", "port"))
    if text is None:
        return Mosquitto((), unread=tuple(files.unread))
    return Mosquitto(found.brokers, found.tls, (*found.unread, *files.unread))


def _version(tree: Tree, process: Process) -> int | None:
    """The broker's major version, as its program tells it; None when it does not."""
    try:
        content = tree.read(_path(process), BINARY_LIMIT)
    except Unavailable:
        return None
    found = {int(match[1]) for match in VERSION.finditer(content or b"")}
    return found.pop() if len(found) == 1 else None


def _path(process: Process) -> str:
    written = process.argv[0].lstrip("/")
    return written if "/" in written else f"usr/sbin/{written}"
