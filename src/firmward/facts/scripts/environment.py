"""What a script knows at one moment: variables, functions, arguments."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from firmward.formats.shell import Command

LENGTH_LIMIT = 16 << 10
"""Characters of one value; a script that doubles a variable in a loop grows no further."""


@dataclass(frozen=True, slots=True)
class Value:
    """A text; `certain` says that the device cannot see another one. What is not known stands as `$NAME`."""

    text: str
    certain: bool = True

    def __add__(self, other: "Value") -> "Value":
        joined = Value(self.text + other.text, self.certain and other.certain)
        return joined if len(joined.text) <= LENGTH_LIMIT else Value(joined.text[:LENGTH_LIMIT], certain=False)

    def doubted(self) -> "Value":
        return replace(self, certain=False)


@dataclass(frozen=True, slots=True)
class Definition:
    """A function: its commands, and the script that they stand in."""

    body: tuple[Command, ...]
    path: str


_RUNTIME = """
PATH HOME TERM SHELL USER LOGNAME LANG PWD OLDPWD HOSTNAME UID EUID PPID IFS RANDOM SECONDS LINENO CONSOLE console
RUNLEVEL PREVLEVEL runlevel previous INIT_VERSION container INVOCATION_ID NOTIFY_SOCKET IFACE MODE PHASE ACTION
DEVPATH SUBSYSTEM TZ
"""
RUNTIME = frozenset(_RUNTIME.split())
"""Variables that the running system sets; that a script does not set them says nothing."""


@dataclass(slots=True)
class Environment:
    """`complete` says that whatever could set variables was read, so that an unset one is empty. `folder` is where the
    script works, empty where nobody knows.
    """

    arguments: tuple[Value, ...] = ()
    script: str = ""
    variables: dict[str, Value] = field(default_factory=dict)
    functions: dict[str, Definition] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    complete: bool = True
    folder: str = ""

    def get(self, name: str) -> Value | None:
        """The value of a variable or an argument; None when it is unset for certain."""
        known = self.variables.get(name)
        if known is not None:
            return known
        if name.isdigit() or name in "@*#?$!-":
            return self._special(name)
        return None if self.complete and name not in RUNTIME else Value("$" + name, certain=False)

    def _special(self, name: str) -> Value | None:
        if name == "0":
            return Value("/" + self.script)
        if name == "#":
            return Value(str(len(self.arguments)), all(value.certain for value in self.arguments))
        if name in "@*":
            return joined(self.arguments)
        if name.isdigit():
            index = int(name[:4]) - 1
            return self.arguments[index] if index < len(self.arguments) else None
        return Value("$" + name, certain=False)

    def set(self, name: str, value: Value) -> None:
        self.variables[name] = value

    def copy(self) -> "Environment":
        return replace(
            self, variables=dict(self.variables), functions=dict(self.functions), exported=set(self.exported)
        )

    def child(self, script: str, arguments: tuple[Value, ...]) -> "Environment":
        """What a program that this script calls sees of it; what was not read may have been exported as well."""
        handed = {name: value for name, value in self.variables.items() if name in self.exported}
        return Environment(arguments, script, handed, {}, set(handed), self.complete, self.folder)

    def become(self, ways: "Iterable[Environment]") -> None:
        """Go on where one of several ways was taken and nobody knows which: what differs is doubted."""
        ends = list(ways)
        before = dict(self.variables)
        for name in sorted({name for end in ends for name in end.variables} | set(before)):
            values = [end.variables.get(name) for end in ends]
            if any(value != values[0] for value in values):
                self.variables[name] = _likeliest(values, before.get(name)).doubted()
            elif values and values[0] is not None:
                self.variables[name] = values[0]
            else:
                self.variables.pop(name, None)
        for end in reversed(ends):
            self.functions.update(end.functions)
            self.exported |= end.exported
        self.complete = all(end.complete for end in ends)
        folders = {end.folder for end in ends} or {self.folder}
        self.folder = folders.pop() if len(folders) == 1 else ""


def _likeliest(values: Iterable[Value | None], before: Value | None) -> Value:
    """The first value that a way has set: a condition mostly asks whether there is something to set."""
    present = [value for value in values if value is not None]
    changed = [value for value in present if before is None or value.text != before.text]
    return (changed or present)[0]


def joined(values: Iterable[Value]) -> Value:
    """Values with blanks between them."""
    listed = list(values)
    return Value(" ".join(value.text for value in listed), all(value.certain for value in listed))


def assigned(pairs: Mapping[str, str]) -> dict[str, Value]:
    """Variables from plain texts."""
    return {name: Value(text) for name, text in pairs.items()}
