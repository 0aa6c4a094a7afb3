"""The scripts and programs that init runs as root, and how their files lie.

Rules. What starts is startup.py's; a script of etc/init.d that nothing starts is told as such. A file that a start
script runs or sources and that is not in the tree counts where it may be made: on a writable file system that the image
does not hold, it is a hook for whoever writes there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.jobs import Jobs
from firmward.facts.process import Process, Start, applet
from firmward.facts.scripts.launchers import SHELLS
from firmward.facts.scripts.places import located
from firmward.facts.scripts.trace import Trace, Traced
from firmward.facts.scripts.walk import Origin
from firmward.facts.startup import Manager, Startup
from firmward.facts.systemd import SystemdUnits
from firmward.facts.writable import Ground, Standing, Writable, ground, standing
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

FOLDER = "etc/init.d"
LOCAL = ("etc/rc.local", "etc/rc.d/rc.local")
ROOT = (None, "root", "0")


@dataclass(frozen=True, slots=True)
class InitFile:
    """One file that init runs as root: `path` as it is named, `by` whom, at `at`, None for what init runs by itself.

    `standing` says where it leads and who may change it; `starts` is false for one that is only installed.
    """

    path: str
    by: str
    standing: Standing
    at: Location | None = None
    starts: bool = True


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
            found[one.path] = InitFile(one.path, one.by, stands, one.at, one.starts)
    return InitScripts(tuple(found.values()), tuple(dict.fromkeys(unread))) if found or unread else None


def _found(tree: Tree, startup: Startup, writable: Writable) -> Iterator[_Found]:
    for path in startup.scripts:
        yield _Found(path, "at boot")
    for process in startup.processes:
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
    if process.user in ROOT and process.start is not Start.DISABLED and word.startswith("/") and "$" not in word:
        yield _Found(path, f"by {process.service}", process.at)


def _left_to_the_device(tree: Tree, startup: Startup, writable: Writable) -> Iterator[_Found]:
    """What start scripts source or run from writable file systems that the image does not hold."""
    targets = [
        mount.target
        for mount in writable.mounts.mounts
        if mount.target != "/" and ground(mount.target, writable.mounts, writable.root) is Ground.WRITABLE
    ]
    if not targets:
        return
    naming = re.compile("|".join(re.escape(target) + "/" for target in targets))
    trace = Trace(tree)
    for path in startup.scripts:
        if naming.search(_text(tree, path)):
            trace.event(path, ("start",), Origin(path, Manager.SCRIPT))
    for command in trace.commands_seen:
        path = _run(command)
        entry = tree.resolve(path) if path else None
        if path and "$" not in path and (entry is None or entry.kind is Kind.FILE) and naming.match(path):
            yield _Found(path.strip("/"), "by a start script", command.at)


def _run(command: Traced) -> str:
    """The file that a command sources or runs."""
    is_reader = command.program in SHELLS or command.argv[0] in (".", "source")
    operands = [word for word in command.argv[1:] if not word.startswith("-")] if is_reader else command.argv[:1]
    return command.full(operands[0]) if operands and "/" in operands[0] else ""


def _text(tree: Tree, path: str) -> str:
    try:
        return tree.text(path) or ""
    except Unavailable:  # that a script which runs is lost, the start-up itself tells
        return ""
