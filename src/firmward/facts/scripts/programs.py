"""A program that a script calls: one that starts another, a script to follow, one that matters, or a mere tool."""

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from firmward.facts.process import Start
from firmward.facts.scripts import conditions, confinement, copies, places
from firmward.facts.scripts.environment import Environment, Value
from firmward.facts.scripts.flow import Call, Exit, Flow, Status
from firmward.facts.scripts.launchers import DAEMON_LAUNCHERS, SHELLS, Launch, shell_call, unwrap
from firmward.facts.scripts.quiet import QUIET, only_asks
from firmward.facts.scripts.style import Style
from firmward.model.tree import Kind

if TYPE_CHECKING:
    from firmward.facts.scripts.walk import Walk

SYSTEM_FOLDERS = ("", "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/")
"""Where a tool's name means the tool."""

ACTIONS = frozenset(("boot", "disable", "enable", "enabled", "reload", "restart", "running", "start", "status", "stop"))
"""What init scripts are called with."""

FRONT_ENDS = frozenset(("fw3", "fw4", "ufw", "ufw-init", "firewalld", "shorewall", "shorewall6", "ferm", "awall"))
"""What loads a packet filter from rules of its own. Some are scripts; what they feed nft is made at run time."""


def start(walk: "Walk", environment: Environment, call: Call) -> Status:
    call = copies.original(walk, call)
    argv = call.texts
    name = argv[0].rpartition("/")[2]
    launch = unwrap(argv)
    if launch is not None:
        return _launch(walk, environment, call, launch)
    special = SPECIAL.get(name)
    if special is not None:
        return special(walk, environment, call)
    is_tool = name in QUIET and argv[0].removesuffix(name) in SYSTEM_FOLDERS
    if places.is_initial(argv[0].strip("/")) and call.text(1) in ACTIONS:
        return _init_script(walk, environment, call)
    if name and not is_tool and not only_asks(name, argv[1:], walk.stays):
        _program(walk, environment, call)
    return None


def _init_script(walk: "Walk", environment: Environment, call: Call) -> Status:
    """One that is not in the image starts nothing, though its name may be a daemon's."""
    path = call.text(0).strip("/")
    entry = walk.tree.resolve(path)
    if entry is None:
        return False if "$" not in path and conditions.surely_missing("/" + path, walk.tree) else None
    if call.text(1) == "enabled" and places.style(walk.tree, path, entry) is Style.RC_COMMON:
        return any(link.rpartition("/")[2][3:] == entry.name for link in walk.tree.glob("etc/rc.d/S[0-9][0-9]*"))
    _program(walk, environment, call)
    return None


def _program(walk: "Walk", environment: Environment, call: Call) -> None:
    """A script is followed; any other program is noted. One that is there and may not be executed does not start."""
    path = places.located(walk.tree, call.text(0))
    entry = places.executable(walk.tree, path) if path else None
    is_known = call.text(0).rpartition("/")[2] in FRONT_ENDS
    if entry is not None and not is_known and walk.follow(path, entry, call.words[1:], environment):
        return
    if entry is not None or not path:
        walk.note(call.texts, call.line)
    elif not places.is_initial(path):
        walk.note(call.texts, call.line, Start.DISABLED)


def _launch(walk: "Walk", environment: Environment, call: Call, launch: Launch) -> Status:
    stays = call.text(0).rpartition("/")[2] in DAEMON_LAUNCHERS or None
    with walk.acting_as(launch.user), walk.bearing(confinement.of_launcher(call.texts), stays):
        if launch.script is not None:
            return _text(walk, environment, launch.script, call.line)
        if not launch.argv:
            return None
        words = {word.text: word for word in call.words}
        inner = tuple(words.get(text, Value(text, "$" not in text)) for text in launch.argv)
        if not walk.is_deep:
            with walk.within(walk.path):
                walk.dispatch(environment, Call(inner, call.line, call.command))
    if call.text(0) == "exec":
        raise Exit
    return None


def _text(walk: "Walk", environment: Environment, script: str, line: int) -> Status:
    """`sh -c text`"""
    if walk.is_deep:
        return None
    try:
        with walk.within(walk.path):
            return walk.text(environment.child(environment.script, ()), script, line)
    except Flow as leave:
        return leave.status


def _shell(walk: "Walk", environment: Environment, call: Call) -> Status:
    """`sh script`, which needs no right to execute; a shell alone is a program like any other."""
    launch = shell_call(call.texts[1:])
    if launch is not None and launch.script is not None:
        return _text(walk, environment, launch.script, call.line)
    path = "" if launch is None else places.located(walk.tree, launch.argv[0]) or launch.argv[0].strip("/")
    entry = walk.tree.resolve(path) if path else None
    if launch is None or entry is None or entry.kind is not Kind.FILE:
        walk.note(call.texts, call.line)
    else:
        words = tuple(Value(text, "$" not in text) for text in launch.argv[1:])
        walk.follow(path, entry, words, environment, Style.SHELL)
    return None


def _service(walk: "Walk", environment: Environment, call: Call) -> Status:
    """`service name start`: the init script of that name."""
    words = [word for word in call.words[1:] if not word.text.startswith("-")]
    path = f"etc/init.d/{words[0].text}" if words else ""
    entry = places.executable(walk.tree, path) if path else None
    if entry is not None:
        walk.follow(path, entry, tuple(words[1:]), environment)
    return None


def _rc_common(walk: "Walk", environment: Environment, call: Call) -> Status:
    """`rc.common script start` is what the first line of OpenWrt's scripts comes to."""
    path = places.located(walk.tree, call.text(1))
    entry = walk.tree.resolve(path) if path else None
    if entry is not None and entry.kind is Kind.FILE:
        walk.follow(path, entry, call.words[2:], environment, Style.RC_COMMON)
    return None


def _run_parts(walk: "Walk", environment: Environment, call: Call) -> Status:
    texts = call.texts
    folders = [text for text in texts[1:] if text.startswith("/")]
    arguments = [text.partition("=")[2] for text in texts if text.startswith("--arg=")]
    arguments += [after for text, after in pairwise(texts) if text in ("-a", "--arg")]
    for path in walk.tree.list(folders[-1].strip("/")) if folders else ():
        entry = places.executable(walk.tree, path)
        if entry is not None and not walk.follow(path, entry, tuple(map(Value, arguments)), environment):
            walk.note(("/" + path, *arguments), call.line)
    return None


SPECIAL: dict[str, Callable[["Walk", Environment, Call], Status]] = {
    **dict.fromkeys(SHELLS, _shell),
    "service": _service,
    "invoke-rc.d": _service,
    "rc-service": _service,
    "run-parts": _run_parts,
    "rc.common": _rc_common,
    **dict.fromkeys(("cp", "ln", "mv", "install", "cat"), copies.note),
}
