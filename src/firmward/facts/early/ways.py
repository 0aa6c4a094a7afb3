"""Follow every way through the scripts of an initramfs, up to where it goes on to another root, or nowhere.

A command whose success only the device knows is taken both ways where it matters: in a condition, beside `&&` and `||`,
under `set -e`, and where it verifies or mounts something. Ways are joined again when they differ in nothing that is
asked about. Commands, ways and depth are bounded; what is cut off is told in `unread`.
"""

from collections.abc import Callable, Iterable, Sequence

from firmward.facts.early import inert, labels
from firmward.facts.early.records import Given
from firmward.facts.early.state import Ends, Leave, State, all_told_apart, going, merged, merged_alike, merged_ends
from firmward.facts.early.told import Told
from firmward.facts.scripts.environment import Definition, Environment, Value
from firmward.facts.scripts.flow import Call
from firmward.formats import shell
from firmward.formats.shell import (
    AndOr,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Pipeline,
    Simple,
    Subshell,
    Substitution,
)
from firmward.model.tree import Entry, Tree

STEP_LIMIT = 20_000
"""Commands looked at, each way counted."""
WAYS_LIMIT = 48
"""Ways that are followed beside each other."""
ITEM_LIMIT = 200
"""Rounds of one `for`."""
ROUNDS = 3
"""Rounds of `while`, the last of which finds nothing new where nothing is cut off."""

Dispatch = Callable[["Ways", State, Call], Ends]


class _TooManyError(Exception):
    """The limit of commands is reached."""


class Ways(Told):
    """One initramfs that is followed; `dispatch` runs a plain command."""

    def __init__(self, tree: Tree, part: str, dispatch: Dispatch) -> None:
        super().__init__(tree, part)
        self._dispatch = dispatch
        self._checked = 0
        self._steps = 0
        self._defined: dict[int, tuple[Command, ...]] = {}
        self._inert: dict[tuple[int, int, str], frozenset[str] | None] = {}

    def run(self, path: str) -> None:
        """Follow the first program, a script."""
        entry = self.tree.resolve(path)
        if entry is None:
            return
        try:
            for _, state in self.script(State(Environment(script=entry.path)), entry, ()):
                del state
        except _TooManyError:
            self.cut(f"more than {STEP_LIMIT} commands, on all ways together")
        except RecursionError:
            self.cut("nested too deeply to follow")

    # rows of commands

    def text(self, state: State, text: str, line: int) -> Ends:
        """A piece of script that is given as text."""
        if self.is_deep:
            return self.deep(state)
        script = shell.parse(text, line)
        for problem in script.problems:
            self.miss(problem)
        with self.standing_in(self._path):
            return self.row(script.commands, [state])

    def row(self, commands: Iterable[Command], states: Sequence[State]) -> Ends:
        left: Ends = []
        here = list(states)
        for command in commands:
            here = merged(here)
            if not here:
                break
            if len(here) > WAYS_LIMIT:
                self.cut(f"more than {WAYS_LIMIT} ways beside each other")
                here = here[:WAYS_LIMIT]
            ends = [end for state in here for end in self.command(command, state)]
            going_on, others = going(ends)
            left += others
            here = merged_alike(going_on)
        return [*((Leave.GO, state) for state in here), *merged_ends(left)]

    def command(self, command: Command, state: State) -> Ends:
        self._steps += 1
        if self._steps > STEP_LIMIT:
            raise _TooManyError
        match command:
            case Simple():
                return self._simple(command, state)
            case Group(body):
                return self.row(body, [state])
            case Subshell(body, background):
                return self._background(body, state) if background else self._subshell(body, state)
            case Function(name, body):
                state.environment.functions[name] = Definition(body, self._path)
                self._defined.setdefault(id(body), body)
                return [(Leave.GO, state.ended(status=True))]
        return self._block(command, state)

    def _block(self, command: Command, state: State) -> Ends:
        match command:
            case AndOr():
                return self._and_or(command, state)
            case Pipeline():
                return self._pipeline(command, state)
            case If():
                return self._if(command, state)
            case Case():
                return self._case(command, state)
            case For():
                return self._for(command, state)
            case Loop():
                return self._loop(command, state)
        return [(Leave.GO, state)]

    def _condition(self, commands: Sequence[Command], states: Sequence[State]) -> tuple[list[State], list[State], Ends]:
        """The ways on which a condition holds, those on which it does not, and those that leave from within it."""
        self._checked += 1
        try:
            here, left = going(self.row(commands, states))
        finally:
            self._checked -= 1
        return *all_told_apart(here), left

    def _and_or(self, command: AndOr, state: State) -> Ends:
        holds, fails, left = self._condition((command.left,), [state])
        onward, past = (holds, fails) if command.operator == "&&" else (fails, holds)
        ends = [end for one in onward for end in self.command(command.right, one)]
        return merged_ends([*left, *ends, *((Leave.GO, one) for one in past)])

    def _if(self, command: If, state: State) -> Ends:
        ends: Ends = []
        pending = [state]
        for condition, body in command.branches:
            holds, pending, left = self._condition(condition, pending)
            ends += left
            ends += self.row(body, holds) if holds else []
        ends += self.row(command.otherwise, [one.ended(status=True) for one in pending]) if pending else []
        return merged_ends(ends)

    def _case(self, command: Case, state: State) -> Ends:
        subject = self.said(command.word, state)
        ends: Ends = []
        for arm in command.arms:
            patterns = [self.expansion.pattern(word, state.environment) for word in arm.patterns]
            matches = labels.matches(subject, patterns)
            if matches is False:
                continue
            inside = state.copy() if matches is None else state
            given = labels.of_arm(command.word, subject, patterns, self.words)
            kept, self._subjects = self._subjects, (*self._subjects, *labels.variables(command.word))
            try:
                ends += self._arm_of(arm.body, inside, given)
            finally:
                self._subjects = kept
            if matches:
                return merged_ends(ends)
        return merged_ends([*ends, (Leave.GO, state.ended(status=True))])

    def _arm_of(self, body: Sequence[Command], state: State, given: Given | None) -> Ends:
        kept, self._arm = self._arm, given or self._arm
        if given is not None:
            state.given(given)
        try:
            return self.row(body, [state.ended(status=True)])
        finally:
            self._arm = kept

    def _for(self, command: For, state: State) -> Ends:
        fields = (
            state.environment.arguments
            if command.words is None
            else tuple(field for word in command.words for field in self.expansion.fields(word, state.environment))
        )
        if len(fields) > ITEM_LIMIT:
            self.cut(f"a loop over more than {ITEM_LIMIT} items")
        here, ends = [state], []
        for item in fields[:ITEM_LIMIT]:
            for one in here:
                self.assign(one, command.name, item)
            passed = [] if item.certain else [one.copy() for one in here]
            here, left = self._round(command.body, here)
            ends += left
            here = merged([*here, *passed])
        return merged_ends([*ends, *((Leave.GO, one.ended(status=None)) for one in here)])

    def _loop(self, loop: Loop, state: State) -> Ends:
        here, ends = [state], []
        seen: set[tuple[object, ...]] = set()
        for number in range(ROUNDS):
            before = [one.copy() for one in here]
            holds, fails, left = self._condition(loop.condition, here)
            into, past = (fails, holds) if loop.is_until else (holds, fails)
            ends += [*left, *((Leave.GO, one.ended(status=True)) for one in past)]
            seen |= {one.key for one in before}
            here, left = self._round(loop.body, into)
            ends += left
            new = [one for one in here if one.key not in seen]
            if number and not new:
                break
            here = merged([*before, *here])  # what a round changes is not known in the next
        return merged_ends(ends)

    def _round(self, body: Sequence[Command], states: Sequence[State]) -> tuple[list[State], Ends]:
        """The ways into the next round, and how the others end; a way that breaks off goes on behind the loop."""
        ends: Ends = []
        onward: list[State] = []
        for leave, state in self.row(body, states) if states else []:
            if leave is Leave.GO:
                onward.append(state)
            elif leave in (Leave.EXIT, Leave.RETURN):
                ends.append((leave, state))
            elif state.levels > 1:
                state.levels -= 1
                ends.append((leave, state))
            elif leave is Leave.CONTINUE:
                state.levels = 0
                onward.append(state)
            else:
                state.levels = 0
                ends.append((Leave.GO, state.ended(status=True)))
        return merged(onward), ends

    def _pipeline(self, command: Pipeline, state: State) -> Ends:
        if len(command.commands) == 1:
            return self._negated(command.commands[0], state) if command.negated else self.row(command.commands, [state])
        states = [state]
        for index, part in enumerate(command.commands):
            is_last = index == len(command.commands) - 1
            kept = self.input, self.is_piped
            self.input, self.is_piped = self._printed(command.commands[:index], states), index > 0
            self._checked += not is_last
            try:
                ends = [end for one in states for end in self._subshell((part,), one)]
            finally:
                self._checked -= not is_last
                self.input, self.is_piped = kept
            states = merged_alike([one for _, one in ends])
        if command.negated:
            holds, fails = all_told_apart(states)
            states = [*(one.ended(status=False) for one in holds), *(one.ended(status=True) for one in fails)]
        return [(Leave.GO, one) for one in states]

    def _negated(self, command: Command, state: State) -> Ends:
        holds, fails, left = self._condition((command,), [state])
        turned = [*(one.ended(status=False) for one in holds), *(one.ended(status=True) for one in fails)]
        return [*left, *((Leave.GO, one) for one in turned)]

    def _printed(self, before: Sequence[Command], states: Sequence[State]) -> str | None:
        """What the left side of a pipe prints: `echo` and `printf` as far as it is known, `cat` where it reads from."""
        match before[-1:]:
            case (Simple(words=[program, *words]),) if states:
                environment = states[0].environment
                texts = [field.text for word in words for field in self.expansion.fields(word, environment)]
                if program.literal in ("echo", "printf"):
                    return " ".join(text for text in texts if text not in ("-n", "-e", "%s", r"%s\n"))
                if program.literal == "cat" and texts:
                    return f"$(cat {texts[-1]})"
        return None

    def _subshell(self, body: Sequence[Command], state: State) -> Ends:
        """What is mounted and opened stays; variables do not."""
        outer = state.environment.copy()
        stops = state.stops
        ends: Ends = []
        for _, one in self.row(body, [state]):
            status = one.status
            one.environment, one.stops, one.levels = outer.copy(), stops, 0
            ends.append((Leave.GO, one.ended(status, one.label)))
        return merged_ends(ends)

    def _background(self, body: Sequence[Command], state: State) -> Ends:
        """Nobody waits for it, so that the script goes on whatever becomes of it."""
        self._subshell(body, state.copy())
        return [(Leave.GO, state.ended(status=True))]

    # plain commands

    def _simple(self, command: Simple, state: State) -> Ends:
        words = tuple(field for word in command.words for field in self.expansion.fields(word, state.environment))
        if not words:
            return self._stopped([(Leave.GO, self._assigned(command, state))])
        name = words[0].text
        for assignment in command.assignments if name != "read" else ():
            self.assign(state, assignment.name, self._value(state, assignment))
        return self._stopped(self._dispatch(self, state, Call(words, command.line, command)))

    def _assigned(self, command: Simple, state: State) -> State:
        parts = [part for assignment in command.assignments for part in assignment.value.parts]
        for assignment in command.assignments:
            self.assign(state, assignment.name, self._value(state, assignment))
        asked = next((part.script for part in parts if isinstance(part, Substitution)), None)
        return state.ended(status=True) if asked is None else state.ended(None, labels.of_text(asked))

    def _value(self, state: State, assignment: shell.Assignment) -> Value:
        value = self.said(assignment.value, state)
        before = state.environment.get(assignment.name) if assignment.append else None
        return value if before is None else before + value

    def _stopped(self, ends: Ends) -> Ends:
        """`set -e`: a command that fails, and whose failure nobody looks at, ends the script."""
        if self._checked or not any(leave is Leave.GO and one.stops for leave, one in ends):
            return ends
        found: Ends = []
        for leave, one in ends:
            if leave is not Leave.GO or not one.stops or one.status is True:
                found.append((leave, one))
                continue
            holds, fails = all_told_apart([one])
            found += [*((Leave.GO, each) for each in holds), *((Leave.EXIT, each) for each in fails)]
        return found

    def call(self, state: State, name: str, arguments: tuple[Value, ...]) -> Ends:
        """A function of the script's."""
        definition = state.environment.functions[name]
        if self.is_deep:
            return self.deep(state)
        changed = None if self._checked or state.stops else self._set_by(name, state)
        if changed is not None:
            for each in changed:
                state.environment.set(each, Value("$" + each, certain=False))
            return [(Leave.GO, state.ended(status=None))]
        kept = state.environment.arguments
        state.environment.arguments = arguments
        with self.standing_in(definition.path), self._outside_arms():
            ends = self.row(definition.body, [state.ended(status=True)])
        for _, one in ends:
            one.environment.arguments = kept
        return merged_ends([(Leave.GO if leave is Leave.RETURN else leave, one) for leave, one in ends])

    def _set_by(self, name: str, state: State) -> frozenset[str] | None:
        """What an inert function sets. Whether it is one may change with each function that is defined."""
        functions = state.environment.functions
        key = (id(functions[name].body), len(self._defined), state.variant)
        if key not in self._inert:
            self._inert[key] = inert.set_by(name, functions)
        return self._inert[key]

    def deep(self, state: State) -> Ends:
        self.cut("scripts and functions too deep within each other")
        return [(Leave.GO, state.ended(status=None))]

    # scripts

    def source(self, state: State, entry: Entry, arguments: tuple[Value, ...]) -> Ends:
        """`. file`"""
        if self.is_deep:
            return self.deep(state)
        kept = state.environment.arguments
        state.environment.arguments = arguments or kept
        with self.standing_in(entry.path), self._outside_arms():
            ends = self.row(self._commands(entry), [state.ended(status=True)])
        for _, one in ends:
            one.environment.arguments = kept
        return [(Leave.GO if leave is Leave.RETURN else leave, one) for leave, one in ends]

    def script(self, state: State, entry: Entry, arguments: tuple[Value, ...]) -> Ends:
        """A script that is run as a program of its own."""
        if self.is_deep:
            return self.deep(state)
        outer, stops, checked = state.environment, state.stops, self._checked
        state.environment = outer.child(entry.path, arguments)
        state.stops = self._first_line(entry).endswith(" -e")
        self._checked = 0
        try:
            with self.standing_in(entry.path), self._outside_arms():
                ends = self.row(self._commands(entry), [state.ended(status=True)])
        finally:
            self._checked = checked
        for _, one in ends:
            status = one.status
            one.environment, one.stops, one.levels = outer.copy(), stops, 0
            one.ended(status, one.label)
        return merged_ends([(Leave.GO, one) for _, one in ends])
