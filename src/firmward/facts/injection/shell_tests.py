"""Conditions of shell scripts after which a variable's value is known to be harmless.

`[ "$x" = on ]`, `[ "$x" -gt 3 ]`, `[ -d "/sys/class/net/$x" ]`, `[[ $x =~ ^[a-z]+$ ]]`, `expr "$x" : '[0-9]*$'`,
`echo "$x" | grep -q '^[0-9]*$'`, and a function or program whose name says that it looks whether something is valid.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from firmward.formats import shell
from firmward.formats.shell import AndOr, Command, Group, Parameter, Pipeline, Simple, Subshell, Substitution, Word

ANCHORED = re.compile(r"\^[^^]*\$\s*$")
FIXED = re.compile(r"[\w./:@%+=,-]*")
CHECKER = re.compile(r"valid|sanit|check|verify|^is_?\w|whitelist|allowed", re.IGNORECASE)
NUMERIC = frozenset(("-eq", "-ne", "-gt", "-ge", "-lt", "-le"))
EXISTS = frozenset(("-d", "-e", "-f", "-r", "-x", "-s", "-b", "-c", "-h", "-L"))


@dataclass(frozen=True, slots=True)
class Validated:
    """The variables that are harmless where the condition holds, and where it does not."""

    when_true: frozenset[str] = frozenset()
    when_false: frozenset[str] = frozenset()

    @property
    def negated(self) -> "Validated":
        return Validated(self.when_false, self.when_true)


NOTHING = Validated()


def validated(commands: Iterable[Command]) -> Validated:
    """The last command of a list decides."""
    last = list(commands)[-1:]
    return _of(last[0], 0) if last else NOTHING


def _of(command: Command, depth: int) -> Validated:
    if depth > 20:
        return NOTHING
    match command:
        case Pipeline(commands, negated):
            found = _of(commands[0], depth + 1) if len(commands) == 1 else _of_filter(commands)
            return found.negated if negated else found
        case AndOr(left, operator, right):
            one, other = _of(left, depth + 1), _of(right, depth + 1)
            if operator == "&&":
                return Validated(one.when_true | other.when_true)
            return Validated(frozenset(), one.when_false | other.when_false)
        case Group(body) | Subshell(body):
            return _of(body[-1], depth + 1) if body else NOTHING
        case Simple():
            return _of_simple(command)
    return NOTHING


def _of_filter(commands: tuple[Command, ...]) -> Validated:
    """`echo "$x" | grep -q '^...$'`, and its opposite, a set of what is not allowed."""
    last = commands[-1]
    if not isinstance(last, Simple) or not last.words:
        return NOTHING
    if (last.words[0].literal or "").rpartition("/")[2] not in ("grep", "egrep"):
        return NOTHING
    names = frozenset(name for one in commands[:-1] if isinstance(one, Simple) for name in _names(one.words))
    pattern = _raw(last.words[-1])
    if any("v" in (word.literal or "") for word in last.words[1:-1] if (word.literal or "").startswith("-")):
        return NOTHING
    if ANCHORED.search(pattern):
        return Validated(names)
    return Validated(frozenset(), names) if pattern.startswith("[^") else NOTHING


def _of_simple(command: Simple) -> Validated:
    words = command.words
    name = (words[0].literal or "").rpartition("/")[2] if words else ""
    if name == "!" and len(words) > 1:
        return _of_simple(Simple(command.line, (), words[1:], ())).negated
    if name in ("[", "[[", "test"):
        return _of_test(tuple(word for word in words[1:] if word.literal not in ("]", "]]")))
    if name == "expr" and len(words) > 3 and words[2].literal == ":":
        return Validated(_names(words[1:2]))
    return Validated(_names(words[1:])) if CHECKER.search(name) and name != "checkinstall" else NOTHING


def _of_test(words: tuple[Word, ...]) -> Validated:
    texts = [word.literal for word in words]
    if texts[:1] == ["!"]:
        return _of_test(words[1:]).negated
    for joint in ("-a", "&&"):
        if joint in texts:
            place = texts.index(joint)
            one, other = _of_test(words[:place]), _of_test(words[place + 1 :])
            return Validated(one.when_true | other.when_true)
    for joint in ("-o", "||"):
        if joint in texts:
            place = texts.index(joint)
            one, other = _of_test(words[:place]), _of_test(words[place + 1 :])
            return Validated(frozenset(), one.when_false | other.when_false)
    return _of_comparison(words, texts)


def _of_comparison(words: tuple[Word, ...], texts: list[str | None]) -> Validated:
    if len(words) == 2:
        names = _names(words[1:])
        match texts[0]:
            case "-z":
                return Validated(names)
            case "-n":
                return Validated(frozenset(), names)
            case sign if sign in EXISTS:
                return Validated(names)
    if len(words) >= 3:
        names = _names((words[0], words[2]))
        sign = texts[1]
        is_fixed = any(text is not None and FIXED.fullmatch(text.removeprefix("x")) for text in (texts[0], texts[2]))
        if sign in ("=", "==") and is_fixed:
            return Validated(names)
        if sign == "!=" and is_fixed:
            return Validated(frozenset(), names)
        if sign in NUMERIC:
            return Validated(names)
        if sign == "=~" and ANCHORED.search("".join(_raw(word) for word in words[2:])):
            return Validated(names)
    return NOTHING


def _names(words: Iterable[Word]) -> frozenset[str]:
    """The variables in these words, and those that are printed in a substitution."""
    found: set[str] = set()
    for word in words:
        for part in word.parts:
            if isinstance(part, Parameter):
                found.add(part.name)
            elif isinstance(part, Substitution):
                found.update(re.findall(r"\$\{?([A-Za-z_]\w*)", part.script))
    return frozenset(found)


def _raw(word: Word) -> str:
    return "".join(part.text for part in word.parts if isinstance(part, shell.Text))
