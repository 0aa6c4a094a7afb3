"""Scripts that only define functions and variables, and what their frame does with them at start.

- OpenWrt's rc.common: `boot` calls boot, which is start unless defined; with USE_PROCD, start calls start_service.
- OpenRC: conf.d first; start_pre and start, or without a start function the variables `command`, `command_args`,
  `command_user` (what `command_background` and supervisors add changes nothing for us).
- Debian's init-d-script: do_start_override or do_start_cmd_override, or DAEMON with START_ARGS and DAEMON_ARGS.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from firmward.facts.measure import Measure
from firmward.facts.scripts import confinement
from firmward.facts.scripts.environment import Environment, Value
from firmward.facts.scripts.style import Style
from firmward.formats.shell import Parameter, Word
from firmward.model.location import Location
from firmward.model.tree import Entry

if TYPE_CHECKING:
    from firmward.facts.scripts.walk import Walk

Frame = Callable[["Walk", Environment, Entry], None]


def rc_common(walk: "Walk", environment: Environment, entry: Entry) -> None:
    action = environment.arguments[0].text if environment.arguments else "start"
    environment.set("initscript", Value("/" + environment.script))
    walk.sourced(environment, entry)
    if action == "boot" and "boot" in environment.functions:
        walk.call(environment, "boot")
    elif action in ("boot", "start", "restart"):
        start_rc_common(walk, environment)


def start_rc_common(walk: "Walk", environment: Environment, *arguments: Value) -> None:
    """What `start` is for a script under rc.common; its own boot function calls it as well."""
    procd = environment.get("USE_PROCD")
    uses_procd = procd is not None and procd.text and "start_service" in environment.functions
    name = "start_service" if uses_procd else "start"
    if name in environment.functions:
        walk.call(environment, name, *arguments)


def openrc(walk: "Walk", environment: Environment, entry: Entry) -> None:
    name = environment.script.rpartition("/")[2]  # of the link: ip6tables is one to iptables, net.eth0 to net.lo
    environment.set("RC_SVCNAME", Value(name))
    environment.set("SVCNAME", Value(name))
    for path in dict.fromkeys(("etc/rc.conf", f"etc/conf.d/{name.partition('.')[0]}", f"etc/conf.d/{name}")):
        _settings(walk, environment, path)
    walk.sourced(environment, entry)
    with walk.bearing(_openrc_measures(environment)):
        for function in ("start_pre", "start"):
            if function in environment.functions:
                walk.call(environment, function)
        if "start" not in environment.functions:
            default_start(walk, environment)


def default_start(walk: "Walk", environment: Environment) -> None:
    """The start that OpenRC has for a service that only names its command."""
    user = environment.get("command_user")
    with walk.bearing(stays=True):
        _start(walk, environment, _COMMAND, user.text.partition(":")[0] if user is not None else None)


def _openrc_measures(environment: Environment) -> frozenset[Measure]:
    known = {name: environment.get(name) for name in confinement.OPENRC_VARIABLES}
    texts = {name: value.text for name, value in known.items() if value is not None and value.certain}
    return confinement.of_openrc(lambda name: texts.get(name, ""))


def init_d_script(walk: "Walk", environment: Environment, entry: Entry) -> None:
    environment.set("NAME", Value(entry.name))
    walk.sourced(environment, entry)
    name = environment.get("NAME")
    _settings(walk, environment, f"etc/default/{name.text if name is not None else entry.name}")
    for function in ("do_start_override", "do_start", "do_start_cmd_override", "do_start_cmd"):
        if function in environment.functions:
            walk.call(environment, function)
            return
    daemon = environment.get("DAEMON")
    if daemon is not None and daemon.text != "none":
        with walk.bearing(stays=True):
            _start(walk, environment, _DAEMON, None)


def _settings(walk: "Walk", environment: Environment, path: str) -> None:
    entry = walk.tree.resolve(path)
    if entry is not None:
        walk.sourced(environment, entry)


def _start(walk: "Walk", environment: Environment, words: tuple[Word, ...], user: str | None) -> None:
    """Start the program that variables name; its line is where the first of them is set."""
    first = words[0].parts[0]
    at = walk.assigned.get(first.name) if isinstance(first, Parameter) else None
    walk.start(environment, words, at or Location(environment.script, 1), user)


def _parameters(*names: str) -> tuple[Word, ...]:
    return tuple(Word((Parameter(name),), 1) for name in names)


_COMMAND = _parameters("command", "command_args", "command_args_foreground", "command_args_background")
_DAEMON = _parameters("DAEMON", "DAEMON_ARGS")

ROWS: dict[Style, Frame] = {
    Style.RC_COMMON: rc_common,
    Style.OPENRC: openrc,
    Style.INIT_D_SCRIPT: init_d_script,
}
