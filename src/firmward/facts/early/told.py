"""What is told of an initramfs while its scripts are followed, and what is known of its files and variables."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

from firmward.facts.early import labels
from firmward.facts.early.records import Anchor, Conditions, EarlyMount, Given, Handover, Verdict, Verification, WayOut
from firmward.facts.early.sources import FROM_COMMAND_LINE, EarlyExpansion
from firmward.facts.early.state import State, simple
from firmward.facts.scripts import places
from firmward.facts.scripts.environment import Value
from firmward.facts.scripts.flow import Call
from firmward.facts.scripts.style import Style, style_of
from firmward.formats import shell
from firmward.formats.shell import Command, Parameter, Word
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Entry, Kind, Tree

DEPTH_LIMIT = 24
"""Scripts and functions within each other."""
TOLD_LIMIT = 200
"""Records of one kind kept of one initramfs."""


class Told:
    """The records of one initramfs, which fill as it is followed. `part` names it."""

    def __init__(self, tree: Tree, part: str) -> None:
        self.tree = tree
        self.expansion = EarlyExpansion(tree)
        self.handovers: dict[Handover, tuple[Conditions, ...]] = {}
        self.ways_out: dict[Location, WayOut] = {}
        self.verifications: dict[tuple[str, Location], Verification] = {}
        self.mounts: dict[EarlyMount, None] = {}
        self.unread: dict[str, None] = {}
        self.stays: dict[str, Location] = {}
        """The programs that a way ends in, which go on as the system."""
        self.texts: dict[str, set[str]] = {}
        """What each variable is set to anywhere, as far as that is known."""
        self.words: dict[str, Given] = {}
        """Variables that a word of the command line sets."""
        self.input: str | None = None
        """What `echo` puts into the pipe that is read now."""
        self.is_piped = False
        self.is_cut = False
        """Whether a limit was reached, so that ways are missing."""
        self.volumes: set[str] = set()
        """Names of the volumes that are opened with a root hash on some way."""
        self._part = part
        self._path = ""
        self._arm: Given | None = None
        self._subjects: tuple[str, ...] = ()
        self._depth = 0
        self._parsed: dict[str, tuple[Command, ...]] = {}
        self._programs: dict[str, Entry | None] = {}

    def at(self, line: int) -> Location:
        return Location(self._path, line, part=self._part)

    @property
    def followed(self) -> Collection[str]:
        """The scripts that were read."""
        return self._parsed.keys()

    def cut(self, what: str) -> None:
        self.is_cut = True
        self.miss(what)

    def miss(self, what: str) -> None:
        if len(self.unread) < TOLD_LIMIT:
            self.unread.setdefault(f"{self._path}: {what}")

    @property
    def is_deep(self) -> bool:
        return self._depth >= DEPTH_LIMIT

    def said(self, word: Word, state: State) -> Value:
        return self.expansion.text(word, state.environment)

    def way_out(self, state: State, program: str, line: int) -> None:
        """Somebody gets a shell here."""
        at = self.at(line)
        known = self.ways_out.get(at)
        if known is None and len(self.ways_out) >= TOLD_LIMIT:
            return
        words = {one.word for each in state.conditions for one in each if one.holds and labels.ASKS.search(one.word)}
        before = () if known is None else known.conditions
        conditions = simple((*before, *map(_only_words, state.conditions)))
        self.ways_out[at] = WayOut(at, program, conditions, tuple(sorted(words.union(known.words if known else ()))))

    def verifies(self, how: str, call: Call, anchor: Anchor) -> None:
        """Something verifies here. On a way on which a medium could not be mounted less is known of what lies there."""
        found = Verification(how, self.at(call.line), call.text(0).rpartition("/")[2], anchor)
        known = self.verifications.get((how, found.at))
        if known is None and len(self.verifications) >= TOLD_LIMIT:
            return
        if known is None or known.anchor is Anchor.UNKNOWN or anchor is Anchor.MEDIUM:
            self.verifications[how, found.at] = found

    def hand_over(self, state: State, line: int, verdict: Verdict, why: str, mounted: EarlyMount | None) -> None:
        found = Handover(self.at(line), verdict, why, mounted)
        if found in self.handovers or len(self.handovers) < TOLD_LIMIT:
            known = self.handovers.get(found, ())
            self.handovers[found] = simple((*known, *state.conditions))

    def assign(self, state: State, name: str, value: Value) -> None:
        state.environment.set(name, value)
        if value.certain and "$" not in value.text:
            self.texts.setdefault(name, set()).add(value.text)
        is_told = value.certain or FROM_COMMAND_LINE in value.text
        if self._arm is not None and is_told and name not in self._subjects:
            constant = value.text if value.certain else ""
            self.words.setdefault(name, replace(self._arm, text=constant, value=self._arm.value if constant else None))

    def known_texts(self, word: Word, state: State) -> Iterator[str]:
        """What a word may say: all that its one variable is set to anywhere, where its value is not known here."""
        value = self.said(word, state)
        if "$" not in value.text:
            yield value.text
        names = [part.name for part in word.parts if isinstance(part, Parameter)]
        if value.certain or len(names) != 1:
            return
        for text in sorted(self.texts.get(names[0], ())):
            pieces = [
                text if isinstance(part, Parameter) else self.said(Word((part,), word.line), state).text
                for part in word.parts
            ]
            yield "".join(pieces)

    def is_script(self, entry: Entry) -> bool:
        """Whether a shell runs this file."""
        line = self._first_line(entry)
        return line.startswith("#!") and style_of(line) not in (None, Style.OTHER)

    def program(self, name: str) -> Entry | None:
        """The file that a name starts."""
        if name not in self._programs:
            path = places.located(self.tree, name)
            entry = self.tree.resolve(path) if path else None
            self._programs[name] = entry if entry is not None and entry.kind is Kind.FILE else None
        return self._programs[name]

    def _first_line(self, entry: Entry) -> str:
        try:
            head = next(iter(self.tree.chunks(entry)), b"")[:256]
        except Unavailable as reason:
            self.miss(str(reason))
            return ""
        return head.partition(b"\n")[0].decode("utf-8", "replace").rstrip()

    def _commands(self, entry: Entry) -> tuple[Command, ...]:
        known = self._parsed.get(entry.path)
        if known is None:
            try:
                script = shell.parse(self.tree.text(entry.path, shell.SIZE_LIMIT) or "")
            except Unavailable as reason:
                script = shell.Script((), (reason.reason,))
            for problem in script.problems:
                self.miss(problem)
            known = self._parsed[entry.path] = script.commands
        return known

    @contextmanager
    def standing_in(self, path: str) -> Iterator[None]:
        """What is followed meanwhile stands in this script."""
        kept, self._path = self._path, path
        self._depth += 1
        try:
            yield
        finally:
            self._path = kept
            self._depth -= 1

    @contextmanager
    def _outside_arms(self) -> Iterator[None]:
        """What is called in an arm of `case` sets variables of its own, which say nothing of the command line."""
        kept, self._arm = self._arm, None
        try:
            yield
        finally:
            self._arm = kept

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is followed meanwhile may happen or not: only the shells in it are kept."""
        kept = self.handovers, self.stays
        self.handovers, self.stays = dict(kept[0]), dict(kept[1])
        try:
            yield
        finally:
            self.handovers, self.stays = kept


def _only_words(conditions: Conditions) -> Conditions:
    return frozenset(replace(one, text="") for one in conditions if one.word)
