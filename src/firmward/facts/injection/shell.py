"""Shell scripts that a web server runs for a request, or a privileged program for an event.

Rules, from the shell's own grammar (POSIX XCU 2) and RFC 3875 (CGI): a request's values come in variables
(QUERY_STRING, HTTP_*, PATH_INFO and the like; FORM_*, GET_*, POST_* and COOKIE_* by haserl) and on standard input. A
quoted "$x" is one word for whatever program, and harmless but to eval, a shell, awk's program text and SQL. A value
that was compared, or whose signs were filtered, is known. Branches are followed apart and joined; one that ends the
script is not joined.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from firmward.facts.injection.record import Flow, Load, Reading, Sink, Text
from firmward.facts.injection.shell_tests import Validated, validated
from firmward.formats import shell, shell_words
from firmward.formats.shell import (
    AndOr,
    Assignment,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Parameter,
    Part,
    Pipeline,
    Redirect,
    Simple,
    Subshell,
    Substitution,
    Word,
)

REQUEST = re.compile(
    r"QUERY_STRING|REQUEST_URI|PATH_INFO|PATH_TRANSLATED|HTTP_\w+|CONTENT_TYPE|POST_DATA|POSTDATA|POST_STRING|"
    r"(?:FORM|GET|POST|COOKIE)_\w+"
)
BODY = "the request's body"
DEPTH_LIMIT = 60
WORK_LIMIT = 20_000
"""Commands followed in one script, functions as often as they are called."""

SHELLS = frozenset(("sh", "ash", "bash", "dash", "ksh", "zsh", "hush", "mksh"))
WRAPPERS = frozenset(
    ("exec", "env", "nice", "ionice", "nohup", "timeout", "setsid", "sudo", "command", "builtin", "busybox", "time")
)
EVALUATES = {"perl": "-e", "python": "-c", "python3": "-c", "lua": "-e", "php": "-r", "node": "-e", "ruby": "-e"}
DATABASES = frozenset(("sqlite3", "sqlite", "mysql", "mariadb", "psql"))
SQL = re.compile(r"\b(?:select|insert|update|delete|replace|drop|where|values)\b", re.IGNORECASE)
PRINTS = frozenset(("echo", "printf", "print"))
FILTER_NAMES = """
    sed awk gawk mawk cut tr head tail sort uniq grep egrep fgrep tee cat rev fold paste base64 urldecode dd xargs
    uri_decode dos2unix
"""
FILTERS = frozenset(FILTER_NAMES.split())
DECODERS = frozenset(("httpd", "uhttpd", "urldecode", "uri_decode", "basename", "dirname", "expr", "realpath"))
BUILTIN_NAMES = """
    echo printf print test [ [[ : true false local export readonly declare typeset return exit set shift unset read
    case break continue trap wait cd logger let getopts basename dirname expr seq sleep eval
"""
BUILTIN = frozenset(BUILTIN_NAMES.split())
"""Commands to which more words than meant do nothing, or what is told as something else."""
ENDS = frozenset(("exit", "return", "exec", "die", "break", "continue"))
ALLOWED_SET = re.compile(r"\[[!^]([^]]*)\]")
META = frozenset(";&|`$()<>'\"\\\n!{}*? ")


@dataclass(frozen=True, slots=True)
class Profile:
    """What comes from outside: variables whose names match `variables`, and standard input if `reads_body`.

    `words` says whether it is told that a value becomes several words.
    """

    variables: re.Pattern[str]
    reads_body: bool = True
    words: bool = True
    programs: frozenset[str] = frozenset()
    """Programs that print what comes from outside: the label of a disk, the names of networks."""


CGI = Profile(REQUEST)
EVENT = Profile(
    re.compile(
        r"(?:new_)?(?:domain|hostname|host_name|domain_name|domain_search|boot_?file|boot_?filename|filename|sname|"
        r"tftp|tftp_server_name|wpad|wpad_url|root_?path|message|search|nisdomain|nis_domain|vendor)"
        r"|ID_FS_LABEL|ID_MODEL|ID_VENDOR"
    ),
    reads_body=False,
    words=False,
    programs=frozenset(("blkid", "iwlist")),
)
"""What a DHCP server, or a medium that is put in, sends to a hook."""

State = dict[str, str | None]
"""Variables that were set: with the source of their value, or None where it is harmless."""


def read(script: Text, load: Load, profile: Profile = CGI) -> Reading:
    walk = _Walk(profile, load)
    walk.script(script, {}, BODY if profile.reads_body else None)
    return Reading(tuple(walk.flows.values()), tuple(walk.problems))


def _merge(one: State | None, other: State | None) -> State | None:
    """After two branches: what is harmful after one of them is; None is a branch that ends the script."""
    if one is None or other is None:
        return other if one is None else one
    return {
        name: one.get(name) or other.get(name) for name in one.keys() | other.keys() if name in one or name in other
    }


class _Walk:
    def __init__(self, profile: Profile, load: Load) -> None:
        self.flows: dict[tuple[str, Sink], Flow] = {}
        self.problems: list[str] = []
        self._profile = profile
        self._load = load
        self._functions: dict[str, tuple[Command, ...]] = {}
        self._homes: dict[str, str] = {}
        self._calls: dict[tuple[str, str | None, frozenset[tuple[str, str | None]]], tuple[State, str | None]] = {}
        self._path = ""
        self._depth = 0
        self._work = 0
        self._printed: str | None = None

    # scripts and lists

    def script(self, script: Text, state: State, stdin: str | None) -> State | None:
        kept, self._path = self._path, script.path
        parsed = shell.parse(script.text)
        self.problems += [f"{script.path}: {problem}" for problem in parsed.problems]
        self._declare(parsed.commands)
        after = self._list(parsed.commands, state, stdin)
        self._path = kept
        return after

    def _declare(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if isinstance(command, Function):
                self._functions[command.name] = command.body
                self._homes[command.name] = self._path

    def _list(self, commands: Iterable[Command], state: State | None, stdin: str | None) -> State | None:
        for command in commands:
            if state is None:
                return None
            state = self._command(command, state, stdin)
        return state

    def _command(self, command: Command, state: State, stdin: str | None) -> State | None:
        self._work += 1
        if self._work > WORK_LIMIT or self._depth > DEPTH_LIMIT:
            self.problems = self.problems or [f"{self._path} goes too deep to be followed"]
            return state
        self._depth += 1
        try:
            return self._kind(command, state, stdin)
        finally:
            self._depth -= 1

    def _kind(self, command: Command, state: State, stdin: str | None) -> State | None:
        match command:
            case Simple():
                return self._simple(command, state, stdin)
            case Pipeline():
                return self._pipeline(command, state, stdin)
            case AndOr():
                return self._and_or(command, state, stdin)
            case If():
                return self._if(command, state, stdin)
            case Case():
                return self._case(command, state, stdin)
            case Loop() | For():
                return self._loop(command, state, _piped(stdin))
            case Group():
                return self._list(command.body, state, _piped(stdin))
            case Subshell():
                self._list(command.body, dict(state), _piped(stdin))
                return state
            case Function():
                self._functions[command.name] = command.body
                return state

    # compound commands

    def _pipeline(self, pipeline: Pipeline, state: State, stdin: str | None) -> State | None:
        if len(pipeline.commands) == 1:
            return self._command(pipeline.commands[0], state, stdin)
        for command in pipeline.commands:
            kept, self._printed = self._printed, None
            self._command(command, dict(state), stdin)
            stdin, self._printed = self._printed, kept
        self._printed = self._printed or stdin
        return state

    def _and_or(self, both: AndOr, state: State, stdin: str | None) -> State | None:
        left = self._command(both.left, state, stdin)
        if left is None:
            return None
        known = validated((both.left,))
        then, otherwise = _refined(left, known)
        taken, passed = (then, otherwise) if both.operator == "&&" else (otherwise, then)
        return _merge(self._command(both.right, taken, stdin), passed)

    def _if(self, choice: If, state: State, stdin: str | None) -> State | None:
        after: State | None = None
        for condition, body in choice.branches:
            reached = self._list(condition, state, stdin)
            if reached is None:
                return after
            then, state = _refined(reached, validated(condition))
            after = _merge(self._list(body, then, stdin), after)
        return _merge(self._list(choice.otherwise, state, stdin), after)

    def _case(self, choice: Case, state: State, stdin: str | None) -> State | None:
        self._value(choice.word, state)
        names = _names(choice.word)
        after: State | None = None
        for arm in choice.arms:
            texts = [_pattern(pattern) for pattern in arm.patterns]
            is_plain = all(text is not None and not set(text) & set("*?[") for text in texts)
            inner = {**state, **dict.fromkeys(names)} if is_plain else dict(state)
            after = _merge(self._list(arm.body, inner, stdin), after)
            if any(text is not None and _excludes_signs(text) for text in texts):
                state = {**state, **dict.fromkeys(names)}
            if texts == ["*"]:
                return after
        return _merge(state, after)

    def _loop(self, loop: Loop | For, state: State, stdin: str | None) -> State | None:
        """Twice, so that what the first turn sets is known in the second."""
        after: State | None = dict(state)
        for _ in range(2):
            before = dict(after or state)
            inner = dict(before)
            if isinstance(loop, For):
                words = loop.words
                inner[loop.name] = inner.get("@") if words is None else self._values(words, inner)
            else:
                inner = self._list(loop.condition, inner, stdin) or inner
            after = _merge(self._list(loop.body, inner, stdin), before)
            if after == before:
                break
        return after

    # words

    def _values(self, words: Iterable[Word], state: State) -> str | None:
        found = [self._value(word, state) for word in words]
        return next(filter(None, found), None)

    def _value(self, word: Word, state: State) -> str | None:
        """The source of what a word holds; substitutions in it are run."""
        found = [self._part(part, state, word.line) for part in word.parts]
        return next(filter(None, found), None)

    def _part(self, part: Part, state: State, line: int) -> str | None:
        match part:
            case Substitution():
                return self._substituted(part.script, state, line)
            case Parameter():
                return self._parameter(part, state)
        return None

    def _parameter(self, part: Parameter, state: State) -> str | None:
        argument = part.argument
        given = self._value(argument, state) if argument is not None else None
        match part.operator:
            case "length":
                return None
            case "+" | ":+":
                return given
            case "/" | "//" if argument is not None and _keeps_harmless(_raw(argument)):
                return None
        return self._variable(part.name, state) or given

    def _variable(self, name: str, state: State) -> str | None:
        name = "@" if name == "*" else name
        if name in state:
            return state[name]
        return f"${name}" if self._profile.variables.fullmatch(name) else None

    def _substituted(self, script: str, state: State, line: int) -> str | None:
        if script.startswith("("):  # arithmetic
            return None
        if self._depth > DEPTH_LIMIT:
            return None
        parsed = shell.parse(script, max(line, 1))
        self.problems += [f"{self._path}: {problem}" for problem in parsed.problems][:1]
        kept, self._printed = self._printed, None
        stdin = BODY if self._profile.reads_body else None
        self._depth += 1
        self._list(parsed.commands, dict(state), stdin)
        self._depth -= 1
        printed, self._printed = self._printed, kept
        return printed

    # simple commands

    def _simple(self, command: Simple, state: State, stdin: str | None) -> State | None:
        stdin = self._redirected(command.redirects, state, stdin)
        for assignment in command.assignments:
            self._assign(assignment, state)
        if not command.words:
            return state
        words = _unwrapped(command.words)
        first = words[0]
        values = [self._value(word, state) for word in words]
        name = (first.literal or "").rpartition("/")[2]
        self._judge(name, words, values, stdin)
        if name in self._functions:
            return self._called(name, values, state, stdin)
        self._print(name, words, values, stdin)
        return self._builtin(name, words, values, state, stdin)

    def _redirected(self, redirects: Iterable[Redirect], state: State, stdin: str | None) -> str | None:
        for redirect in redirects:
            if redirect.operator == "<<<":
                stdin = self._value(redirect.target, state)
            elif redirect.operator in ("<<", "<<-"):
                quoted = any(isinstance(part, shell.Text) and part.quoted for part in redirect.target.parts)
                text = redirect.document or ""
                stdin = None if quoted else self._value(_document(text), state)
            elif redirect.operator == "<" and redirect.descriptor in (None, 0):
                stdin = None
        return stdin

    def _assign(self, assignment: Assignment, state: State) -> None:
        value = self._value(assignment.value, state)
        state[assignment.name] = (value or state.get(assignment.name)) if assignment.append else value

    def _called(self, name: str, values: list[str | None], state: State, stdin: str | None) -> State | None:
        """A function sees its arguments, and sets variables for all. The same call is followed once."""
        kept = {key: value for key, value in state.items() if key == "@" or key.isdigit()}
        inner = {key: value for key, value in state.items() if key not in kept}
        inner |= {str(place): value for place, value in enumerate(values) if place}
        inner["@"] = next(filter(None, values[1:]), None)
        call = (name, stdin, frozenset(inner.items()))
        if call not in self._calls:
            self._calls[call] = ({}, None)  # what it gives where it calls itself
            printed, self._printed = self._printed, None
            path, self._path = self._path, self._homes.get(name, self._path)
            after = self._list(self._functions[name], dict(inner), _piped(stdin))
            result = {key: value for key, value in (after or inner).items() if key != "@" and not key.isdigit()}
            self._calls[call] = (result, self._printed)
            self._printed, self._path = printed, path
        result, own = self._calls[call]
        self._printed = self._printed or own
        return result | kept

    def _builtin(
        self, name: str, words: tuple[Word, ...], values: list[str | None], state: State, stdin: str | None
    ) -> State | None:
        if name in ENDS:
            return None
        if name == "read":
            for word in words[1:]:
                if (target := word.literal) and not target.startswith("-"):
                    state[target] = stdin
        elif name in ("local", "export", "readonly", "declare", "typeset"):
            for assignment in filter(None, map(Assignment.of, words[1:])):
                self._assign(assignment, state)
        elif name == "unset":
            state.update((word.literal or "", None) for word in words[1:])
        elif name == "set":
            source = next(filter(None, values[1:]), None)
            state.update({"@": source, **{str(place): source for place in range(1, 10)}} if len(words) > 1 else {})
        elif name in (".", "source") and len(words) > 1 and words[1].literal and self._depth < DEPTH_LIMIT:
            script = self._load(words[1].literal, self._path)
            return state if script is None else self.script(script, state, stdin) or state
        return state

    def _print(self, name: str, words: tuple[Word, ...], values: list[str | None], stdin: str | None) -> None:
        """What a command writes, as far as it hands on what it was given."""
        raw = " ".join(_raw(word) for word in words[1:])
        out: str | None = None
        if name in self._profile.programs:
            out = f"what {name} prints"
        elif name in PRINTS:
            out = None if "%q" in raw or (name == "printf" and "%d" in raw and "%s" not in raw) else _any(values[1:])
        elif name in DECODERS:
            out = _any(values[1:])
        elif name in FILTERS and not _cleans(name, raw):
            has_file = name in ("cat", "head", "tail", "dd") and _names_file(name, words)
            out = None if has_file else stdin
        self._printed = self._printed or out

    # sinks

    def _judge(self, name: str, words: tuple[Word, ...], values: list[str | None], stdin: str | None) -> None:
        line = words[0].line
        tell = self._teller(line)
        if values[0] and not name:
            is_first = bool(words[0].parts) and isinstance(words[0].parts[0], Parameter | Substitution)
            tell(Sink.COMMAND if is_first else Sink.ARGUMENT, values[0], "a command's name")
        elif name == "eval":
            tell(Sink.CODE, _any(values[1:]), "eval")
        elif name in SHELLS or name == "su":
            source = _after(words, values, "-c")
            is_bare = name in SHELLS and all((word.literal or "x").startswith("-") for word in words[1:])
            tell(Sink.COMMAND, source or (stdin if is_bare else None), name)
        elif name in EVALUATES:
            tell(Sink.CODE, _after(words, values, EVALUATES[name]), name)
        elif name in (".", "source") and len(words) > 1:
            tell(_included(words[1]), values[1], "source")
        elif name in ("awk", "gawk", "mawk"):
            tell(Sink.CODE, _program(words, values), name)
        elif name in DATABASES:
            asked = (value for word, value in zip(words, values, strict=True) if value and SQL.search(_raw(word)))
            tell(Sink.SQL, next(asked, None) or (stdin if stdin != BODY else None), name)
        elif name and name not in BUILTIN and name not in self._functions and self._profile.words:
            tell(Sink.ARGUMENT, next(self._split(words[1:], values[1:]), None), name)

    def _split(self, words: tuple[Word, ...], values: list[str | None]) -> Iterator[str]:
        for word, value in zip(words, values, strict=True):
            bare = [part for part in word.parts if isinstance(part, Parameter | Substitution) and not part.quoted]
            if value and bare:
                yield value

    def _teller(self, line: int) -> Callable[[Sink, str | None, str], None]:
        def tell(sink: Sink, source: str | None, by: str) -> None:
            if source is not None:
                self.flows.setdefault((self._path, sink), Flow(self._path, line, sink, source, by))

        return tell


def _piped(stdin: str | None) -> str | None:
    """Inside a block or a loop standard input may be a file's, which the reader of scripts leaves out."""
    return None if stdin == BODY else stdin


def _refined(state: State, known: Validated) -> tuple[State, State]:
    return {**state, **dict.fromkeys(known.when_true)}, {**state, **dict.fromkeys(known.when_false)}


def _any(values: Iterable[str | None]) -> str | None:
    return next(filter(None, values), None)


def _names(word: Word) -> list[str]:
    return [part.name for part in word.parts if isinstance(part, Parameter)]


def _document(text: str) -> Word:
    return shell_words.word(text, 0, quoted=True)


def _raw(word: Word) -> str:
    """The texts of a word, expansions left out."""
    return "".join(part.text for part in word.parts if isinstance(part, shell.Text))


def _pattern(word: Word) -> str | None:
    """A pattern's text; None where it is only known at run time. Quoted signs stand for themselves."""
    if any(not isinstance(part, shell.Text) for part in word.parts):
        return None
    return "".join(re.sub(r"[*?\[]", "x", part.text) if part.quoted else part.text
                   for part in word.parts if isinstance(part, shell.Text))  # fmt: skip


def _excludes_signs(text: str) -> bool:
    """`*[!a-z0-9]*`: what matches is sent away, the rest is harmless. `*[;&|]*` alike, if it names enough."""
    if any(not set(match[1]) & META - set(" ") for match in ALLOWED_SET.finditer(text)):
        return True
    return ";" in text and "|" in text and "`" in text


def _keeps_harmless(text: str) -> bool:
    """A set of what may stay, `[^a-z0-9]`, without the signs that a shell reads."""
    return any(not set(match[1]) & META - set(" \\") for match in ALLOWED_SET.finditer(text))


def _cleans(name: str, raw: str) -> bool:
    if name == "tr":
        flags = [word for word in raw.split() if word.startswith("-")]
        is_kept = any("d" in flag and ("c" in flag or "C" in flag) for flag in flags) or {"-c", "-d"} <= set(flags)
        return is_kept and not set(raw.replace("\\n", "").replace("\\r", "")) & (META - set(" \\"))
    if name in ("sed", "awk", "gawk", "mawk"):
        return "s/[^" in raw and _keeps_harmless(raw)
    if name in ("grep", "egrep"):
        first = raw.partition(" ")[0]
        return "-c" in raw or (first.startswith("-") and "o" in first and not set(raw) & set(".;&|`$("))
    return name == "base64" and "-d" not in raw


def _names_file(name: str, words: tuple[Word, ...]) -> bool:
    if name == "dd":
        return any(_raw(word).startswith("if=") for word in words)
    operands = [word for word in words[1:] if word.literal is None or not word.literal.startswith("-")]
    if name in ("head", "tail"):
        operands = [word for word in operands if _raw(word).startswith(("/", "."))]
    return bool(operands)


def _unwrapped(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words of the program that `env`, `timeout 5`, `sudo -u x` and their like start."""
    for _ in range(4):
        if (words[0].literal or "").rpartition("/")[2] not in WRAPPERS:
            break
        rest = list(words[1:])
        while (
            rest and (text := rest[0].literal) is not None and (text[:1] in ("-", "") or text.isdigit() or "=" in text)
        ):
            rest.pop(0)
        if not rest:
            break
        words = tuple(rest)
    return words


def _after(words: tuple[Word, ...], values: list[str | None], option: str) -> str | None:
    for place, word in enumerate(words[:-1]):
        text = word.literal or ""
        if text == option or (len(text) > 2 and text[0] == "-" and text[1] != "-" and text.endswith(option[1:])):
            return values[place + 1]
    return None


def _program(words: tuple[Word, ...], values: list[str | None]) -> str | None:
    """awk's program: the first word that is no option, and none with -f."""
    skip = False
    for word, value in list(zip(words, values, strict=True))[1:]:
        text = _raw(word)
        if skip:
            skip = False
        elif text in ("-v", "-F", "-f"):
            if text == "-f":
                return None
            skip = True
        elif text.startswith("-"):
            continue
        else:
            return value
    return None


def _included(word: Word) -> Sink:
    """A name from outside whose folder is given can still be any file, one whose beginning is given can hardly."""
    first = word.parts[0]
    text = first.text if isinstance(first, shell.Text) else "/"
    return Sink.INCLUDE if text.endswith("/") or not text else Sink.ARGUMENT
