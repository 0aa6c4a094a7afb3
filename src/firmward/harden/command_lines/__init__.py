"""The kernel's command line where a boot loader keeps it in the root, one kind of file a file.

A file has `PATHS`, shell patterns below the boot partition's folder, or from the root's top with a leading `/`;
`IS_WHOLE`, whether a word that is new belongs there, and not only where there is no other place; `edited(text, edit)`,
which does `edit` to each of its command lines; and `read(text)`, the lines as boot loaders put them together, with the
variables that they know. What is read afterwards decides whether a change was made: a word that comes out of a variable
is taken from nowhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.formats.boot_arguments import LINE_LIMIT, Line, arguments
from firmward.harden import words
from firmward.harden.draft import Draft, Refused
from firmward.harden.site import Site
from firmward.harden.words import Edit
from firmward.model.tree import Tree

FOLDERS = ("boot/", "mnt/boot/", "uboot/")
"""Where a root has its boot partition."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file of the root that has command lines."""

    path: str
    format: ModuleType

    @property
    def is_whole(self) -> bool:
        found: bool = self.format.IS_WHOLE
        return found

    def lines(self, tree: Tree) -> Iterator[Line]:
        found: Iterator[Line] = self.format.read(tree.text(self.path) or "")
        return (line for line in found if line.text.strip())

    def edit(self, draft: Draft, edit: Edit) -> None:
        draft.write(self.path, self.format.edited(draft.text(self.path) or "", edit))

    def is_compiled(self, tree: Tree) -> bool:
        """Whether what boots is made of it, and lies beside it."""
        name: str | None = getattr(self.format, "COMPILED", None)
        return name is not None and tree.exists(self.path.rpartition("/")[0] + f"/{name}")


def set_word(site: Site, word: str) -> None:
    """Put it on each command line of the root, and say so beside it where something else gives the kernel one. Raises
    Refused."""
    found, edit = list(places(site.draft.below)), words.setting(word)
    whole = [place for place in found if place.is_whole] or found
    for place in found:
        if place in whole or _speaks_of(place, words.names(word), site.draft):
            place.edit(site.draft, edit)
        if place in whole:
            _hold(place, site.draft, lambda line: words.is_written(word, line.text), f"does not take {word}")
            if not any(place.lines(site.draft)):
                raise Refused(f"{place.path} has no line any more that could take {word}")
    outside = any(line.is_whole for line in _outside(site))
    if not found or outside or any(place.is_compiled(site.draft) for place in found):
        _tell(word, site.beside.words, site.beside.no_words)


def remove_word(site: Site, word: str) -> None:
    """Take it off each command line of the root, and say so beside it where something else has it. Raises Refused."""
    edit = words.removing(word)
    before = [place for place in places(site.draft.below) if _has(place, word, site.draft.below)]
    for place in before:
        place.edit(site.draft, edit)
        _hold(place, site.draft, lambda line: not words.is_written(word, line.text), f"has {word} from a variable")
    outside = any(str(one) == words.compared(word) for line in _outside(site) for one in line.arguments)
    if not before or outside or any(place.is_compiled(site.draft) for place in before):
        _tell(word, site.beside.no_words, site.beside.words)


def places(tree: Tree) -> Iterator[Place]:
    """Those that have a command line, each file once."""
    seen = set()
    for form in _formats():
        for pattern in form.PATHS:
            below = (pattern,) if pattern.startswith("/") else tuple(f"{folder}{pattern}" for folder in FOLDERS)
            for path in (path for one in below for path in tree.glob(one)):
                entry, place = tree.resolve(path), Place(path, form)
                if entry is not None and entry.path not in seen and any(place.lines(tree)):
                    seen.add(entry.path)
                    yield place


@cache
def _formats() -> tuple[ModuleType, ...]:
    return tuple(import_module(f"{__name__}.{file.name}") for file in iter_modules(__path__))


def _has(place: Place, word: str, tree: Tree) -> bool:
    return any(words.is_written(word, line.text) for line in place.lines(tree))


def _speaks_of(place: Place, name: str, tree: Tree) -> bool:
    return any(one.name == name for line in place.lines(tree) for one in arguments(line.text))


def _hold(place: Place, draft: Draft, is_right: Callable[[Line], bool], fault: str) -> None:
    """Raises Refused where a line is still not as it was asked for."""
    for line in place.lines(draft):
        if len(line.text) >= LINE_LIMIT or not is_right(line):
            raise Refused(f"{place.path}:{line.number} {fault}")


def _outside(site: Site) -> tuple[CommandLine, ...]:
    """The lines of other parts of the image."""
    lines = site.facts.get(KernelCommandLine)
    return () if not isinstance(lines, KernelCommandLine) else tuple(one for one in lines.lines if one.at.part)


def _tell(word: str, told: list[str], contrary: list[str]) -> None:
    if word not in told and word not in contrary:
        told.append(word)
