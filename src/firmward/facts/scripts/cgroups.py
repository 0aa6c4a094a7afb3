"""Control groups that a script makes by hand: it writes limits into a group's files, and itself into the group.

Rules, from the kernel's cgroup-v2 and cgroup-v1. Whoever writes its number (or 0) to `cgroup.procs` is in the group
with all that it starts from then on; another number moves that process, taken for the one started last. `max` and -1
limit nothing. In version 2 a group has the file of a limit only when the group above it has handed the controller
down (`+memory` in its `cgroup.subtree_control`), as systemd, OpenRC and procd do by themselves. In version 1 the
controller's name is a folder of the path.
"""

import re
from dataclasses import dataclass, field
from posixpath import dirname
from typing import TYPE_CHECKING

from firmward.facts.measure import Measure

if TYPE_CHECKING:
    from firmward.facts.scripts.walk import Walk

FILE = re.compile(r"(?P<group>/(?:sys/fs/cgroup|cgroup|dev/cgroup)(?:/[^/]+)*)/(?P<file>[\w.]+)")
LIMITS = {
    "memory.max": ("memory", Measure.MEMORY),
    "memory.high": ("memory", Measure.MEMORY),
    "memory.limit_in_bytes": ("memory", Measure.MEMORY),
    "cpu.max": ("cpu", Measure.CPU),
    "cpu.cfs_quota_us": ("cpu", Measure.CPU),
    "pids.max": ("pids", Measure.TASKS),
}
"""Files that limit: the controller that they belong to, and what they limit."""

OLD = frozenset(("memory.limit_in_bytes", "cpu.cfs_quota_us"))
"""Those of version 1 alone."""

MEMBERS = frozenset(("cgroup.procs", "tasks"))
DELEGATING = ("lib/systemd/systemd", "usr/lib/systemd/systemd", "sbin/openrc", "usr/sbin/openrc", "sbin/procd")
PATH_LIMIT = 500
GROUPS_LIMIT = 1000
"""Groups kept of one walk."""


@dataclass(slots=True)
class Groups:
    """What one walk has written: limits by group, and the controllers that a group hands down."""

    limits: dict[str, dict[str, Measure]] = field(default_factory=dict)
    handed: dict[str, set[str]] = field(default_factory=dict)


def write(walk: "Walk", target: str, text: str) -> None:
    """A script writes this text to a file of control groups."""
    match = FILE.fullmatch(target[:PATH_LIMIT])
    if match is None or "$" in target:
        return
    group, name = match["group"], match["file"]
    words = text.split()
    if name == "cgroup.subtree_control":
        handed = walk.groups.handed.setdefault(group, set()) if len(walk.groups.handed) < GROUPS_LIMIT else set()
        handed |= {word[1:] for word in words if word.startswith("+")}
        handed -= {word[1:] for word in words if word.startswith("-")}
    elif name in LIMITS and len(walk.groups.limits) < GROUPS_LIMIT:
        limits = walk.groups.limits.setdefault(group, {})
        limits.pop(name, None)
        if words and words[0] not in ("max", "-1"):
            limits[name] = LIMITS[name][1]
    elif name in MEMBERS and words:
        measures = _of(walk, group)
        if words[0] in ("$$", "0"):
            walk.limit(measures)
        else:
            walk.limit_last(measures)


def _of(walk: "Walk", group: str) -> frozenset[Measure]:
    """The limits of a group and of those above it that are in force."""
    found: set[Measure] = set()
    while len(group) > 1:
        for name, measure in walk.groups.limits.get(group, {}).items():
            if _has_file(walk, group, name):
                found.add(measure)
        group = dirname(group)
    return frozenset(found)


def _has_file(walk: "Walk", group: str, name: str) -> bool:
    controller = LIMITS[name][0]
    folders = group.split("/")
    if name in OLD or controller in folders or any(controller in folder.split(",") for folder in folders):
        return True
    if any(walk.tree.exists(path) for path in DELEGATING):
        return True
    above = dirname(group)
    while above.count("/") > 2 or above == "/cgroup":
        if controller not in walk.groups.handed.get(above, ()):
            return False
        above = dirname(above)
    return group.count("/") > 2
