"""Where scripts and programs lie in a tree, and what kind of file one is."""

import fnmatch
import re

from firmward.facts.scripts.style import Style, style_of
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, Tree

PATH = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")

LIBRARIES = (
    "lib/lsb/init-functions*",
    "lib/init/mount-functions.sh",
    "lib/init/swap-functions.sh",
    "lib/functions.sh",
    "lib/functions/*",
    "lib/config/*",
    "lib/rc/*",
    "libexec/rc/*",
    "etc/init.d/functions*",
    "etc/rc.d/functions",
    "etc/rc.d/init.d/functions",
    "etc/rc.common",
    "share/libubox/*",
)
"""Function libraries that are known by rows (launchers, quiet, openwrt) and need no reading."""

RUNLEVEL_SCRIPTS = ("etc/init.d/rc", "etc/rc.d/rc", "lib/init/rc", "etc/rc")
"""SysV's `rc LEVEL`, which runs the links of a runlevel."""

_OPENRC = re.compile(
    r"^[ \t]*(?:exec[ \t]+)?(?:/(?:usr/)?s?bin/)?openrc[ \t]+(?:sysinit|boot|default|[\"']?\$)", re.MULTILINE
)
WRAPPER_LIMIT = 16 << 10
"""Bytes of a script that only hands over; Debian's have some hundred."""

INIT_FOLDERS = ("etc/init.d/*", "etc/rc?.d/*", "etc/rc.d/*", "lib/svc/*")


def is_initial(path: str) -> bool:
    """Whether a path is where init scripts and the links to them lie."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in INIT_FOLDERS)


def is_library(path: str) -> bool:
    return any(fnmatch.fnmatchcase(path.removeprefix("usr/"), pattern) for pattern in LIBRARIES)


def start_links(tree: Tree, level: str) -> tuple[str, ...]:
    """The start links of a runlevel, in the order of their names."""
    for folder in (f"etc/rc{level}.d", f"etc/rc.d/rc{level}.d", f"etc/init.d/rc{level}.d"):
        if tree.is_directory(folder):
            return tuple(path for path in tree.list(folder) if path.rpartition("/")[2].startswith("S"))
    return ()


def hands_to_openrc(tree: Tree, path: str) -> bool:
    """Whether a script calls OpenRC for a runlevel, as Debian's package of it writes SysV's rcS and rc anew."""
    entry = tree.resolve(path)
    if entry is None or entry.kind is not Kind.FILE or entry.size > WRAPPER_LIMIT:
        return False
    try:
        text = tree.text(entry.path, WRAPPER_LIMIT) or ""
    except Unavailable:
        return False
    return style_of(text) is Style.SHELL and _OPENRC.search(text) is not None


def located(tree: Tree, program: str) -> str:
    """The path of a program in the tree; empty when it is not there."""
    if not program or "$" in program:
        return ""
    if "/" in program:
        path = program.removeprefix("./").strip("/")
        return path if tree.exists(path) else ""
    return next((f"{folder}/{program}" for folder in PATH if tree.is_file(f"{folder}/{program}")), "")


def executable(tree: Tree, path: str) -> Entry | None:
    """The file at a path, when it may be executed."""
    entry = tree.resolve(path)
    return entry if entry is not None and entry.kind is Kind.FILE and entry.mode & 0o111 else None


def style(tree: Tree, path: str, entry: Entry) -> Style | None:
    """The style of a script; None for what is none. Programs are not read whole. Raises Unavailable.

    A file in an init folder without the first line of a script is run by the shell that calls it.
    """
    if entry.kind is not Kind.FILE or entry.size <= 2:
        return None
    head = next(iter(tree.chunks(entry)), b"")[:256]
    if head.startswith(b"#!"):
        return style_of(head.decode("utf-8", "replace"))
    return Style.SHELL if is_initial(path) and b"\0" not in head and not head.startswith(b"\x7fELF") else None
