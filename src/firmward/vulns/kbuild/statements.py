"""The statements of a Kbuild file, which is a makefile: assignments, rules and inclusions, each under its conditions.

Rules, from GNU make's manual and the kernel's Documentation/kbuild/makefiles.rst. A backslash at a line's end joins it
with the next. `#` begins a comment. A line that begins with a tab belongs to the rule before it, and to nothing where
no rule was yet: some Kbuild files indent so. `ifdef`, `ifndef`, `ifeq`, `ifneq` and `else` nest. The body of a `define`
is text. Nothing is expanded here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

SIZE_LIMIT = 4 << 20
"""Characters; the longest, of AMD's graphics driver, has under 100 KiB."""

_MODIFIERS = re.compile(r"\s*(?:(?:export|override|private|unexport)\s+)*")
_DIRECTIVE = re.compile(
    r"\s*(?P<word>ifdef|ifndef|ifeq|ifneq|else|endif|define|endef|-?include|sinclude)(?=[\s(]|$)\s*(?P<rest>.*)"
)
_PAIR = re.compile(r"""(["'])(?P<left>.*?)\1\s*(["'])(?P<right>.*?)\3""")


@dataclass(frozen=True, slots=True)
class Guard:
    """One test: of `kind` `defined` whether the variable `left` is set, of `equal` whether `left` is `right`, each not
    expanded. It `is_negated` where the contrary is wanted."""

    kind: str
    left: str
    right: str = ""
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Assignment:
    """That the variable `name` gets `value`, both not expanded, where all of `tests` hold."""

    name: str
    value: str
    tests: tuple[Guard, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """That `targets` are made from `prerequisites`, by `recipe`."""

    targets: str
    prerequisites: str
    recipe: str
    tests: tuple[Guard, ...]


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That the files of `words` are read in this place."""

    words: str
    tests: tuple[Guard, ...]


Statement = Assignment | Rule | Inclusion


def statements(content: str) -> list[Statement]:
    return list(_Reader().read(content[:SIZE_LIMIT]))


class _Reader:
    def __init__(self) -> None:
        # for each open `if`: the test that holds now, and those before it that do not
        self.open: list[tuple[Guard, ...]] = []
        self.rule: Rule | None = None
        self.is_text = False

    def read(self, content: str) -> Iterator[Statement]:
        for line in _lines(content):
            if self.rule is not None and line.startswith("\t"):
                self.rule = replace(self.rule, recipe=f"{self.rule.recipe}{line}\n")
                yield from self._assignment(line)
            elif self._directive(line):
                found = _DIRECTIVE.fullmatch(_without_comment(line))
                if found is not None and found["word"].endswith("include"):
                    yield from self._done()
                    yield Inclusion(found["rest"], self._tests)
            else:
                yield from self._statement(_without_comment(line))
        yield from self._done()

    @property
    def _tests(self) -> tuple[Guard, ...]:
        return tuple(test for tests in self.open for test in tests)

    def _done(self) -> Iterator[Rule]:
        if self.rule is not None:
            yield self.rule
        self.rule = None

    def _assignment(self, line: str) -> Iterator[Assignment]:
        name, sign, value = _at_sign(line)
        if sign == "=":
            yield Assignment(_MODIFIERS.sub("", name, count=1).strip(), value.strip(), self._tests)

    def _statement(self, line: str) -> Iterator[Statement]:
        if not line.strip():
            return
        yield from self._done()
        left, sign, rest = _at_sign(line)
        if sign == "=":
            yield from self._assignment(line)
        elif sign == ":":
            needed, _, recipe = rest.lstrip(":").partition(";")
            # a variable for the targets alone names none
            needed = "" if _at_sign(needed)[1] == "=" else needed
            self.rule = Rule(left, needed, recipe, self._tests)
        elif "$(eval" in line:
            # what it makes cannot be told
            yield Assignment("", line.strip(), self._tests)

    def _directive(self, line: str) -> bool:
        """Whether it was one, or is the text of a `define`."""
        found = _DIRECTIVE.fullmatch(_without_comment(line))
        word = found["word"] if found else ""
        if self.is_text:
            self.is_text = word != "endef"
            return True
        if found is None or (not word.endswith("include") and _at_sign(line)[1] == "=" and "(" not in found["rest"]):
            return False
        if word.startswith("if"):
            self.open.append((_test(word, found["rest"]),))
        elif word == "else" and self.open:
            self._else(found["rest"])
        elif word == "endif" and self.open:
            self.open.pop()
        self.is_text = word == "define"
        return True

    def _else(self, rest: str) -> None:
        *before, last = self.open.pop()
        tests = (*before, Guard(last.kind, last.left, last.right, not last.is_negated))
        following = _DIRECTIVE.fullmatch(rest)
        if following is not None and following["word"].startswith("if"):
            tests = (*tests, _test(following["word"], following["rest"]))
        self.open.append(tests)


def _test(word: str, rest: str) -> Guard:
    rest = rest.strip()
    if word in ("ifdef", "ifndef"):
        return Guard("defined", rest, is_negated=word == "ifndef")
    quoted = _PAIR.fullmatch(rest)
    if quoted is not None:
        left, right = quoted["left"], quoted["right"]
    else:
        inner = rest.removeprefix("(").removesuffix(")")
        left, _, right = _at(inner, ",")
    left, right = left.strip(), right.strip()
    if all(len(side) > 1 and side[0] == side[-1] == '"' for side in (left, right)):
        left, right = left[1:-1], right[1:-1]
    return Guard("equal", left, right, word == "ifneq")


def _at_sign(line: str) -> tuple[str, str, str]:
    """A line's left side, `=` for an assignment of any kind and `:` for a rule, and its right side."""
    left, _, right = _at(line, "=")
    target, colon, rest = _at(left, ":")
    if len(left) == len(line):
        return target, colon, rest
    if colon and rest.strip(": "):
        return target, colon, f"{rest}={right}"
    return left.rstrip(":+?! \t"), "=", right


def _at(words: str, sign: str) -> tuple[str, str, str]:
    depth = 0
    for place, one in enumerate(words):
        if one in "({":
            depth += 1
        elif one in ")}":
            depth -= 1
        elif one == sign and depth <= 0:
            return words[:place], sign, words[place + 1 :]
    return words, "", ""


def _lines(content: str) -> Iterator[str]:
    """Those that a backslash joins, as one."""
    pending: list[str] = []
    for line in content.split("\n"):
        if line.endswith("\\") and not line.endswith("\\\\"):
            pending.append(line[:-1])
        elif pending:
            yield " ".join((*pending, line))
            pending = []
        else:
            yield line
    if pending:
        yield " ".join(pending)


def _without_comment(line: str) -> str:
    if line.startswith("\t"):
        # in a recipe it is the shell's
        return line
    found = re.search(r"(?<!\\)#", line)
    return line if found is None else line[: found.start()]
