"""U-Boot's command language, hush as U-Boot has it (common/cli_hush.c): scripts, `bootcmd`, what `run` runs.

It is a small shell: `;`, `&&`, `||`, `if`, `for`, `while`, `until`, quotes and `$name`, `${name}`, `${name:-word}`;
there are no pipes, redirections, functions or command substitution. Some of it differs from other shells: single quotes
work within double quotes, a backslash is taken away within single quotes and kept within double ones. Any text is read:
what is not closed ends with the text and is told in `problems`.
"""

import re
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

SIZE_LIMIT = 256 << 10
"""Characters of a script."""
DEPTH_LIMIT = 30
"""Blocks within blocks."""
PROBLEM_LIMIT = 20
NAME_LIMIT = 1000
"""Characters of a variable in braces, with what stands for it."""


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`operator` is `-`, `=` or `+` with what stands behind it, as in `${name:-word}`."""

    name: str
    operator: str = ""
    word: str = ""


Part = Text | Variable


@dataclass(frozen=True, slots=True)
class Word:
    """One with a quote in it `is_quoted`: what its variables stand for stays one word."""

    parts: tuple[Part, ...]
    is_quoted: bool = False

    @property
    def has_variables(self) -> bool:
        return any(isinstance(part, Variable) for part in self.parts)

    @property
    def plain(self) -> str | None:
        """The text of a word without quotes and variables, as reserved words are."""
        if self.is_quoted or self.has_variables:
            return None
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    def __str__(self) -> str:
        return "".join(part.text if isinstance(part, Text) else f"${{{part.name}}}" for part in self.parts)


@dataclass(frozen=True, slots=True)
class Simple:
    """A command with its arguments."""

    words: tuple[Word, ...]
    line: int

    def __str__(self) -> str:
        return " ".join(map(str, self.words))


@dataclass(frozen=True, slots=True)
class Arm:
    condition: "Steps"
    body: "Steps"


@dataclass(frozen=True, slots=True)
class If:
    arms: tuple[Arm, ...]
    otherwise: "Steps"


@dataclass(frozen=True, slots=True)
class For:
    name: str
    words: tuple[Word, ...]
    body: "Steps"


@dataclass(frozen=True, slots=True)
class Loop:
    """`while`, or `until`."""

    keyword: str
    condition: "Steps"
    body: "Steps"


Command = Simple | If | For | Loop


@dataclass(frozen=True, slots=True)
class Step:
    """A command and what joins it to the one before: `;`, `&&` or `||`."""

    joint: str
    command: Command


Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Script:
    steps: Steps
    problems: tuple[str, ...]


def parse(text: str) -> Script:
    """Raises Malformed for a script that is too long."""
    if len(text) > SIZE_LIMIT:
        raise Malformed(f"a script of {len(text)} characters")
    problems: list[str] = []
    parser = _Parser(_tokens(text, problems), problems)
    return Script(parser.script(), tuple(problems[:PROBLEM_LIMIT]))


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, or an operator in `sign`; a line's end is the operator `;`."""

    line: int
    word: Word | None = None
    sign: str = ""


_SIGN = re.compile(r"&&|\|\||[;&|\n]")
_BLANKS = frozenset(" \t\r\n")
"""What ends a word; other signs that are blanks elsewhere, such as a form feed, are part of one."""
_BLANK = re.compile(r"[ \t\r]+")
_RUN = re.compile(r"[^ \t\r\n;&|\\$'\"]+")
_FILLED_PLAIN = re.compile(r"[^ \t\r\n\\'\"]+")
_IN_QUOTES = re.compile(r"[^\\$'\"]+")
_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_INSIDE = re.compile(r"(?P<name>[^:]*)(?::(?P<operator>[-=+])(?P<word>.*)|(?P<rest>:.*))?", re.DOTALL)
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)


def filled_words(text: str) -> list[str]:
    """The words of a command whose variables were filled in: U-Boot reads it once more, for blanks, quotes and comments
    alone."""
    found: list[str] = []
    at = 0
    while at < len(text) and text[at] != "#":
        if text[at] in _BLANKS:
            at += 1
        else:
            word, at = _word(text, at, 0, [], plain=_FILLED_PLAIN)
            found.append("".join(part.text for part in word.parts if isinstance(part, Text)))
    return found


def _tokens(text: str, problems: list[str]) -> list[_Token]:
    found: list[_Token] = []
    at, line = 0, 1
    while at < len(text):
        if blank := _BLANK.match(text, at):
            at = blank.end()
        elif sign := _SIGN.match(text, at):
            found.append(_Token(line, sign=";" if sign.group() == "\n" else sign.group()))
            line += sign.group() == "\n"
            at = sign.end()
        elif text[at] == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            word, end = _word(text, at, line, problems)
            found.append(_Token(line, word))
            line += text.count("\n", at, end)
            at = end
    return found


def _word(text: str, at: int, line: int, problems: list[str], plain: re.Pattern[str] = _RUN) -> tuple[Word, int]:
    parts: list[Part] = []
    is_quoted = inside = False
    while at < len(text):
        sign = text[at]
        if not inside and (sign in _BLANKS or (sign in ";&|" and plain is _RUN)):
            break
        if sign == '"':
            inside, is_quoted = not inside, True
            at += 1
        elif sign == "'":
            end = text.find("'", at + 1)
            if end < 0:
                problems.append(f"line {line}: a ' is not closed")
                end = len(text)
            parts.append(Text(_ESCAPED.sub(r"\1", text[at + 1 : end])))
            is_quoted = True
            at = end + 1
        elif sign == "\\":
            parts.append(Text(text[at : at + 2] if inside else text[at + 1 : at + 2]))
            at += 2
        elif sign == "$" and plain is _RUN:
            part, at = _variable(text, at + 1)
            parts.append(part)
        else:
            run = (_IN_QUOTES if inside else plain).match(text, at)
            parts.append(Text(run.group() if run else sign))
            at = run.end() if run else at + 1
    if inside:
        problems.append(f'line {line}: a " is not closed')
    return Word(tuple(parts), is_quoted), at


def _variable(text: str, at: int) -> tuple[Part, int]:
    """What stands behind a `$`, and where it ends."""
    if name := _NAME.match(text, at):
        return Variable(name.group()), name.end()
    if text[at : at + 1] == "?":
        return Variable("?"), at + 1
    end = text.find("}", at, at + NAME_LIMIT) if text[at : at + 1] == "{" else -1
    inside = _INSIDE.fullmatch(text, at + 1, end) if end >= 0 else None
    if inside is None:
        return Text("$"), at
    name_in = inside["name"] + (inside["rest"] or "")
    return Variable(name_in, inside["operator"] or "", inside["word"] or ""), end + 1


RESERVED = frozenset(("if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done"))


class _Parser:
    def __init__(self, tokens: list[_Token], problems: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._problems = problems
        self._depth = 0

    def script(self) -> Steps:
        found: list[Step] = []
        while self._at < len(self._tokens):
            found += self._steps(frozenset())
            if self._at < len(self._tokens):
                self._problem(f"{self._tokens[self._at].word} without its beginning")
                self._at += 1
        return tuple(found)

    def _problem(self, words: str) -> None:
        token = self._tokens[min(self._at, len(self._tokens) - 1)]
        self._problems.append(f"line {token.line}: {words}")

    def _keyword(self) -> str | None:
        """The reserved word that stands here."""
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        plain = None if token is None or token.word is None else token.word.plain
        return plain if plain in RESERVED else None

    def _steps(self, ends: frozenset[str]) -> Steps:
        """Commands up to a reserved word that ends them, which is left."""
        found: list[Step] = []
        joint = ";"
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.word is None:
                joint = token.sign if token.sign in ("&&", "||") else ";"
                self._at += 1
                continue
            keyword = self._keyword()
            if keyword in ends or keyword in ("then", "elif", "else", "fi", "do", "done"):
                break
            found.append(Step(joint, self._command(keyword)))
            joint = ";"
        return tuple(found)

    def _command(self, keyword: str | None) -> Command:
        if keyword is None or self._depth >= DEPTH_LIMIT:
            return self._simple()
        self._at += 1
        self._depth += 1
        found = self._if() if keyword == "if" else self._for() if keyword == "for" else self._loop(keyword)
        self._depth -= 1
        return found

    def _simple(self) -> Simple:
        first = self._tokens[self._at]
        words: list[Word] = []
        while self._at < len(self._tokens):
            word = self._tokens[self._at].word
            if word is None:
                break
            words.append(word)
            self._at += 1
        return Simple(tuple(words), first.line)

    def _took(self, keyword: str) -> bool:
        if self._keyword() == keyword:
            self._at += 1
            return True
        return False

    def _expect(self, keyword: str) -> None:
        if not self._took(keyword):
            self._problem(f"{keyword} is missing")

    def _if(self) -> If:
        arms = [self._arm()]
        while self._took("elif"):
            arms.append(self._arm())
        otherwise = self._steps(frozenset(("fi",))) if self._took("else") else ()
        self._expect("fi")
        return If(tuple(arms), otherwise)

    def _arm(self) -> Arm:
        condition = self._steps(frozenset(("then",)))
        self._expect("then")
        return Arm(condition, self._steps(frozenset(("elif", "else", "fi"))))

    def _for(self) -> For:
        words = self._simple().words
        name = words[0].plain if words else None
        if name is None or len(words) < 2 or words[1].plain != "in":
            self._problem("for without a name and in")
        while self._at < len(self._tokens) and self._tokens[self._at].word is None:
            self._at += 1
        return For(name or "", words[2:], self._body())

    def _loop(self, keyword: str) -> Loop:
        condition = self._steps(frozenset(("do",)))
        return Loop(keyword, condition, self._body())

    def _body(self) -> Steps:
        self._expect("do")
        body = self._steps(frozenset(("done",)))
        self._expect("done")
        return body
