"""The program su: who may run it as root's own.

Rules: su needs the setuid bit of root; on small systems it is a link to BusyBox, whose bit then counts. It is confined
to a group by its mode (no right to run it for others) or by PAM's pam_wheel, `required` or `requisite` in etc/pam.d/su.
Shadow's su without PAM asks etc/login.defs: `SU_WHEEL_ONLY yes` keeps all out that are not in group 0, login.defs(5).
The last line of a name counts there; BusyBox does not look.
"""

import re
from dataclasses import dataclass

from firmward.facts.process import is_multi_call
from firmward.model.location import Location
from firmward.model.tree import Tree

PROGRAMS = ("bin/su", "usr/bin/su", "sbin/su", "usr/sbin/su")
PAM = ("etc/pam.d/su", "usr/lib/pam.d/su", "usr/etc/pam.d/su")
WHEEL = re.compile(r"(?m)^[ \t]*-?auth[ \t]+(required|requisite|\[[^\]\n]*=die[^\]\n]*\])[ \t]+(\S*/)?pam_wheel\.so")

DEFS = re.compile(r"(?m)^[ \t]*SU_WHEEL_ONLY[ \t]+(\w+)")


@dataclass(frozen=True, slots=True)
class Su:
    """`path` is the file that carries the bit, BusyBox where su is a link to it.

    `at` is su itself, the link if it is one. `mode` (0o7777, with setuid) and `gid`, the group that may run it where
    others may not, are those of `path`. `by_group` says that pam_wheel or login.defs demands a group.
    """

    at: Location
    path: str
    mode: int
    gid: int
    by_group: bool

    @property
    def is_setuid(self) -> bool:
        return bool(self.mode & 0o4000)

    @property
    def is_confined(self) -> bool:
        return self.by_group or not self.mode & 0o001


def collect(tree: Tree) -> Su | None:
    for path in PROGRAMS:
        entry = tree.resolve(path)
        if entry is not None and tree.is_file(path) and entry.uid == 0:
            pam = next((text for place in PAM if (text := tree.text(place)) is not None), None)
            by_group = _by_defs(tree, entry.path) if pam is None else WHEEL.search(pam) is not None
            return Su(Location(path), entry.path, entry.mode, entry.gid, by_group)
    return None


def _by_defs(tree: Tree, program: str) -> bool:
    values = DEFS.findall(tree.text("etc/login.defs") or "")
    return not is_multi_call(program) and values[-1:] == ["yes"]
