"""Functions that nothing hangs on: they print, ask and count, and neither mount, verify, leave nor start a shell.

Frameworks call such functions hundreds of times, on every way; following each call would cost most of the time. What
variables they set is doubted instead.
"""

from collections.abc import Iterable, Mapping

from firmward.facts.early.sources import inner
from firmward.facts.early.tools import QUESTIONABLE
from firmward.facts.scripts.environment import Definition
from firmward.facts.scripts.launchers import SHELLS
from firmward.facts.scripts.quiet import TOOLS
from firmward.formats.shell import Assignment, Command, For, Redirect, Simple, Word

_EFFECTS = """
reboot halt pivot_root poweroff umount losetup openvt xargs rc init sha1sum sha256sum md5sum start-stop-daemon
"""
_OTHERS = """
[ [[ test : true false echo printf return break continue local export read shift unset type command wait blkid udevadm
plymouth modprobe getarg getargbool getargs getargnum cd let readonly declare typeset sysctl hostname ip ifconfig
"""
HARMLESS = TOOLS - frozenset(_EFFECTS.split()) | frozenset(_OTHERS.split())
SETTING = frozenset(("export", "read", "readonly", "declare", "typeset", "let"))
KERNEL = ("/sys/kernel/", "/proc/sysrq", "/sys/fs/")
"""Where what is printed has the kernel do something."""
POLICY = "/ima/"
LIMIT = 400
"""Commands of a function, and of those that it calls, that are looked at."""


def set_by(name: str, functions: Mapping[str, Definition]) -> frozenset[str] | None:
    """The variables that such a function sets; None for any other function."""
    found: set[str] = set()
    seen = {name}
    pending: list[Command] = list(functions[name].body)
    for _ in range(LIMIT):
        if not pending:
            return frozenset(found)
        command = pending.pop()
        pending += inner(command)
        if isinstance(command, For):
            found.add(command.name)
        if isinstance(command, Simple):
            called = _called(command, functions, found)
            if called is None:
                return None
            if called and called not in seen:
                seen.add(called)
                pending += functions[called].body
    return None


def _called(command: Simple, functions: Mapping[str, Definition], found: set[str]) -> str | None:
    """The function that a plain command calls, empty for none; None where something hangs on the command."""
    found.update(one.name for one in command.assignments)
    if not _is_quiet(command.redirects) or any(POLICY in (word.literal or "") for word in command.words):
        return None
    if not command.words:
        return ""
    name = command.words[0].literal
    if name is None or QUESTIONABLE.search(name):
        return None
    if name in functions:
        return name
    name = name.rpartition("/")[2]
    if name not in HARMLESS or name in SHELLS:
        return None
    if name in SETTING:
        found.update(_names(command.words[1:]))
    return ""


def _is_quiet(redirects: Iterable[Redirect]) -> bool:
    return not any((one.target.literal or "").startswith(KERNEL) for one in redirects)


def _names(words: Iterable[Word]) -> Iterable[str]:
    for word in words:
        assignment = Assignment.of(word)
        yield assignment.name if assignment else word.literal or ""
