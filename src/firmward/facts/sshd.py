"""OpenSSH's server: what it really allows, and to whom.

Rules, from sshd(8), sshd_config(5) and `sshd -T`:

- The first value of a keyword wins, `-o` of the command line before all files. A few keywords (Port, ListenAddress,
  HostKey, AllowUsers and their like) add up instead.
- A Match block that holds for a connection overrides the lines outside of all blocks, `-o` too, wherever it stands;
  among blocks the first value wins. `Match all` holds always.
- What nothing sets is sshd's own default, which depends on its version (root could log in with a password until 7.0).
- A password gets in by PasswordAuthentication, and by KbdInteractiveAuthentication where UsePAM is on;
  AuthenticationMethods may demand more than that.

Who connects is not known when an image is judged: `cases` gives the settings for a connection that meets no condition,
and for each condition that may hold, those under it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from firmward.facts.entrances import unread
from firmward.facts.startup import Process, Start, Startup
from firmward.formats import ssh_algorithms, sshd_config
from firmward.formats.ssh_algorithms import Version, Weakness
from firmward.formats.ssh_match import ANYBODY, Connection, holds, matches
from firmward.formats.sshd_config import Condition, Configuration, Directive
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.remedy import SetOption
from firmward.model.tree import Tree

PROGRAMS = ("usr/sbin/sshd", "usr/bin/sshd", "sbin/sshd", "usr/local/sbin/sshd", "opt/sbin/sshd", "bin/sshd")
CONFIGURATIONS = (
    "etc/ssh/sshd_config",
    "usr/etc/ssh/sshd_config",
    "etc/sshd_config",
    "usr/local/etc/sshd_config",
    "usr/local/etc/ssh/sshd_config",
    "etc/openssh/sshd_config",
    "opt/etc/ssh/sshd_config",
)
COMMAND = "command sshd"
"""The section of an option that stands on the command line."""

PROGRAM_LIMIT = 16 << 20
CASE_LIMIT = 64
"""Match conditions looked at; a configuration has a handful."""

SUMS = frozenset(
    ("port", "listenaddress", "hostkey", "hostcertificate", "allowusers", "denyusers", "allowgroups", "denygroups")
)
"""Keywords whose lines add up."""

DEFAULTS = {
    "port": "22",
    "permitrootlogin": "prohibit-password",
    "passwordauthentication": "yes",
    "kbdinteractiveauthentication": "yes",
    "pubkeyauthentication": "yes",
    "hostbasedauthentication": "no",
    "permitemptypasswords": "no",
    "usepam": "no",
    "authenticationmethods": "any",
    "allowtcpforwarding": "yes",
    "allowstreamlocalforwarding": "yes",
    "allowagentforwarding": "yes",
    "x11forwarding": "no",
    "permittunnel": "no",
    "gatewayports": "no",
    "disableforwarding": "no",
    "permituserenvironment": "no",
    "strictmodes": "yes",
    "trustedusercakeys": "none",
    "authorizedkeyscommand": "none",
    "authorizedkeysfile": ".ssh/authorized_keys .ssh/authorized_keys2",
}
ROOT_PASSWORD_UNTIL: Version = (7, 0)
"""From this version on root needs a key unless the configuration says otherwise."""

NAMES = (
    *("PasswordAuthentication", "KbdInteractiveAuthentication", "PermitRootLogin", "PermitEmptyPasswords", "UsePAM"),
    *("AllowTcpForwarding", "AllowStreamLocalForwarding", "AllowAgentForwarding", "X11Forwarding", "PermitTunnel"),
    *("GatewayPorts", "DisableForwarding", "Ciphers", "MACs", "KexAlgorithms", "HostKeyAlgorithms"),
    "PubkeyAcceptedAlgorithms",
)
"""Keywords as the manual writes them."""

SYNONYMS = {"without-password": "prohibit-password", "true": "yes", "false": "no"}
ARGUMENT_LETTERS = "bCcEfghkoptu"
"""Options of sshd that take an argument."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A keyword's value; `at` is None for sshd's own default.

    `keyword` is in lower case and under its present name. `value` has one blank between arguments; words such as yes
    are in lower case and of one spelling. Where lines add up it holds all, and `at` is the first.
    """

    keyword: str
    value: str
    at: Location | None = None

    @property
    def is_on(self) -> bool:
        return self.value not in ("no", "none")

    def __str__(self) -> str:
        """As a person writes it: `PasswordAuthentication yes`."""
        name = next((name for name in NAMES if name.lower() == self.keyword), self.keyword)
        return f"{name} {self.value}{' by default' if self.at is None else ''}"


@dataclass(frozen=True, slots=True)
class WeakAlgorithm:
    """An algorithm, by SSH's `name` for it, that a server offers and should not.

    `setting` is what offers it, sshd's default too; `why` the reason for a message; `is_broken` is false where the
    algorithm is only dated.
    """

    setting: Setting
    name: str
    why: str
    is_broken: bool


@dataclass(frozen=True, slots=True)
class Case:
    """What is in force for some connections: all that meet `condition`, or those that meet none.

    `condition` is written as Match lines, None for no condition. `settings` are by keyword in lower case and hold what
    lines set; for the rest `get` gives the defaults of `version`, a recent one's where it is None.
    """

    condition: str | None
    settings: Mapping[str, Setting]
    version: Version | None

    def get(self, keyword: str) -> Setting:
        found = self.settings.get(keyword.lower())
        return found if found is not None else _default(keyword.lower(), self.version)

    def algorithms(self, keyword: str) -> tuple[str, ...]:
        """The algorithms in force under Ciphers, MACs, KexAlgorithms and their like."""
        found = self.settings.get(keyword.lower())
        return ssh_algorithms.effective(keyword.lower(), None if found is None else found.value, self.version)

    def weak_algorithms(self) -> tuple[WeakAlgorithm, ...]:
        """The weak ones among the algorithms in force, by keyword."""
        return tuple(
            WeakAlgorithm(self.get(keyword), name, row.why, row.weakness is Weakness.BROKEN)
            for keyword in ssh_algorithms.KEYWORDS
            for name, row in ssh_algorithms.weak(keyword, self.algorithms(keyword))
        )

    def strong(self, keyword: str) -> tuple[str, ...]:
        """The algorithms in force without the weak ones; the version's own strong ones where none would be left."""
        mine = self.algorithms(keyword)
        return _without_weak(keyword, mine) or _without_weak(keyword, ssh_algorithms.defaults(keyword, self.version))

    @property
    def password_way(self) -> Setting | None:
        """The setting by which a password alone gets in."""
        ways = {"password": self.get("passwordauthentication")}
        if self.get("usepam").value == "yes":
            ways["keyboard-interactive"] = self.get("kbdinteractiveauthentication")
        open_ways = {way: setting for way, setting in ways.items() if setting.is_on}
        for demanded in self.get("authenticationmethods").value.split():
            steps = [step.partition(":")[0] for step in demanded.split(",")]
            for step in open_ways if demanded == "any" else steps[:1]:
                if step in open_ways and (demanded == "any" or all(each in open_ways for each in steps)):
                    return open_ways[step]
        return None

    def admits(self, user: str, groups: Iterable[str]) -> bool:
        """Whether AllowUsers, DenyUsers and the group lists let this account in from somewhere."""
        names = tuple(groups)
        if any(_names(user, pattern) for pattern in self._words("denyusers")):
            return False
        allowed = self._words("allowusers")
        if allowed and not any(_names(user, pattern.partition("@")[0]) for pattern in allowed):
            return False
        if any(_names(name, pattern) for pattern in self._words("denygroups") for name in names):
            return False
        allowed = self._words("allowgroups")
        return not allowed or any(_names(name, pattern) for pattern in allowed for name in names)

    def _words(self, keyword: str) -> tuple[str, ...]:
        found = self.settings.get(keyword)
        return tuple(found.value.split()) if found is not None else ()


def _without_weak(keyword: str, names: tuple[str, ...]) -> tuple[str, ...]:
    weak = {name for name, _ in ssh_algorithms.weak(keyword, names)}
    return tuple(name for name in names if name not in weak)


@dataclass(frozen=True, slots=True)
class Server:
    """One sshd: a `configuration` and the command line that starts it.

    `start` is None when it is not known whether anything starts it. `name` is stable over builds. `path` is the main
    configuration file; `options` are what the command line sets, as lines that come before the file's. `version` is the
    program's, None where not known; `at` the line that starts it, None where nothing does.
    """

    name: str
    path: str
    configuration: Configuration
    options: tuple[Directive, ...]
    start: Start | None
    version: Version | None
    at: Location | None = None

    @property
    def general(self) -> Case:
        """The settings for a connection that meets no condition."""
        return self.cases()[0]

    def cases(self, user: str | None = None, groups: tuple[str, ...] | None = None) -> tuple[Case, ...]:
        """What may be in force for a user, or for anybody; the general case first."""
        who = Connection(user=user, groups=groups) if user is not None else ANYBODY
        verdicts = self._verdicts(who)
        open_blocks = [block for block, verdict in verdicts.items() if verdict is None][:CASE_LIMIT]
        return tuple(self._case(verdicts, block) for block in ((), *open_blocks))

    def change(self, setting: Setting, value: str, case: Case | None = None) -> SetOption:
        """What would set a keyword where it was set: in its file, or on the command line, which goes before all files;
        else in the main file."""
        files = {line.path for line in self.configuration.directives}
        place = setting.at.path if setting.at is not None else None
        name = next((name for name in NAMES if name.lower() == setting.keyword), setting.keyword)
        if place and place not in files and any(line.keyword == setting.keyword for line in self.options):
            return SetOption(place, name, value, COMMAND)
        path = place if place in files else self.path
        return SetOption(path or self.path, name, value, None if case is None else case.condition)

    def effective(self, connection: Connection) -> Case:
        """What is in force for one connection of which everything is known."""
        return self._case(self._verdicts(connection), ())

    def _verdicts(self, who: Connection) -> dict[tuple[Condition, ...], bool | None]:
        blocks = dict.fromkeys(line.conditions for line in self.configuration.directives if line.conditions)
        return {block: holds(block, who) for block in blocks}

    def _case(self, verdicts: Mapping[tuple[Condition, ...], bool | None], assumed: tuple[Condition, ...]) -> Case:
        lines = self.configuration.directives
        always = {block for block in verdicts if all(_is_all(condition) for condition in block)} | {()}
        now = {block for block, verdict in verdicts.items() if verdict or _is_within(block, assumed)}
        outside = (line for line in lines if line.conditions in always)
        inside = (line for line in lines if line.conditions in now)
        settings = {**_first((*self.options, *outside)), **_first(inside)}
        return Case(" and ".join(map(str, assumed)) or None, settings, self.version)


@dataclass(frozen=True, slots=True)
class Sshd:
    """OpenSSH's `servers` on the system: one for each way of starting it, at least one when it is installed.

    `program` is its path, None where it is in none of the usual folders. `version` is read from the program's own text,
    such as (9, 2) for 9.2p1; None where that is not known. `unread` says what of the program could not be read.
    """

    program: str | None
    version: Version | None
    servers: tuple[Server, ...]
    unread: tuple[str, ...] = ()

    @property
    def started(self) -> tuple[Server, ...]:
        """The servers that run, or may run."""
        return tuple(server for server in self.servers if server.start is not Start.DISABLED)


def collect(tree: Tree, startup: Startup | None | Unknown) -> Sshd | None:
    program = next((path for path in PROGRAMS if tree.is_file(path)), None)
    configuration = next((path for path in CONFIGURATIONS if tree.is_file(path)), None)
    processes = tuple(_processes(startup))
    if program is None and configuration is None and not processes:
        return None
    lost: list[str] = []
    version = None if program is None else _version(tree, program, lost)
    usual = configuration or CONFIGURATIONS[0]
    if not processes:
        is_off = isinstance(startup, Startup) and not unread(startup)
        start = Start.DISABLED if is_off else None
        return Sshd(program, version, (_server(tree, "sshd", usual, (), start, version, None),), tuple(lost))
    distinct = {(process.argv, process.start): process for process in processes}
    servers = tuple(_started(tree, process, usual, version) for process in distinct.values())
    return Sshd(program, version, _distinct(servers), tuple(lost))


def parse(tree: Tree, path: str, options: tuple[Directive, ...] = (), version: Version | None = None) -> Server:
    """The server that a configuration file makes."""
    return _server(tree, "sshd", path, options, None, version, None)


def _processes(startup: Startup | None | Unknown) -> Iterator[Process]:
    if isinstance(startup, Startup):
        yield from (process for process in startup.processes if process.program == "sshd")


def _started(tree: Tree, process: Process, usual: str, version: Version | None) -> Server:
    path, options = command_line(process)
    port = next((option.arguments[0] for option in options if option.keyword == "port"), None)
    name = "sshd" if path is None else f"sshd {path}"
    if port is not None:
        name += f" port {port}"
    return _server(tree, name, path or usual, options, process.start, version, process.at)


def _distinct(servers: Iterable[Server]) -> tuple[Server, ...]:
    """One server for each name: one that runs rather than one that does not."""
    found: dict[str, Server] = {}
    for server in sorted(servers, key=lambda server: server.start is Start.DISABLED):
        found.setdefault(server.name, server)
    return tuple(found.values())


def command_line(process: Process) -> tuple[str | None, tuple[Directive, ...]]:
    """The configuration file that a command line names, and its options as lines that come before it."""
    place = process.at.path or process.service
    path = None
    options = []
    for letter, value in _letters(process.argv[1:]):
        if letter == "f":
            path = value.strip("/")
        text = {"o": value, "p": f"Port {value}", "h": f"HostKey {value}"}.get(letter)
        line = sshd_config.directive(text, place, process.at.line or 1) if text else None
        if line is not None:
            options.append(line)
    return path, tuple(options)


def _letters(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "--":
            continue
        for place, letter in enumerate(word[1:], 2):
            if letter in ARGUMENT_LETTERS:
                yield letter, word[place:] or next(rest, "")
                break
            yield letter, ""


def _server(
    tree: Tree,
    name: str,
    path: str,
    options: tuple[Directive, ...],
    start: Start | None,
    version: Version | None,
    at: Location | None,
) -> Server:
    folder = path.rpartition("/")[0]

    def read(file: str) -> str | None:
        return tree.text(file)

    def expand(pattern: str) -> tuple[str, ...]:
        return tree.glob(pattern if pattern.startswith("/") else f"{folder}/{pattern}")

    if tree.is_file(path):
        configuration = sshd_config.parse(path, read, expand)
    elif tree.lstat_through(path) is not None:
        raise Unavailable(f"{path} leads to a place that is filled on the device")
    else:
        configuration = Configuration((), (f"{path} is not in the image",))
    return Server(name, path, configuration, options, start, version, at)


def _first(lines: Iterable[Directive]) -> dict[str, Setting]:
    """The first value of each keyword, or all of them where they add up."""
    found: dict[str, Setting] = {}
    for line in lines:
        value = _value(line)
        known = found.get(line.keyword)
        if known is None:
            found[line.keyword] = Setting(line.keyword, value, Location(line.path, line.line))
        elif line.keyword in SUMS:
            found[line.keyword] = Setting(line.keyword, f"{known.value} {value}", known.at)
    return found


def _value(line: Directive) -> str:
    value = " ".join(line.arguments)
    word = value.lower()
    is_word = line.keyword in DEFAULTS and line.keyword != "authorizedkeysfile"
    return SYNONYMS.get(word, word) if is_word else value


@cache
def _default(keyword: str, version: Version | None) -> Setting:
    if keyword == "permitrootlogin" and version is not None and version < ROOT_PASSWORD_UNTIL:
        return Setting(keyword, "yes")
    if keyword in ssh_algorithms.KEYWORDS:
        return Setting(keyword, ",".join(ssh_algorithms.defaults(keyword, version)))
    return Setting(keyword, DEFAULTS.get(keyword, ""))


def _is_all(condition: Condition) -> bool:
    return condition.criteria == (("all", ""),)


def _is_within(conditions: tuple[Condition, ...], assumed: tuple[Condition, ...]) -> bool:
    """The assumed block itself, or a block around it."""
    return bool(assumed) and conditions == assumed[: len(conditions)]


def _names(name: str, pattern: str) -> bool:
    return matches(name, pattern)


def _version(tree: Tree, program: str, lost: list[str]) -> Version | None:
    try:
        content = tree.read(program, PROGRAM_LIMIT) or b""
    except Unavailable as reason:
        lost.append(f"{reason}, so that its defaults are not known")
        return None
    found = [(int(major), int(minor)) for major, minor in re.findall(rb"OpenSSH_(\d{1,2})\.(\d{1,2})p\d", content)]
    return max(found, default=None)
