"""The doors: what the system starts that lets somebody in, and whether it asks for a password.

Derived from the processes that start at boot or on demand. Rules, from the programs' own help:

- telnetd hands the caller to the program of `-l` (inetutils `-E`): a shell there asks for nothing. BusyBox takes the
  address with `-b`, the port with `-b` or `-p`; inetd and socket units open the port themselves.
- nc and ncat hand the caller to `-e`, ncat to `-c` and `--sh-exec` too; socat to EXEC:, SYSTEM: or SHELL:. With -l or a
  LISTEN address they wait for the caller, without they call him. tcpsvd and its kin take address, port and program.
- A pipe between nc and a shell, a redirection to /dev/tcp, and a script of one line that joins a socket to a shell do
  the same.
- getty and login ask for a password on a line or the console.

Wrappers (tcpd, nice, setsid, nohup, env, start-stop-daemon, `sh -c`) are looked through.
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.facts.process import applet, is_multi_call
from firmward.facts.startup import Manager, Process, Start, Startup
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Kind as FileKind
from firmward.model.tree import Tree


class Kind(StrEnum):
    CONSOLE = "console"
    """A getty: the password is asked on a serial line or a screen."""
    TELNET = "telnet"
    FTP = "ftp"
    REMOTE_SHELL = "remote shell"
    SSH = "ssh"
    BACKDOOR = "backdoor"
    """A shell without a login, bound to a port or calling out."""


TELNET = frozenset(("telnetd", "in.telnetd", "utelnetd", "telnetd.netkit", "inetutils-telnetd", "telnetd-ssl"))
FTP = frozenset(
    (
        *("ftpd", "in.ftpd", "vsftpd", "proftpd", "pure-ftpd", "pure-ftpd-wrapper", "bftpd", "stupid-ftpd", "wu-ftpd"),
        *("tnftpd", "ftpd-ssl", "inetutils-ftpd", "muddleftpd", "uftpd", "betaftpd", "oftpd", "glftpd", "twoftpd"),
    )
)
REMOTE_SHELL = frozenset(
    (
        *("rshd", "in.rshd", "rlogind", "in.rlogind", "rexecd", "in.rexecd", "inetutils-rshd", "inetutils-rlogind"),
        *("inetutils-rexecd", "krshd", "klogind"),
    )
)
CONSOLE = frozenset(("getty", "agetty", "mgetty", "mingetty", "login", "fbgetty", "ngetty", "sulogin"))
SSH = frozenset(("sshd", "dropbear"))
PLAIN = {Kind.FTP: FTP, Kind.REMOTE_SHELL: REMOTE_SHELL, Kind.CONSOLE: CONSOLE, Kind.SSH: SSH}
SHELLS = frozenset(("sh", "ash", "bash", "dash", "ksh", "zsh", "mksh", "csh", "tcsh", "hush", "rbash"))
NETCATS = frozenset(("nc", "netcat", "ncat", "nc.traditional", "nc.openbsd", "nc6"))
SUPER_SERVERS = frozenset(("tcpsvd", "udpsvd", "tcpserver", "ipsvd"))
WEB_TERMINALS = frozenset(("ttyd", "gotty", "wetty"))
INTERPRETERS = re.compile(r"(python|perl|php|ruby|lua|tclsh|awk|gawk|micropython)[\d.]*$")
WRAPPERS = frozenset(
    ("tcpd", "nice", "setsid", "nohup", "env", "exec", "chrt", "ionice", "stdbuf", "softlimit", "runsv", "logwrapper")
)
LOOPBACK = re.compile(r"(127\.\d+\.\d+\.\d+|localhost|::1|\[::1\])$")
DEV_TCP = re.compile(r"\b(sh|ash|bash|dash|zsh|ksh)\b.*[<>]&?\s*/dev/(tcp|udp)/")
PIPED = re.compile(
    r"\b(nc|netcat|ncat)\b[^|;&]*\|\s*(\S*/)?(ba|a|da|z|k)?sh\b(\s+-\w+)*\s*($|[|;&<>#\d])"
    r"|(^|[|;&(])\s*(\S*/)?(ba|a|da|z|k)?sh\b(\s+-\w+)*[\s\d<>&]*\|\s*(\S*/)?(nc|netcat|ncat)\b"
)
SOCKET_SHELL = re.compile(r"(?i)socket.*(/bin/\w*sh\b|pty\.spawn|dup2|exec)")
OBEYS = re.compile(
    r"(?m)(?:^|[;&|)]|\b(?:then|do|else)\b)[ \t]*"
    r'(?:"?\$[@*]"?(?:[ \t]|;|$)|eval\b|(?:/bin/)?\w{0,3}sh -c\b)'
)
"""A line that takes its own arguments, or text made at run time, for a command."""
SOCAT_LISTEN = re.compile(r"(?i)(tcp|tcp4|tcp6|udp|udp4|udp6|sctp|openssl|ssl)[46]?-l(isten)?:\[?(\d+)?")
SOCAT_CALL = re.compile(r"(?i)(tcp|udp|openssl|ssl|sctp)[46]?(-connect)?:")
SOCAT_EXEC = re.compile(r"(?i)(exec|system|shell)(:|$)['\"]?(.*)")

TELNET_PORT = 23
"""Where telnetd listens unless told otherwise."""

SUPER_SERVER_LETTERS = "cCbulitx"
"""Options of tcpsvd that take an argument."""

TEXT_LIMIT = 4096
"""Characters of a line or a word that are looked at; a hostile one could be megabytes."""

DEPTH_LIMIT = 5
"""Wrappers within wrappers that are looked through."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """One door. `address` is empty for all addresses; `port` is None where nothing says it.

    `login` is the program that the caller meets, where the command line names one.

    `kind` is what sort of door; `program` the name of what opens it; `service`, `manager` and `at` are those of the
    process that starts it (see process.py). `calls_out` says that it does not wait for a caller but connects to one;
    `protocol` is tcp or udp.
    """

    kind: Kind
    service: str
    program: str
    at: Location
    port: int | None = None
    address: str = ""
    login: str | None = None
    calls_out: bool = False
    manager: Manager = Manager.SCRIPT
    protocol: str = "tcp"

    @property
    def starter(self) -> str:
        """Who starts it, in a word: its service, or its manager where the service is only the program's name."""
        return self.manager.value if self.service == self.program else self.service

    @property
    def key(self) -> str:
        """`tcp/23`, or the program and its service where no port is known."""
        return f"{self.program}@{self.starter}" if self.port is None else f"{self.protocol}/{self.port}"

    @property
    def is_local(self) -> bool:
        """Bound to the loopback: only the device itself reaches it."""
        return LOOPBACK.match(self.address) is not None


@dataclass(frozen=True, slots=True)
class Entrances:
    """All `doors`. `unread` says what of the start-up could not be read, so that there may be more."""

    doors: tuple[Entrance, ...]
    unread: tuple[str, ...] = ()

    def of(self, *kinds: Kind) -> tuple[Entrance, ...]:
        """The doors of these kinds, each key once."""
        found = {door.key: door for door in reversed(self.doors) if door.kind in kinds}
        return tuple(sorted(found.values(), key=lambda door: door.key))

    def require_all_read(self) -> None:
        """Raises Unavailable when there may be doors that were not seen."""
        if self.unread:
            raise Unavailable(f"not all that starts could be read: {'; '.join(self.unread[:3])}")


def collect(tree: Tree, startup: Startup) -> Entrances:
    running = [process for process in startup.processes if process.start is not Start.DISABLED]
    lines: dict[str, list[str]] = {}
    doors = [door for process in running for door in parse(process, _line(tree, process.at, lines))]
    lost: list[str] = []
    doors += [door for process in running for door in _obedient(tree, process, lost)]
    return Entrances(tuple(dict.fromkeys(doors)), (*unread(startup), *_unnamed(running), *lost))


def _obedient(tree: Tree, process: Process, lost: list[str]) -> Iterator[Entrance]:
    """A script behind a port that runs the words it is sent. What cannot be read goes to `lost`."""
    argv = _applet(process.argv)
    program = _name(argv[0]) if argv else ""
    handler = _wrapped(program, argv[1:]) if program in SUPER_SERVERS else None
    if not handler or _is_shell(handler):
        return
    try:
        script = _script(tree, handler[0])
    except Unavailable as reason:
        lost.append(str(reason))
        return
    if script.startswith("#!") and OBEYS.search(script):
        address, port = _super_server_socket(argv[1:])
        yield _door(Kind.BACKDOOR, process, program, port, address, handler[0])


def _script(tree: Tree, path: str) -> str:
    """The text of a script; empty for a program, which is not read whole."""
    entry = tree.resolve(path)
    if entry is None or entry.kind is not FileKind.FILE or not next(tree.chunks(entry), b"").startswith(b"#!"):
        return ""
    return tree.text(path, TEXT_LIMIT * 16) or ""


def unread(startup: Startup) -> tuple[str, ...]:
    return startup.unread_servers


def parse(process: Process, line: str = "") -> Iterator[Entrance]:
    """The doors that one process opens; `line` is the text that starts it, for what a command line does not keep."""
    yield from _doors(process.argv, process, 0)
    if DEV_TCP.search(line):
        yield _door(Kind.BACKDOOR, process, "sh", login="sh", calls_out=True)
    elif PIPED.search(line):
        words = _split(line)
        yield _door(Kind.BACKDOOR, process, "nc", port=_netcat_port(words), login="sh", calls_out=not _listens(words))


def _unnamed(processes: Iterable[Process]) -> Iterator[str]:
    """Programs whose very name is not known may be anything."""
    for process in processes:
        if process.program.startswith("$"):
            yield f"{process.at}: {process.program} is not known before it runs"


def _line(tree: Tree, at: Location, known: dict[str, list[str]]) -> str:
    """The text at a place; each file is divided once."""
    if at.path is None or at.line is None:
        return ""
    try:
        if at.path not in known:
            known[at.path] = (tree.text(at.path) or "").split("\n")
    except Unavailable:
        return ""
    lines = known[at.path]
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    return "" if line.lstrip().startswith("#") else line[:TEXT_LIMIT]


def _doors(argv: tuple[str, ...], process: Process, depth: int) -> Iterator[Entrance]:
    argv = _applet(argv)
    if not argv or depth > DEPTH_LIMIT:
        return
    program = _name(argv[0])
    inner = _wrapped(program, argv[1:])
    if inner is not None:
        if _is_shell(inner) and program in SUPER_SERVERS:
            address, port = _super_server_socket(argv[1:])
            yield _door(Kind.BACKDOOR, process, program, port, address, _name(inner[0]))
        yield from _doors(inner, process, depth + 1)
        return
    if program in SHELLS:
        yield from _shell(argv, process, depth)
        return
    yield from _known(program, argv[1:], process)


def _shell(argv: tuple[str, ...], process: Process, depth: int) -> Iterator[Entrance]:
    """A shell that a connection starts is a door; one that runs a command is looked through."""
    script = (_after(argv[1:], "c") or "")[:TEXT_LIMIT]
    if script:
        if DEV_TCP.search(f"sh {script}"):
            yield _door(Kind.BACKDOOR, process, _name(argv[0]), login=_name(argv[0]), calls_out=True)
        for command in re.split(r"[;&|\n]+", script):
            yield from _doors(tuple(_split(command)), process, depth + 1)
    elif _is_shell(argv) and (process.sockets or process.manager in (Manager.INETD, Manager.XINETD)):
        yield _door(Kind.BACKDOOR, process, _name(argv[0]), login=_name(argv[0]))


def _known(program: str, words: tuple[str, ...], process: Process) -> Iterator[Entrance]:
    plain = next((kind for kind, programs in PLAIN.items() if program in programs), None)
    if plain is not None:
        yield _door(plain, process, program)
    elif program in TELNET:
        yield from _telnet(program, words, process)
    elif program in NETCATS:
        yield from _netcat(program, words, process)
    elif program == "socat":
        yield from _socat(words, process)
    elif program in WEB_TERMINALS:
        yield from _web_terminal(program, words, process)
    elif INTERPRETERS.match(program) and any(SOCKET_SHELL.search(word[:TEXT_LIMIT]) for word in words):
        is_open = any(re.search(r"(?i)listen|accept|bind\(", word) for word in words)
        yield _door(Kind.BACKDOOR, process, program, login="sh", calls_out=not is_open)


def _web_terminal(program: str, words: tuple[str, ...], process: Process) -> Iterator[Entrance]:
    """A shell in a web page, open unless credentials are demanded."""
    if _is_shell(words[-1:]) and not any(re.match(r"-c|--credential|-A|-H|--auth", word) for word in words):
        yield _door(Kind.BACKDOOR, process, program, _port(_after(words, "p")), login=_name(words[-1]))


def _telnet(program: str, words: tuple[str, ...], process: Process) -> Iterator[Entrance]:
    address, bound_port = _bound(_after(words, "b") or "")
    port = _port(_after(words, "p")) or bound_port
    login = _after(words, "l") or _after(words, "E") or _long(words, "exec-login")
    yield _door(Kind.TELNET, process, program, port, address, login)
    if login is not None and _is_shell(tuple(_split(login))):
        yield _door(Kind.BACKDOOR, process, program, port, address, login)


def _bound(text: str) -> tuple[str, int | None]:
    """An address with a port behind it or not; IPv6 ones stand in brackets when they have a port."""
    found = re.fullmatch(r"(\[.*\]|[^:]*):(\d+)", text)
    return (found[1], _port(found[2])) if found is not None else (text, None)


def _netcat(program: str, words: tuple[str, ...], process: Process) -> Iterator[Entrance]:
    command = _after(words, "e") or _long(words, "exec") or _long(words, "sh-exec") or _long(words, "lua-exec")
    if command is None and program == "ncat":
        command = _after(words, "c")
    if command is None:
        return
    # what follows -e belongs to the program in BusyBox: `nc -ll -p 9 -e /bin/sh -i`
    login = tuple(_split(command))
    if _is_shell(_applet(login)) or (login and is_multi_call(login[0]) and "sh" in words):
        out = not _listens(words)
        yield _door(Kind.BACKDOOR, process, program, _netcat_port(words), login=_name(login[0]), calls_out=out)


def _socat(words: tuple[str, ...], process: Process) -> Iterator[Entrance]:
    commands = [found[3] for word in words if (found := SOCAT_EXEC.match(word))]
    listen = next((found for word in words if (found := SOCAT_LISTEN.match(word))), None)
    call = any(SOCAT_CALL.match(word) for word in words)
    is_shell = any(re.search(r"(^|/|\s)(ba|a|da|z|k|mk)?sh\b|busybox", command) for command in commands)
    if (listen is not None or call) and (is_shell or "" in commands):
        port = None if listen is None else _port(listen[3])
        yield _door(Kind.BACKDOOR, process, "socat", port, login="sh", calls_out=listen is None)


def _door(
    kind: Kind,
    process: Process,
    program: str,
    port: int | None = None,
    address: str = "",
    login: str | None = None,
    calls_out: bool = False,
) -> Entrance:
    protocol = "udp" if program == "udpsvd" else "tcp"
    socket = process.sockets[0] if process.sockets else None
    if socket is not None:
        port, address, protocol = port or socket.port, address or socket.address, socket.protocol
    if port is None and kind is Kind.TELNET:
        port = TELNET_PORT
    return Entrance(
        kind,
        process.service,
        program,
        process.at,
        port,
        address,
        login,
        calls_out,
        process.manager,
        protocol=protocol,
    )


def _wrapped(program: str, words: tuple[str, ...]) -> tuple[str, ...] | None:
    """The command that a wrapper or super-server starts; None when this is neither."""
    if program in SUPER_SERVERS:
        return _positional(words, SUPER_SERVER_LETTERS)[2:]
    if program == "start-stop-daemon":
        started = _after(words, "x") or _long(words, "exec") or _after(words, "a") or _long(words, "startas")
        rest = words[words.index("--") + 1 :] if "--" in words else ()
        return None if started is None else (started, *rest)
    if program in ("chroot", "timeout"):
        return _positional(words, "sk")[1:]
    if program in WRAPPERS:
        rest = _positional(words, "nucoei")
        return rest[next((index for index, word in enumerate(rest) if "=" not in word), len(rest)) :]
    return None


def _positional(words: tuple[str, ...], with_argument: str) -> tuple[str, ...]:
    """The words after the options, of which these letters take an argument."""
    position = 0
    while position < len(words) and words[position].startswith("-") and words[position] != "-":
        word = words[position]
        position += 2 if len(word) == 2 and word[1] in with_argument else 1
        if word == "--":
            break
    return words[position:]


def _super_server_socket(words: tuple[str, ...]) -> tuple[str, int | None]:
    rest = _positional(words, SUPER_SERVER_LETTERS)
    address = rest[0] if rest else ""
    return ("" if address in ("0", "0.0.0.0", "::") else address), _port(rest[1]) if len(rest) > 1 else None  # noqa: S104


def _applet(argv: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(applet(argv))


def _name(word: str) -> str:
    # a login shell is called with a dash before its name
    return word.rpartition("/")[2].removeprefix("-")


def _is_shell(argv: tuple[str, ...]) -> bool:
    argv = _applet(argv)
    return bool(argv) and _name(argv[0]) in SHELLS and all(word.startswith("-") for word in argv[1:])


def _listens(words: Iterable[str]) -> bool:
    return any(word == "--listen" or re.match(r"-[a-zA-Z]*l", word) for word in words)


def _netcat_port(words: Iterable[str]) -> int | None:
    given = tuple(words)
    port = _port(_after(given, "p"))
    if port is not None:
        return port
    return next((int(word) for word in given if re.fullmatch(r"\d{1,5}", word) and int(word) > 0), None)


def _after(words: tuple[str, ...], letter: str) -> str | None:
    """The argument of a one-letter option: against it, or the next word; letters may stand together."""
    for position, word in enumerate(words):
        if word == "--":
            return None
        found = re.match(rf"-(?!-)([a-zA-Z]*?){letter}(.*)", word, re.DOTALL)
        if found is not None:
            return found[2] or (words[position + 1] if position + 1 < len(words) else None)
    return None


def _long(words: tuple[str, ...], name: str) -> str | None:
    for position, word in enumerate(words):
        if word == f"--{name}":
            return words[position + 1] if position + 1 < len(words) else None
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
    return None


def _port(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,5}", text) and 0 < int(text) < 65536 else None


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
