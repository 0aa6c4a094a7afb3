r"""The table of file systems (etc/fstab), and mount options as they take effect.

Rules, from fstab(5), mount(8) and systemd.mount(5): six fields at blanks, of which the first two are needed; `\040` and
other octal escapes stand for blanks; `#` begins a comment line. Options hold from left to right: `defaults` is
rw,suid,dev,exec; `user` and `users` bring noexec,nosuid,nodev, `owner` and `group` nosuid,nodev, which a later option
takes back.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

FLAGS = {
    "ro": ("ro", True), "rw": ("ro", False),
    "nosuid": ("nosuid", True), "suid": ("nosuid", False),
    "nodev": ("nodev", True), "dev": ("nodev", False),
    "noexec": ("noexec", True), "exec": ("noexec", False),
}  # fmt: skip
GROUPS = {
    "defaults": ("rw", "suid", "dev", "exec"),
    "user": ("noexec", "nosuid", "nodev"),
    "users": ("noexec", "nosuid", "nodev"),
    "owner": ("nosuid", "nodev"),
    "group": ("nosuid", "nodev"),
}
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what is mounted where; `options` as written."""

    source: str
    target: str
    type: str
    options: tuple[str, ...]
    line: int


def parse(text: str) -> tuple[Row, ...]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        fields = [_plain(field) for field in line.split()]
        if len(fields) > 1 and not fields[0].startswith("#"):
            source, target, kind, options = (*fields, *("auto", "defaults")[len(fields) - 2 :])[:4]
            found.append(Row(source, target, kind, split(options), number))
    return tuple(found)


def _plain(field: str) -> str:
    return _ESCAPE.sub(lambda code: chr(int(code.group(1), 8) & 0xFF), field)


def split(options: str) -> tuple[str, ...]:
    """The options of a list; a comma inside quotes (an SELinux context) parts nothing."""
    return tuple(option for option in re.findall(r'(?:[^,"]|"[^"]*")+', options) if option)


def flags(options: Iterable[str], before: Iterable[str] = ()) -> frozenset[str]:
    """Those of ro, nosuid, nodev, noexec that hold in the end."""
    held = set(before)
    for option in options:
        for name in GROUPS.get(option, (option,)):
            flag, on = FLAGS.get(name, (None, True))
            if flag is not None and on:
                held.add(flag)
            elif flag is not None:
                held.discard(flag)
    return frozenset(held)
