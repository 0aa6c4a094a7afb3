"""What one folder's Kbuild file has built: sources, folders below it, and what it may name beside them.

Rules, from Documentation/kbuild/makefiles.rst and scripts/Makefile.build. `obj-y`, `obj-m` and `lib-y` list objects and
folders; the object `foo.o` is made of `foo-objs` and `foo-y` where there are any, else of `foo.c` or `foo.S`; `extra-y`
and `always-y` are built without being linked in. At the top stand `core-y`, `drivers-y` and their like. What else names
a source, a rule or a variable that no such list comes upon, may build it whenever the file is read.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from firmward.vulns.kbuild.condition import ALWAYS, Condition, all_of
from firmward.vulns.kbuild.expansion import FLAGS, OPAQUE, ROOT, SET, Scope, Value, Word
from firmward.vulns.kbuild.statements import Assignment, Inclusion, Rule, Statement, statements

SOURCES = (".c", ".S")
OBJECT_LISTS = ("obj-y",)
OTHER_LISTS = ("lib-y", "extra-y", "always-y", "subdir-y")
TOP_LISTS = ("core-y", "drivers-y", "net-y", "libs-y", "virt-y", "init-y", "head-y")
NAMED_ONLY = re.compile(r"targets|clean-files|no-clean-files|dtb-.*|.*-")
"""Variables whose words nothing is built for; a name ends so where the option in it is off."""
MADE = (".dtb", ".dtb.o", ".dtbo", ".dtbo.o", ".hdrtest")
"""Of device trees and headers; no source is compiled for them."""
_BUILD = re.compile(r"\$\(build\)=([^\s;)]+)")
_TOKEN = re.compile(r"[\w.+%/@-]+")


@dataclass(frozen=True, slots=True)
class Object:
    """That the object at `path`, written without a suffix, is built under a `condition`. It goes into the `whole`, an
    object that may be a module; None for one of a library. `is_certain` says that it is in every such whole."""

    condition: Condition
    path: str
    whole: str | None
    is_certain: bool


@dataclass(slots=True)
class Listing:
    """What a folder's Kbuild file has built.

    `objects` are what is compiled. `folders` are read where their condition holds. `named` are paths of sources that
    are built in a way that is not understood. `opaque` are conditions under which anything below the folder may be.
    `included` are the files that were read with it.
    """

    folder: str
    objects: list[Object] = field(default_factory=list)
    folders: list[Word] = field(default_factory=list)
    named: list[Word] = field(default_factory=list)
    opaque: list[Condition] = field(default_factory=list)
    included: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Files:
    """The tree: `read` gives the text of a file, None where there is none, `exists` says whether a source is there,
    `named` gives all sources of a name, `glob` finds paths, and `architectures` are the folders in `arch`."""

    read: Callable[[str], str | None]
    exists: Callable[[str], bool]
    named: Callable[[str], Iterable[str]]
    glob: Callable[[str], Iterable[str]]
    architectures: tuple[str, ...]


def listing(folder: str, path: str, files: Files, above: Scope | None) -> tuple[Listing, Scope]:
    """What the Kbuild file at `path` says for a folder."""
    reader = _Reader(folder, files, above)
    reader.take(path, ALWAYS)
    reader.lists()
    reader.rest()
    return reader.found, reader.scope


class _Reader:
    def __init__(self, folder: str, files: Files, above: Scope | None) -> None:
        self.files = files
        self.scope = Scope(folder, files.architectures, files.glob, above)
        self.found = Listing(folder)
        self.rules: list[tuple[Condition, Rule]] = []
        self.text: list[str] = []

    def take(self, path: str, condition: Condition) -> None:
        if path in self.found.included:
            return
        self.found.included.add(path)
        content = self.files.read(path)
        if content is None:
            return
        self.text.append(content)
        self.scope.values.setdefault("MAKEFILE_LIST", []).append(Value(ALWAYS, f"{ROOT}/{path}", is_used=True))
        for statement in statements(content):
            self._statement(statement, condition)

    def _statement(self, statement: Statement, condition: Condition) -> None:
        if isinstance(statement, Assignment):
            self.scope.assign(statement, condition)
            self._builds(statement.value, condition)
            return
        both = all_of((condition, self.scope.tested(statement.tests)))
        if isinstance(statement, Rule):
            self.rules.append((both, statement))
            self._builds(statement.recipe, both)
            return
        self._include(statement, both)

    def _include(self, statement: Inclusion, condition: Condition) -> None:
        for under, word in self.scope.words(statement.words):
            if OPAQUE in word or SET in word:
                # in the files that Kbuild's own programs write nothing is listed
                if not word.endswith(".cmd"):
                    self.found.opaque.append(all_of((condition, under)))
                continue
            self.take(self.path(word, base=""), all_of((condition, under)))

    def _builds(self, text: str, condition: Condition) -> None:
        """The folders that a recipe descends into."""
        for match in _BUILD.finditer(text):
            for under, word in self.scope.words(match[1]):
                if OPAQUE not in word:
                    self.found.folders.append((all_of((condition, under)), self.path(word, base="")))

    def path(self, word: str, base: str | None = None) -> str:
        """From the top of the tree, whatever the word counts from."""
        place = self.found.folder if base is None else base
        if ROOT in word:
            place, word = "", word.rpartition(ROOT)[2]
        steps: list[str] = []
        for step in f"{place}/{word}".split("/"):
            if step == ".." and steps:
                steps.pop()
            elif step not in ("", ".", ".."):
                steps.append(step)
        return "/".join(steps)

    def lists(self) -> None:
        top = TOP_LISTS if not self.found.folder else ()
        for name in (*OBJECT_LISTS, *OTHER_LISTS, *top):
            for under, word in self._list(name):
                is_folder = name == "subdir-y" and not word.endswith((".o", "/"))
                self._listed(under, f"{word}/" if is_folder else word, name in OBJECT_LISTS)

    def _listed(self, condition: Condition, word: str, is_module: bool) -> None:
        if word.endswith(MADE):
            return
        if OPAQUE in word or SET in word:
            self.found.opaque.append(condition)
        elif word.endswith("/"):
            self.found.folders.append((condition, self.path(word)))
        elif word.endswith(".o"):
            whole = self.path(word[:-2]) if is_module else None
            self._object(Object(condition, word[:-2], whole, is_certain=True), condition, frozenset())
        elif word.endswith(".a"):
            self.found.folders.append((condition, self.path(word).rpartition("/")[0]))
        else:
            self.found.named += ((condition, path) for path in self._sources(self.path(word)))

    def _object(self, one: Object, whole: Condition, within: frozenset[str]) -> None:
        """An object by its name in the file, and what it is put together from."""
        self.found.objects.append(replace(one, path=self.path(one.path)))
        if one.path in within:
            return
        for suffix in ("-objs", "-y"):
            for under, word in self._list(one.path + suffix):
                both = all_of((one.condition, under))
                if word.endswith(".o") and OPAQUE not in word and SET not in word:
                    part = Object(both, word[:-2], one.whole, is_certain=both == whole)
                    self._object(part, whole, within | {one.path})
                else:
                    self._listed(both, word, is_module=False)

    def _list(self, name: str) -> list[Word]:
        # a list is the folder's own, whatever the top has under this name
        return self.scope.variable(name) if self.scope.is_known(name) else []

    def rest(self) -> None:
        """What is named where no list comes upon it: variables first, then what rules make something from."""
        for name, values in self.scope.values.items():
            suffixes = SOURCES if FLAGS.fullmatch(name) else ("",)
            for value in [] if NAMED_ONLY.fullmatch(name) else [one for one in values if not one.is_used]:
                self._mentioned(value.condition, value.text, suffixes)
        for condition, rule in self.rules:
            self._mentioned(condition, rule.prerequisites)
            self._patterns(condition, rule)

    def _mentioned(self, condition: Condition, text: str, suffixes: tuple[str, ...] = ("",)) -> None:
        literal = [(ALWAYS, token) for token in _TOKEN.findall(text)]
        for under, word in (*self.scope.words(text), *literal):
            if OPAQUE in word or SET in word or "%" in word or not word.endswith(suffixes):
                continue
            # a path that counts from the top may be written without saying so
            there = {self.path(word), self.path(word, base="")}
            found = {one for path in there for one in self._sources(path)}
            # a source that is in neither place lies in a folder that only a variable knows
            found = found or (set(self.files.named(word.rpartition("/")[2])) if word.endswith(SOURCES) else set())
            self.found.named += ((all_of((condition, under)), path) for path in found)

    def _sources(self, path: str) -> list[str]:
        """What is compiled for a path, of a source, of an object or without a suffix."""
        stem = path.removesuffix(".o")
        return [one for one in (path, *(stem + suffix for suffix in SOURCES)) if self.files.exists(one)]

    def _patterns(self, condition: Condition, rule: Rule) -> None:
        """Sources that a rule with `%` in it makes other objects from, as `$(obj)/lib-%.o: $(srctree)/lib/%.c`."""
        targets = [word.rpartition("/")[2] for _, word in self.scope.words(rule.targets) if "%" in word]
        needed = [self.path(word) for _, word in self.scope.words(rule.prerequisites) if "%" in word]
        sources = [path for path in needed if path.endswith((".c", ".S", ".o"))]
        if not (targets and sources):
            return
        for name, stem in self._stems(targets):
            for path in sources:
                made = path.replace("%", stem)
                # what an object is made from that has the same name is said where it is listed
                if made.rpartition(".")[0] != self.path(name):
                    self.found.named += ((condition, one) for one in self._sources(made))

    def _stems(self, targets: list[str]) -> Iterator[tuple[str, str]]:
        """Of all words in the file, without a suffix, those that fit a target, and what `%` stands for in them."""
        words = {token.rpartition("/")[2] for text in self.text for token in _TOKEN.findall(text)}
        for target in targets:
            before, _, after = target.partition("%")
            suffix = after.rpartition(".")[0]
            for word in words:
                bare = word.rpartition(".")[0] or word
                if bare.startswith(before) and bare.endswith(suffix) and len(bare) > len(before) + len(suffix):
                    yield bare, bare[len(before) : len(bare) - len(suffix)]
                # another rule or function may put the affixes there
                yield bare, bare
