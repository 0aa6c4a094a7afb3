"""What the system runs by itself beside what it starts: at a device's coming, at root's login. Jobs: jobs.py.

Rules. udev (udev(7)): `RUN` and `PROGRAM` of the rules in etc, run, usr/lib and lib, the first file of a name counts; a
program without a folder lies in lib/udev; a unit that `SYSTEMD_WANTS` or `systemctl start` names is started. mdev: the
commands of etc/mdev.conf. Hotplug: the scripts of etc/hotplug.d (sourced) and sbin/hotplug. usbmount: the scripts of
etc/usbmount/mount.d. The login shell: etc/profile and etc/profile.d. Each script is followed with what the event tells
unknown.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from firmward.facts.process import Manager
from firmward.facts.scripts.places import located
from firmward.facts.scripts.trace import Trace, Traced
from firmward.facts.scripts.walk import Origin
from firmward.facts.systemd import SystemdUnits
from firmward.facts.units import command
from firmward.formats import mdev_conf, shell, udev_rules
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

RULES = ("etc/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d")
HELPERS = ("usr/lib/udev", "lib/udev")
BALENA = ("mnt/boot/config.json", "boot/config.json", "config.json")
"""balenaOS makes rules of udev from `os.udevRules` of the file on its boot partition."""

STICK = "sda1"
"""What a stick is called on most devices, as a template's instance."""

FOLDERS = {
    "hotplug": ("etc/hotplug.d/*/*", "sbin/hotplug", "etc/hotplug/*"),
    "usbmount": ("etc/usbmount/mount.d/*", "etc/usbmount/umount.d/*"),
    "login": ("etc/profile", "etc/profile.d/*", "root/.profile", "root/.bashrc"),
}  # fmt: skip
EVENTS_LIMIT = 500
"""Events followed; more is a trap."""

COMMANDS_LIMIT = 50_000
"""Commands looked at in all of them."""

FILE_LIMIT = 1 << 20
"""Bytes of one file of rules or jobs."""

SUBSTITUTED = re.compile(
    r"%[A-Za-z](?:\{[^}]*\})?|\$(?:kernel|name|devnode|number|id|driver|result|sys|root|devpath)\b"
)
OF_EVENT = re.compile(r"\$(?:env|attr|ENV|ATTR)\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Event:
    """What one event runs: `manager` is udev, mdev, hotplug, usbmount or login.

    `at` is the line or script that says so, `commands` all that is done, in order.
    """

    manager: str
    at: Location
    commands: tuple[Traced, ...]

    @property
    def is_of_a_device(self) -> bool:
        return self.manager in ("udev", "mdev", "hotplug", "usbmount")


@dataclass(frozen=True, slots=True)
class Events:
    """All `events`; `unread` says in words what could not be worked out."""

    events: tuple[Event, ...]
    unread: tuple[str, ...] = ()


Follow = Callable[[Trace], None]


def collect(tree: Tree, units: SystemdUnits | Unknown | None) -> Events | None:
    reader = _Reader(tree, units if isinstance(units, SystemdUnits) else None)
    reader.read()
    if isinstance(units, Unknown):
        reader.unread[units.reason] = None
    return Events(tuple(reader.events), tuple(reader.unread)) if reader.events or reader.unread else None


class _Reader:
    """Follows each event on its own, bounded as a whole."""

    def __init__(self, tree: Tree, units: SystemdUnits | None) -> None:
        self.tree = tree
        self.units = units
        self.events: list[Event] = []
        self.unread: dict[str, None] = {}
        self._commands = 0
        self._parsed: dict[str, shell.Script] = {}
        self._wanted: set[str] = set()

    def read(self) -> None:
        for path in _rules(self.tree):
            self._udev(path)
        for path in BALENA:
            for text, line in _balena_rules(self._text(path)):
                self._rules(path, text, line - 1)
        for each in mdev_conf.parse(self._text("etc/mdev.conf")):
            self._line("mdev", each.command, Location("etc/mdev.conf", each.line))
        for manager, patterns in FOLDERS.items():
            for path in (path for pattern in patterns for path in self.tree.glob(pattern)):
                self._script(manager, path)

    def _udev(self, path: str) -> None:
        self._rules(path, self._text(path), 0)

    def _rules(self, path: str, text: str, above: int) -> None:
        for rule in udev_rules.parse(text):
            at = Location(path, rule.line + above)
            for part in rule.parts:
                if part.key in ("RUN", "PROGRAM") and part.attribute in ("", "program"):
                    self._line("udev", _helper(self.tree, _filled(part.value)), at)
                elif part.key == "ENV" and part.attribute == "SYSTEMD_WANTS" and part.assigns:
                    for name in part.value.split():
                        self._unit(name, at)

    def _script(self, manager: str, path: str) -> None:
        entry = self.tree.resolve(path)
        if entry is not None and entry.kind is Kind.FILE:
            origin = Origin(path, Manager.SCRIPT)
            self._follow(manager, Location(path), lambda trace: trace.event(path, (), origin))

    def _line(self, manager: str, text: str, at: Location) -> None:
        origin = Origin(manager, Manager.SCRIPT)
        if text:
            self._follow(manager, at, lambda trace: trace.text_of_event(text, at, origin))

    def _unit(self, name: str, at: Location) -> None:
        """What a unit that a device wants starts."""
        prefix, sign, _ = name.partition("@")
        known = self.units.units if self.units is not None else {}
        unit = known.get(name) or known.get(f"{prefix}@.service" if sign else f"{name}.service")
        self.unread.update(dict.fromkeys(self.units.lost if self.units is not None else ()))
        if unit is None or unit.name in self._wanted:
            return
        self._wanted.add(unit.name)
        own = replace(unit, name=f"{prefix}@{STICK}.service") if unit.is_template else unit
        for started in command.commands(self.tree, own):
            self._program(started, unit.name, at)

    def _program(self, started: command.Command, unit: str, at: Location) -> None:
        origin = Origin(unit, Manager.SYSTEMD)
        self._follow("udev", at, lambda trace: trace.program_of_event(started.argv, started.at, origin))

    def _follow(self, manager: str, at: Location, follow: Follow) -> None:
        if len(self.events) >= EVENTS_LIMIT or self._commands > COMMANDS_LIMIT:
            self.unread.setdefault(f"{at}: not followed, after {len(self.events)} events")
            return
        trace = Trace(self.tree, self._parsed)
        follow(trace)
        self._commands += len(trace.commands_seen)
        self.unread.update(dict.fromkeys(_lost(self.tree, trace)))
        self.events.append(Event(manager, at, tuple(trace.commands_seen)))
        for each in trace.commands_seen:
            if each.program == "systemctl" and {"start", "restart"} & set(each.argv):
                for name in each.argv[2:]:
                    self._unit(name, at)

    def _text(self, path: str) -> str:
        try:
            return self.tree.text(path, limit=FILE_LIMIT) or ""
        except Unavailable as reason:
            self.unread[str(reason)] = None
            return ""


def _rules(tree: Tree) -> Iterator[str]:
    """The files of rules in the order of their names; one that an earlier folder has too is hidden."""
    found: dict[str, str] = {}
    for folder in RULES:
        for path in tree.list(folder):
            found.setdefault(path.rpartition("/")[2], path)
    return (found[name] for name in sorted(found) if name.endswith(".rules"))


def _filled(value: str) -> str:
    """What udev fills in is known at run time only."""
    return SUBSTITUTED.sub("$DEVNAME", value.replace("%%", "%"))


def _helper(tree: Tree, text: str) -> str:
    """udev's own programs may be named without their folder."""
    program, space, rest = text.partition(" ")
    if "/" in program or located(tree, program):
        return text
    folder = next((folder for folder in HELPERS if tree.is_file(f"{folder}/{program}")), None)
    return text if folder is None else f"/{folder}/{program}{space}{rest}"


def _lost(tree: Tree, trace: Trace) -> Iterator[str]:
    for path in trace.scripts:
        try:
            tree.read(path)
        except Unavailable as reason:
            yield str(reason)


def _balena_rules(text: str) -> Iterator[tuple[str, int]]:
    """Each text of rules, and the line where its name stands."""
    try:
        settings = json.loads(text) if "udevRules" in text else None
    except (ValueError, RecursionError):
        return
    part = settings.get("os") if isinstance(settings, dict) else None
    rules = part.get("udevRules") if isinstance(part, dict) else None
    for name, rule in rules.items() if isinstance(rules, dict) else ():
        if isinstance(rule, str):
            yield rule, text[: max(text.find(json.dumps(name), text.find("udevRules")), 0)].count("\n") + 1
