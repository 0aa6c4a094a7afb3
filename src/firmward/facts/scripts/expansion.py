"""From the words of a script to the words that a program gets.

Rules, from POSIX (XCU 2.6): parameters, then splitting of what was not quoted, then file names. An unset variable that
is not quoted vanishes. A command substitution is worked out where its program only turns text (`basename`, `dirname`,
`echo`, `cat` of a file in etc, `ls` of a folder that the device does not fill), also behind a test that can be judged;
any other stands as it is written.
"""

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass

from firmward.facts.scripts import conditions
from firmward.facts.scripts.environment import Environment, Value
from firmward.formats.shell import AndOr, Command, Parameter, Part, Simple, Substitution, Text, Word, parse
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind, Tree

DEPTH_LIMIT = 12
"""Substitutions within substitutions and defaults."""

NAMES_LIMIT = 1000
"""File names taken for one pattern."""

TRIMMED_LIMIT = 4096
"""Characters of a text that a pattern is taken off: as many as are read of a file, each tried as an end."""

Answer = Callable[[tuple[Value, ...]], Value | None]
"""Answers a command substitution whose program it knows; None for any other."""


@dataclass(slots=True)
class _Field:
    """A word under way: its text, the same as a file name pattern, and whether anything in it was quoted."""

    text: str = ""
    pattern: str = ""
    certain: bool = True
    quoted: bool = False

    def add(self, text: str, certain: bool, quoted: bool) -> None:
        self.text += text
        literal = _GLOB_SIGN.sub(r"[\g<0>]", text)
        if self.pattern.endswith("[") and literal.startswith("!"):
            literal = _NOT + literal[1:]
        self.pattern += literal if quoted else text
        self.certain = self.certain and certain
        self.quoted = self.quoted or quoted


_GLOB_SIGN = re.compile(r"[*?\[]")
_NOT = "\0"
"""A quoted `!` behind `[`, which is one of the characters and turns nothing round."""
_QUOTED_NOT = re.compile(rf"\[{_NOT}([^\]]+)\]")
_PIECE = re.compile(r"[ \t\n]+|(?:\$\([^()]*\)|[^ \t\n])+")


class Expansion:
    """Expands words on one tree; `answer` is asked about command substitutions first."""

    def __init__(self, tree: Tree, answer: Answer) -> None:
        self._tree = tree
        self._answer = answer
        self._depth = 0

    def fields(self, word: Word, environment: Environment) -> tuple[Value, ...]:
        """The words that a program gets for this one: none, one or several."""
        fields = [_Field()]
        for part in word.parts:
            if isinstance(part, Parameter) and part.name == "@" and part.quoted and not part.operator:
                self._each_argument(fields, environment)
            else:
                self._add(fields, part, environment)
        return tuple(name for field in fields if field.text or field.quoted for name in self._names(field))

    def text(self, word: Word, environment: Environment) -> Value:
        """A word where nothing is split, as on the right of an assignment."""
        value = Value("")
        for part in word.parts:
            value += self._value(part, environment)
        return value

    def pattern(self, word: Word, environment: Environment) -> Value:
        """A word as a pattern of `case`: what is quoted stands for itself."""
        field = _Field()
        for part in word.parts:
            value = self._value(part, environment)
            field.add(value.text, value.certain, part.quoted)
        return Value(_QUOTED_NOT.sub(r"[\1!]", field.pattern).replace(_NOT, "!"), field.certain)

    def _each_argument(self, fields: list[_Field], environment: Environment) -> None:
        for index, value in enumerate(environment.arguments):
            if index:
                fields.append(_Field())
            fields[-1].add(value.text, value.certain, quoted=True)

    def _add(self, fields: list[_Field], part: Part, environment: Environment) -> None:
        value = self._value(part, environment)
        if isinstance(part, Text) or part.quoted:
            fields[-1].add(value.text, value.certain, part.quoted)
            return
        for piece in _PIECE.findall(value.text):
            if piece.isspace():
                fields.append(_Field())
            else:
                fields[-1].add(piece, value.certain, quoted=False)

    def _names(self, field: _Field) -> tuple[Value, ...]:
        """The files that a pattern names; a pattern that names none stands for itself."""
        if not _GLOB_SIGN.search(field.pattern) or field.pattern == field.text == "[" or not field.text.startswith("/"):
            return (Value(field.text, field.certain),)
        found = () if "$" in field.pattern else self._tree.glob(field.pattern)[:NAMES_LIMIT]
        return tuple(Value("/" + path, field.certain) for path in found) or (Value(field.text, certain=False),)

    def _value(self, part: Part, environment: Environment) -> Value:
        if isinstance(part, Text):
            return Value(part.text)
        self._depth += 1
        try:
            if self._depth > DEPTH_LIMIT:
                return Value("$...", certain=False)
            if isinstance(part, Substitution):
                return self._substitution(part.script, environment)
            return self._parameter(part, environment)
        finally:
            self._depth -= 1

    def _parameter(self, part: Parameter, environment: Environment) -> Value:
        value = environment.get(part.name)
        operator = part.operator.removeprefix(":")
        if operator in ("-", "=", "?", "+"):
            return self._default(part, operator, value, environment)
        value = value if value is not None else Value("")
        if not operator or ("$" in value.text and not value.certain):
            return value
        if operator == "length":
            return Value(str(len(value.text)), value.certain)
        argument = self.pattern(part.argument, environment) if part.argument else Value("")
        if operator in ("#", "##", "%", "%%"):
            certain = value.certain and argument.certain and len(value.text) <= TRIMMED_LIMIT
            return Value(trimmed(value.text, operator, argument.text), certain)
        return Value("$" + part.name, certain=False)

    def _default(self, part: Parameter, operator: str, value: Value | None, environment: Environment) -> Value:
        argument = self.text(part.argument, environment) if part.argument else Value("")
        missing = value is None or (part.operator.startswith(":") and not value.text)
        unknown = value is not None and not value.certain and value.text == "$" + part.name
        if operator == "+":
            return argument.doubted() if unknown else Value("") if missing else argument
        if unknown and operator in "-=":
            return argument.doubted()
        if missing and operator == "=":
            environment.set(part.name, argument)
        if value is None or missing:
            return argument if operator in "-=" else Value("")
        return value

    def _substitution(self, script: str, environment: Environment) -> Value:
        unknown = Value(_shown(script), certain=False)
        if script.startswith("("):
            return unknown
        commands = parse(script).commands
        return (self._printed(commands[0], environment) if len(commands) == 1 else None) or unknown

    def _printed(self, command: Command, environment: Environment) -> Value | None:
        """What a command prints; None where only the running device can tell."""
        match command:
            case AndOr(left=Simple() as left, operator="&&"):
                holds = self._holds(left, environment)
                return Value("") if holds is False else self._printed(command.right, environment) if holds else None
            case Simple(words=[_, *_]):
                words = tuple(field for word in command.words for field in self.fields(word, environment))
                return (self._answer(words) or self._turned(words, environment.folder)) if words else None
        return None

    def _holds(self, command: Simple, environment: Environment) -> bool | None:
        """Whether a test before `&&` comes out true."""
        words = tuple(field for word in command.words for field in self.fields(word, environment))
        if not words or words[0].text not in ("[", "test"):
            return None
        return conditions.judge(words[1:-1] if words[0].text == "[" else words[1:], self._tree)

    def _turned(self, words: tuple[Value, ...], folder: str) -> Value | None:
        program, *rest = (word.text for word in words)
        certain = all(word.certain for word in words)
        match [program.rpartition("/")[2], *rest]:
            case ["basename", name, *suffix]:
                return Value(name.rstrip("/").rpartition("/")[2].removesuffix("".join(suffix[:1])), certain)
            case ["dirname", name]:
                return Value(name.rstrip("/").rpartition("/")[0] or ("/" if name.startswith("/") else "."), certain)
            case ["echo", *texts] if not any(text.startswith("-") for text in texts[:1]):
                return Value(" ".join(texts), certain)
            case ["cat", path] if path.startswith("/etc/"):
                return self._content(path)
            case ["ls", *paths]:
                return self._listed(words[1:], folder) if certain or paths else None
        return None

    def _listed(self, words: tuple[Value, ...], folder: str) -> Value | None:
        """`ls` of folders and files that the image holds; a pattern that names nothing adds nothing."""
        names: list[str] = []
        for word in [word for word in words if word.text != "-1"] or [Value(folder, bool(folder))]:
            if conditions.VOLATILE.match(word.text) or "$" in word.text or not word.text.startswith("/"):
                return None
            entry = self._tree.resolve(word.text)
            if entry is not None and entry.kind is Kind.DIRECTORY:
                inside = [path.rpartition("/")[2] for path in self._tree.list(word.text)]
                names += [name for name in inside if not name.startswith(".")]
            elif entry is not None:
                names.append(word.text)
            elif not _GLOB_SIGN.search(word.text):
                return None
        return Value("\n".join(names[:NAMES_LIMIT]))

    def _content(self, path: str) -> Value | None:
        try:
            text = self._tree.text(path, limit=4096)
        except Unavailable:
            return None
        return None if text is None else Value(text.rstrip("\n"))


def _shown(script: str) -> str:
    """A substitution as it stands in a word: whole where it is short and simple, so that a word stays a word."""
    text = " ".join(script.split())
    simple = len(text) <= 60 and not set(text) & set("()\"'$")
    return f"$({text})" if simple else f"$({text.split(' ')[0].strip('(')[:40]} ...)"


def trimmed(text: str, operator: str, pattern: str) -> str:
    """`${x#pattern}` and its like: the shortest or, doubled, the longest piece taken off one end."""
    if len(text) > TRIMMED_LIMIT:
        return text
    lengths = range(len(text) + 1)
    for length in reversed(lengths) if len(operator) == 2 else lengths:
        if operator[0] == "#" and fnmatch.fnmatchcase(text[:length], pattern):
            return text[length:]
        if operator[0] == "%" and fnmatch.fnmatchcase(text[len(text) - length :], pattern):
            return text[: len(text) - length]
    return text
