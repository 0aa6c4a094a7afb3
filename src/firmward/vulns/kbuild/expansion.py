"""Words of a Kbuild file as all that they may become, each under the condition that it does.

Make expands a text once it knows the options. Here nothing is known, so that a variable stands for the union of all
that is ever assigned to it, whatever the order and the operator, each under the tests that surround it. What comes out
is at least what make would see: filtering out is left undone, a test that is not understood counts as holding both
ways, and a function that cannot be followed gives OPAQUE, which may be anything.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from firmward.vulns.kbuild.condition import ALWAYS, NEVER, Condition, Leaf, all_of, any_of, architecture, negated, on
from firmward.vulns.kbuild.statements import Assignment, Guard

ROOT = "\0"
"""Stands before a path that counts from the top of the tree."""
OPAQUE = "\1"
"""Stands for text that cannot be told."""
SET = "\2"
"""Stands for the value of an option that is on: `y` in a variable's name, else any text."""
STEPS_LIMIT = 400_000
WORDS_LIMIT = 512
"""What one word with references inside may become."""
DEPTH_LIMIT = 30

ACTIVE_LIMIT = 3
"""How often a variable may be part of itself: each assignment may change what those before it gave."""
FLAGS = re.compile(r".*[CA]FLAGS.*|.*[ca]flags-.*")
"""Variables of a compiler's options: a source among them is looked for where they are assigned, not through others."""

ARCHITECTURE_NAMES = {
    "i386": "x86", "x86_64": "x86", "sparc32": "sparc", "sparc64": "sparc", "parisc64": "parisc", "sh64": "sh",
    "tilepro": "tile", "tilegx": "tile",
}  # fmt: skip
"""What `ARCH` may say, and the folder in `arch` that is meant."""

Word = tuple[Condition, str]
_CONFIGS = re.compile(r"(?:\$\(CONFIG_\w+\)\s*)+")
_CONFIG = re.compile(r"\$\(CONFIG_(\w+)\)")
_SUBSTITUTION = re.compile(r"(?P<name>[^:]+):(?P<old>[^=]*)=(?P<new>.*)", re.DOTALL)


@dataclass(slots=True)
class Value:
    """A text that was assigned under a condition. `is_used` says that a list which Kbuild reads came upon it."""

    condition: Condition
    text: str
    is_used: bool = False


@dataclass(slots=True)
class Scope:
    """The variables of one folder's Kbuild file, and of the files that it includes.

    `folder` is the folder's path, empty for the top. `above` is the scope of the top, of which make exports variables.
    `architectures` are the folders in `arch`, `glob` finds paths of the tree.
    """

    folder: str
    architectures: tuple[str, ...]
    glob: Callable[[str], Iterable[str]]
    above: "Scope | None" = None
    values: dict[str, list[Value]] = field(default_factory=dict)
    steps: int = 0
    bound: dict[str, list[Word]] = field(default_factory=dict)
    active: list[str] = field(default_factory=list)

    def assign(self, statement: Assignment, condition: Condition) -> None:
        condition = all_of((condition, self.tested(statement.tests)))
        names = _joined(list(self._parts(statement.name)), self)
        for under, name in names:
            # an assignment to a name that cannot be told is used by nobody that is known
            known = "" if OPAQUE in name else plural(name.replace(SET, "y"))
            value = Value(all_of((condition, under)), statement.value)
            if value.condition != NEVER:
                self.values.setdefault(known, []).append(value)

    def tested(self, tests: Iterable[Guard]) -> Condition:
        return all_of(self._test(test) for test in tests)

    def words(self, text: str) -> list[Word]:
        """All that a text may become, word by word. A word that is nothing is left out."""
        found: list[Word] = []
        for parts in _split(text):
            if len(parts) == 1 and not isinstance(parts[0], str):
                found += (word for word in self._reference(parts[0].text) if word[1])
            else:
                found += (word for word in _joined([self._part(part) for part in parts], self) if word[1])
        return found

    def variable(self, name: str) -> list[Word]:
        """The words of a variable by its name."""
        return [word for word in self._variable(plural(name)) if word[1]]

    def is_known(self, name: str) -> bool:
        return plural(name) in self.values

    def _parts(self, text: str) -> Iterator[list[Word]]:
        for number, parts in enumerate(_split(text)):
            if number:
                yield [(ALWAYS, " ")]
            yield from (self._part(part) for part in parts)

    def _part(self, part: "str | Reference") -> list[Word]:
        """One part of a word; a variable may be empty, too."""
        if isinstance(part, str):
            return [(ALWAYS, part)]
        found = self._reference(part.text)
        is_sure = any(condition == ALWAYS for condition, _ in found) or part.text.startswith("CONFIG_")
        return found if is_sure else [*found, (ALWAYS, "")]

    def _reference(self, text: str) -> list[Word]:
        self.steps += 1
        if self.steps > STEPS_LIMIT:
            return [(ALWAYS, OPAQUE)]
        name, *rest = text.split(maxsplit=1) or [""]
        if rest and name in _FUNCTIONS:
            return _FUNCTIONS[name](self, rest[0])
        if rest or not name:
            return [(ALWAYS, OPAQUE)]
        changed = _SUBSTITUTION.fullmatch(text)
        if changed is not None:
            old, new = changed["old"], changed["new"]
            if "%" not in old:
                old, new = f"%{old}", f"%{new}"
            return [(under, _replaced(one, old, new)) for under, one in self._reference(changed["name"])]
        if "$" in text:
            names = _joined(list(self._parts(text)), self)
            found = ((both, one) for under, name in names for both, one in _under(under, self._named(name)))
            return list(found)
        return self._named(text)

    def _named(self, name: str) -> list[Word]:
        if OPAQUE in name:
            return [(ALWAYS, OPAQUE)]
        if name.startswith("CONFIG_"):
            option = on(name.removeprefix("CONFIG_"))
            return [(option, SET), (negated(option), "")]
        return self._variable(plural(name.replace(SET, "y")))

    def _variable(self, name: str) -> list[Word]:
        if name in self.bound:
            return self.bound[name]
        if name in _PLACES:
            return [(ALWAYS, f"{ROOT}/{self.folder}" if _PLACES[name] else ROOT)]
        if name == "SRCARCH":
            return [(architecture(one), one) for one in self.architectures]
        if name == "ARCH":
            names = {**{one: one for one in self.architectures}, **ARCHITECTURE_NAMES}
            return [(architecture(folder), one) for one, folder in names.items() if folder in self.architectures]
        if name == "BITS":
            return [(on("64BIT"), "64"), (negated(on("64BIT")), "32")]
        if name not in self.values and self.above is not None:
            return self.above._variable(name)
        if len(self.active) > DEPTH_LIMIT:
            return [(ALWAYS, OPAQUE)]
        if FLAGS.fullmatch(name) or self.active.count(name) >= ACTIVE_LIMIT:
            return []
        self.active.append(name)
        found = [word for value in self.values.get(name, ()) for word in self._value(value)]
        self.active.pop()
        return found

    def _value(self, value: Value) -> Iterator[Word]:
        value.is_used = True
        return _under(value.condition, self.words(value.text))

    def _test(self, test: Guard) -> Condition:
        found = self._defined(test.left) if test.kind == "defined" else self._equal(test.left, test.right)
        if found is None:
            return ALWAYS
        return negated(found) if test.is_negated else found

    def _defined(self, name: str) -> Condition | None:
        return on(name.removeprefix("CONFIG_")) if name.startswith("CONFIG_") and "$" not in name else None

    def _equal(self, left: str, right: str) -> Condition | None:
        """Exactly when two texts are the same, None where that cannot be told."""
        if "$" in right:
            left, right = right, left
        if "$" in right:
            return None
        if left in ("$(SRCARCH)", "$(ARCH)"):
            # ARCH may be i386 or x86_64 for arch/x86: whether it is one of them is not known
            is_exact = left == "$(SRCARCH)" or right not in ARCHITECTURE_NAMES.values()
            return architecture(right) if is_exact and right in self.architectures else None
        if left == "$(BITS)":
            return {"64": on("64BIT"), "32": negated(on("64BIT"))}.get(right)
        if _CONFIGS.fullmatch(left):
            return _options_equal([on(name) for name in _CONFIG.findall(left)], right.strip('"'), " " in left)
        return negated(some) if right == "" and (some := some_option(left)) is not None else None


def _options_equal(options: list[Leaf], right: str, is_spaced: bool) -> Condition | None:
    if right == "":
        return all_of(negated(option) for option in options)
    if is_spaced or len(right) != len(options) or set(right) - {"y", "m"}:
        return None
    return all_of(Leaf(option.name, value) for option, value in zip(options, right, strict=True))


_SOME = re.compile(r"\$\((?P<function>or|and|filter|strip) (?P<rest>.*)\)", re.DOTALL)


def some_option(text: str) -> Condition | None:
    """When a text of options alone is not empty, exactly; None where that cannot be told."""
    text = text.strip()
    if _CONFIGS.fullmatch(text):
        return any_of(on(name) for name in _CONFIG.findall(text))
    found = _SOME.fullmatch(text)
    if found is None or _end(text, 2) != len(text) - 1:
        return None
    arguments = _arguments(found["rest"])
    if found["function"] == "filter":
        return _filtered(arguments)
    conditions = [some_option(one) for one in arguments]
    known = [one for one in conditions if one is not None]
    if len(known) != len(conditions):
        return None
    return all_of(known) if found["function"] == "and" else any_of(known)


def _filtered(arguments: list[str]) -> Condition | None:
    if len(arguments) != 2 or not _CONFIGS.fullmatch(arguments[1].strip()) or ")$(" in arguments[1]:
        return None
    wanted = arguments[0].split()
    if set(wanted) - {"y", "m"}:
        return None
    names = _CONFIG.findall(arguments[1])
    return any_of(Leaf(name, value) for name in names for value in wanted)


def plural(name: str) -> str:
    """`obj-m` is read where `obj-y` is: both are built."""
    return f"{name[:-2]}-y" if name.endswith("-m") else name


_PLACES = {"obj": True, "src": True, "srcroot": False, "srctree": False, "objtree": False, "abs_srctree": False}
"""What stands for a folder: the Kbuild file's own, or the top."""


def _under(condition: Condition, words: Iterable[Word]) -> Iterator[Word]:
    for under, text in words:
        both = all_of((condition, under))
        if both != NEVER:
            yield both, text


def _joined(parts: list[list[Word]], scope: Scope) -> list[Word]:
    """Every way in which the parts of one word come together."""
    ways = 1
    for part in parts:
        ways *= len(part)
    scope.steps += ways
    if ways > WORDS_LIMIT:
        return [(ALWAYS, OPAQUE)]
    found = []
    for way in product(*parts):
        condition = all_of(under for under, _ in way)
        if condition != NEVER:
            found.append((condition, "".join(text for _, text in way)))
    return found


@dataclass(frozen=True, slots=True)
class Reference:
    """What stands in `$(...)`."""

    text: str


def _split(text: str) -> Iterator[list[str | Reference]]:
    """Words, each as its literal and referring parts."""
    parts: list[str | Reference] = []
    literal = ""
    place = 0
    while place < len(text):
        one = text[place]
        if one == "$" and text[place + 1 : place + 2] in ("(", "{"):
            end = _end(text, place + 2)
            parts += [literal] if literal else []
            parts.append(Reference(text[place + 2 : end]))
            literal, place = "", end
        elif one == "$":
            # an automatic variable ($@), or a dollar for the shell
            literal += OPAQUE
            place += 1
        elif one.isspace():
            parts += [literal] if literal else []
            if parts:
                yield parts
            parts, literal = [], ""
        else:
            literal += one
        place += 1
    parts += [literal] if literal else []
    if parts:
        yield parts


def _end(text: str, start: int) -> int:
    """Where the parenthesis closes that was opened before `start`."""
    depth = 1
    for place in range(start, len(text)):
        if text[place] in "({":
            depth += 1
        elif text[place] in ")}":
            depth -= 1
            if not depth:
                return place
    return len(text)


def _arguments(text: str) -> list[str]:
    found, start, depth = [], 0, 0
    for place, one in enumerate(text):
        if one in "({":
            depth += 1
        elif one in ")}":
            depth -= 1
        elif one == "," and not depth:
            found.append(text[start:place])
            start = place + 1
    return [*found, text[start:]]


def _replaced(word: str, old: str, new: str) -> str:
    """What `patsubst` makes of a word."""
    if OPAQUE in word:
        return OPAQUE
    before, sign, after = old.partition("%")
    if not sign:
        return new if word == old else word
    if len(word) < len(before) + len(after) or not (word.startswith(before) and word.endswith(after)):
        return word
    return new.replace("%", word[len(before) : len(word) - len(after)], 1)


def _fits(word: str, patterns: Iterable[str]) -> bool:
    return any(OPAQUE in word + one or _replaced(word, one, "%") != word or word == one for one in patterns)


Function = Callable[[Scope, str], list[Word]]


def _each(change: Callable[[str], str]) -> Function:
    """A function that changes each of its words."""
    return lambda scope, rest: [(under, change(word)) for under, word in scope.words(rest)]


def _affixed(scope: Scope, rest: str, join: Callable[[str, str], str]) -> list[Word]:
    affix, *lists = _arguments(rest)
    affixes = _joined(list(scope._parts(affix.strip())), scope)
    words = scope.words(",".join(lists))
    return [(all_of((one, two)), join(text, word)) for one, text in affixes for two, word in words]


def _changed(scope: Scope, rest: str, change: Callable[[str, str, str], str]) -> list[Word]:
    old, new, *lists = [*_arguments(rest), "", ""]
    if "$(CONFIG_" in old + new:
        return [(ALWAYS, OPAQUE)]
    olds = [text for _, text in _joined(list(scope._parts(old.strip())), scope)]
    news = [text for _, text in _joined(list(scope._parts(new.strip())), scope)]
    words = scope.words(",".join(lists).rstrip(","))
    return [(under, change(word, one, two)) for under, word in words for one in olds for two in news]


def _substituted(word: str, old: str, new: str) -> str:
    return word.replace(old, new) if old else word


def _filter(scope: Scope, rest: str) -> list[Word]:
    patterns, *lists = _arguments(rest)
    wanted = [word for _, word in scope.words(patterns)]
    return [(under, word) for under, word in scope.words(",".join(lists)) if _fits(word, wanted)]


def _last(scope: Scope, rest: str) -> list[Word]:
    """The last argument, a list of words."""
    return scope.words(_arguments(rest)[-1])


def _if(scope: Scope, rest: str) -> list[Word]:
    test, then, *otherwise = [*_arguments(rest), ""]
    known = some_option(test)
    yes, no = (ALWAYS, ALWAYS) if known is None else (known, negated(known))
    return [*_under(yes, scope.words(then)), *_under(no, scope.words(",".join(otherwise).rstrip(",")))]


def _or(scope: Scope, rest: str) -> list[Word]:
    return [word for one in _arguments(rest) for word in scope.words(one)]


def _foreach(scope: Scope, rest: str) -> list[Word]:
    name, among, *text = [*_arguments(rest), ""]
    found: list[Word] = []
    before = dict(scope.bound)
    for under, word in scope.words(among):
        scope.bound[name.strip()] = [(ALWAYS, word)]
        found += _under(under, scope.words(",".join(text).rstrip(",")))
    scope.bound = before
    return found


def _wildcard(scope: Scope, rest: str) -> list[Word]:
    found: list[Word] = []
    for under, word in scope.words(rest):
        pattern = word.rpartition(ROOT)[2].lstrip("/")
        found += [(under, OPAQUE)] if OPAQUE in word else [(under, f"{ROOT}/{path}") for path in scope.glob(pattern)]
    return found


def _shell(_scope: Scope, rest: str) -> list[Word]:
    # a compiler's own files are none of the tree
    return [] if "-print-" in rest else [(ALWAYS, OPAQUE)]


def _nothing(_scope: Scope, _rest: str) -> list[Word]:
    return []


_FUNCTIONS: Mapping[str, Function] = {
    "addprefix": lambda scope, rest: _affixed(scope, rest, lambda affix, word: affix + word),
    "addsuffix": lambda scope, rest: _affixed(scope, rest, lambda affix, word: word + affix),
    "patsubst": lambda scope, rest: _changed(scope, rest, _replaced),
    "subst": lambda scope, rest: _changed(scope, rest, _substituted),
    "filter": _filter,
    "filter-out": _last,
    "sort": _each(str),
    "strip": _each(str),
    "abspath": _each(str),
    "realpath": _each(str),
    "notdir": _each(lambda word: word.rpartition("/")[2]),
    "dir": _each(lambda word: "".join(word.rpartition("/")[:2])),
    "basename": _each(lambda word: word.rpartition(".")[0] or word),
    "firstword": _each(str),
    "lastword": _each(str),
    "word": _last,
    "wordlist": _last,
    "if": _if,
    "or": _or,
    "and": _last,
    "foreach": _foreach,
    "wildcard": _wildcard,
    "shell": _shell,
    "warning": _nothing,
    "error": _nothing,
    "info": _nothing,
}
"""Of make's functions those whose result can be told, or is not more than what is given here."""
