"""SELinux as it is configured: mode, policy, and which programs have a domain of their own.

Rules, from selinux(8), selinux_config(5) and file_contexts(5): etc/selinux/config names the mode (SELINUX=) and the
policy (SELINUXTYPE=, `targeted` unless it says so), the first line that means something counts; the policy is
etc/selinux/TYPE/policy/policy.NN. `setenforce 0` among what starts undoes it. file_contexts gives a type to each path;
a program with a type of its own (`..._exec_t`) changes the domain when it starts. Not read: the compiled policy itself,
and so which of its domains are permissive.
"""

import re
from dataclasses import dataclass

from firmward.facts.command_line import own_words
from firmward.facts.process import Start
from firmward.facts.startup import Startup
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

CONFIG = "etc/selinux/config"
MODES = ("enforcing", "permissive", "disabled")
RELAXED = frozenset(("0", "permissive"))


@dataclass(frozen=True, slots=True)
class Selinux:
    """`mode` is enforcing, permissive or disabled, None where nothing says it; `at` is where it stands. `policy` is
    the policy that is installed, None for none. `relaxed` is what leaves the enforcing mode at boot. `programs` are
    the ends of the paths that have a type of their own, None where that cannot be read; `unread` says what else could
    not be."""

    mode: str | None
    at: Location
    policy: str | None
    relaxed: Location | None = None
    programs: frozenset[str] | None = None
    unread: tuple[str, ...] = ()

    @property
    def is_used(self) -> bool:
        return self.policy is not None and self.mode in ("enforcing", "permissive")


def collect(tree: Tree, startup: Startup | Unknown | None) -> Selinux | None:
    text = tree.text(CONFIG)
    if text is None:
        return None
    mode, kind, line = parse(text)
    policies = tree.glob(f"etc/selinux/{kind}/policy/policy.[0-9]*")
    unread = [startup.reason] if isinstance(startup, Unknown) else []
    if isinstance(startup, Startup) and startup.blind is not None:
        unread.append(startup.blind)
    policy = policies[-1] if policies else None
    programs = _programs(tree, kind, unread) if policy else None
    return Selinux(mode, Location(CONFIG, line), policy, _relaxed(startup), programs, tuple(unread))


def parse(text: str) -> tuple[str | None, str, int | None]:
    """The mode, the policy's name and the line of the mode."""
    mode, kind, line = None, None, None
    for number, row in enumerate(text.splitlines(), start=1):
        key, _, value = row.strip().partition("=")
        word = value.strip().lower()
        if key == "SELINUX" and mode is None and word.startswith(MODES):
            mode, line = next(known for known in MODES if word.startswith(known)), number
        elif key == "SELINUXTYPE" and kind is None:
            kind = value.strip()
    return mode, kind if kind and "/" not in kind else "targeted", line


def _relaxed(startup: Startup | Unknown | None) -> Location | None:
    """Where the last `setenforce` of the boot stands, when it asks for permissive."""
    last: tuple[str, Location] | None = None
    for process in startup.processes if isinstance(startup, Startup) else ():
        words = own_words(process.argv)
        if process.program == "setenforce" and process.start is not Start.DISABLED and words:
            last = words[0].lower(), process.at
    return last[1] if last is not None and last[0] in RELAXED else None


def _programs(tree: Tree, kind: str, unread: list[str]) -> frozenset[str] | None:
    path = f"etc/selinux/{kind}/contexts/files/file_contexts"
    try:
        text = tree.text(path)
    except Unavailable as reason:
        unread.append(str(reason))
        return None
    return None if text is None else typed_programs(text)


_GROUPS = re.compile(r"[()|]")


def typed_programs(text: str) -> frozenset[str]:
    """The names that file_contexts gives a program's type to, taken from the last steps of its patterns."""
    found: set[str] = set()
    for row in text.splitlines():
        words = row.split()
        if len(words) > 1 and words[-1].partition(":")[2] and "_exec_t" in words[-1]:
            step = words[0].rpartition("/")[2].replace("\\", "")
            found.update(name.strip("*?+.[]") for name in _GROUPS.split(step))
    return frozenset(name for name in found if len(name) > 1)
