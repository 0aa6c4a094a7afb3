"""Dropbear's SSH server: there is no configuration file but its command line.

Rules, from `dropbear -h` and its makers' notes:

- Passwords are taken unless -s; root's unless -g, and root at all unless -w. -B takes empty passwords too. -t asks for
  a key and a password. Without -j and -k it forwards ports, and -a lets others than the device use them.
- Letters may stand together, and an argument against its letter. -p may be given ten times; without it port 22.
- OpenWrt writes the command line from /etc/config/dropbear, one server for each section: PasswordAuth,
  RootPasswordAuth and RootLogin are on unless switched off, GatewayPorts is off. A script there that never asks for
  the configuration says the command line itself. Debian adds DROPBEAR_EXTRA_ARGS of
  /etc/default/dropbear.
- The algorithms are chosen when it is built; their names stand in the program.
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from firmward.facts import first_start
from firmward.facts.entrances import unread
from firmward.facts.startup import Manager, Process, Start, Startup
from firmward.formats import ssh_algorithms, uci
from firmward.formats.ssh_algorithms import Version, Weakness
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.remedy import SetOption
from firmward.model.tree import Tree

PROGRAMS = tuple(
    f"{folder}/{name}"
    for name in ("dropbear", "dropbearmulti")
    for folder in ("usr/sbin", "sbin", "usr/bin", "bin", "usr/local/sbin", "opt/sbin")
)
CONFIG, DEFAULTS = "etc/config/dropbear", "etc/default/dropbear"
COMMAND = "command dropbear"
"""The section of an option that is a word of its command line."""

PROGRAM_LIMIT = 8 << 20
ARGUMENT_LETTERS = "bcdDGIKlMpPQrTWA2"
"""Options of dropbear that take an argument."""

READS_UCI = re.compile(r"^[^#\n]*\b(?:config_(?:load|get|foreach)|uci_\w+|uci)\b", re.MULTILINE)
"""What a start script of OpenWrt's asks its configuration with."""

OFF = ("0", "no", "off", "false", "disabled")
"""What OpenWrt's scripts read as false."""


@dataclass(frozen=True, slots=True)
class DropbearServer:
    """One dropbear and what it allows. `unsure` names a part of its command line that could not be worked out.

    `name` is `dropbear` or, with its ports, like `dropbear:2222`. `at` is the line that starts it, OpenWrt's section,
    or Debian's settings where nothing starts it; None where there is none of them. `start` is None when it is not known
    whether anything starts it.

    `passwords` says that it takes them, `root_password` that root's gets in too, `empty_passwords` that an empty one
    does; `root` that root may log in at all; `two_factors` that a key and a password are both demanded.
    `forced_command` says that every login runs one command, whatever it asks for.

    `local_forwarding` goes from the caller through the device, `remote_forwarding` from the device to the caller, and
    with `gateway_ports` others than the device may use the latter. `ports` stand as written, an address may be before
    them; `host_keys` are the paths that are named, empty where the usual ones are used.
    """

    name: str
    at: Location | None
    start: Start | None
    passwords: bool = True
    root: bool = True
    root_password: bool = True
    empty_passwords: bool = False
    two_factors: bool = False
    local_forwarding: bool = True
    remote_forwarding: bool = True
    gateway_ports: bool = False
    ports: tuple[str, ...] = ("22",)
    host_keys: tuple[str, ...] = ()
    forced_command: bool = False
    unsure: str | None = None
    section: str | None = None
    """OpenWrt's section that it is made from."""

    extra: str | None = None
    """The file of settings that adds words to its command line."""

    def change(self, option: str, value: str, *letters: str) -> tuple[SetOption, ...]:
        """What would set an option of OpenWrt's, or put letters on the command line where it stands: `-s` in, and what
        begins with `no `, out. Nothing where neither is known."""
        if self.section is not None:
            return (SetOption(CONFIG, option, value, self.section),) if option else ()
        path = self.at.path if self.at is not None else None
        if path is None:
            return ()
        put = tuple(SetOption(path, one, "yes", COMMAND) for one in letters if not one.startswith("no "))
        out = [one.removeprefix("no ") for one in letters if one.startswith("no ")]
        places = dict.fromkeys(one for one in (path, self.extra) if one is not None)
        return (*put, *(SetOption(place, one, "no", COMMAND) for one in out for place in places))


@dataclass(frozen=True, slots=True)
class WeakName:
    """An algorithm, by SSH's `name` for it, that was built in and should not be.

    `why` is the reason for a message; `is_broken` is false where it is only dated.
    """

    name: str
    why: str
    is_broken: bool


@dataclass(frozen=True, slots=True)
class Dropbear:
    """The `servers` and the program. `weak_algorithms` is None when the program is missing or could not be read.

    `program` is its path, None where it is in none of the usual folders. `version` is the one it announces, such as
    (2022, 83); None where that is not known.
    """

    program: str | None
    version: Version | None
    weak_algorithms: tuple[WeakName, ...] | None
    servers: tuple[DropbearServer, ...]

    @property
    def started(self) -> tuple[DropbearServer, ...]:
        """The servers that run, or may run."""
        return tuple(server for server in self.servers if server.start is not Start.DISABLED)


def collect(tree: Tree, startup: Startup | None | Unknown) -> Dropbear | None:
    program = next((path for path in PROGRAMS if tree.is_file(path)), None)
    processes = tuple(_processes(startup))
    if program is None and not processes and not tree.is_file(CONFIG) and not tree.is_file(DEFAULTS):
        return None
    servers = _distinct(_servers(tree, startup, processes))
    content = None if program is None else _content(tree, program)
    version = None if content is None else _version(content)
    weak = None if content is None else tuple(_weak(content, version))
    return Dropbear(program, version, weak, servers)


def parse(
    words: Iterable[str], name: str = "dropbear", at: Location | None = None, start: Start | None = None
) -> DropbearServer:
    """The server that a command line makes, the program's own word left out."""
    flags = set()
    arguments: dict[str, list[str]] = {}
    unsure = None
    for letter, value in _letters(words):
        if letter == "$":
            unsure = value
        elif value:
            arguments.setdefault(letter, []).append(value)
        else:
            flags.add(letter)
    return DropbearServer(
        name=name,
        at=at,
        start=start,
        passwords="s" not in flags,
        root="w" not in flags,
        root_password=flags.isdisjoint("swg"),
        empty_passwords="B" in flags,
        two_factors="t" in flags,
        local_forwarding="j" not in flags,
        remote_forwarding="k" not in flags,
        gateway_ports="a" in flags,
        ports=tuple(arguments.get("p", ("22",))),
        host_keys=tuple(path.strip("/") for letter in "rd" for path in arguments.get(letter, ())),
        forced_command="c" in arguments,
        unsure=unsure,
    )


def _letters(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each option with its argument; `$` for a word that could not be worked out."""
    rest = iter(words)
    for word in rest:
        if word.startswith(("$", "-$")) or "$(" in word:
            yield "$", word
        if not word.startswith("-"):
            continue
        for place, letter in enumerate(word[1:], 2):
            if letter in ARGUMENT_LETTERS:
                yield letter, word[place:] or next(rest, "")
                break
            yield letter, ""


def _servers(tree: Tree, startup: Startup | None | Unknown, processes: tuple[Process, ...]) -> Iterator[DropbearServer]:
    written = [process for process in processes if not _is_from_uci(tree, process)]
    uci_text = first_start.configuration(tree, "dropbear", startup)
    if uci_text is not None and len(written) < max(len(processes), 1):
        yield from _from_uci(uci_text, _start(startup, processes))
    extra = _extra_words(tree)
    for process in written:
        yield replace(_from_process(process, extra), extra=DEFAULTS if extra is not None else None)
    if not processes and uci_text is None:
        yield parse(extra or (), at=Location(DEFAULTS) if extra else None, start=_start(startup, processes))


def _is_from_uci(tree: Tree, process: Process) -> bool:
    """OpenWrt's own script: its command line is made from its configuration while it runs. One that never asks for the
    configuration has the command line that stands in it."""
    path = process.at.path
    if process.manager is not Manager.PROCD or path is None or not path.endswith("init.d/dropbear"):
        return False
    return READS_UCI.search(tree.text(path) or "") is not None


def _start(startup: Startup | None | Unknown, processes: tuple[Process, ...]) -> Start | None:
    if processes:
        return next((process.start for process in processes if process.start is not Start.DISABLED), Start.DISABLED)
    return Start.DISABLED if isinstance(startup, Startup) and not unread(startup) else None


def _from_process(process: Process, extra: tuple[str, ...] | None) -> DropbearServer:
    words: list[str] = []
    after = process.argv.index("dropbear") + 1 if "dropbear" in process.argv[:2] else 1
    for word in process.argv[after:]:
        is_extra = "DROPBEAR_EXTRA_ARGS" in word and extra is not None
        words.extend((extra or ()) if is_extra else (word,))
    ports = [value for letter, value in _letters(words) if letter == "p" and value]
    name = "dropbear" if ports in ([], ["22"]) else f"dropbear:{','.join(ports)}"
    return parse(words, name, process.at, process.start)


def _from_uci(text: str, start: Start | None) -> Iterator[DropbearServer]:
    for number, section in enumerate(section for section in uci.parse(text) if section.type == "dropbear"):
        port = _option(section, "Port") or "22"
        name = "dropbear" if number == 0 else f"dropbear:{port}"
        passwords = _is_on(section, "PasswordAuth")
        root = _is_on(section, "RootLogin")
        yield DropbearServer(
            name=name,
            at=Location(CONFIG, section.line),
            start=start if _is_on(section, "enable") else Start.DISABLED,
            passwords=passwords,
            root=root,
            root_password=passwords and root and _is_on(section, "RootPasswordAuth"),
            gateway_ports=_is_on(section, "GatewayPorts", usual=False),
            ports=(port,),
            host_keys=tuple(path.value.strip("/") for key in ("keyfile", "rsakeyfile") for path in section.list(key)),
            forced_command=bool(_option(section, "ForceCommand")),
            section=section.name or f"@dropbear[{number}]",
        )


def _option(section: uci.Section, name: str) -> str | None:
    found = section.get(name)
    return None if found is None else found.value


def _is_on(section: uci.Section, name: str, usual: bool = True) -> bool:
    value = _option(section, name)
    return usual if value is None else value.lower() not in OFF


def _extra_words(tree: Tree) -> tuple[str, ...] | None:
    """What Debian's settings add to the command line; None without the file."""
    text = tree.text(DEFAULTS)
    if text is None:
        return None
    words: list[str] = []
    for name, option in (("DROPBEAR_EXTRA_ARGS", ""), ("DROPBEAR_ARGS", ""), ("DROPBEAR_PORT", "-p")):
        found = re.findall(rf"(?m)^[ \t]*{name}=(.*)$", text)
        value = _unquote(found[-1]) if found else ""
        if value:
            words.extend((option, value) if option else _split(value))
    return tuple(words)


def _unquote(text: str) -> str:
    return " ".join(_split(text))


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def _processes(startup: Startup | None | Unknown) -> Iterator[Process]:
    if isinstance(startup, Startup):
        yield from (process for process in startup.processes if process.program == "dropbear" or _is_multi(process))


def _is_multi(process: Process) -> bool:
    return process.program == "dropbearmulti" and process.argv[1:2] == ("dropbear",)


def _distinct(servers: Iterable[DropbearServer]) -> tuple[DropbearServer, ...]:
    """One server for each name: one that runs rather than one that does not."""
    found: dict[str, DropbearServer] = {}
    for server in sorted(servers, key=lambda server: server.start is Start.DISABLED):
        found.setdefault(server.name, server)
    return tuple(found.values())


def _content(tree: Tree, program: str) -> bytes | None:
    try:
        return tree.read(program, PROGRAM_LIMIT)
    except Unavailable:
        return None


def _weak(content: bytes, version: Version | None) -> Iterator[WeakName]:
    for name, row in ssh_algorithms.dropbear_weak(content, version):
        yield WeakName(name, row.why, row.weakness is Weakness.BROKEN)


def _version(content: bytes) -> Version | None:
    found = re.search(rb"SSH-2\.0-dropbear_(\d{4})\.(\d{1,3})", content)
    if found is not None:
        return int(found[1]), int(found[2])
    # before 2011 the versions were 0.44 to 0.53
    return (0, 53) if re.search(rb"SSH-2\.0-dropbear_0\.\d\d", content) else None
