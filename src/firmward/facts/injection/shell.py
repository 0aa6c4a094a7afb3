"""Shell scripts that a web server runs for a request, or a privileged program for an event.

Rules, from the shell's own grammar (POSIX XCU 2) and RFC 3875 (CGI): a request's values come in variables
(QUERY_STRING, HTTP_*, PATH_INFO and the like; FORM_*, GET_*, POST_* and COOKIE_* by haserl) and on standard input. A
quoted "$x" is one word for whatever program, and harmless but to eval, a shell, awk's program text and SQL. A value
that was compared, or whose signs were filtered, is known. Branches are followed apart and joined; one that ends the
script is not joined.
"""

from collections.abc import Iterable

from firmward.facts.injection.record import Flow, Load, Reading, Sink, Text
from firmward.facts.injection.shell_call import Call, Source, first, pattern, raw, unwrapped
from firmward.facts.injection.shell_filters import excludes_signs, keeps_harmless, printed
from firmward.facts.injection.shell_profile import BODY, CGI, EVENT, Profile
from firmward.facts.injection.shell_sinks import harm
from firmward.facts.injection.shell_state import State, merge, refined
from firmward.facts.injection.shell_tests import validated
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

DEPTH_LIMIT = 60
WORK_LIMIT = 20_000
"""Commands followed in one script, functions as often as they are called."""

ENDS = frozenset(("exit", "return", "exec", "die", "break", "continue"))

__all__ = ["CGI", "EVENT", "Profile", "read"]


def read(script: Text, load: Load, profile: Profile = CGI) -> Reading:
    walk = _Walk(profile, load)
    walk.script(script, {}, BODY if profile.reads_body else None)
    return Reading(tuple(walk.flows.values()), tuple(walk.problems))


class _Walk:
    def __init__(self, profile: Profile, load: Load) -> None:
        self.flows: dict[tuple[str, Sink], Flow] = {}
        self.problems: list[str] = []
        self._profile = profile
        self._load = load
        self._functions: dict[str, tuple[Command, ...]] = {}
        self._homes: dict[str, str] = {}
        self._calls: dict[tuple[str, Source, frozenset[tuple[str, Source]]], tuple[State, Source]] = {}
        self._path = ""
        self._depth = 0
        self._work = 0
        self._printed: Source = None

    # scripts and lists

    def script(self, script: Text, state: State, stdin: Source) -> State | None:
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

    def _list(self, commands: Iterable[Command], state: State | None, stdin: Source) -> State | None:
        for command in commands:
            if state is None:
                return None
            state = self._command(command, state, stdin)
        return state

    def _command(self, command: Command, state: State, stdin: Source) -> State | None:
        self._work += 1
        if self._work > WORK_LIMIT or self._depth > DEPTH_LIMIT:
            self.problems = self.problems or [f"{self._path} goes too deep to be followed"]
            return state
        self._depth += 1
        try:
            return self._kind(command, state, stdin)
        finally:
            self._depth -= 1

    def _kind(self, command: Command, state: State, stdin: Source) -> State | None:
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

    def _pipeline(self, pipeline: Pipeline, state: State, stdin: Source) -> State | None:
        if len(pipeline.commands) == 1:
            return self._command(pipeline.commands[0], state, stdin)
        for command in pipeline.commands:
            kept, self._printed = self._printed, None
            self._command(command, dict(state), stdin)
            stdin, self._printed = self._printed, kept
        self._printed = self._printed or stdin
        return state

    def _and_or(self, both: AndOr, state: State, stdin: Source) -> State | None:
        left = self._command(both.left, state, stdin)
        if left is None:
            return None
        known = validated((both.left,))
        then, otherwise = refined(left, known)
        taken, passed = (then, otherwise) if both.operator == "&&" else (otherwise, then)
        return merge(self._command(both.right, taken, stdin), passed)

    def _if(self, choice: If, state: State, stdin: Source) -> State | None:
        after: State | None = None
        for condition, body in choice.branches:
            reached = self._list(condition, state, stdin)
            if reached is None:
                return after
            then, state = refined(reached, validated(condition))
            after = merge(self._list(body, then, stdin), after)
        return merge(self._list(choice.otherwise, state, stdin), after)

    def _case(self, choice: Case, state: State, stdin: Source) -> State | None:
        self._value(choice.word, state)
        names = _names(choice.word)
        after: State | None = None
        for arm in choice.arms:
            texts = [pattern(word) for word in arm.patterns]
            is_plain = all(text is not None and not set(text) & set("*?[") for text in texts)
            inner = {**state, **dict.fromkeys(names)} if is_plain else dict(state)
            after = merge(self._list(arm.body, inner, stdin), after)
            if any(text is not None and excludes_signs(text) for text in texts):
                state = {**state, **dict.fromkeys(names)}
            if texts == ["*"]:
                return after
        return merge(state, after)

    def _loop(self, loop: Loop | For, state: State, stdin: Source) -> State | None:
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
            after = merge(self._list(loop.body, inner, stdin), before)
            if after == before:
                break
        return after

    # words

    def _values(self, words: Iterable[Word], state: State) -> Source:
        return first([self._value(word, state) for word in words])

    def _value(self, word: Word, state: State) -> Source:
        """The source of what a word holds; substitutions in it are run."""
        return first([self._part(part, state, word.line) for part in word.parts])

    def _part(self, part: Part, state: State, line: int) -> Source:
        match part:
            case Substitution():
                return self._substituted(part.script, state, line)
            case Parameter():
                return self._parameter(part, state)
        return None

    def _parameter(self, part: Parameter, state: State) -> Source:
        argument = part.argument
        given = self._value(argument, state) if argument is not None else None
        match part.operator:
            case "length":
                return None
            case "+" | ":+":
                return given
            case "/" | "//" if argument is not None and keeps_harmless(raw(argument)):
                return None
        return self._variable(part.name, state) or given

    def _variable(self, name: str, state: State) -> Source:
        name = "@" if name == "*" else name
        if name in state:
            return state[name]
        return f"${name}" if self._profile.variables.fullmatch(name) else None

    def _substituted(self, script: str, state: State, line: int) -> Source:
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
        own, self._printed = self._printed, kept
        return own

    # simple commands

    def _simple(self, command: Simple, state: State, stdin: Source) -> State | None:
        stdin = self._redirected(command.redirects, state, stdin)
        for assignment in command.assignments:
            self._assign(assignment, state)
        if not command.words:
            return state
        words = unwrapped(command.words)
        values = tuple(self._value(word, state) for word in words)
        call = Call((words[0].literal or "").rpartition("/")[2], words, values, stdin)
        self._judge(call)
        if call.name in self._functions:
            return self._called(call, state)
        self._printed = self._printed or printed(call, self._profile.programs)
        return self._builtin(call, state)

    def _judge(self, call: Call) -> None:
        found = harm(call, self._functions, words=self._profile.words)
        if found is not None:
            flow = Flow(self._path, call.words[0].line, found.sink, found.source, found.by)
            self.flows.setdefault((self._path, found.sink), flow)

    def _redirected(self, redirects: Iterable[Redirect], state: State, stdin: Source) -> Source:
        for redirect in redirects:
            if redirect.operator == "<<<":
                stdin = self._value(redirect.target, state)
            elif redirect.operator in ("<<", "<<-"):
                quoted = any(isinstance(part, shell.Text) and part.quoted for part in redirect.target.parts)
                text = redirect.document or ""
                stdin = None if quoted else self._value(shell_words.word(text, 0, quoted=True), state)
            elif redirect.operator == "<" and redirect.descriptor in (None, 0):
                stdin = None
        return stdin

    def _assign(self, assignment: Assignment, state: State) -> None:
        value = self._value(assignment.value, state)
        state[assignment.name] = (value or state.get(assignment.name)) if assignment.append else value

    def _called(self, call: Call, state: State) -> State | None:
        """A function sees its arguments, and sets variables for all. The same call is followed once."""
        kept = {key: value for key, value in state.items() if key == "@" or key.isdigit()}
        inner = {key: value for key, value in state.items() if key not in kept}
        inner |= {str(place): value for place, value in enumerate(call.values) if place}
        inner["@"] = call.given
        known = (call.name, call.stdin, frozenset(inner.items()))
        if known not in self._calls:
            self._calls[known] = ({}, None)  # what it gives where it calls itself
            printed_before, self._printed = self._printed, None
            path, self._path = self._path, self._homes.get(call.name, self._path)
            after = self._list(self._functions[call.name], dict(inner), _piped(call.stdin))
            result = {key: value for key, value in (after or inner).items() if key != "@" and not key.isdigit()}
            self._calls[known] = (result, self._printed)
            self._printed, self._path = printed_before, path
        result, own = self._calls[known]
        self._printed = self._printed or own
        return result | kept

    def _builtin(self, call: Call, state: State) -> State | None:
        words = call.words
        if call.name in ENDS:
            return None
        if call.name == "read":
            for word in words[1:]:
                if (target := word.literal) and not target.startswith("-"):
                    state[target] = call.stdin
        elif call.name in ("local", "export", "readonly", "declare", "typeset"):
            for assignment in filter(None, map(Assignment.of, words[1:])):
                self._assign(assignment, state)
        elif call.name == "unset":
            state.update((word.literal or "", None) for word in words[1:])
        elif call.name == "set" and len(words) > 1:
            state.update({"@": call.given, **{str(place): call.given for place in range(1, 10)}})
        elif call.name in (".", "source") and len(words) > 1 and words[1].literal and self._depth < DEPTH_LIMIT:
            script = self._load(words[1].literal, self._path)
            return state if script is None else self.script(script, state, call.stdin) or state
        return state


def _piped(stdin: Source) -> Source:
    """Inside a block or a loop standard input may be a file's, which the reader of scripts leaves out."""
    return None if stdin == BODY else stdin


def _names(word: Word) -> list[str]:
    return [part.name for part in word.parts if isinstance(part, Parameter)]
