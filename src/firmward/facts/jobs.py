"""Jobs: what cron, anacron and systemd's timers run, as whom, and how the files lie that each runs.

Rules. crontab(5): tables of the system name a user, those in var/spool/cron and etc/crontabs belong to the user whose
name they have; a file of etc/cron.d with a dot or a tilde in its name is left out. The folders etc/cron.daily and its
like, and Alpine's etc/periodic, are root's; run_parts.py says which of their files are run. anacrontab(5): period,
delay, name, command. systemd.timer(5): a timer that starts runs the service that `Unit=` names, or of its own name. A
job's script is followed to what that runs in turn.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.cron import SYSTEM, USERS
from firmward.facts.process import Manager, Start, applet
from firmward.facts.run_parts import run_parts
from firmward.facts.scripts.places import located
from firmward.facts.scripts.trace import INTERPRETERS, Trace, Traced
from firmward.facts.scripts.walk import Origin
from firmward.facts.startup import Startup
from firmward.facts.systemd import SystemdUnits, Unit
from firmward.facts.writable import Ground, Standing, Writable, standing
from firmward.formats import crontab, shell
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

ANACRON = "etc/anacrontab"
PARTS = ("etc/cron.hourly", "etc/cron.daily", "etc/cron.weekly", "etc/cron.monthly", "etc/periodic/*")
JOBS_LIMIT = 300
"""Jobs followed; more is a trap."""

CRON = ("cron", "crond", "fcron", "anacron", "vixie-cron", "cronie", "dcron")


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that a job runs: its `path`, and its `standing`: where it leads and who may change it."""

    path: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Job:
    """One job: `at` its line or script, the `user` whose rights it has, and the `files` that it runs.

    `commands` are what is done, in order; `timer` says that systemd runs it; `runs` whether what runs it is started.
    """

    at: Location
    user: str
    files: tuple[JobFile, ...]
    commands: tuple[Traced, ...] = ()
    timer: bool = False
    runs: bool = True


@dataclass(frozen=True, slots=True)
class Jobs:
    """All `jobs`; `unread` says in words what could not be worked out."""

    jobs: tuple[Job, ...]
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree, writable: Writable, startup: Startup | Unknown | None, units: SystemdUnits | Unknown | None
) -> Jobs | None:
    reader = _Reader(tree, writable, _is_running(startup))
    reader.tables()
    reader.anacron()
    for path in run_parts(tree, PARTS):
        reader.script(path)
    for part in (startup, units):
        if isinstance(part, Unknown):
            reader.unread[part.reason] = None
    if isinstance(startup, Startup) and isinstance(units, SystemdUnits):
        reader.timers(startup, units)
    return Jobs(tuple(reader.jobs), tuple(reader.unread)) if reader.jobs or reader.unread else None


def _is_running(startup: Startup | Unknown | None) -> bool:
    """Whether cron runs, as far as is known."""
    if not isinstance(startup, Startup) or startup.blind is not None:
        return True
    return any(process.program in CRON and process.start is not Start.DISABLED for process in startup.processes)


class _Reader:
    """Follows each job on its own, bounded as a whole."""

    def __init__(self, tree: Tree, writable: Writable, runs: bool) -> None:
        self.tree = tree
        self.writable = writable
        self.runs = runs
        self.jobs: list[Job] = []
        self.unread: dict[str, None] = {}
        self._parsed: dict[str, shell.Script] = {}
        self._followed: set[str] = set()

    def text(self, path: str) -> str:
        try:
            return self.tree.text(path) or ""
        except Unavailable as reason:
            self.unread[str(reason)] = None
            return ""

    def tables(self) -> None:
        for path in (path for pattern in SYSTEM for path in self.tree.glob(pattern)):
            if path == SYSTEM[0] or not set(path.rpartition("/")[2]) & set(".~"):
                for job in crontab.system_jobs(self.text(path)):
                    self.line(job.command, Location(path, job.line), job.user or "root")
        for path in dict.fromkeys(path for pattern in USERS for path in self.tree.glob(pattern)):
            for job in crontab.user_jobs(self.text(path)):
                self.line(job.command, Location(path, job.line), path.rpartition("/")[2])

    def anacron(self) -> None:
        for number, line in enumerate(self.text(ANACRON).split("\n"), 1):
            words = line.split(None, 3)
            if len(words) == 4 and not words[0].startswith("#") and "=" not in words[0]:
                self.line(words[3], Location(ANACRON, number), "root")

    def line(self, command: str, at: Location, user: str) -> None:
        if not self._is_over(at):
            trace = Trace(self.tree, self._parsed)
            trace.text_of_event(command, at, Origin("cron", Manager.SCRIPT))
            self._add(at, user, trace, self._paths(trace))

    def script(self, path: str) -> None:
        entry = self.tree.resolve(path)
        is_followed = entry is not None and entry.path in self._followed
        if not is_followed and not self._is_over(Location(path)):
            trace = Trace(self.tree, self._parsed)
            trace.event(path, (), Origin(path, Manager.SCRIPT))
            self._add(Location(path), "root", trace, [path, *self._paths(trace)])

    def timers(self, startup: Startup, units: SystemdUnits) -> None:
        self.unread.update(dict.fromkeys(units.lost))
        for name in _timed(units):
            for process in startup.processes:
                if process.service == name and process.start is not Start.DISABLED:
                    self.jobs.append(self._timed(process.argv, process.at, process.user or "root"))

    def _timed(self, argv: tuple[str, ...], at: Location, user: str) -> Job:
        trace = Trace(self.tree, self._parsed)
        trace.program_of_event(argv, at, Origin("timer", Manager.SYSTEMD))
        return Job(at, user, tuple(self._files(self._paths(trace))), tuple(trace.commands_seen), timer=True)

    def _is_over(self, at: Location) -> bool:
        if len(self.jobs) < JOBS_LIMIT:
            return False
        self.unread.setdefault(f"{at}: more than {JOBS_LIMIT} jobs")
        return True

    def _add(self, at: Location, user: str, trace: Trace, paths: list[str]) -> None:
        if user == "root":
            self._followed.update(trace.scripts)
        self.jobs.append(Job(at, user, tuple(self._files(paths)), tuple(trace.commands_seen), runs=self.runs))

    def _paths(self, trace: Trace) -> list[str]:
        """The scripts that were followed, the programs that they run, and what interpreters and `.` are given."""
        found = dict.fromkeys(trace.scripts)
        for path in trace.scripts:
            self.text(path)  # that it is lost is to be told
        for command in trace.commands_seen:
            argv = applet(command.argv)
            reads = argv[0].rpartition("/")[2] in INTERPRETERS or argv[0] in (".", "source")
            words = [word for word in argv[1:] if not word.startswith("-")][:1] if reads else argv[:1]
            for word in words:
                full = command.full(word) if "/" in word else ""
                if full.startswith("/") and "$" not in full:
                    found[full.strip("/")] = None
                elif not full:
                    found[located(self.tree, word)] = None
        return [path for path in found if path]

    def _files(self, paths: list[str]) -> Iterator[JobFile]:
        for path in dict.fromkeys(paths):
            entry = self.tree.resolve(path)
            if entry is not None and entry.kind is not Kind.FILE:
                continue
            try:
                stands = standing(self.tree, self.writable, path)
            except Unavailable as reason:
                self.unread[str(reason)] = None
                continue
            if entry is not None or stands.ground is Ground.WRITABLE or stands.openings:
                yield JobFile(path, stands)


def _timed(units: SystemdUnits) -> Iterator[str]:
    for unit in units.units.values():
        if unit.kind == "timer" and unit.start is not Start.DISABLED:
            yield _service(unit)


def _service(timer: Unit) -> str:
    named = timer.get("Timer", "Unit")
    return named.value if named is not None else timer.name.removesuffix(".timer") + ".service"
