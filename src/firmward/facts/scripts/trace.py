"""A walk that keeps every command in order, the quiet tools and what is sourced among them.

For who asks what a script does with a file, and not only what it starts. An event's script gets variables from who
calls it: `RUNTIME_NAMES` are known to be set, and not to what.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import join, normpath

from firmward.facts.scripts.environment import Environment, Value
from firmward.facts.scripts.flow import Break, Call, Continue, Status
from firmward.facts.scripts.launchers import SHELLS
from firmward.facts.scripts.style import Style, style_of
from firmward.facts.scripts.walk import Origin, Walk
from firmward.formats.shell import Command, For, Pipeline, Redirect, Script, Simple, Substitution, Word, parse
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

INTERPRETERS = SHELLS | {"python", "python2", "python3", "perl", "lua", "php", "php-cli", "node", "ruby", "tclsh"}
"""Programs that run the file which they are given."""

FEEDERS = frozenset((
    "cat", "zcat", "gunzip", "gzip", "xz", "xzcat", "bzcat", "bunzip2", "lz4cat", "zstdcat", "base64", "openssl", "sed",
    "dd", "head", "tail", "mtype", "mcopy", "isoinfo", "fatcat", "ntfscat", "unzip", "tar", "bsdtar", "7z",
))  # fmt: skip
"""Programs that hand on what they read."""

FILTERS = frozenset(("sort", "uniq", "head", "tail", "grep", "egrep", "tac", "tee", "shuf", "rev"))
"""Programs that hand on some of the lines that they read."""

COMMANDS_LIMIT = 20_000
"""Commands kept of one trace."""

_NAMES = """
ACTION DEVNAME DEVPATH DEVTYPE SUBSYSTEM MDEV MAJOR MINOR SEQNUM PRODUCT INTERFACE DEVICE DEVICENAME BUTTON SEEN TYPE
ID_FS_TYPE ID_FS_LABEL ID_FS_UUID ID_BUS ID_MODEL ID_SERIAL ID_PART_ENTRY_NUMBER UDISKS_FILESYSTEM_SHARED IFACE LOGICAL
HOTPLUG_TYPE PARTN DISKSEQ device devname mount_point
UM_MOUNTPOINT UM_DEVICE UM_FILESYSTEM
"""
RUNTIME_NAMES = frozenset(_NAMES.split())


@dataclass(frozen=True, slots=True)
class Traced:
    """One command: its words as far as they are known, where it stands, in which `folder` it runs.

    `input` and `output` are the files of its redirections, or the file that `cat` feeds it; `listed` is the folder
    whose files' names it is fed (`find FOLDER | xargs sh`).
    """

    argv: tuple[str, ...]
    at: Location
    folder: str = ""
    input: str | None = None
    output: str | None = None
    listed: str | None = None

    @property
    def program(self) -> str:
        return self.argv[0].rpartition("/")[2]

    def full(self, word: str) -> str:
        """A word as a path from the root, when it is one or the folder is known."""
        if word.startswith("$") or not (word.startswith("/") or self.folder):
            return word
        return normpath(join(self.folder, word)).replace("//", "/", 1)


class Trace(Walk):
    """`commands_seen` fills as it goes. Traces of one tree may share what they have `parsed`."""

    def __init__(self, tree: Tree, parsed: dict[str, Script] | None = None) -> None:
        super().__init__(tree)
        self._parsed = parsed if parsed is not None else {}
        self.commands_seen: list[Traced] = []
        self._folder = ""

    def event(self, path: str, arguments: Sequence[str], origin: Origin) -> None:
        """Follow a script that an event runs or sources, whatever its mode and its first line."""
        entry = self.tree.resolve(path)
        if entry is None or entry.kind is not Kind.FILE:
            return
        style = self._style(path)
        if style is not Style.OTHER:
            values = tuple(Value(text, "$" not in text) for text in arguments)
            with self._as(origin):
                self._guarded(lambda: self.follow(path, entry, values, told(), style))
        self._folder = ""

    def text_of_event(self, text: str, at: Location, origin: Origin) -> None:
        """Follow a command line that an event runs."""
        with self._as(origin), self.within(at.path or ""):
            self._guarded(lambda: self.text(told(), text, at.line or 1))
        self._folder = ""

    def program_of_event(self, argv: Sequence[str], at: Location, origin: Origin) -> None:
        """Follow a program that an event starts with these words."""
        words = tuple(Value(text, "$" not in text) for text in argv)
        line = at.line or 1
        with self._as(origin), self.within(at.path or ""):
            self._guarded(lambda: self.dispatch(told(), Call(words, line, Simple(line))))
        self._folder = ""

    def _style(self, path: str) -> Style:
        """An event's file without a first line is sourced by a shell; a program is none."""
        try:
            head = (self.tree.read(path) or b"")[:2]
        except Unavailable as reason:
            self.miss(str(reason))
            self.scripts.setdefault(path)
            return Style.OTHER
        if head == b"#!":
            return self._by_line(path)
        return Style.OTHER if head in (b"\x7fE", b"") else Style.SHELL

    def _by_line(self, path: str) -> Style:
        text = (self.tree.text(path) or "")[:256]
        return style_of(text) or Style.OTHER

    def dispatch(self, environment: Environment, call: Call) -> Status:
        if len(self.commands_seen) < COMMANDS_LIMIT:
            self.commands_seen.append(self._traced(environment, call))
        if call.text(0) == "cd" and len(call.words) > 1:
            self._folder = normpath(join(self._folder or "/", call.text(-1)))
        return super().dispatch(environment, call)

    def _fed(self, environment: Environment, before: Sequence[Command]) -> str | None:
        """The file that a program at the left of a pipe reads."""
        match before[-1:]:
            case (Simple(words=[program, *words]),) if (program.literal or "").rpartition("/")[2] in FEEDERS:
                texts = [field.text for word in words for field in self._expansion.fields(word, environment)]
                fields = [text.removeprefix("if=") for text in texts if not text.startswith("of=")]
                return next((text for text in fields if "/" in text and not text.startswith("-")), None)
        return super()._fed(environment, before)

    def _listing(self, environment: Environment, before: Sequence[Command]) -> str | None:
        """`find FOLDER ... | sort |`: the folder of the names, behind filters."""
        for place, command in reversed(tuple(enumerate(before))):
            if not isinstance(command, Simple) or not command.words:
                return None
            texts = [field.text for word in command.words for field in self._expansion.fields(word, environment)]
            if not texts or place == 0 or texts[0].rpartition("/")[2] not in FILTERS:
                return listed_folder(texts) if texts else None
        return None

    def _for_each(self, environment: Environment, command: For) -> Status:
        """`for NAME in $(find FOLDER ...)`: each item lies in that folder, and no more is known of it."""
        folder = self._folder_of(environment, command.words or ())
        if folder is None:
            return super()._for_each(environment, command)
        environment.set(command.name, Value(f"{folder}/${command.name}", certain=False))
        return self._ways(environment, [command.body, ()], inside=(Break, Continue))

    def _folder_of(self, environment: Environment, words: Sequence[Word]) -> str | None:
        parts = [part for word in words for part in word.parts]
        if len(parts) != 1 or not isinstance(parts[0], Substitution):
            return None
        commands = parse(parts[0].script).commands
        if len(commands) != 1:
            return None
        return self._listing(environment, commands[0].commands if isinstance(commands[0], Pipeline) else (commands[0],))

    def _traced(self, environment: Environment, call: Call) -> Traced:
        redirects = call.command.redirects
        return Traced(
            call.texts,
            self.at(call.line),
            self._folder,
            self._file(environment, redirects, ("<",)) or self._input,
            self._file(environment, redirects, (">", ">>", ">|")),
            self._listed,
        )

    def _file(self, environment: Environment, redirects: Sequence[Redirect], operators: tuple[str, ...]) -> str | None:
        found = [redirect for redirect in redirects if redirect.operator in operators]
        return self._expansion.text(found[-1].target, environment).text if found else None


def listed_folder(argv: Sequence[str]) -> str | None:
    """The folder below which a command lists files by their whole paths."""
    program, *words = argv
    name = program.rpartition("/")[2]
    operands = [word for word in words if not word.startswith("-")]
    if name == "find":
        return words[0].rstrip("/") if words and words[0].startswith("/") else None
    if name in ("ls", "echo", "printf") or (name in ("grep", "egrep") and any(word.startswith("-") for word in words)):
        pattern = next((word for word in operands if word.startswith("/") and set(word) & set("*?[")), None)
        return re.split(r"[*?\[]", pattern, maxsplit=1)[0].rpartition("/")[0] if pattern else None
    return None


def told() -> Environment:
    """The variables that an event sets are there, and unknown."""
    variables = {name: Value("$" + name, certain=False) for name in RUNTIME_NAMES}
    return Environment(variables=variables, exported=set(RUNTIME_NAMES))
