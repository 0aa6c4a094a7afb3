"""What mechanisms ask of the system around them: what starts, what timers and cron run, what scripts call."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from posixpath import basename

from firmward.facts import command_line, cron
from firmward.facts.configuration_file import inside
from firmward.facts.process import Process, Start
from firmward.facts.run_parts import is_executable, run_parts
from firmward.facts.startup import CRON, Startup
from firmward.facts.systemd import SystemdUnits
from firmward.facts.update.python import reading as python
from firmward.facts.update.steps import Step, steps
from firmward.facts.update.updater import Aspect, Doubt
from firmward.formats import crontab
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Entry, Kind, Tree

SCRIPT_LIMIT = 128 << 10
"""Bytes of a script that is looked at; what a maker writes by hand is far below."""

CANDIDATES_LIMIT = 500
"""Scripts that are looked at because of their name."""

TEXT_LIMIT = 2 << 20
"""Characters of all scripts together."""

JOBS_LIMIT = 500
"""Jobs of cron that are looked at."""

SPEAKERS_LIMIT = 20
"""Programs that are looked at for what they speak to."""
SPEAKER_SIZE = 4 << 20

CRON_FOLDERS = ("etc/cron.hourly", "etc/cron.daily", "etc/cron.weekly", "etc/cron.monthly", "etc/periodic/*")
PROGRAM_FOLDERS = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")

HINT = re.compile(r"(?i)upd|upg|ota|flash|firmware|fw|install|download|fetch|burn|swu")
"""In the names of a maker's own scripts that may update."""

BESIDE = (
    *("usr/share/", "usr/src/", "usr/include/", "var/lib/dpkg/", "usr/lib/python", "usr/lib/node_modules/", "proc/"),
    *("usr/lib/dpkg", "usr/lib/apt/", "usr/lib/initramfs-tools/", "lib/upgrade/", "usr/lib/kernel/", "sys/", "dev/"),
    *("etc/kernel/", "etc/apt/", "etc/initramfs-tools/", "usr/lib/modules/", "lib/modules/", "var/cache/", "usr/doc/"),
)
"""Where a distribution keeps what its package manager calls, and what nobody runs."""

PACKAGES = ("/site-packages/", "/dist-packages/")
"""Where Python's packages lie, pip among them."""

DISTRIBUTION = re.compile(
    r"(?:sysupgrade|owut|auc|apt.*|dpkg.*|opkg.*|rpm.*|flatpak.*|snap.*|fwupd.*|unattended-upgrades?|install-info"
    r"|update-(?:alternatives|rc\.d|initramfs.*|grub.*|ca-certificates|passwd|shells|mime.*|dictcommon.*|fonts.*|pciids"
    r"|usbids|xmlcatalog|catalog|inetd|locale|secureboot-policy|gdkpixbuf-loaders|smart-drivedb|motd.*|perl-sax.*)"
    r"|flash-kernel|do-release-upgrade|rpi-update|rpi-eeprom-update|ostree.*|mender.*|swupdate.*|rauc.*|installkernel)"
)
"""Programs of distributions; each has a row of its own here, or updates no system."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script and its commands; `runs` says whether the system runs it by itself, at boot or by time.

    `compares` says whether it puts versions in order, where who read it can tell.
    """

    path: str
    text: str
    steps: tuple[Step, ...]
    runs: bool
    compares: bool | None = None


class Surroundings:
    """Asked by every mechanism; each look is made once."""

    def __init__(self, tree: Tree, startup: Startup | Unknown | None, units: SystemdUnits | Unknown | None) -> None:
        self.tree = tree
        self.startup = startup
        self.units = units if isinstance(units, SystemdUnits) else None
        self.unread: dict[str, None] = {}
        self.unfollowed: set[str] = set()
        """Python scripts that cannot be read as such."""
        self._text = 0

    # files

    def program(self, *names: str) -> Location | None:
        """Where one of these programs is installed."""
        for name in names:
            for folder in PROGRAM_FOLDERS:
                entry = self.tree.lstat_through(f"{folder}/{name}")
                if entry is not None and entry.kind in (Kind.FILE, Kind.SYMLINK):
                    return Location(f"{folder}/{name}")
        return None

    def has(self, *names: str) -> bool:
        """Whether one of these programs is installed, as far as the tree holds programs at all."""
        return self.program(*names) is not None or not any(self.tree.list(folder) for folder in PROGRAM_FOLDERS)

    def texts(self, *patterns: str) -> Iterator[tuple[str, str]]:
        """Path and text of each file; what is there and cannot be read is told in `unread`."""
        for path in (path for pattern in patterns for path in self.tree.glob(pattern)):
            try:
                text = self.tree.text(path)
            except Unavailable as reason:
                self.unread.setdefault(reason.reason)
                continue
            if text is not None and "\0" not in text:
                yield path, text
            elif text is not None:
                self.unread.setdefault(f"{path} is no text")

    # what starts

    def started(self, *programs: str) -> bool:
        """Whether one of these programs starts at boot or on demand."""
        return bool(self.processes(*programs))

    def processes(self, *programs: str) -> tuple[Process, ...]:
        """Those that start."""
        return tuple(one for one in self.configured(*programs) if one.start is not Start.DISABLED)

    def configured(self, *programs: str) -> tuple[Process, ...]:
        """The processes of these programs, those that are installed only among them."""
        listed = self.startup.processes if isinstance(self.startup, Startup) else ()
        return tuple(one for one in listed if one.program in programs)

    def unit_starts(self, *names: str) -> bool:
        """Whether one of these systemd units starts, timers among them."""
        units = self.units.units if self.units is not None else {}
        return any(name in units and units[name].start is not Start.DISABLED for name in names)

    def told_by(self, name: str, mark: bytes) -> tuple[Doubt, ...]:
        """A doubt for a program that starts and speaks to an updater: it may hand it what it fetched."""
        running = self.startup.processes if isinstance(self.startup, Startup) else ()
        paths = dict.fromkeys(inside(one.argv[0]) for one in running if one.start is not Start.DISABLED)
        for path in list(paths)[:SPEAKERS_LIMIT]:
            entry = self.tree.resolve(path)
            if entry is None or entry.kind is not Kind.FILE or entry.size > SPEAKER_SIZE or entry.name == name:
                continue
            if mark in (self.tree.read(entry.path) or b""):
                return (Doubt(Aspect.AUTOMATIC, f"{path} speaks to {name}: whether it fetches updates is not known"),)
        return ()

    @property
    def lost(self) -> str | None:
        """Why it is not known which scripts run."""
        if isinstance(self.startup, Unknown):
            return self.startup.reason
        return self.startup.blind if self.startup is not None else None

    @property
    def blind(self) -> str | None:
        """Why it is not known what starts."""
        if isinstance(self.startup, Unknown):
            return self.startup.reason
        if self.startup is None:
            return "what starts here is not known"
        return self.startup.blind or next(iter(self.startup.unread_servers), None)

    # scripts and what they call

    @property
    def run(self) -> Iterator[str]:
        """The paths of what the system runs, and of the folders that it loads code from."""
        listed = self.startup.processes if isinstance(self.startup, Startup) else ()
        for process in listed:
            yield from (word for word in _run_by(process.argv) if word.startswith("/"))
        for script in self.scripts:
            for step in script.steps:
                yield from (word for word in _run_by(step.argv) if word.startswith("/"))
            yield from (f"{match[1]}/" for match in LOADS.finditer(script.text))

    def calls(self, *programs: str) -> tuple[tuple[Step, bool], ...]:
        """Every call of these programs in a script or a table of cron, and whether the system makes it by itself."""
        return tuple(
            (step, script.runs) for script in self.scripts for step in script.steps if step.program in programs
        )

    @cached_property
    def scripts(self) -> tuple[Script, ...]:
        """The scripts that run at boot or by time, and those whose names say that they may update."""
        found: dict[str, Script] = {}
        running = self.startup.scripts if isinstance(self.startup, Startup) else ()
        for path in (*running, *self._interpreted()):
            self._add(found, path, runs=True)
        has_cron = self.started(*CRON, "anacron", "busybox-crond") or self.unit_starts("anacron.timer")
        run = frozenset(run_parts(self.tree, CRON_FOLDERS))
        for path in (
            path for pattern in CRON_FOLDERS for folder in self.tree.glob(pattern) for path in self._in(folder)
        ):
            self._add(found, path, runs=has_cron and path in run)
        self._tables(found, has_cron)
        for entry in self._candidates():
            self._add(found, entry.path, runs=False)
        return tuple(found.values())

    def _interpreted(self) -> Iterator[str]:
        """What starts and may be a script of another language than the shell's."""
        listed = self.startup.processes if isinstance(self.startup, Startup) else ()
        for process in listed:
            if process.start is not Start.DISABLED:
                is_handed_on = INTERPRETER.fullmatch(process.program) is not None
                words = command_line.own_words(process.argv) if is_handed_on else process.argv
                named = next((word for word in words if not word.startswith("-")), "")
                if named.startswith("/"):
                    yield inside(named)

    def _sourced(self, path: str) -> str | None:
        """The text of a file that a script makes part of itself; None where the image does not hold it."""
        entry = self.tree.resolve(inside(path))
        try:
            text = None if entry is None or entry.size > SCRIPT_LIMIT else self.tree.text(entry.path)
        except Unavailable:  # what it would have set stays unknown
            return None
        return None if text is None or "\0" in text else text

    def _in(self, folder: str) -> tuple[str, ...]:
        return tuple(path for path in self.tree.list(folder) if self.tree.is_file(path))

    def _candidates(self) -> tuple[Entry, ...]:
        listed = []
        for entry in self.tree.entries():
            if entry.kind is Kind.FILE and HINT.search(entry.name) and 0 < entry.size <= SCRIPT_LIMIT:
                runnable = entry.mode & 0o111 or entry.name.endswith((".sh", ".cgi", ".py"))
                is_own = not entry.path.startswith(BESIDE) and not any(name in entry.path for name in PACKAGES)
                if runnable and is_own and not DISTRIBUTION.fullmatch(entry.name):
                    listed.append(entry)
                    if len(listed) >= CANDIDATES_LIMIT:
                        break
        return tuple(listed)

    def _tables(self, found: dict[str, Script], has_cron: bool) -> None:
        """The jobs of cron: each command line is a script of its own, and leads to the script that it runs."""
        rows: tuple[tuple[tuple[str, ...], Callable[[str], tuple[crontab.Job, ...]]], ...] = (
            (cron.SYSTEM, crontab.system_jobs),
            (cron.USERS, crontab.user_jobs),
        )
        for patterns, jobs_of in rows:
            for path, text in self.texts(*patterns):
                for job in jobs_of(text)[:JOBS_LIMIT]:
                    listed = steps(job.command, path, job.line, self._sourced)
                    found[f"{path}:{job.line}"] = Script(path, job.command, listed, has_cron)
                    for step in listed:
                        for number, word in enumerate(step.argv[:3]):
                            place = self._located(word)
                            runs = has_cron and (number > 0 or is_executable(self.tree, place))
                            self._add(found, place, runs)

    def _located(self, word: str) -> str:
        if word.startswith("/"):
            return inside(word)
        place = self.program(word) if word and "/" not in word else None
        return (place.path or "") if place is not None else ""

    def _add(self, found: dict[str, Script], path: str, runs: bool) -> None:
        entry = self.tree.resolve(path) if path else None
        if entry is None or entry.kind is not Kind.FILE or DISTRIBUTION.fullmatch(basename(entry.path)):
            return
        known = found.get(entry.path)
        if known is not None:
            found[entry.path] = replace(known, runs=known.runs or runs)
            return
        text = self._script(entry)
        if text is None:
            return
        is_worth = WORTH.search(text) is not None
        self._text += len(text) if is_worth else 0
        if self._text > TEXT_LIMIT:
            self.unread.setdefault("there are more scripts than are looked at")
            return
        script = Script(entry.path, text, (), runs)
        found[entry.path] = self._followed(script) if is_worth else script

    def _followed(self, script: Script) -> Script:
        """With its commands; a Python script that cannot be read, and may update, is told."""
        if not is_python(script.path, script.text):
            return replace(script, steps=steps(script.text, script.path, sourced=self._sourced))
        reading = python.read(script.text, script.path)
        if reading is not None:
            return replace(script, steps=reading.steps, compares=reading.compares)
        self.unfollowed.add(script.path)
        if FETCHES.search(script.text) and INSTALLS.search(script.text):
            self.unread.setdefault(f"{script.path} is Python that cannot be followed, and it may update")
        return script

    def _script(self, entry: Entry) -> str | None:
        """The text of a script in shell or in Python; None for what is none."""
        if entry.size > SCRIPT_LIMIT:
            return None
        try:
            head = next(iter(self.tree.chunks(entry)), b"")[:64]
            if head.startswith(b"\x7fELF") or b"\0" in head:
                return None
            text = self.tree.text(entry.path) or ""
        except Unavailable as reason:
            self.unread.setdefault(reason.reason)
            return None
        first = text.partition("\n")[0]
        is_read = not first.startswith("#!") or SHELL.search(first) or is_python(entry.path, text)
        return text if is_read else None


def _run_by(argv: tuple[str, ...]) -> Iterator[str]:
    """What a command runs: its program, and the script behind an interpreter."""
    yield from argv[:1]
    if argv and (RUNNERS.fullmatch(argv[0].rpartition("/")[2]) or argv[0] == "."):
        yield from [word for word in argv[1:] if not word.startswith("-")][:1]


def is_python(path: str, text: str) -> bool:
    """By its first line, or by its name where that says nothing."""
    first = text.partition("\n")[0]
    return PYTHON.match(first) is not None if first.startswith("#!") else path.endswith(".py")


PYTHON = re.compile(r"#![^\n]{0,100}\bpython[0-9.]{0,6}\b")
INTERPRETER = re.compile(r"python[0-9.]{0,6}")
RUNNERS = re.compile(r"(?:python|lua|perl|ruby|node|php)[0-9.]{0,6}|(?:|a|ba|da|k)sh|source|exec")
LOADS = re.compile(
    r"(?:PYTHONPATH|LD_LIBRARY_PATH|LD_PRELOAD|LUA_PATH|sys\.path\.\w{1,20})[=(\"' 0,]{1,8}(/[\w./-]{1,200})"
)
FETCHES = re.compile(r"\b(?:urllib2?|requests|httplib|http\.client|ftplib|httpx|wget|curl|tftp)\b")
INSTALLS = re.compile(
    r"\b(?:tarfile|zipfile|unpack_archive|flashcp|nandwrite|ubiupdatevol|fw_setenv|dpkg|opkg)\b|/dev/mtd"
)
SHELL = re.compile(r"\b(?:sh|ash|dash|bash|ksh|busybox|openrc-run|rc\.common|runscript)\b")
WORTH = re.compile(
    r"wget|curl|tftp|ftpget|scp|uclient-fetch|rsync|aria2c|\bdd\b|mtd|flashcp|nandwrite|ubiupdatevol|sysupgrade"
    r"|opkg|apk|dpkg|rpm|dnf|rauc|swupdate|mender|ostree|unattended|apt|urllib|requests|httplib|http\.client|ftplib"
    r"|httpx|/dev/mmc"
)
"""Without any of these words a script is not worth reading."""
