"""The small daemons' configuration files: lines of a key and its value, as rows.

What differs from program to program is where the file lies, which sign stands between key and value, and which keys
name ports and addresses; each row says so, after the program's manual. The last value of a key holds, keys that add up
(`Listen`, `Port`) are marked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from firmward.facts.command_line import CommandLine
from firmward.facts.configuration_file import ConfigurationFiles, folder_of, inside, lines, unquoted
from firmward.facts.listener import Application, split_endpoint
from firmward.facts.number import is_number
from firmward.facts.startup import Process
from firmward.model.location import Location
from firmward.model.tree import Tree

Opening = tuple[str, int, str | None, Application | None, Location]
"""Protocol, port, address (None where addresses stand apart), what is spoken, and where it says so."""

Switch = tuple[str, tuple[str, ...]]
"""A key and the values that turn it on."""

FILE_AS_WORD = ("vsftpd", "redis-server", "redis", "valkey-server")
"""Programs whose command line names the file without an option."""

YES = ("yes", "true", "1", "on")
NO = ("no", "false", "0", "off")


@dataclass(frozen=True, slots=True)
class KeyValueFile:
    """How one program's file names its sockets.

    `option` is the command line's for the file. `listen` keys hold `[ADDRESS:]PORT` and add up, `port` keys a port,
    `address` keys addresses. `silent` switches turn listening off, `encrypted` ones turn TLS on, `replaces` says that
    without a listening key nothing is opened.
    """

    paths: tuple[str, ...]
    option: tuple[str, ...] = ()
    separator: str = " "
    comment: str = "#"
    listen: tuple[str, ...] = ()
    port: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    single: tuple[str, ...] = ()
    """Keys that name a port or addresses and do not add up."""
    include: tuple[str, ...] = ()
    silent: tuple[Switch, ...] = ()
    awake: tuple[Switch, ...] = ()
    """Switches that undo `silent`."""
    encrypted: tuple[Switch, ...] = ()
    protocols: tuple[tuple[str, Application | None], ...] = (("tcp", None),)
    extra: tuple[tuple[str, str, int, Application], ...] = ()
    """Keys that open a socket by being there: key, protocol, port, what is spoken."""
    replaces: bool = False
    needed: bool = False
    """Whether a missing file is a loss: without it the program does not start, or starts otherwise."""


@dataclass(frozen=True, slots=True)
class Sockets:
    """What a file says. Without anything the row's own defaults hold."""

    opens: tuple[Opening, ...] = ()
    addresses: tuple[str, ...] = ()
    silent: bool = False
    encrypted: bool = False
    replaces: bool = False
    file: str | None = None
    """The file that was read, where what it leaves unsaid holds too."""


@dataclass(frozen=True, slots=True)
class Option:
    key: str
    value: str
    at: Location


VSFTPD = KeyValueFile(
    ("etc/vsftpd.conf", "etc/vsftpd/vsftpd.conf"),
    separator="=",
    port=("listen_port",),
    address=("listen_address", "listen_address6"),
    single=("listen_port", "listen_address", "listen_address6"),
    silent=(("listen", NO),),
    awake=(("listen_ipv6", YES),),
    encrypted=(("force_local_logins_ssl", YES),),
)
PROFTPD = KeyValueFile(
    ("etc/proftpd/proftpd.conf", "etc/proftpd.conf"),
    ("c",),
    port=("port",),
    address=("defaultaddress",),
    include=("include",),
    silent=(("servertype", ("inetd",)), ("port", ("0",))),
    encrypted=(("tlsrequired", YES),),
)
MINI_HTTPD = KeyValueFile(
    (), ("C",), separator="=", port=("port",), address=("host",), encrypted=(("ssl", ("", "yes", "1")),), needed=True
)
THTTPD = KeyValueFile((), ("C",), separator="=", port=("port",), address=("host",), needed=True)
BOA = KeyValueFile(("etc/boa/boa.conf", "etc/boa.conf"), ("f",), port=("port",), address=("listen",))
APPWEB = KeyValueFile(
    ("etc/appweb/appweb.conf", "etc/appweb.conf"), ("config",), listen=("listen", "listensecure"), include=("include",)
)
TINYPROXY = KeyValueFile(
    ("etc/tinyproxy/tinyproxy.conf", "etc/tinyproxy.conf"), ("c",), port=("port",), address=("listen",)
)
RESOLVED = KeyValueFile(("etc/systemd/resolved.conf",), separator="=", silent=(("llmnr", ("no", "false", "0", "off")),))
UNBOUND = KeyValueFile(
    ("etc/unbound/unbound.conf",),
    ("c",),
    separator=":",
    port=("port",),
    address=("interface",),
    include=("include", "include-toplevel"),
    protocols=(("tcp", None), ("udp", None)),
)
NTPD = KeyValueFile(())
CHRONY = KeyValueFile(
    ("etc/chrony/chrony.conf", "etc/chrony.conf"),
    ("f",),
    include=("include",),
    address=("bindaddress",),
    extra=(("allow", "udp", 123, Application.NTP),),
    silent=(("port", ("0",)),),
    replaces=True,
)
SAMBA = KeyValueFile(("etc/samba/smb.conf",), ("s",), separator="=", comment="#;", address=("interfaces",))
CUPS = KeyValueFile(("etc/cups/cupsd.conf",), ("c",), listen=("listen",), port=("port",))
MINIDLNA = KeyValueFile(("etc/minidlna.conf",), ("f",), separator="=")
REDIS = KeyValueFile(
    ("etc/redis/redis.conf", "etc/redis.conf", "etc/valkey/valkey.conf"),
    port=("port",),
    address=("bind",),
    single=("port", "bind"),
    include=("include",),
    silent=(("port", ("0",)),),
)
MYSQL = KeyValueFile(
    ("etc/mysql/my.cnf", "etc/my.cnf"),
    ("defaults-file",),
    separator="=",
    port=("port",),
    address=("bind-address", "bind_address"),
    single=("port", "bind-address", "bind_address"),
    silent=(("skip-networking", ("", "1", "on")), ("skip_networking", ("", "1", "on"))),
)


def read(row: KeyValueFile, tree: Tree, process: Process, arguments: CommandLine, files: ConfigurationFiles) -> Sockets:
    """What the program's file says, the command line's file before the usual ones."""
    path = _path(row, tree, process, arguments)
    if path is None:
        if row.needed and not row.option:
            files.lose(f"no configuration of {process.program} was found")
        return Sockets()
    text = files.main(path)
    if text is None:
        return Sockets()
    return replace(_judged(row, tuple(parse(text, inside(path), row, files))), file=inside(path))


def parse(text: str, path: str, row: KeyValueFile, files: ConfigurationFiles) -> Iterator[Option]:
    """The options of a file and of those that it includes, keys in lower case."""
    for number, line in lines(text, row.comment):
        key, _, value = line.partition(row.separator) if row.separator != " " else _words(line)
        option = Option(key.strip().lower(), unquoted(value.partition(" #")[0].strip()), Location(path, number))
        if option.key in row.include and option.value:
            for inner_path, inner in files.included(option.value, option.at, folder_of(row.paths[0])):
                yield from parse(inner, inner_path, row, files)
        else:
            yield option


def _words(line: str) -> tuple[str, str, str]:
    key, _, value = re.sub(r"\s+", " ", line).partition(" ")
    return key, " ", value


def _path(row: KeyValueFile, tree: Tree, process: Process, arguments: CommandLine) -> str | None:
    given = arguments.get(*row.option) if row.option else None
    if given is None and process.program in FILE_AS_WORD:
        given = next((word for word in arguments.words if word.endswith(".conf")), None)
    if given is None and row.option:
        given = _after(process, row.option)
    return given or next((path for path in row.paths if tree.is_file(path)), None)


def _after(process: Process, names: tuple[str, ...]) -> str | None:
    """The word after `-f` where the row did not know that the letter takes a value."""
    flags = tuple(f"-{name}" for name in names if len(name) == 1)
    words = process.argv
    return next((words[n + 1] for n, word in enumerate(words[:-1]) if word in flags), None)


def _judged(row: KeyValueFile, written: tuple[Option, ...]) -> Sockets:
    final = {option.key: option for option in written}
    options = tuple(one for one in written if one.key not in row.single or final[one.key] is one)
    last = {option.key: option.value.lower() for option in options}
    is_awake = any(last.get(key) in values for key, values in row.awake)
    if not is_awake and any(last.get(key) in values for key, values in row.silent):
        return Sockets(silent=True)
    addresses = tuple(
        word.lstrip("-").replace("::*", "::")
        for option in options
        if option.key in row.address
        for word in option.value.replace(",", " ").split()
    )
    return Sockets(
        tuple(_openings(row, options)),
        addresses,
        encrypted=any(last.get(key) in values for key, values in row.encrypted),
        replaces=row.replaces,
    )


def _openings(row: KeyValueFile, options: tuple[Option, ...]) -> Iterator[Opening]:
    ports = [option for option in options if option.key in row.port and is_number(option.value) and option.value != "0"]
    listens = [option for option in options if option.key in row.listen]
    default = int(ports[0].value) if ports else 22
    for option in listens:
        words = option.value.split()
        place = split_endpoint(words[0], default) if words and not words[0].startswith("/") else None
        if place is not None:
            yield "tcp", place[1], place[0], _spoken(option, place[1]), option.at
    if not listens:
        for option in ports:
            for protocol, speaks in row.protocols:
                if 0 < int(option.value[:6]) < 65536:
                    yield protocol, int(option.value[:6]), None, speaks, option.at
    for key, protocol, port, speaks in row.extra:
        named = next((option for option in options if option.key == key), None)
        if named is not None:
            yield protocol, port, None, speaks, named.at


def _spoken(option: Option, port: int) -> Application | None:
    """`Listen 443 https` and `ListenSecure 443` are TLS."""
    words = option.value.split()
    secure = option.key == "listensecure" or "https" in words[1:] or (port == 443 and option.key == "listen")
    return Application.HTTPS if secure else None
