"""The scripts and programs that init runs, and how their files lie.

Rules. What runs as another user is told only for where it lies: who may write it has that user's rights at most.
 What starts is startup.py's; a script of etc/init.d that nothing starts is told as such. A file that a start
script runs or sources and that is not in the tree counts where it may be made: on a writable file system that the image
does not hold, it is a hook for whoever writes there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from firmward.facts.data_scripts import data_scripts
from firmward.facts.jobs import Jobs
from firmward.facts.process import Process, Start, applet
from firmward.facts.scripts.launchers import SHELLS
from firmward.facts.scripts.places import located
from firmward.facts.startup import Startup
from firmward.facts.systemd import SystemdUnits
from firmward.facts.writable import Standing, Writable, standing
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

FOLDER = "etc/init.d"
LOCAL = ("etc/rc.local", "etc/rc.d/rc.local")
ROOT = (None, "root", "0")


@dataclass(frozen=True, slots=True)
class InitFile:
    """One file that init runs: `path` as it is named, `by` whom, at `at`, None for what init runs by itself.

    `standing` says where it leads and who may change it; `starts` is false for one that is only installed; `user` is
    whose rights it gets.
    """

    path: str
    by: str
    standing: Standing
    at: Location | None = None
    starts: bool = True
    user: str = "root"


@dataclass(frozen=True, slots=True)
class InitScripts:
    """All `files`; `unread` says in words what could not be worked out."""

    files: tuple[InitFile, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    path: str
    by: str
    at: Location | None = None
    starts: bool = True
    user: str = "root"


def collect(
    tree: Tree,
    startup: Startup,
    writable: Writable,
    jobs: Jobs | Unknown | None,
    units: SystemdUnits | Unknown | None,
) -> InitScripts | None:
    unread = [*writable.unread, *([startup.blind] if startup.blind is not None else [])]
    unread += units.lost if isinstance(units, SystemdUnits) else ()
    found: dict[str, InitFile] = {}
    timed = {file.path for job in jobs.jobs if job.timer for file in job.files} if isinstance(jobs, Jobs) else ()
    for one in _found(tree, startup, writable):
        if one.path not in found and one.path not in timed:
            try:
                stands = standing(tree, writable, one.path)
            except Unavailable as reason:
                unread.append(str(reason))
                continue
            stands = stands if one.user == "root" else replace(stands, openings=())
            found[one.path] = InitFile(one.path, one.by, stands, one.at, one.starts, one.user)
    return InitScripts(tuple(found.values()), tuple(dict.fromkeys(unread))) if found or unread else None


def _found(tree: Tree, startup: Startup, writable: Writable) -> Iterator[_Found]:
    for path in startup.scripts:
        yield _Found(path, "at boot")
    for process in sorted(startup.processes, key=lambda one: one.user not in ROOT):
        yield from _of_process(tree, process)
    yield from _left_to_the_device(tree, startup, writable)
    for name in tree.names(FOLDER):
        if tree.is_file(f"{FOLDER}/{name}"):
            yield _Found(f"{FOLDER}/{name}", "when it is started", starts=False)
    yield from (_Found(path, "at boot") for path in LOCAL if tree.lstat_through(path) is not None)


def _of_process(tree: Tree, process: Process) -> Iterator[_Found]:
    """Its program; for a shell the script that it is given. What is not there may be on another file system."""
    argv = applet(process.argv)
    word = argv[1] if process.program in SHELLS and len(argv) > 1 else argv[0]
    path = located(tree, word) or word.strip("/")
    user = "root" if process.user in ROOT or process.user is None else process.user
    if process.start is not Start.DISABLED and word.startswith("/") and "$" not in word:
        yield _Found(path, f"by {process.service}", process.at, user=user)


def _left_to_the_device(tree: Tree, startup: Startup, writable: Writable) -> Iterator[_Found]:
    for path, at in data_scripts(tree, writable, startup.scripts, ("start",)):
        yield _Found(path, "by a start script", at)
