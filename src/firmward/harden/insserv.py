"""The order that insserv(8) keeps of SysV's start scripts, as a makefile in etc/init.d/.depend.boot and .depend.start.

Where startpar(8) starts them, it starts what stands there: the link of a script that is missing in it does nothing. A
line `TARGETS = ` lists all, and `name: others` says behind which ones each starts.
"""

from collections.abc import Iterable

from firmward.harden.draft import Draft

BOOT, START = "etc/init.d/.depend.boot", "etc/init.d/.depend.start"
TARGETS = "TARGETS ="


def enlist(draft: Draft, table: str, script: str, before: Iterable[str] = (), after: Iterable[str] = ()) -> None:
    """Have a script started `before` some and `after` others, as far as they are in the table; nothing without one."""
    text = draft.text(table)
    lines = text.removesuffix("\n").split("\n") if text else []
    place = next((index for index, line in enumerate(lines) if line.startswith(TARGETS)), None)
    if place is None:
        return
    known = lines[place].removeprefix(TARGETS).split()
    if script not in known:
        lines[place] = f"{lines[place].rstrip()} {script}"
    for name in before:
        if name in known:
            _depend(lines, name, script)
    for name in after:
        if name in known:
            _depend(lines, script, name)
    draft.write(table, "".join(f"{line}\n" for line in lines))


def _depend(lines: list[str], name: str, on: str) -> None:
    for index, line in enumerate(lines):
        head, colon, rest = line.partition(":")
        if colon and head == name:
            if on not in rest.split():
                lines[index] = f"{line.rstrip()} {on}"
            return
    lines.append(f"{name}: {on}")
