"""Follow start scripts over a tree and note every program that they start.

Where a condition can be worked out, one way is taken; where only the running device could tell, both are, and a way
that ends with `exit` does not go on. Steps, scripts and depth are bounded; what is cut off is told in `unread`.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from firmward.facts.measure import Measure
from firmward.facts.process import Manager, Process, Start
from firmward.facts.scripts import builtins, cgroups, conditions, endless, frames, openwrt, places, programs
from firmward.facts.scripts.environment import Definition, Environment, Value
from firmward.facts.scripts.expansion import Expansion
from firmward.facts.scripts.flow import Break, Call, Continue, Exit, Flow, Return, Status
from firmward.facts.scripts.style import Style
from firmward.formats import shell
from firmward.formats.shell import AndOr, Case, Command, For, Function, Group, If, Loop, Pipeline, Simple, Subshell
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Entry, Kind, Tree

STEP_LIMIT = 50_000
"""Commands looked at in one walk."""

DEPTH_LIMIT = 16
"""Scripts and functions within each other."""

ITEM_LIMIT = 500
"""Rounds of one `for`."""


_RUNTIME_PART = re.compile(r"\$(?:\([^)]*\)|\{[^}]*\}|\w+)?")
"""What stands in a word for what is known at run time only."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose programs these are: the service and who starts it."""

    service: str
    manager: Manager
    tty: str | None = None


class Walk:
    """One walk; `processes`, `scripts` (the paths followed) and `unread` fill as it goes."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.found: dict[tuple[object, ...], Process] = {}
        self.scripts: dict[str, None] = {}
        self.unread: dict[str, None] = {}
        self.assigned: dict[str, Location] = {}
        self.copies: dict[str, str] = {}
        self.groups = cgroups.Groups()
        self.instance: openwrt.Instance | None = None
        self.uci = openwrt.Packages(tree)
        self._expansion = Expansion(tree, self.uci.answer)
        self._origin = Origin("", Manager.SCRIPT)
        self._path = ""
        self._user: str | None = None
        self._stays = False
        self._is_kept = False  # whether the script that is followed was started to go on running
        self._measures: frozenset[Measure] = frozenset()
        self._input: str | None = None
        self._told: str | None = None
        self._listed: str | None = None
        self._steps = 0
        self._swallowed = 0
        self._stack: list[str] = []
        self._parsed: dict[str, shell.Script] = {}
        self._followed: set[tuple[object, ...]] = set()

    @property
    def processes(self) -> tuple[Process, ...]:
        return tuple(self.found.values())

    # what families ask for

    def script(self, path: str, arguments: Sequence[str], origin: Origin) -> bool:
        """Follow a script that something runs with these arguments; whether it could be followed."""
        with self._as(origin):
            entry = places.executable(self.tree, path)
            values = tuple(Value(text) for text in arguments)
            return entry is not None and self._guarded(lambda: self.follow(path, entry, values, Environment()))

    def dormant(self, path: str, origin: Origin) -> None:
        """Follow an init script that nothing starts, to see what it would start."""
        entry = self.tree.resolve(path)
        if entry is not None and entry.kind is Kind.FILE:
            with self._as(origin):
                self._guarded(lambda: self.follow(path, entry, (Value("start"),), Environment()))

    def sourced_at_event(self, path: str, origin: Origin) -> None:
        """Follow a file that a handler of events reads into its shell; what it set before is not known."""
        entry = self.tree.resolve(path)
        if entry is not None and entry.kind is Kind.FILE:
            with self._as(origin):
                environment = Environment(script=path, complete=False)
                self._guarded(lambda: self.follow(path, entry, (), environment, Style.SHELL))

    def line(self, text: str, at: Location, origin: Origin) -> None:
        """Follow a command line that stands in another file, such as an inittab."""
        with self._as(origin), self.within(at.path or ""):
            self._guarded(lambda: self.text(Environment(), text, at.line or 1))

    def run(self, argv: Sequence[str], at: Location, origin: Origin, user: str | None = None) -> None:
        """Follow a program that something starts with these words."""
        with self._as(origin), self.within(at.path or ""), self.acting_as(user):
            words = tuple(Value(text, "$" not in text) for text in argv)
            call = Call(words, at.line or 1, Simple(at.line or 1))
            self._guarded(lambda: self.external(Environment(), call))

    def _guarded(self, action: Callable[[], Status]) -> bool:
        """Whether the action came through. Too deep a nesting costs this script only."""
        if self._steps > STEP_LIMIT:  # what is followed for one family is bounded as a whole
            self.miss(f"{self._path}: not followed, after {STEP_LIMIT} commands")
            return False
        try:
            outcome = action()
        except Flow:
            return True
        except RecursionError:
            self.miss(f"{self._path}: nested too deeply to follow")
            return False
        return outcome is not False

    # what the parts of the walk share

    @property
    def stays(self) -> bool:
        """Whether what starts now is meant to go on running."""
        return self._stays

    @property
    def is_deep(self) -> bool:
        """Whether scripts and functions lie within each other as deep as they may."""
        return len(self._stack) >= DEPTH_LIMIT

    @property
    def path(self) -> str:
        """The script that is being followed."""
        return self._path

    def at(self, line: int) -> Location:
        return Location(self._path, line)

    def miss(self, what: str) -> None:
        self.unread.setdefault(what)

    def value(self, environment: Environment, assignment: shell.Assignment) -> Value:
        value = self.said(environment, assignment.value)
        if assignment.append:
            before = environment.get(assignment.name)
            return before + value if before is not None else value
        return value

    def said(self, environment: Environment, word: shell.Word) -> Value:
        """What a word says, all of it as one text."""
        return self._expansion.text(word, environment)

    def text(self, environment: Environment, text: str, line: int) -> Status:
        """Follow a piece of script given as text."""
        script = shell.parse(text, line)
        for problem in script.problems:
            self.miss(f"{self._path}: {problem}")
        return self.commands(environment, script.commands)

    def commands(self, environment: Environment, commands: Iterable[Command]) -> Status:
        status: Status = True
        for command in commands:
            status = self._command(environment, command)
        return status

    def call(self, environment: Environment, name: str, *arguments: Value) -> Status:
        """Call a function that the script defines."""
        definition = environment.functions[name]
        if self.is_deep:
            self.miss(f"{self._path}: {name} is called too deep within others")
            return None
        kept, environment.arguments = environment.arguments, arguments
        swallowed = self._swallowed
        try:
            with self.within(definition.path):
                status = self.commands(environment, definition.body)
        except Return as leave:
            status = leave.status
        finally:
            environment.arguments = kept
        return status if swallowed == self._swallowed else None

    def start(self, environment: Environment, words: Sequence[shell.Word], at: Location, user: str | None) -> None:
        """A frame or a manager starts the program that these words of the script name."""
        values = tuple(field for word in words for field in self._expansion.fields(word, environment))
        self.start_values(environment, values, at, user)

    def start_values(self, environment: Environment, values: tuple[Value, ...], at: Location, user: str | None) -> None:
        if values:
            line = at.line or 1
            with self.within(at.path or self._path), self.acting_as(user):
                self.external(environment, Call(values, line, Simple(line)))

    def note(self, argv: tuple[str, ...], line: int, start: Start = Start.BOOT) -> None:
        """A program is started here."""
        at = self.at(line)
        if "$" in argv[0]:
            self.miss(f"{at}: which program {argv[0]} is, is known at run time only")
        process = Process(
            argv,
            self._origin.service,
            self._origin.manager,
            start,
            at,
            self._user,
            tty=self._origin.tty,
            input=self._input,
            told=self._told,
            stays=self._stays,
            measures=self._measures,
        )
        self.found.setdefault((process.argv, process.user, process.at, process.service), process)

    # commands

    def _command(self, environment: Environment, command: Command) -> Status:
        self._steps += 1
        if self._steps > STEP_LIMIT:
            self.miss(f"{self._path}: more than {STEP_LIMIT} commands, the rest was not followed")
            raise Exit
        match command:
            case Simple():
                return self._simple(environment, command)
            case Group(body):
                return self.commands(environment, body)
            case Subshell(body, background):
                with self.bearing(stays=background or None):
                    return self._subshell(environment, body)
            case AndOr():
                return self._and_or(environment, command)
            case Function(name, body):
                environment.functions[name] = Definition(body, self._path)
                return True
        return self._block(environment, command)

    def _block(self, environment: Environment, command: Command) -> Status:
        match command:
            case Pipeline():
                return self._pipeline(environment, command)
            case If():
                return self._if(environment, command)
            case Case():
                return self._case(environment, command)
            case For():
                return self._for_each(environment, command)
            case Loop():
                self._loop(environment, command)
        return None

    def _loop(self, environment: Environment, loop: Loop) -> None:
        status = self.commands(environment, loop.condition)
        if status is False:
            return
        before, is_always = len(self.found), endless.is_always(loop, status)
        self._ways(environment, [loop.body, ()], inside=(Break, Continue))
        started = tuple(self.found.items())[before:]
        if is_always and self._is_service(environment, loop, [process for _, process in started]):
            for key, process in started:  # a tool that each round calls anew does not stay, its shell does
                self.found[key] = replace(process, stays=process.stays and process.program not in endless.CLIENTS)
            self._note_shell(environment, loop)

    def _is_service(self, environment: Environment, loop: Loop, started: Sequence[Process]) -> bool:
        """Whether who runs this loop is a service itself, and does not only keep another one running."""
        names = {process.program for process in started}
        if self._origin.manager is Manager.SYSTEMD:  # what a unit starts counts as the unit's own already
            return self._is_kept and not names
        stays = self._stays or places.is_initial(environment.script)
        return self._is_kept or (stays and names <= endless.CLIENTS and not endless.is_left(loop.body))

    def _note_shell(self, environment: Environment, loop: Loop) -> None:
        """The shell that runs a script goes on running."""
        entry = self.tree.resolve(environment.script) if environment.script else None
        if entry is not None:
            line = next((command.line for command in loop.condition if isinstance(command, Simple)), 1)
            with self.bearing(stays=True):
                self.note(("/" + entry.path,), line)

    def _subshell(self, environment: Environment, body: Iterable[Command]) -> Status:
        try:
            return self.commands(environment.copy(), body)
        except Flow as leave:
            return leave.status

    def _and_or(self, environment: Environment, command: AndOr) -> Status:
        left = self._command(environment, command.left)
        if left is None:
            return self._perhaps(environment, command)
        return self._command(environment, command.right) if left is (command.operator == "&&") else left

    def _perhaps(self, environment: Environment, command: AndOr) -> Status:
        """The right side may be reached. Where it comes out as the left one would to pass it by, that is the answer."""
        taken = environment.copy()
        decided = command.operator == "||"
        try:
            status = self._command(taken, command.right)
        except Flow:
            self._swallowed += 1
            return None
        self._joined(environment, [taken, environment.copy()])
        return decided if status is decided else None

    def _pipeline(self, environment: Environment, command: Pipeline) -> Status:
        if len(command.commands) == 1:
            status = self._command(environment, command.commands[0])
        else:
            status = None
            for index, part in enumerate(command.commands):
                before = command.commands[:index]
                kept, told, listed = self._input, self._told, self._listed
                self._input, self._told = self._fed(environment, before), self._printed(environment, before)
                self._listed = self._listing(environment, before)
                try:
                    status = self._subshell(environment, (part,))
                finally:
                    self._input, self._told, self._listed = kept, told, listed
        return not status if command.negated and status is not None else status

    def _fed(self, environment: Environment, before: Sequence[Command]) -> str | None:
        """The file in `cat file | program`."""
        match before[-1:]:
            case (Simple(words=[program, name]),) if program.literal in ("cat", "/bin/cat"):
                return self._expansion.text(name, environment).text
        return None

    def _listing(self, environment: Environment, before: Sequence[Command]) -> str | None:
        """The folder whose files a program at the left of a pipe names, for who asks where a name came from."""
        return None

    def read_value(self, name: str) -> Value:
        """What `read NAME` gives: only the device knows; where files are listed, one of that folder."""
        return Value(f"${name}" if self._listed is None else f"{self._listed}/${name}", certain=False)

    def _printed(self, environment: Environment, before: Sequence[Command]) -> str | None:
        """The text in `echo text | program`, where all of it is known."""
        match before[-1:]:
            case (Simple(words=[program, *words]),) if program.literal in ("echo", "printf"):
                values = [field for word in words for field in self._expansion.fields(word, environment)]
                text = [value.text for value in values if value.text not in ("-n", "%s", "%b", r"%s\n")]
                return " ".join(text) if text and all(value.certain for value in values) else None
        return None

    def _if(self, environment: Environment, command: If) -> Status:
        ways: list[Sequence[Command]] = []
        for condition, body in command.branches:
            status = self.commands(environment, condition)
            if status is not False:
                ways.append(body)
            if status is True:
                return self._ways(environment, ways)
        return self._ways(environment, [*ways, command.otherwise])

    def _case(self, environment: Environment, command: Case) -> Status:
        subject = self._expansion.text(command.word, environment)
        ways: list[Sequence[Command]] = []
        for arm in command.arms:
            patterns = [self._expansion.pattern(word, environment) for word in arm.patterns]
            known = subject.certain and all(pattern.certain for pattern in patterns)
            matches = any(fnmatch.fnmatchcase(subject.text, pattern.text) for pattern in patterns)
            if matches or not known:
                ways.append(arm.body)
            if known and matches:
                return self._ways(environment, ways)
        return self._ways(environment, [*ways, ()])

    def _for_each(self, environment: Environment, command: For) -> Status:
        words = command.words
        items = (
            environment.arguments
            if words is None
            else tuple(field for word in words for field in self._expansion.fields(word, environment))
        )
        if len(items) > ITEM_LIMIT:
            self.miss(f"{self._path}: a loop over more than {ITEM_LIMIT} items was cut off")
        try:
            for item in items[:ITEM_LIMIT]:
                environment.set(command.name, item)
                self._round(environment, command.body, item)
        except Break:
            pass
        return None

    def _round(self, environment: Environment, body: Sequence[Command], item: Value) -> None:
        if not item.certain:
            self._ways(environment, [body, ()], inside=(Break, Continue))
            return
        with suppress(Continue):
            self.commands(environment, body)

    def _ways(
        self, environment: Environment, bodies: Sequence[Sequence[Command]], inside: tuple[type[Flow], ...] = ()
    ) -> Status:
        """Take every way that may be taken. Only the ways that do not leave lead on to what follows."""
        if len(bodies) == 1:
            return self.commands(environment, bodies[0])
        ends: list[Environment] = []
        left: Flow | None = None
        for body in bodies:
            copy = environment.copy()
            try:
                self.commands(copy, body)
            except Flow as leave:
                if not isinstance(leave, inside):
                    left = leave
                    self._swallowed += 1
                    continue
            ends.append(copy)
        if not ends and left is not None:
            raise type(left)
        self._joined(environment, ends)
        return None

    def _joined(self, environment: Environment, ends: Sequence[Environment]) -> None:
        arguments = {end.arguments for end in ends}
        environment.become(ends)
        environment.arguments = ends[0].arguments if len(arguments) == 1 else environment.arguments

    # programs

    def _simple(self, environment: Environment, command: Simple) -> Status:
        words = tuple(field for word in command.words for field in self._expansion.fields(word, environment))
        if not words:
            for assignment in command.assignments:
                environment.set(assignment.name, self.value(environment, assignment))
                self.assigned[assignment.name] = self.at(command.line)
            return True
        scope = environment
        if command.assignments and words[0].text != "read":  # which sets variables of the shell itself: `IFS= read x`
            scope = environment.copy()
            for assignment in command.assignments:
                scope.set(assignment.name, self.value(environment, assignment))
                scope.exported.add(assignment.name)
        return self.dispatch(scope, Call(words, command.line, command))

    def dispatch(self, environment: Environment, call: Call) -> Status:
        name = call.text(0)
        if name in environment.functions:
            return self.call(environment, name, *call.words[1:])
        builtin = builtins.ROWS.get(name) or openwrt.ROWS.get(name)
        if builtin is not None:
            return builtin(self, environment, call)
        if name == "command" and call.text(1) in ("-v", "-V"):
            return None
        kept, self._input = self._input, self._redirected(environment, call) or self._input
        try:
            return self.external(environment, call)
        finally:
            self._input = kept

    def _redirected(self, environment: Environment, call: Call) -> str | None:
        for redirect in call.command.redirects:
            if redirect.operator == "<" and redirect.descriptor in (None, 0):
                return self._expansion.text(redirect.target, environment).text
        return None

    def output(self, environment: Environment, call: Call) -> str | None:
        """The file that a command's output goes to."""
        for redirect in call.command.redirects:
            if redirect.operator in (">", ">>", ">|") and redirect.descriptor in (None, 1):
                return self._expansion.text(redirect.target, environment).text
        return None

    def external(self, environment: Environment, call: Call) -> Status:
        """A program: one that starts another, a script to follow, or one to note."""
        return programs.start(self, environment, call)

    # scripts

    def follow(
        self,
        path: str,
        entry: Entry,
        arguments: tuple[Value, ...],
        environment: Environment,
        style: Style | None = None,
    ) -> bool:
        """Follow a script that is run as a program of its own; False when it is no script for us."""
        path = path.strip("/")
        try:
            style = style or places.style(self.tree, path, entry)
        except Unavailable as reason:  # it is noted as a program, and that it may be a script is told
            self.miss(str(reason))
            self.scripts.setdefault(entry.path)
            return False
        if style in (None, Style.OTHER):
            return False
        key = (entry.path, arguments, self._origin.service, self._user, tuple(sorted(environment.exported)))
        if key in self._followed:
            return True
        if self.is_deep:
            self.miss(f"{path}: called too deep within other scripts")
            return True
        self._followed.add(key)
        self.scripts.setdefault(entry.path)
        # a script that runs in the background says nothing of what it starts in turn
        kept, self._is_kept = self._is_kept, self._stays
        try:
            with self._as(self._origin_of(path, entry)), self.within(entry.path), self.bearing(stays=False):
                self._framed(style, entry, environment.child(path, arguments))
        finally:
            self._is_kept = kept
        return True

    def _framed(self, style: Style | None, entry: Entry, environment: Environment) -> None:
        try:
            if not self._runlevel(entry, environment):
                frame = frames.ROWS.get(style or Style.SHELL)
                if frame is None:
                    self.commands(environment, self.parsed(entry))
                else:
                    frame(self, environment, entry)
        except Flow:
            pass

    def _runlevel(self, entry: Entry, environment: Environment) -> bool:
        """`rc LEVEL`: the start links of that runlevel, in the order of their names; not where it is OpenRC's."""
        if len(environment.arguments) != 1 or not entry.path.endswith(places.RUNLEVEL_SCRIPTS):
            return False
        level = environment.arguments[0].text
        if len(level) != 1 or level not in "0123456789sSaAbBcC":
            return False
        if places.hands_to_openrc(self.tree, entry.path):
            return False
        for path in places.start_links(self.tree, level):
            target = places.executable(self.tree, path)
            if target is not None:
                self.follow(path, target, (Value("start"),), environment)
        return True

    def _origin_of(self, path: str, entry: Entry) -> Origin:
        """An init script is a service of its own; any other script belongs to who calls it."""
        if entry.name == "rc.local":
            return Origin(entry.name, Manager.SCRIPT)
        if not places.is_initial(path) or entry.name in ("rcS", "rc", "rc.sysinit"):
            return self._origin
        if self._origin.manager is Manager.OPENRC:
            return replace(self._origin, service=path.rpartition("/")[2])
        manager = Manager.SYSV if self._origin.manager in (Manager.INITTAB, Manager.SCRIPT) else self._origin.manager
        return replace(self._origin, service=entry.name, manager=manager)

    def parsed(self, entry: Entry) -> tuple[Command, ...]:
        """The commands of a script file, which is parsed once."""
        known = self._parsed.get(entry.path)
        if known is None:
            try:
                known = shell.parse(self.tree.text(entry.path) or "")
            except Unavailable as reason:
                known = shell.Script((), (reason.reason,))
            for problem in known.problems:
                self.miss(f"{entry.path}: {problem}")
            self._parsed[entry.path] = known
        return known.commands

    def source(self, environment: Environment, call: Call) -> Status:
        """`. file`: read in the script's own environment."""
        word = call.words[1]
        path = word.text.removeprefix("./").strip("/")
        if environment.folder and "/" in word.text and not word.text.startswith(("/", "$")):
            path = f"{environment.folder}/{path}".strip("/")
        folder, _, name = path.rpartition("/")
        if "$" in name and folder.endswith(".d") and "$" not in folder and word.text.startswith("/"):
            return self._any_of(environment, folder, name)
        if "$" in path:
            self.miss(f"{self.at(call.line)}: which file {word.text} is sourced here is known at run time only")
            environment.complete = False
            return None
        if places.is_library(path):
            return True
        entry = self.tree.resolve(path)
        if entry is None or entry.kind is not Kind.FILE or self.is_deep:
            environment.complete = environment.complete and conditions.surely_missing("/" + path, self.tree)
            return None
        kept = environment.arguments
        environment.arguments = call.words[2:] or kept
        try:
            with self._as(self._sourced_as(path, entry)):
                return self.sourced(environment, entry)
        finally:
            environment.arguments = kept

    def _any_of(self, environment: Environment, folder: str, name: str) -> Status:
        """`. conf.d/$name`, a folder of parts of a script: whichever of the files lie there, and perhaps none."""
        found = [self.tree.resolve(path) for path in self.tree.glob(f"{folder}/{_RUNTIME_PART.sub('*', name)}")]
        files = [entry for entry in found if entry is not None and entry.kind is Kind.FILE]
        if self.is_deep or len(files) > ITEM_LIMIT:
            self.miss(f"{folder}: sourced too deep within other scripts, or more than {ITEM_LIMIT} files")
            files = files[: 0 if self.is_deep else ITEM_LIMIT]
            environment.complete = False
        environment.complete = environment.complete and conditions.surely_missing(f"/{folder}/{name}", self.tree)
        for entry in files:
            copy = environment.copy()
            with suppress(Flow):
                self.sourced(copy, entry)
            environment.become([copy, environment.copy()])
        return None

    def sourced(self, environment: Environment, entry: Entry) -> Status:
        """Read a script's commands into this environment."""
        self.scripts.setdefault(entry.path)
        try:
            with self.within(entry.path):
                return self.commands(environment, self.parsed(entry))
        except Return as leave:
            return leave.status

    def _sourced_as(self, path: str, entry: Entry) -> Origin:
        """rcS may source a start script instead of running it; it is a service all the same."""
        is_start_link = entry.name[:1] == "S" or path.rpartition("/")[2][:1] == "S"
        return self._origin_of(path, entry) if is_start_link else self._origin

    # state that holds for a while

    @contextmanager
    def _as(self, origin: Origin) -> Iterator[None]:
        kept, self._origin = self._origin, origin
        try:
            yield
        finally:
            self._origin = kept

    @contextmanager
    def within(self, path: str) -> Iterator[None]:
        kept, self._path = self._path, path
        self._stack.append(path)
        try:
            yield
        finally:
            self._path = kept
            self._stack.pop()

    @contextmanager
    def acting_as(self, user: str | None) -> Iterator[None]:
        kept, self._user = self._user, user or self._user
        try:
            yield
        finally:
            self._user = kept

    @contextmanager
    def bearing(self, measures: frozenset[Measure] = frozenset(), stays: bool | None = None) -> Iterator[None]:
        """What starts meanwhile bears these measures too, and stays or not (None: as before)."""
        kept = self._measures, self._stays
        self._measures |= measures
        self._stays = self._stays if stays is None else stays
        try:
            yield
        finally:
            self._measures, self._stays = kept

    def limit(self, measures: frozenset[Measure]) -> None:
        """From here on, to the end of this script or subshell."""
        self._measures |= measures

    def limit_last(self, measures: frozenset[Measure]) -> None:
        """What the program that this service started last bears."""
        key = next(reversed(self.found), None)
        if key is not None and self.found[key].service == self._origin.service:
            self.found[key] = replace(self.found[key], measures=self.found[key].measures | measures)
