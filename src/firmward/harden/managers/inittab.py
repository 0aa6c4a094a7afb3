"""etc/inittab: the line goes. It is known by its id, or, where it has none, by the name of its program. A line that
brings the system up stays, whatever it starts besides.
"""

from firmward.facts.inittab import PATH
from firmward.facts.process import applet
from firmward.formats import inittab
from firmward.harden.draft import Refused
from firmward.harden.lines import Lines
from firmward.harden.site import Site

BRINGS_UP = frozenset(("sysinit", "boot", "bootwait"))


def disable(site: Site, name: str) -> None:
    if not site.draft.is_file(PATH):
        raise Refused(f"there is no {PATH}: what init starts without one is built into it")
    lines = Lines.of(site.draft, PATH)
    meant = [entry for entry in inittab.parse("\n".join(lines.all)).entries if name in _names(entry)]
    if any(entry.action in BRINGS_UP for entry in meant):
        raise Refused(f"{PATH} brings the whole system up by {name}")
    gone = {entry.line - 1 for entry in meant}
    if gone:
        lines.all = [line for index, line in enumerate(lines.all) if index not in gone]
        lines.write()


def _names(entry: inittab.Entry) -> tuple[str, ...]:
    if entry.action == "initdefault":
        return ()
    if entry.id:
        return (entry.id,)
    words = entry.process.lstrip("-+@").split()
    return tuple(word.rpartition("/")[2] for word in (*words[:1], *applet(words)[:1]))
