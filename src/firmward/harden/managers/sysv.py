"""SysV and BusyBox scripts: the start links of all runlevels go, those that stop the service stay.

Where no link starts it, the script's own name does (`etc/init.d/S50web`, which rcS runs with all others of that form):
then it becomes K50web, by which nothing starts, and nothing is lost. One that another script calls by its name loses
its right to be run, which such callers look for. What starts it even so is a line of a script, and is told.
"""

import re

from firmward.facts.collection import Collection
from firmward.facts.process import Manager, Start
from firmward.facts.startup import Startup
from firmward.harden.draft import Draft, Refused
from firmward.harden.site import Site
from firmward.model.tree import Kind

LEVELS = ("etc/rc?.d", "etc/rc.d/rc?.d", "etc/init.d/rc?.d")
SCRIPTS = ("etc/init.d", "etc/rc.d", "etc/rc.d/init.d")
BY_NAME = re.compile(r"S([0-9]{2}.+)")


def disable(site: Site, name: str) -> None:
    draft = site.draft
    links = [path for level in LEVELS for path in draft.glob(f"{level}/S*") if _leads_to(draft, path) == name]
    scripts = _scripts(draft, name)
    if not links and not scripts and _is_aside(draft, name):
        return
    if not links and not scripts:
        raise Refused(f"there is no script of {name}")
    was_started = _is_started(draft, name, scripts)
    for path in links:
        draft.remove(path)
    if not was_started:
        return
    for step in (_rename, _unright):
        if not _is_started(draft, name, scripts):
            return
        for path in scripts:
            step(draft, path)
    if _is_started(draft, name, scripts):
        raise Refused(f"another script starts {name}: take the line out there")


def _scripts(draft: Draft, name: str) -> list[str]:
    found = (f"{folder}/{file}" for folder in SCRIPTS for file in (name, f"{name}.sh"))
    return [path for path in found if "/" not in name and draft.is_file(path)]


def _is_aside(draft: Draft, name: str) -> bool:
    """Whether it was called otherwise already."""
    named = BY_NAME.fullmatch(name)
    return named is not None and bool(_scripts(draft, f"K{named[1]}"))


def _leads_to(draft: Draft, path: str) -> str:
    entry = draft.resolve(path)
    return (path if entry is None else entry.path).rpartition("/")[2].removesuffix(".sh")


def _rename(draft: Draft, path: str) -> None:
    folder, _, file = path.rpartition("/")
    named = BY_NAME.fullmatch(file)
    entry = draft.lstat_through(path)
    if named is None or entry is None:
        return
    aside = f"{folder}/K{named[1]}"
    if draft.lstat_through(aside) is not None:
        raise Refused(f"{aside} is there already")
    if entry.kind is Kind.SYMLINK:
        draft.link(aside, entry.target or "")
    else:
        draft.write(aside, draft.read(path) or b"", entry.mode, entry.uid, entry.gid)
    draft.remove(path)


def _unright(draft: Draft, path: str) -> None:
    entry = draft.resolve(path)
    if entry is not None and entry.mode & 0o111:
        draft.set_mode(path, entry.mode & ~0o111)


def _is_started(draft: Draft, name: str, scripts: list[str]) -> bool:
    """Whether programs of this service start, or one of its scripts is run by another one, as its own part."""
    startup = Collection(draft).get(Startup)
    if not isinstance(startup, Startup):
        raise Refused("what starts is not known")
    own = {entry.path for path in scripts if (entry := draft.resolve(path)) is not None}
    return not own.isdisjoint(startup.scripts) or any(
        one.service == name and one.manager is Manager.SYSV and one.start is not Start.DISABLED
        for one in startup.processes
    )
