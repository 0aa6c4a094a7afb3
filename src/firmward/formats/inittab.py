"""etc/inittab: `id:runlevels:action:process`.

Rules, from the manual of SysV init and from BusyBox's own notes on its init: in BusyBox the id is a terminal and the
runlevels mean nothing; in SysV the id is only a name, and `initdefault` gives the runlevel in the field of that name.
An empty runlevel field means every runlevel. Everything behind the third colon is the process.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    levels: str
    action: str
    process: str
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """The entries in order, and the lines that are none."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...] = ()

    @property
    def default_level(self) -> str | None:
        """What `initdefault` says; only SysV's init knows it."""
        levels = [entry.levels for entry in self.entries if entry.action == "initdefault"]
        return levels[0][:1] or None if levels else None


def parse(text: str) -> Table:
    """The entries of a table; a line that is none is named and left out."""
    entries = []
    problems = []
    for number, row in enumerate(text.split("\n"), 1):
        line = row.strip()
        if not line or line.startswith("#"):
            continue
        fields = line.split(":", 3)
        if len(fields) == 4:
            name, levels, action, process = (field.strip() for field in fields)
            entries.append(Entry(name, levels, action.lower(), process, number))
        else:
            problems.append(f"line {number}: an inittab line has four fields")
    return Table(tuple(entries), tuple(problems))
