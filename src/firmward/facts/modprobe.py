"""What keeps kernel modules from being loaded: the rules of modprobe, and words of the kernel's command line.

Rules, from modprobe.d(5) and modprobe(8) of kmod. Files called `*.conf` in the folders of modprobe.d are read by name;
of those with one name the first folder's counts (etc, run, usr/local/lib, usr/lib, lib), and a link to /dev/null takes
a file away. A line begins with a command; `#` begins a comment, and a backslash at the end of a line goes on with the
next. In names `-` and `_` are one. `blacklist NAME` ignores what the module says of itself: neither hardware nor a
protocol nor a file system has it loaded, though its name still does. `install NAME COMMAND` runs the command instead,
and NAME may be a pattern; with `/bin/false` or `/bin/true` the module stays out. `alias NAME off` leads requests for a
protocol nowhere. BusyBox reads etc/modprobe.conf too, and knows no `install`. The kernel itself refuses what
`module_blacklist=` names, and kmod what `modprobe.blacklist=` does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.process import is_multi_call
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

FOLDERS = ("etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d")
OLD = "etc/modprobe.conf"
PROGRAM = "sbin/modprobe"
"""What the kernel calls, unless a parameter names another."""
NOTHING = frozenset(("false", "true", ":", "exit"))
"""Commands that load nothing."""
WORDS = ("module_blacklist", "modprobe.blacklist")
FILES_LIMIT = 500


@dataclass(frozen=True, slots=True)
class ModprobeRules:
    """`ignored` are modules that nothing but their name loads, `refused` names and patterns of those for which a
    command that does nothing stands, each with where that is said; `off` are the aliases that lead nowhere.
    `obeys_install` is false where BusyBox's modprobe is the one that is called. `unread` says in words which files
    could not be read."""

    ignored: Mapping[str, Location]
    refused: Mapping[str, Location]
    off: tuple[str, ...] = ()
    obeys_install: bool = True
    unread: tuple[str, ...] = ()

    def keeps_out(self, module: str, *aliases: str) -> bool:
        """Whether a module is not loaded by itself. `aliases` are all by which the kernel asks for it."""
        name = module_name(module)
        led_nowhere = bool(aliases) and all(alias in self.off for alias in aliases)
        return name in self.ignored or led_nowhere or self.refuses(name)

    def refuses(self, module: str) -> bool:
        """Whether it is not loaded by its name either."""
        return self.obeys_install and any(fnmatchcase(module_name(module), pattern) for pattern in self.refused)


def module_name(name: str) -> str:
    """As the kernel writes it."""
    return name.replace("-", "_")


def collect(tree: Tree, command_lines: KernelCommandLine | None | Unknown) -> ModprobeRules | None:
    ignored: dict[str, Location] = {}
    refused: dict[str, Location] = {}
    off: list[str] = []
    unread: list[str] = []
    for path in _files(tree, unread):
        try:
            lines = tuple(_lines(tree.text(path) or ""))
        except Unavailable as reason:
            unread.append(str(reason))
            continue
        for number, words in lines:
            _one(words, Location(path, number), ignored, refused, off)
    for name, at in _on_lines(command_lines):
        ignored.setdefault(name, at)
    if not (ignored or refused or off or unread):
        return None
    return ModprobeRules(ignored, refused, tuple(dict.fromkeys(off)), _obeys_install(tree), tuple(unread))


def _files(tree: Tree, unread: list[str]) -> Iterator[str]:
    """Those that count, by name; what is no longer read by kmod comes first."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for path in tree.glob(f"{folder}/*.conf"):
            found.setdefault(path.rpartition("/")[2], path)
    if len(found) > FILES_LIMIT:
        unread.append(f"{len(found)} files of modprobe.d, of which {FILES_LIMIT} were read")
    if tree.is_file(OLD) and not _obeys_install(tree):
        yield OLD
    yield from (found[name] for name in sorted(found)[:FILES_LIMIT])


def _obeys_install(tree: Tree) -> bool:
    """Whether it is kmod's: a link to BusyBox's program is not."""
    entry = tree.resolve(PROGRAM)
    return entry is None or not is_multi_call(entry.name)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The words of each line, continued ones as one, with the number of the first."""
    start, joined = 0, ""
    rows = text.removesuffix("\n").removesuffix("\\").split("\n")
    for number, row in enumerate(rows, start=1):
        start = start if joined else number
        joined += row.removesuffix("\\")
        if row.endswith("\\"):
            joined += " "
            continue
        words = joined.split()
        if words and not words[0].startswith("#"):
            yield start, words
        joined = ""


def _one(
    words: list[str], at: Location, ignored: dict[str, Location], refused: dict[str, Location], off: list[str]
) -> None:
    if len(words) >= 2 and words[0] == "blacklist":
        ignored.setdefault(module_name(words[1]), at)
    elif len(words) >= 3 and words[0] == "install" and words[2].rpartition("/")[2] in NOTHING:
        refused.setdefault(module_name(words[1]), at)
    elif len(words) >= 3 and words[0] == "alias" and words[2] == "off":
        off.append(words[1])


def _on_lines(command_lines: KernelCommandLine | None | Unknown) -> Iterator[tuple[str, Location]]:
    """What every whole line names, so that it holds whichever of them boots."""
    lines = command_lines.whole if isinstance(command_lines, KernelCommandLine) else ()
    named = [frozenset(_named(line)) for line in lines]
    for name in sorted(frozenset.intersection(*named)) if named else ():
        yield name, lines[0].at


def _named(line: CommandLine) -> Iterator[str]:
    for word in WORDS:
        for value in line.all(word):
            yield from (module_name(name) for name in value.split(",") if name)
