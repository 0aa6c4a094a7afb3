"""The ways by which the image can be updated: every mechanism that is configured, the maker's own scripts among them.

A program that is installed and configured for nothing (rauc without a system.conf, apt without a source, opkg without a
feed) updates nothing and is none; `installed` names it. Each mechanism's rules stand in its file in update/. What could
not be read is told in `unread`: nobody then knows that there is no other way.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from firmward.facts import plumbing
from firmward.facts.configuration_file import inside
from firmward.facts.process import Start, is_multi_call
from firmward.facts.startup import Startup
from firmward.facts.systemd import SystemdUnits
from firmward.facts.update import (
    apk,
    apt,
    firmward,
    managed,
    mender,
    opkg,
    ostree,
    own_script,
    rauc,
    rpm,
    swupdate,
    sysupdate,
    sysupgrade,
)
from firmward.facts.update.surroundings import PROGRAM_FOLDERS, PYTHON, SCRIPT_LIMIT, SHELL, Surroundings
from firmward.facts.update.updater import Remark, Updater
from firmward.facts.update.urls import ADDRESS
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.remedy import Change, SetOption
from firmward.model.tree import Entry, Kind, Tree

MECHANISMS: tuple[Callable[[Surroundings], Iterator[Updater]], ...] = (
    rauc.found,
    swupdate.found,
    mender.found,
    ostree.found,
    sysupdate.found,
    sysupgrade.found,
    apt.found,
    opkg.found,
    apk.found,
    rpm.found,
    managed.found,
    firmward.found,
    own_script.found,
)

PROGRAMS = ("rauc", "swupdate", "mender", "mender-update", "apt-get", "opkg", "apk", "dnf", "ostree")
"""Told when they are installed and configured for nothing."""

HANDS_OVER = re.compile(r"\b(?:switch_root|pivot_root|run-init)\b")

WRITES = re.compile(rb"/dev/(?:mtd|mmcblk|ubi\d|nand)|flashcp|fw_setenv|nandwrite|ubiupdatevol|sysupgrade|mtd_?write")
"""In programs that write a system."""

ABLE_LIMIT = 100
ABLE_SIZE = 16 << 20
"""Programs that are looked at for it, and their bytes."""

OWN = re.compile(
    r"(?i)(?:.*[-_.])?(?:f?ota(?:d|_?client|_?agent)?|fwup(?:d(?:ate)?r?|grade|dater)?|fw[-_]?(?:up(?:date|grade)\w*|flash\w*)"
    r"|firm(?:ware)?[-_]?up(?:date|grade)\w*|(?:sw|auto|system|remote|online|self|http|net|usb|cloud)[-_]?up(?:date|grade)[rd]?"
    r"|update(?:r|rd|d)|upgrade(?:r|rd|d)?|update[-_]?(?:agent|client|daemon|manager|service|engine))(?:\.(?:py|lua|bin|elf))?"
)
"""Names of programs that update, of which only the name is known."""


@dataclass(frozen=True, slots=True)
class Updaters:
    """`updaters` are configured, `installed` the places of programs that are configured for nothing.

    `unseen` are programs whose names say that they update and that cannot be read; `able` those that start and could
    write a system by what stands in them, looked for where nothing else updates; `unread` says what could not be
    read; `blind` why it is not known what starts; `hands_over` says that this is an initramfs, which gives way to
    another root file system: that one is to be updated.
    """

    updaters: tuple[Updater, ...]
    installed: tuple[Location, ...] = ()
    unseen: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    blind: str | None = None
    hands_over: bool = False
    able: tuple[str, ...] = ()

    @property
    def of_system(self) -> tuple[Updater, ...]:
        """Those that replace the system itself."""
        return tuple(updater for updater in self.updaters if updater.is_system)

    def require_read(self) -> None:
        """For who has told all that was found. Raises Unavailable when there may be more."""
        if self.unread:
            raise Unavailable("; ".join(self.unread[:5]))


def collect(tree: Tree, startup: Startup | Unknown | None, units: SystemdUnits | Unknown | None) -> Updaters | None:
    around = Surroundings(tree, startup, units)
    updaters: list[Updater] = []
    unread: list[str] = []
    for found in MECHANISMS:
        try:
            updaters += found(around)
        except Unavailable as reason:
            unread.append(reason.reason)
    names = {updater.name for updater in updaters}
    installed = tuple(
        place for name in PROGRAMS if _mechanism(name) not in names and (place := around.program(name)) is not None
    )
    unseen = tuple(_unseen(around))
    hands_over = _hands_over(around)
    able = () if any(updater.is_system for updater in updaters) else tuple(_able(around))
    if not (updaters or able or installed or unseen or unread or around.unread or around.lost or hands_over):
        return None
    lost = () if around.lost is None else (around.lost,)
    told = tuple(dict.fromkeys((*unread, *around.unread, *lost)))
    updaters = [_placed(around, one) for one in updaters]
    return Updaters(tuple(updaters), installed, unseen, told, around.blind, hands_over, able)


SETTINGS = ("etc/default/*", "etc/conf.d/*", "etc/*.conf", "etc/*/*.conf", "etc/sysconfig/*")
"""Where scripts keep the address that they fetch from."""


def _placed(around: Surroundings, updater: Updater) -> Updater:
    """With changes of addresses where those really stand: a script may have them from another file."""
    remarks = tuple(replace(one, changes=tuple(_placed_changes(around, one))) for one in updater.remarks)
    return replace(updater, remarks=remarks)


def _placed_changes(around: Surroundings, remark: Remark) -> Iterator[Change]:
    for change in remark.changes:
        if not isinstance(change, SetOption) or change.section != ADDRESS:
            yield change
            continue
        found = [path for path, text in around.texts(change.path, *SETTINGS) if change.option in text]
        if not found:
            return
        yield from (replace(change, path=path) for path in (found if change.path not in found else [change.path]))


def _mechanism(program: str) -> str:
    return {"mender-update": "mender", "apt-get": "apt"}.get(program, program)


def _hands_over(around: Surroundings) -> bool:
    """Whether this is an initramfs: dracut and systemd mark one, others have an /init that changes the root."""
    has_mark = around.tree.exists("etc/initrd-release")
    return has_mark or any(script.path == "init" and HANDS_OVER.search(script.text) for script in around.scripts)


def _unseen(around: Surroundings) -> Iterator[str]:
    """Programs that may update, each once, whatever folder leads to it."""
    told, tree = set(), around.tree
    folders = (*PROGRAM_FOLDERS, *tree.glob("opt/*"), *tree.glob("opt/*/bin"), "app", "home/app", "usr/libexec")
    for folder in folders[:50]:
        for path in tree.list(folder):
            name = path.rpartition("/")[2]
            if OWN.fullmatch(name) and name not in KNOWN:
                entry = tree.resolve(path)
                is_program = entry is not None and entry.kind is Kind.FILE and entry.mode & 0o111
                if entry is not None and is_program and entry.path not in told and not _is_read(around, entry):
                    told.add(entry.path)
                    yield path


def _able(around: Surroundings) -> Iterator[str]:
    """The maker's own programs that start and name a device or a tool that a system is written with."""
    running = around.startup.processes if isinstance(around.startup, Startup) else ()
    started = (one for one in running if one.start is not Start.DISABLED and not plumbing.is_basic(one.program))
    for path in list(dict.fromkeys(inside(one.argv[0]) for one in started))[:ABLE_LIMIT]:
        entry = around.tree.resolve(path)
        if entry is None or entry.kind is not Kind.FILE or is_multi_call(entry.name) or _is_read(around, entry):
            continue
        try:
            if WRITES.search(around.tree.read(entry.path, ABLE_SIZE) or b""):
                yield path
        except Unavailable:
            yield path


def _is_read(around: Surroundings, entry: Entry) -> bool:
    """Whether it is a script in shell or in Python, which is read as one of the maker's own."""
    try:
        head = next(iter(around.tree.chunks(entry)), b"")[:64].partition(b"\n")[0].decode("utf-8", "replace")
    except Unavailable:
        return False
    if PYTHON.match(head):
        return entry.size <= SCRIPT_LIMIT and entry.path not in around.unfollowed
    return head.startswith("#!") and SHELL.search(head) is not None


KNOWN = frozenset(
    (
        *PROGRAMS,
        "unattended-upgrade",
        "unattended-upgrades",
        "do-release-upgrade",
        "fwupd",
        "fwupdmgr",
        "fwupdtool",
        "rauc-hawkbit-updater",
    )
)
"""Names that mean something else, or are told elsewhere."""
