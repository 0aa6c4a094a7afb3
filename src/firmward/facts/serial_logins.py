"""Who is let in on a serial line, and whether he is asked for a password.

Rules, from the programs' own manuals. A getty asks for a name and hands it to login, which asks for the password; to
another program with `-l`, `--login-program`. `-a`, `--autologin`, and `-f` among `--login-options` log in without one,
as `login -f` does. A shell on a terminal asks for nothing (BusyBox's `askfirst` only for a key). Which line
/dev/console is: consoles.py. systemd's generator starts serial-getty@ on each console of the kernel's that is no
screen, unless systemd.getty_auto=no or the unit is masked; drop-ins of the instance count
(systemd-getty-generator(8)).
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from firmward.facts import command_line
from firmward.facts.accounts import Accounts, Password
from firmward.facts.consoles import Consoles, is_serial
from firmward.facts.entrances import SHELLS
from firmward.facts.process import Manager, Process, Start, applet
from firmward.facts.startup import Startup
from firmward.facts.systemd import SystemdUnits
from firmward.facts.units.unit import Enablement
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

GETTYS = frozenset(("getty", "agetty", "mgetty", "mingetty", "ngetty"))
LOGINS = frozenset(("login", "sulogin"))
WRAPPERS = frozenset(("cttyhack", "setsid", "openvt", "nohup", "env", "exec", "nice"))
TEMPLATE = "serial-getty@.service"
GENERATOR = "systemd-getty-generator"
GENERATORS = ("usr/lib/systemd/system-generators", "lib/systemd/system-generators")
OWN_UNITS = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
NAMED = ("autologin", "login-program", "login-options", "issue-file", "host", "init-string", "timeout", "chroot")
"""Long options of agetty that take a value."""
NULL = "/dev/null"
TEXT_LIMIT, LINE_LIMIT = 1 << 20, 500
"""Characters read of a table or script, and kept of a line."""
LINES_LIMIT = 200
"""Logins told of one system."""

_TERMINAL = re.compile(r"(?:/dev/)?(tty[\w/]+|tts/\d+|console|serial\d+)")


@dataclass(frozen=True, slots=True)
class SerialLogin:
    """One login on a `terminal`, as it is called below /dev; `is_certain` is false for the console where nothing tells
    which line that is. `program` is what waits there, `asks` whether it wants a password; `why` says in words what lets
    in without one, empty where it asks. `service`, `manager` and `at` are those of what starts it; `line` is the text
    there where that is a line of a table or a script."""

    terminal: str
    program: str
    asks: bool
    at: Location
    service: str
    manager: Manager
    why: str = ""
    is_certain: bool = True
    line: str = ""


@dataclass(frozen=True, slots=True)
class SerialLogins:
    """All that were `found`; `unread` says in words what may hide more."""

    found: tuple[SerialLogin, ...]
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree,
    startup: Startup,
    consoles: Consoles | None | Unknown,
    units: SystemdUnits | None | Unknown,
    accounts: Accounts | None | Unknown,
) -> SerialLogins | None:
    found: list[SerialLogin] = []
    running = [process for process in startup.processes if process.start is not Start.DISABLED]
    for process in running:
        login = _login(tree, process, consoles)
        if login is not None and len(found) < LINES_LIMIT:
            found.append(login)
    unread = [*startup.unread_servers, *_unplaced(running)]
    if startup.init is Manager.SYSTEMD and isinstance(units, SystemdUnits):
        unread += units.lost
        try:
            found += _generated(tree, units, consoles, {one.terminal for one in found})
        except Unavailable as reason:
            unread.append(reason.reason)
    if startup.blind is not None:
        unread.append(f"it is not known what starts: {startup.blind}")
    empty = _empty(accounts)
    told = tuple(dict.fromkeys(replace(one, asks=False, why=empty) if one.asks and empty else one for one in found))
    if any(one.asks for one in told) and isinstance(accounts, Unknown):
        unread.append(accounts.reason)
    return SerialLogins(told, tuple(unread))


def _empty(accounts: Accounts | None | Unknown) -> str:
    """Words for the accounts that a login lets in for the name alone."""
    listed = accounts.accounts if isinstance(accounts, Accounts) else ()
    names = [one.name for one in listed if one.password is Password.EMPTY and one.has_login_shell]
    return f"the password of {', '.join(names[:3])} is empty" if names else ""


def _login(tree: Tree, process: Process, consoles: Consoles | None | Unknown) -> SerialLogin | None:
    argv = _unwrapped(tuple(process.argv))
    program = argv[0].rpartition("/")[2].lstrip("-") if argv else ""
    if program in GETTYS:
        why = _let_in(argv)
    elif program in LOGINS:
        why = "login -f asks for no password" if command_line.read(argv[1:], letters="hfr").has("f") else ""
    elif program in SHELLS and _is_interactive(argv):
        why = f"{program} is a shell and asks for nothing"
    else:
        return None
    place = _place(process, argv, consoles)
    if place is None:
        return None
    terminal, certain = place
    if terminal == "console" and program in SHELLS and process.manager is Manager.SCRIPT:
        return None  # the way out of an initramfs that fails, and no login that waits
    line = _line(tree, process) if process.manager in (Manager.INITTAB, Manager.SCRIPT) else ""
    return SerialLogin(
        terminal, program, not why, process.at, process.service, process.manager, why, is_certain=certain, line=line
    )


def _line(tree: Tree, process: Process) -> str:
    """The text that starts it; BusyBox's own table stands in no file."""
    try:
        lines = (tree.text(process.at.path or "", TEXT_LIMIT) or "").split("\n")
    except Unavailable:
        return ""
    line = lines[process.at.line - 1] if process.at.line and process.at.line <= len(lines) else ""
    return line[:LINE_LIMIT] if line.replace("\t", " ").isprintable() else ""


def _unplaced(processes: Iterable[Process]) -> Iterator[str]:
    """Gettys on a line that the start-up's words do not name."""
    for process in processes:
        argv = _unwrapped(process.argv)
        if argv and argv[0].rpartition("/")[2] in GETTYS and process.tty is None:
            unknown = command_line.unresolved(argv[1:])
            if unknown and not any(_TERMINAL.fullmatch(word) for word in argv[1:]):
                yield f"{process.at}: which line {' '.join(unknown[:3])} is was not worked out"


def _unwrapped(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command behind wrappers and BusyBox's own name."""
    for _ in range(4):
        argv = tuple(applet(argv))
        if not argv or argv[0].rpartition("/")[2] not in WRAPPERS:
            break
        argv = tuple(argv[1:])
        while argv and argv[0].startswith("-"):
            argv = argv[1:]
    return argv


def _is_interactive(argv: tuple[str, ...]) -> bool:
    """A shell without a script or a command to run."""
    return all(word.startswith("-") for word in argv[1:])


def _let_in(argv: tuple[str, ...]) -> str:
    """What of a getty's words lets in without a password, empty where none does."""
    if argv[0].rpartition("/")[2] in ("agetty", "mingetty"):
        options = command_line.read(argv[1:], letters="adfHIlortP", names=NAMED)
        if options.has("a", "autologin"):
            return f"it logs in {options.get('a', 'autologin')} by itself"
        given = options.get("o", "login-options") or ""
        if re.search(r"(?:^|\s)-\w*f", given):
            return f"login is told not to ask: {given}"
    else:
        options = command_line.read(argv[1:], letters="tIHlf")
    program = options.get("l", "login-program") or ""
    name = program.rpartition("/")[2]
    if name in SHELLS or "autologin" in name:
        return f"it hands the line to {program}, which asks for nothing"
    return ""


def _place(process: Process, argv: tuple[str, ...], consoles: Consoles | None | Unknown) -> tuple[str, bool] | None:
    """The serial line, and whether it is certain that it is one; None for a screen, and for what is on no terminal."""
    words = [match[1] for word in argv[1:] if (match := _TERMINAL.fullmatch(word))]
    fed = _TERMINAL.fullmatch(process.input or "")
    terminal = next((one for one in words if one != "tty"), None) or process.tty or (fed[1] if fed else None)
    if terminal is None:
        return None
    if is_serial(terminal):
        return terminal, True
    if terminal != "console":
        return None
    main = consoles.is_main_serial if isinstance(consoles, Consoles) else Unknown("")
    return None if main is False else (terminal, main is True)


def _generated(
    tree: Tree, units: SystemdUnits, consoles: Consoles | None | Unknown, taken: set[str]
) -> Iterator[SerialLogin]:
    """What systemd's generator starts. Raises Unavailable where the consoles are not known."""
    unit = units.units.get(TEMPLATE)
    if unit is None or unit.enablement is Enablement.MASKED or not _has_generator(tree):
        return
    if not isinstance(consoles, Consoles) or (isinstance(consoles.main, Unknown) and not consoles.words):
        raise Unavailable(f"{TEMPLATE}: which console the kernel has, and systemd starts a getty on, is not known")
    if not consoles.has_generator:
        return
    command = unit.get("Service", "ExecStart")
    main = consoles.main if isinstance(consoles.main, frozenset) else frozenset[str]()
    named = [word.device for word in consoles.words if not word.is_early]
    for terminal in dict.fromkeys((*named, *sorted(main))):
        instance = f"serial-getty@{terminal}.service"
        if not is_serial(terminal) or terminal in taken or _is_masked(tree, instance):
            continue
        own = _instance_command(tree, instance) or ("" if command is None else command.value)
        at = Location(unit.path) if command is None else command.at
        why = _let_in(_split(own)) if own else ""
        yield SerialLogin(terminal, "agetty", not why, at, instance, Manager.SYSTEMD, why)


def _has_generator(tree: Tree) -> bool:
    entry = tree.lstat(f"etc/systemd/system-generators/{GENERATOR}")
    if entry is not None and entry.target == NULL:
        return False
    return any(tree.exists(f"{folder}/{GENERATOR}") for folder in GENERATORS)


def _is_masked(tree: Tree, unit: str) -> bool:
    entries = (tree.lstat_through(f"{folder}/{unit}") for folder in OWN_UNITS[:1])
    return any(entry is not None and entry.target == NULL for entry in entries)


_EXEC = re.compile(r"^[ \t]*ExecStart[ \t]*=[ \t]*[-@:+!]*(?P<command>\S.*)$", re.MULTILINE)


def _instance_command(tree: Tree, unit: str) -> str:
    """What drop-ins of one instance start instead: the last of them."""
    found = ""
    for folder in reversed(OWN_UNITS):
        for path in tree.glob(f"{folder}/{unit}.d/*.conf"):
            for match in _EXEC.finditer(tree.text(path) or ""):
                found = match["command"]
    return found


def _split(command: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command.lstrip("-@:+!"))) or ("",)
    except ValueError:
        return tuple(command.split()) or ("",)
