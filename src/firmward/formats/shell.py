"""POSIX shell scripts as a tree of commands.

Rules, from the Shell Command Language of POSIX (XCU 2.10), with what bash and ash add and start scripts use: `[[ ]]`,
`function`, arrays, `((...))`. This is a reader, not an interpreter. It takes any text: what it cannot parse is named in
`problems`, it goes on with the next line, and size and depth are bounded.
"""

import re
from dataclasses import dataclass

from firmward.formats.shell_words import Kind, Lexer, Parameter, Part, Substitution, Text, Token, Word

__all__ = [
    "AndOr",
    "Arm",
    "Assignment",
    "Case",
    "Command",
    "For",
    "Function",
    "Group",
    "If",
    "Loop",
    "Parameter",
    "Part",
    "Pipeline",
    "Redirect",
    "Script",
    "Simple",
    "Subshell",
    "Substitution",
    "Text",
    "Word",
    "parse",
]

SIZE_LIMIT = 256 << 10
"""Characters of one script; what lies behind is not read."""

DEPTH_LIMIT = 50
"""Blocks within blocks."""

PROBLEM_LIMIT = 20
"""Problems named of one script."""


_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[[^]]*\])?(\+?)=")


@dataclass(frozen=True, slots=True)
class Assignment:
    name: str
    value: Word
    append: bool = False

    @classmethod
    def of(cls, word: Word) -> "Assignment | None":
        """The assignment that a word is, if it is one."""
        first = word.parts[0] if word.parts else None
        match = _ASSIGNMENT.match(first.text) if isinstance(first, Text) and not first.quoted else None
        if match is None:
            return None
        rest = match.string[match.end() :]
        parts = (Text(rest), *word.parts[1:]) if rest else word.parts[1:]
        return cls(match.group(1), Word(parts, word.line), append=bool(match.group(2)))


@dataclass(frozen=True, slots=True)
class Redirect:
    """`operator` is the sign without its number; `document` is a here-document's text."""

    operator: str
    target: Word
    descriptor: int | None = None
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Simple:
    """A program with its words, or only assignments."""

    line: int
    assignments: tuple[Assignment, ...] = ()
    words: tuple[Word, ...] = ()
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """`{ ...; }`"""

    body: "tuple[Command, ...]"


@dataclass(frozen=True, slots=True)
class Subshell:
    """`( ... )`, and any command that runs in the background."""

    body: "tuple[Command, ...]"
    background: bool = False


@dataclass(frozen=True, slots=True)
class Pipeline:
    commands: "tuple[Command, ...]"
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AndOr:
    """`left && right` or `left || right`."""

    left: "Command"
    operator: str
    right: "Command"


@dataclass(frozen=True, slots=True)
class If:
    """Conditions with their bodies in order, then what `else` holds."""

    branches: "tuple[tuple[tuple[Command, ...], tuple[Command, ...]], ...]"
    otherwise: "tuple[Command, ...]" = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """`while`, and `until`, which goes on as long as its condition does not hold."""

    condition: "tuple[Command, ...]"
    body: "tuple[Command, ...]"
    is_until: bool = False


@dataclass(frozen=True, slots=True)
class For:
    """`words` is None when the arguments are meant."""

    name: str
    words: tuple[Word, ...] | None
    body: "tuple[Command, ...]"


@dataclass(frozen=True, slots=True)
class Arm:
    patterns: tuple[Word, ...]
    body: "tuple[Command, ...]"


@dataclass(frozen=True, slots=True)
class Case:
    word: Word
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    body: "tuple[Command, ...]"
    line: int


Command = Simple | Group | Subshell | Pipeline | AndOr | If | Loop | For | Case | Function


@dataclass(frozen=True, slots=True)
class Script:
    commands: tuple[Command, ...]
    problems: tuple[str, ...] = ()


def parse(text: str, first_line: int = 1) -> Script:
    """The commands of a script; lines count from `first_line`."""
    lexer = Lexer(text[:SIZE_LIMIT], first_line)
    parser = _Parser(lexer.tokens())
    commands = parser.script()
    problems = lexer.problems + parser.problems
    if len(text) > SIZE_LIMIT:
        problems.append(f"longer than {SIZE_LIMIT} characters: the end was not read")
    return Script(commands, tuple(problems[:PROBLEM_LIMIT]))


class _NotUnderstoodError(Exception):
    pass


_END = Token(Kind.OPERATOR, "", 0)
_DESCRIPTOR = re.compile(r"[0-9]*")
_CLOSERS = frozenset(("then", "else", "elif", "fi", "do", "done", "esac", "}"))


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0
        self.problems: list[str] = []

    def script(self) -> tuple[Command, ...]:
        """Everything; after a mistake it goes on with the next line."""
        commands: list[Command] = []
        while self._position < len(self._tokens):
            try:
                self._list(commands, frozenset())
                if self._position < len(self._tokens):
                    self._fail()
            except _NotUnderstoodError as mistake:
                self.problems.append(str(mistake))
                self._depth = 0
                self._skip_line()
        return tuple(commands)

    def _skip_line(self) -> None:
        while self._position < len(self._tokens) and self._take().text != "\n":
            pass

    def _fail(self) -> None:
        token = self._next
        shown = {"": "the end", "\n": "the line's end"}.get(token.text, repr(token.text[:40]))
        if token.kind is Kind.WORD and not token.text:
            shown = "a quoted word"
        raise _NotUnderstoodError(f"line {token.line or self._last_line}: {shown} is not expected here")

    @property
    def _next(self) -> Token:
        return self._tokens[self._position] if self._position < len(self._tokens) else _END

    @property
    def _last_line(self) -> int:
        return self._tokens[-1].line if self._tokens else 1

    def _take(self) -> Token:
        token = self._next
        self._position += 1
        return token

    def _expect(self, text: str) -> None:
        """Take this token. A block that the text's end cuts off is told and kept."""
        if self._position >= len(self._tokens):
            self.problems.append(f"line {self._last_line}: {text!r} is missing at the end")
            return
        if self._next.text != text:
            self._fail()
        self._take()

    def _newlines(self) -> None:
        while self._next.text == "\n":
            self._take()

    def _list(self, commands: list[Command], stops: frozenset[str]) -> None:
        """Commands up to, not with, one of the words or operators that end the block."""
        while self._position < len(self._tokens):
            if self._next.kind is Kind.OPERATOR and self._next.text in ("\n", ";"):
                self._take()
                continue
            if self._next.text in stops:
                return
            command = self._and_or()
            if self._next.text == "&":
                self._take()
                command = Subshell((command,), background=True)
            elif self._next.text not in ("\n", ";", "") and self._next.text not in stops:
                self._fail()
            commands.append(command)

    def _block(self, *stops: str) -> tuple[Command, ...]:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise _NotUnderstoodError(f"line {self._next.line}: more than {DEPTH_LIMIT} blocks within each other")
        commands: list[Command] = []
        self._list(commands, frozenset(stops))
        self._depth -= 1
        return tuple(commands)

    def _and_or(self) -> Command:
        command = self._pipeline()
        while self._next.text in ("&&", "||"):
            operator = self._take().text
            self._newlines()
            command = AndOr(command, operator, self._pipeline())
        return command

    def _pipeline(self) -> Command:
        negated = False
        while self._next.text == "!" and self._next.kind is Kind.WORD:
            self._take()
            negated = not negated
        commands = [self._command()]
        while self._next.text in ("|", "|&"):
            self._take()
            self._newlines()
            commands.append(self._command())
        return commands[0] if len(commands) == 1 and not negated else Pipeline(tuple(commands), negated)

    def _command(self) -> Command:
        token = self._next
        if token.kind is Kind.OPERATOR:
            return self._bracketed()
        if token.kind is Kind.WORD and token.text in _CLOSERS:
            self._fail()
        special = _COMPOUND.get(token.text) if token.kind is Kind.WORD else None
        if special is None:
            return self._simple()
        self._take()
        command = special(self)
        self._redirects()
        return command

    def _bracketed(self) -> Command:
        if self._next.text != "(":
            self._fail()
        opening = self._take()
        if self._next.text == "(" and self._next.joined:
            return self._arithmetic(opening.line)
        body = self._block(")")
        self._expect(")")
        self._redirects()
        return Subshell(body)

    def _arithmetic(self, line: int) -> Command:
        """`((...))`, which has no program in it."""
        level = 1
        while level and self._position < len(self._tokens):
            text = self._take().text
            level += (text == "(") - (text == ")")
        return Simple(line)

    def _braces(self) -> Command:
        body = self._block("}")
        self._expect("}")
        return Group(body)

    def _if(self) -> Command:
        branches = []
        otherwise: tuple[Command, ...] = ()
        closing = "elif"
        while closing == "elif":
            condition = self._block("then")
            self._expect("then")
            branches.append((condition, self._block("elif", "else", "fi")))
            closing = self._take().text
        if closing == "else":
            otherwise = self._block("fi")
            self._expect("fi")
        elif closing != "fi":
            self.problems.append(f"line {self._last_line}: 'fi' is missing at the end")
        return If(tuple(branches), otherwise)

    def _while(self) -> Command:
        condition = self._block("do")
        return Loop(condition, self._do())

    def _until(self) -> Command:
        condition = self._block("do")
        return Loop(condition, self._do(), is_until=True)

    def _do(self) -> tuple[Command, ...]:
        self._newlines()
        self._expect("do")
        body = self._block("done")
        self._expect("done")
        return body

    def _for(self) -> Command:
        if self._next.text == "(":
            while self._next.text not in ("do", ""):
                self._take()
            return Loop((), self._do())
        name = self._take().text
        self._newlines()
        words: list[Word] | None = None
        if self._next.text == "in" and self._next.kind is Kind.WORD:
            self._take()
            words = []
            while self._next.kind is Kind.WORD:
                words.append(self._take().word)
        if self._next.text == ";":
            self._take()
        return For(name, None if words is None else tuple(words), self._do())

    def _case(self) -> Command:
        if self._next.kind is not Kind.WORD:
            self._fail()
        word = self._take().word
        self._newlines()
        self._expect("in")
        arms = []
        self._newlines()
        while self._next.text != "esac" and self._position < len(self._tokens):
            arms.append(self._arm())
            self._newlines()
        self._expect("esac")
        return Case(word, tuple(arms))

    def _arm(self) -> Arm:
        if self._next.text == "(":
            self._take()
        patterns = []
        while self._next.kind is Kind.WORD:
            patterns.append(self._take().word)
            if self._next.text != "|":
                break
            self._take()
        if not patterns:
            self._fail()
        self._expect(")")
        body = self._block(";;", ";&", ";;&", "esac")
        if self._next.text != "esac" and self._position < len(self._tokens):
            self._take()
        return Arm(tuple(patterns), body)

    def _function(self) -> Command:
        """`function name [()] body`"""
        token = self._take()
        if self._next.text == "(":
            self._take()
            self._expect(")")
        return self._function_body(token.text, token.line)

    def _function_body(self, name: str, line: int) -> Command:
        self._newlines()
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise _NotUnderstoodError(f"line {line}: more than {DEPTH_LIMIT} blocks within each other")
        body = self._command()
        self._depth -= 1
        return Function(name, body.body if isinstance(body, Group) else (body,), line)

    def _test(self) -> Command:
        """`[[ ... ]]`: operators inside are words."""
        line = self._next.line
        words = [Word((Text("[["),), line)]
        while self._position < len(self._tokens) and self._next.text not in ("]]", "\n"):
            token = self._take()
            words.append(token.word if token.kind is Kind.WORD else Word((Text(token.text),), token.line))
        if self._next.text == "]]":
            words.append(self._take().word)
        return Simple(line, words=tuple(words))

    def _simple(self) -> Command:
        line = self._next.line
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while self._next.kind is not Kind.OPERATOR:
            if self._next.kind is Kind.REDIRECT:
                redirects.append(self._redirect())
                continue
            token = self._take()
            assignment = None if words else Assignment.of(token.word)
            if assignment is not None:
                assignments.append(self._array(assignment))
            else:
                words.append(token.word)
                if words[1:] and (token.word.plain or "").endswith("=") and self._next.joined:
                    self._elements()
        if self._next.text == "(" and len(words) == 1 and not assignments and words[0].plain:
            self._take()
            self._expect(")")
            return self._function_body(words[0].plain, line)
        return Simple(line, tuple(assignments), tuple(words), tuple(redirects))

    def _array(self, assignment: Assignment) -> Assignment:
        """`NAME=(a b)`: the elements, as one text with blanks between them."""
        if assignment.value.parts or self._next.text != "(" or not self._next.joined:
            return assignment
        return Assignment(assignment.name, Word(self._elements(), assignment.value.line), assignment.append)

    def _elements(self) -> tuple[Part, ...]:
        """The elements of an array in brackets, if there is one here."""
        parts: list[Part] = []
        if self._next.text == "(":
            self._take()
            while self._next.text not in (")", "") or self._next.kind is Kind.WORD:
                token = self._take()
                parts.extend((*token.word.parts, Text(" ")))
            self._expect(")")
        return tuple(parts[:-1])

    def _redirects(self) -> None:
        """The redirections of a block; nothing is asked about them."""
        while self._next.kind is Kind.REDIRECT:
            self._redirect()

    def _redirect(self) -> Redirect:
        token = self._take()
        if self._next.kind is Kind.REDIRECT and self._next.text in ("<", ">"):  # `< <(...)`
            self._take()
        if self._next.text == "(" and self._next.joined:  # <(...) in bash: a program, not a file
            line = self._take().line
            self._block(")")
            self._expect(")")
            return Redirect(token.text, Word((), line))
        if self._next.kind is not Kind.WORD:
            self._fail()
        digits = _DESCRIPTOR.match(token.text)
        number = digits.group() if digits else ""
        operator = token.text[len(number) :]
        return Redirect(operator, self._take().word, int(number[:4]) if number else None, token.document)


_COMPOUND = {
    "{": _Parser._braces,
    "if": _Parser._if,
    "while": _Parser._while,
    "until": _Parser._until,
    "for": _Parser._for,
    "select": _Parser._for,
    "case": _Parser._case,
    "function": _Parser._function,
    "[[": _Parser._test,
}
