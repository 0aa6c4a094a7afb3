"""Doors that are shut when the device leaves the factory, and that somebody can open later.

Looked at: the scripts that run at boot and those of hot plugging and buttons (unlock_scripts.py), the scripts that a
web server runs for a page, systemd's conditions and path units (systemd.unit(5), systemd.path(5)), programs that wait
for a packet, and Android's debug bridge, which asks nobody unless ro.adb.secure is 1. Compiled programs are not
looked into.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmward.facts.process import Process, Start
from firmward.facts.startup import Startup
from firmward.facts.systemd import SystemdUnits, Unit
from firmward.facts.unlock_cues import Cue, Trigger, of_path
from firmward.facts.unlock_scripts import Reading, Unlock, counts, opens
from firmward.formats import shell
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

__all__ = ["Cue", "Trigger", "Unlock", "Unlocks", "collect"]

SCRIPT_LIMIT = 256 << 10
"""Bytes of one script."""
FILES_LIMIT = 600
"""Scripts of one folder pattern; a web interface has tens."""

PLUGGED: tuple[tuple[str, Cue | None], ...] = (
    ("etc/rc.button/*", Cue(Trigger.BUTTON, "a button")),
    ("etc/hotplug.d/button/*", Cue(Trigger.BUTTON, "a button")),
    ("etc/hotplug.d/usb/*", Cue(Trigger.MEDIUM, "any USB device")),
    ("etc/hotplug.d/block/*", Cue(Trigger.MEDIUM, "any medium")),
    ("etc/hotplug.d/mount/*", Cue(Trigger.MEDIUM, "any medium")),
    ("etc/mdev/*", None),
    ("lib/mdev/*", None),
    ("etc/udev/scripts/*", None),
)
PAGES = (
    *("www/cgi-bin/*", "usr/www/cgi-bin/*", "var/www/cgi-bin/*", "home/httpd/cgi-bin/*", "usr/lib/cgi-bin/*"),
    *("srv/www/cgi-bin/*", "opt/www/cgi-bin/*", "web/cgi-bin/*", "usr/local/www/cgi-bin/*", "www/*.cgi"),
    *("var/www/*.cgi", "var/www/*.php", "var/www/html/*.php", "www/*.php", "usr/www/*.php", "web/*.cgi", "web/*.asp"),
    *("usr/www/*.cgi", "www/cgi/*", "usr/lib/lua/luci/controller/*.lua", "usr/lib/lua/luci/controller/*/*.lua"),
)  # fmt: skip
RUNS = re.compile(
    r"(?:\bsystem|\bexec|\bshell_exec|\bpassthru|\bpopen|\bproc_open|\bos\.execute|\bcall|\bspawn|`)[^\n]{0,200}?"
    r"\b(telnetd|utelnetd|adbd|nc (?:[^\n]{0,60} )?-e)\b"
)
"""A line of PHP, Lua, Perl or the like that starts a door."""

PACKETS = ("telnetenable", "telnetenabled", "scfgmgr")
BRIDGES = ("adbd",)
PROPERTIES = (
    *("default.prop", "prop.default", "build.prop", "etc/prop.default", "etc/default.prop", "etc/build.prop"),
    *("system/build.prop", "system/etc/prop.default", "system/default.prop", "vendor/build.prop"),
)  # fmt: skip
PROPERTY = re.compile(r"(?m)^[ \t]*(ro\.adb\.secure|ro\.debuggable|(?:service|persist)\.adb\.tcp\.port)=([^\s#]{1,40})")


@dataclass(frozen=True, slots=True)
class Unlocks:
    """All `unlocks`; `unread` says what could not be looked at, a sentence each."""

    unlocks: tuple[Unlock, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup, units: SystemdUnits | Unknown | None) -> Unlocks:
    lost: list[str] = [] if startup.blind is None else [startup.blind]
    lost += startup.unread_servers
    if isinstance(units, Unknown):
        lost.append(units.reason)
    running = [process for process in startup.processes if process.start is not Start.DISABLED]
    found = [
        *_scripts(tree, ((path, None) for path in startup.scripts), lost),
        *_scripts(tree, _plugged(tree), lost),
        *_pages(tree, lost),
        *(_conditions(units, running) if isinstance(units, SystemdUnits) else ()),
        *_waiting(running),
    ]
    places = {unlock.at for unlock in found}
    found += [unlock for unlock in _bridges(tree, running, lost) if unlock.at not in places]
    kept = {unlock.key: unlock for unlock in reversed(found)}
    return Unlocks(tuple(kept[key] for key in sorted(kept)), tuple(dict.fromkeys(lost)))


def _plugged(tree: Tree) -> Iterator[tuple[str, Cue | None]]:
    for pattern, cue in PLUGGED:
        for path in tree.glob(pattern)[:FILES_LIMIT]:
            yield path, cue


def _scripts(tree: Tree, places: Iterable[tuple[str, Cue | None]], lost: list[str]) -> Iterator[Unlock]:
    for path, guard in places:
        text = _text(tree, path, lost)
        if text is not None and _may_open(text):
            yield from Reading(path).read(shell.parse(text).commands, guard)


def _may_open(text: str) -> bool:
    """Whether any word of a door or a medium stands there: most scripts need no parsing."""
    return (
        re.search(
            r"telnet|dropbear|sshd|ssh|adb|\bnc\b|ncat|socat|/dev/tcp|rshd|tcpsvd|passwd|usb|sd|mmc|media|disk", text
        )
        is not None
    )


def _text(tree: Tree, path: str, lost: list[str]) -> str | None:
    entry = tree.resolve(path)
    if entry is None or entry.kind is not Kind.FILE:
        return None
    try:
        head = next(tree.chunks(entry), b"")
        if head.startswith(b"\x7fELF") or b"\0" in head[:4096]:
            return None
        return tree.text(path, SCRIPT_LIMIT)
    except Unavailable as reason:
        lost.append(str(reason))
        return None


def _pages(tree: Tree, lost: list[str]) -> Iterator[Unlock]:
    for pattern in PAGES:
        for path in tree.glob(pattern)[:FILES_LIMIT]:
            text = _text(tree, path, lost)
            if text is not None:
                yield from _page(path, text)


def _page(path: str, text: str) -> Iterator[Unlock]:
    cue = Cue(Trigger.REQUEST, f"/{path}")
    if re.match(r"#![^\n]*\b(?:ba|da|a|k)?sh\b|#![^\n]*busybox", text):
        yield from Reading(path).read(shell.parse(text).commands, cue)
        return
    for found in RUNS.finditer(text):
        line = text.count("\n", 0, found.start(1)) + 1
        yield Unlock(cue, found[1].split()[0], Location(path, line))


def _conditions(units: SystemdUnits, running: Iterable[Process]) -> Iterator[Unlock]:
    """Services that start under a condition, or when a path unit sees its file."""
    cues = dict(_waiting_units(units))
    for process in running:
        cue = cues.get(process.service)
        if cue is not None:
            for opened in opens(process.argv, process.at):
                if counts(cue, opened):
                    yield Unlock(cue, opened, process.at)


def _waiting_units(units: SystemdUnits) -> Iterator[tuple[str, Cue]]:
    for unit in units.units.values():
        for setting in unit.all("Unit", "ConditionKernelCommandLine"):
            if not setting.value.startswith(("!", "|!")):
                yield unit.name, Cue(Trigger.ENVIRONMENT, f"/proc/cmdline {setting.value.lstrip('|')}")
        for path in _awaited(unit, "Unit", ("ConditionPathExists", "ConditionPathExistsGlob", "ConditionFileNotEmpty")):
            yield unit.name, path
        if unit.kind == "path" and unit.start is not Start.DISABLED:
            named = unit.get("Path", "Unit")
            service = named.value if named is not None else f"{unit.name.removesuffix('.path')}.service"
            for path in _awaited(unit, "Path", ("PathExists", "PathExistsGlob", "PathChanged", "PathModified")):
                yield service, path


def _awaited(unit: Unit, section: str, keys: Iterable[str]) -> Iterator[Cue]:
    for key in keys:
        for setting in unit.all(section, key):
            cue = None if setting.value.startswith(("!", "|!")) else of_path(setting.value.lstrip("|"))
            if cue is not None:
                yield cue


def _waiting(running: Iterable[Process]) -> Iterator[Unlock]:
    for process in running:
        if process.program in PACKETS:
            yield Unlock(Cue(Trigger.PACKET, "a packet"), process.program, process.at)


def _bridges(tree: Tree, running: Iterable[Process], lost: list[str]) -> Iterator[Unlock]:
    """Android's debug bridge, where it runs and its properties do not demand a key."""
    said: dict[str, str] = {}
    for path in PROPERTIES:
        text = _text(tree, path, lost)
        said |= dict(PROPERTY.findall(text)) if text is not None else {}
    if said.get("ro.adb.secure") == "1" and said.get("ro.debuggable") != "1":
        return
    port = said.get("persist.adb.tcp.port") or said.get("service.adb.tcp.port") or "0"
    way = f"tcp/{port}" if port.isdecimal() and port.strip("0") else "USB"
    for process in running:
        if process.program in BRIDGES:
            yield Unlock(Cue(Trigger.DEVELOPER, way), process.program, process.at)
