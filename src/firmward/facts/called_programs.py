"""Which of the installed programs something in the image calls by name.

Rules. A name counts where it stands as a word in a file of etc, or in a script in a folder of PATH or that runs at
boot, comments left out; and as a word of what init starts, or would start. A program that is asked for by another
program's own code is not seen. Large files are none of a person's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.installed_programs import InstalledPrograms
from firmward.facts.startup import Startup
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Entry, Kind, Tree

SIZE_LIMIT = 64 << 10
FILES_LIMIT = 4000
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
COMMENT = re.compile(r"(?m)^[ \t]*[#;].*$")


@dataclass(frozen=True, slots=True)
class CalledPrograms:
    """The `names` that are called; `unread` says what was not looked through."""

    names: frozenset[str]
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree, programs: InstalledPrograms | Unknown | None, startup: Startup | Unknown | None
) -> CalledPrograms | None:
    if not isinstance(programs, InstalledPrograms):
        return None
    installed = {program.name for program in programs.programs}
    scripts = startup.scripts if isinstance(startup, Startup) else ()
    found: set[str] = set()
    unread: list[str] = []
    for process in startup.processes if isinstance(startup, Startup) else ():
        found.update(WORD.findall(" ".join(process.argv).replace("/", " ")))
    for number, path in enumerate(dict.fromkeys([*scripts, *_files(tree, programs)])):
        if number == FILES_LIMIT:
            unread.append(f"more than {FILES_LIMIT} scripts and settings")
            break
        try:
            found |= installed & set(WORD.findall(COMMENT.sub("", tree.text(path, SIZE_LIMIT) or "")))
        except Unavailable as reason:
            unread.append(str(reason))
    return CalledPrograms(frozenset(found & installed), tuple(unread))


def _files(tree: Tree, programs: InstalledPrograms) -> Iterator[str]:
    for entry in tree.entries():
        if entry.path.startswith("etc/") and _is_small(entry):
            yield entry.path
    for path in dict.fromkeys(program.target for program in programs.programs):
        found = tree.lstat(path)
        if found is not None and _is_small(found) and _is_script(tree, found):
            yield path


def _is_small(entry: Entry) -> bool:
    return entry.kind is Kind.FILE and 0 < entry.size <= SIZE_LIMIT


def _is_script(tree: Tree, entry: Entry) -> bool:
    try:
        return next(iter(tree.chunks(entry)), b"").startswith(b"#!")
    except Unavailable:
        return False
