"""The kernel modules that the system loads by name at boot, whatever hardware it finds.

Rules. systemd, OpenRC and Debian read `*.conf` in the folders of modules-load.d, a name on each line, of files with one
name the first folder's (modules-load.d(5)); Debian, Alpine and BusyBox's scripts read etc/modules, with a name and
options on a line; OpenWrt etc/modules.d and etc/modules-boot.d likewise; initramfs-tools etc/initramfs-tools/modules;
OpenRC `modules` in etc/conf.d/modules. `modules-load=` on the kernel's command line names more (`modules=` with
Alpine). Start scripts call modprobe and insmod.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.modprobe import module_name
from firmward.facts.process import Process, applet
from firmward.facts.startup import Start, Startup
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

FOLDERS = (
    *("etc/modules-load.d", "run/modules-load.d", "usr/local/lib/modules-load.d"),
    *("usr/lib/modules-load.d", "lib/modules-load.d"),
)
LISTS = ("etc/modules", "etc/modules.d/*", "etc/modules-boot.d/*", "etc/initramfs-tools/modules")
OPENRC = "etc/conf.d/modules"
WORDS = ("modules-load", "modules_load", "rd.modules-load", "modules")
PROGRAMS = ("modprobe", "insmod")
ASSIGNED = re.compile(r"^\s*modules(?:_\w+)?=[\"']?([^\"'#\n]*)", re.MULTILINE)
FILES_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class LoadedModules:
    """`modules` are the names, as the kernel writes them, with where each is asked for first; `unread` says in words
    what could not be read."""

    modules: Mapping[str, Location]
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree, startup: Startup | None | Unknown, command_lines: KernelCommandLine | None | Unknown
) -> LoadedModules | None:
    unread: list[str] = []
    found: dict[str, Location] = {}
    named = chain(
        _listed(tree, unread),
        _of_openrc(tree),
        _on_lines(command_lines),
        _of_commands(startup, unread),
    )
    for name, at in named:
        found.setdefault(module_name(name), at)
    return LoadedModules(found, tuple(unread)) if found or unread else None


def _listed(tree: Tree, unread: list[str]) -> Iterator[tuple[str, Location]]:
    for path in _files(tree):
        try:
            text = tree.text(path) or ""
        except Unavailable as reason:
            unread.append(str(reason))
            continue
        for number, line in enumerate(text.split("\n"), start=1):
            words = line.split()
            if words and words[0][0] not in "#;":
                yield words[0], Location(path, number)


def _files(tree: Tree) -> Iterator[str]:
    by_name: dict[str, str] = {}
    for folder in FOLDERS:
        for path in tree.glob(f"{folder}/*.conf"):
            by_name.setdefault(path.rpartition("/")[2], path)
    yield from [*by_name.values(), *(path for pattern in LISTS for path in tree.glob(pattern))][:FILES_LIMIT]


def _of_openrc(tree: Tree) -> Iterator[tuple[str, Location]]:
    for found in ASSIGNED.finditer(tree.text(OPENRC) or ""):
        yield from ((name, Location(OPENRC)) for name in found[1].split())


def _on_lines(command_lines: KernelCommandLine | None | Unknown) -> Iterator[tuple[str, Location]]:
    for line in command_lines.lines if isinstance(command_lines, KernelCommandLine) else ():
        for value in chain.from_iterable(line.all(word) for word in WORDS):
            yield from ((name, line.at) for name in value.split(",") if name)


def _of_commands(startup: Startup | None | Unknown, unread: list[str]) -> Iterator[tuple[str, Location]]:
    if isinstance(startup, Unknown):
        unread.append(startup.reason)
    for process in startup.processes if isinstance(startup, Startup) else ():
        if process.program in PROGRAMS and process.start is not Start.DISABLED:
            yield from ((name, process.at) for name in _operands(process))


def _operands(process: Process) -> Iterator[str]:
    """insmod has one, a file, with parameters behind it; modprobe a name, and with -a several."""
    argv = applet(process.argv)
    words = [word for word in argv[1:] if not word.startswith("-")]
    are_all = any(word in ("-a", "--all") or re.fullmatch(r"-\w*a\w*", word) for word in argv[1:])
    for word in words if are_all else words[:1]:
        yield word.rpartition("/")[2].partition(".ko")[0]
