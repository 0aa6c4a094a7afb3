"""What privileged programs run, source, load or obey beside themselves: their hooks and plug-ins, and how these lie.

Rules. The rows are in hook_places.py: folders and files that a program looks at by its manual, settings that name a
file, and options on its command line. A row counts when its program is in the tree; a place when it is there, or when a
link or a setting leads to where it may be made. All run with root's rights unless a row says otherwise. Which folder is
whose, a file system says that is mounted there, see writable.py.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from firmward.facts import command_line
from firmward.facts.data_scripts import data_scripts
from firmward.facts.hook_places import OPTIONS, ROWS, SETTINGS, Option, Place, Setting
from firmward.facts.process import Process, Start
from firmward.facts.samba import Samba
from firmward.facts.scripts.places import located
from firmward.facts.startup import Startup
from firmward.facts.writable import Standing, Writable, standing
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

FILE_LIMIT = 256 << 10
"""Bytes of one configuration file that names hooks."""

LINE_LIMIT = 1024
"""Characters of one line that are looked at."""

FILES_LIMIT = 400
"""Files looked at for one setting."""

NAMES_LIMIT, DEPTH_LIMIT = 1000, 2
"""Names in one folder, and folders below it, in which links are looked for."""

BUILT_IN = re.compile(r"^/(?:bin|usr/bin|sbin|usr/sbin)/(?:true|false|env)$")
"""What is named to do nothing, or to run something else."""


ROOT = "root"


@dataclass(frozen=True, slots=True)
class Hook:
    """One place: `program` does `how` (runs, sources, loads, obeys) what lies at `path`.

    `standing` says where that leads, whether it can be changed and by whom; `at` is the line that names it, None where
    the program looks there by itself. `rights` are those that it has: root's, or of somebody who is named in words.
    """

    program: str
    path: str
    how: str
    standing: Standing
    at: Location | None = None
    rights: str = ROOT

    @property
    def is_privileged(self) -> bool:
        return self.rights == ROOT


@dataclass(frozen=True, slots=True)
class Hooks:
    """All `hooks`; `unread` says in words what could not be worked out, `unnamed` which settings could not be read."""

    hooks: tuple[Hook, ...]
    unread: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    program: str
    path: str
    how: str
    at: Location | None = None
    user: str = ""
    rights: str = ROOT


def collect(
    tree: Tree, writable: Writable, startup: Startup | Unknown | None, samba: Samba | Unknown | None
) -> Hooks | None:
    unnamed: list[str] = []
    started = {process.program for process in _started(startup)}
    found = [*_places(tree, started), *_settings(tree, unnamed), *_of_samba(samba, unnamed), *_options(startup)]
    unread = [*writable.unread, *unnamed]
    found = [_with_rights(one, startup) for one in found]
    if isinstance(startup, Unknown):
        unread.append(startup.reason)
    elif startup is not None and startup.blind is not None:
        unread.append(startup.blind)
    hooks = {}
    for one in found:
        if (one.program, one.path) not in hooks:
            hook = _hook(tree, writable, one, unread)
            if hook is not None:
                hooks[one.program, one.path] = hook
    for more in (*_led_out(tree, writable, hooks.values()), *_sourced(tree, writable, hooks.values())):
        hooks.setdefault((more.program, more.path), more)
    if not hooks and not unread:
        return None
    return Hooks(tuple(hooks.values()), tuple(dict.fromkeys(unread)), tuple(unnamed))


def _with_rights(found: _Found, startup: Startup | Unknown | None) -> _Found:
    """What a program does that is started as another user alone, it does with that one's rights."""
    programs = next((row.programs for row in ROWS if row.key == found.program), (found.program,))
    processes = startup.processes if isinstance(startup, Startup) else ()
    users = {one.user for one in processes if one.start is not Start.DISABLED and one.program in programs}
    if len(users) != 1 or not users.isdisjoint((None, ROOT, "0")):
        return found
    user = str(*users)
    return replace(found, user=found.user or user, rights=f"the user {user}")


def _hook(tree: Tree, writable: Writable, found: _Found, unread: list[str]) -> Hook | None:
    try:
        stands = standing(tree, writable, found.path)
        others = tuple(opening for opening in stands.openings if opening.who != f"the user {found.user}")
        return Hook(found.program, found.path, found.how, replace(stands, openings=others), found.at, found.rights)
    except Unavailable as reason:
        unread.append(str(reason))
        return None


def _led_out(tree: Tree, writable: Writable, hooks: Iterable[Hook]) -> Iterator[Hook]:
    """Links in a folder of hooks that leave it for a file system with data."""
    for hook in tuple(hooks):
        for path in _links(tree, hook.path):
            stands = standing(tree, writable, path)
            if writable.is_led_out(stands) and stands.mount != hook.standing.mount:
                yield Hook(hook.program, path, hook.how, stands)


def _links(tree: Tree, folder: str, depth: int = 0) -> Iterator[str]:
    found = tree.resolve(folder)
    for name in tree.names(found.path)[:NAMES_LIMIT] if found is not None else ():
        entry = tree.lstat(f"{found.path}/{name}") if found is not None else None
        if entry is not None and entry.kind is Kind.SYMLINK:
            yield f"{folder}/{name}"
        elif entry is not None and entry.kind is Kind.DIRECTORY and depth < DEPTH_LIMIT:
            yield from _links(tree, f"{folder}/{name}", depth + 1)


def _sourced(tree: Tree, writable: Writable, hooks: Iterable[Hook]) -> Iterator[Hook]:
    """What hooks that are scripts source or run from a file system with data; those of init are its scripts."""
    for hook in tuple(hooks):
        if hook.how in ("runs", "sources") and hook.program not in ("init", "systemd", "PAM"):
            inside = [f"{hook.path}/{name}" for name in tree.names(hook.standing.leads)[:FILES_LIMIT]]
            for path, at in data_scripts(tree, writable, inside or (hook.path,), ("$1",)):
                stands = standing(tree, writable, path)
                if writable.is_led_out(stands):
                    yield Hook(hook.program, path, "sources", stands, at)


def _places(tree: Tree, started: set[str]) -> Iterator[_Found]:
    for row in ROWS:
        if _is_there(tree, row) or not started.isdisjoint(row.programs):
            for pattern in row.places.split():
                yield from (_Found(row.key, path, row.how, user=row.user) for path in _named(tree, pattern))


def _named(tree: Tree, pattern: str) -> Iterable[str]:
    """The paths that a pattern means; a link to nowhere is one, since what it leads to may be made."""
    if "*" in pattern:
        return tree.glob(pattern)
    return (pattern,) if tree.lstat_through(pattern) is not None or _is_beyond(tree, pattern) else ()


def _is_beyond(tree: Tree, path: str) -> bool:
    """Whether a folder of the path is a link to where the tree has nothing."""
    while path := path.rpartition("/")[0]:
        entry = tree.lstat_through(path)
        if entry is not None:
            return entry.kind is Kind.SYMLINK and tree.resolve(path) is None
    return False


def _is_there(tree: Tree, row: Place) -> bool:
    return not row.programs or any(
        bool(_named(tree, name)) if "/" in name else bool(located(tree, name)) for name in row.programs
    )


def _settings(tree: Tree, unread: list[str]) -> Iterator[_Found]:
    for row in SETTINGS:
        paths = [path for pattern in row.files.split() for path in tree.glob(pattern)]
        for path in paths[:FILES_LIMIT]:
            try:
                text = tree.text(path, limit=FILE_LIMIT)
            except Unavailable as reason:
                unread.append(str(reason))
                continue
            yield from _in_text(row, path, text or "")
        if len(paths) > FILES_LIMIT:
            unread.append(f"{row.key}: more than {FILES_LIMIT} files")


def _of_samba(samba: Samba | Unknown | None, unread: list[str]) -> Iterator[_Found]:
    if isinstance(samba, Unknown):
        unread.append(samba.reason)
    elif samba is not None:
        unread += samba.unread
        for command in samba.commands:
            rights = "whoever is connected" if command.is_connected else ROOT
            for path in command.paths if not BUILT_IN.match(command.command) else ():
                yield _Found("samba", path.strip("/"), "runs", command.at, rights=rights)


def _in_text(row: Setting, path: str, text: str) -> Iterator[_Found]:
    for number, line in enumerate(text.split("\n"), 1):
        for match in re.finditer(row.pattern, line[:LINE_LIMIT]) if "/" in line else ():
            if not BUILT_IN.match(match["path"]):
                yield _Found(row.key, match["path"].strip("/"), row.how, Location(path, number))


def _started(startup: Startup | Unknown | None) -> Iterator[Process]:
    """What starts with root's rights."""
    for process in startup.processes if isinstance(startup, Startup) else ():
        if process.start is not Start.DISABLED and process.user in (None, "root", "0"):
            yield process


def _options(startup: Startup | Unknown | None) -> Iterator[_Found]:
    for process in _started(startup):
        for row in OPTIONS:
            if process.program in row.programs:
                yield from _of_process(row, process)


def _of_process(row: Option, process: Process) -> Iterator[_Found]:
    words = command_line.own_words(process.argv)
    names = tuple(name for name in row.options if len(name) > 1)
    for value in command_line.read(words, row.letters, names).all(*row.options):
        path = value.split(" ")[0]
        if path.startswith("/") and "$" not in path:
            yield _Found(process.program, path.strip("/"), "runs", process.at)
