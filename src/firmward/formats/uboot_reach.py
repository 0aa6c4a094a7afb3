"""Which commands a U-Boot script, or `bootcmd`, can come to with a given environment.

Both sides of every condition are walked, since what a device finds at boot is not known; a command says under which
conditions it stands. Variables are followed as far as the script itself sets them; one whose value is open stays in the
words as `${name}`. What a script reads from outside (`source`, `env import`) is not followed: the command is there to
be judged. `run` is followed, and never into a variable that is being run.

Where a variable stands in a command U-Boot fills it in and reads the command once more: a value outside of quotes may
be several words, but no operators. Names of the environment come before those that `name=value` sets.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.formats.uboot_script import (
    Command,
    For,
    If,
    Loop,
    Script,
    Simple,
    Steps,
    Text,
    Variable,
    Word,
    filled_words,
    parse,
)

STEPS_LIMIT = 20_000
"""Commands in all."""
TEXT_LIMIT = 16 << 20
"""Characters read in all, repetitions counted."""
VALUE_LIMIT = 64 << 10
"""Characters of a value."""
RUN_LIMIT = 24
"""Variables run within each other."""
VALUES_LIMIT = 8
"""Values that a variable may have, and forms that a command may take, before they are left open."""
DEPTH_LIMIT = 80
"""Blocks and variables that are run, within each other."""
WORK_LIMIT = 3_000_000
"""Variables copied where ways part, and commands with their words, each of which counts as much as said here."""
COMMAND_WORK, WORD_WORK = 100, 4
READ_LIMIT = 1 << 20
"""Characters of different scripts in all; an environment has 128 KiB at most, nearly always."""
CONDITIONS_LIMIT = 64
"""Conditions around a command that are told, the outermost first: a row of `elif` adds one with each."""
SAID_LIMIT = 1000
"""Characters of a condition."""
ROUNDS_LIMIT = 64
"""Words of a `for` that are tried."""
START = "bootcmd"


@dataclass(frozen=True, slots=True)
class Condition:
    """A command, or a row of them joined by `&&` and `||`, whose success or failure leads on."""

    command: str
    succeeds: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """A command with its arguments, the `conditions` it stands under from the outside in, and the variables that were
    run to get there (`via`); `line` counts in the text of the last of these."""

    words: tuple[str, ...]
    conditions: tuple[Condition, ...]
    via: tuple[str, ...]
    line: int

    @property
    def name(self) -> str:
        return self.words[0]

    @property
    def source(self) -> str | None:
        """The kind of medium or network that it loads from: `mmc`, `usb`, `tftp` …; None when it loads nothing."""
        return source_of(self.words)

    @property
    def boots(self) -> str | None:
        """The command that hands over: `bootm`, `bootefi` …; None for any other."""
        return boot_of(self.words)


@dataclass(frozen=True, slots=True)
class Reach:
    """Commands in the order in which they may run. One that is not whole was cut off: there are more."""

    commands: tuple[Reached, ...]
    is_whole: bool
    problems: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """What is loaded from, in the order in which it is tried."""
        return tuple(dict.fromkeys(found.source for found in self.commands if found.source is not None))

    @property
    def boots(self) -> tuple[str, ...]:
        """The commands that hand over, in order."""
        return tuple(dict.fromkeys(found.boots for found in self.commands if found.boots is not None))


def reach(start: str | Script, environment: Mapping[str, str]) -> Reach:
    """All that a script can come to; `run bootcmd` is what a device does of itself.

    Raises Malformed for one that is too long.
    """
    walker = _Walker(environment)
    script = parse(start) if isinstance(start, str) else start
    walker.problems += script.problems
    try:
        walker.walk(script.steps, _Where())
    except _Enough:
        return Reach(tuple(walker.found), False, tuple(walker.problems))
    return Reach(tuple(walker.found), walker.is_whole, tuple(walker.problems))


class _Enough(Exception):  # noqa: N818 - no fault: a bound
    """A bound is reached."""


@dataclass(frozen=True, slots=True)
class _Where:
    """Around a command."""

    conditions: tuple[Condition, ...] = ()
    via: tuple[str, ...] = ()

    def under(self, condition: Condition) -> "_Where":
        if condition in self.conditions or len(self.conditions) >= CONDITIONS_LIMIT:
            return self
        return _Where((*self.conditions, condition), self.via)

    def within(self, variable: str) -> "_Where":
        return _Where(self.conditions, (*self.via, variable))


_Values = tuple[str, ...]
"""What a variable may be; empty when that is open. A variable that is not set is not there."""

_State = tuple[dict[str, _Values], dict[str, _Values]]

_OPEN = re.compile("\ue000([^\ue001]*)\ue001")
"""A variable whose value is open, within a text: signs that no script has."""
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=", re.ASCII)


class _Walker:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._values: dict[str, _Values] = {name: (value,) for name, value in environment.items()}
        self._locals: dict[str, _Values] = {}
        self._text = self._read = self._work = self._depth = 0
        self._parsed: dict[str, Script] = {}
        self.found: list[Reached] = []
        self.problems: list[str] = []
        self.is_whole = True

    # structure

    def walk(self, steps: Steps, where: _Where) -> str:
        """Go through commands; those of the last row, whose success decides, are given in words."""
        row = ""
        if self._depth >= DEPTH_LIMIT:
            self.is_whole = False
            return row
        self._depth += 1
        for step in steps:
            if step.joint == ";" or not row:
                row = self._command(step.command, where)
            else:
                before = self._state()
                said = self._command(step.command, where.under(Condition(row, step.joint == "&&")))
                self._merge(before)
                row = f"{row} {step.joint} {said}"[:SAID_LIMIT]
        self._depth -= 1
        return row

    def _command(self, command: Command, where: _Where) -> str:
        self._charge(COMMAND_WORK)
        if isinstance(command, Simple | For):
            self._charge(WORD_WORK * len(command.words))
        match command:
            case Simple():
                said = " ".join(_shown(self._one(word)) for word in command.words)
                self._simple(command, where)
                return said
            case If():
                return self._if(command, where)
            case For():
                return self._for(command, where)
            case Loop():
                said = self.walk(command.condition, where)
                before = self._state()
                self.walk(command.body, where.under(Condition(said, command.keyword == "while")))
                self._merge(before)
                return f"{command.keyword} {said}"

    def _if(self, command: If, where: _Where) -> str:
        ends: list[_State] = []
        first = ""
        for arm in command.arms:
            said = self.walk(arm.condition, where)
            first = first or said
            before = self._state()
            self.walk(arm.body, where.under(Condition(said, True)))
            ends.append(self._state())
            self._values, self._locals = before
            where = where.under(Condition(said, False))
        self.walk(command.otherwise, where)
        for end in ends:
            self._merge(end)
        return f"if {first}"

    def _for(self, command: For, where: _Where) -> str:
        words: dict[str, None] = {}
        for word in command.words:
            if len(words) > ROUNDS_LIMIT:
                break
            for text in self._expanded(word) or (f"\ue000{word}\ue001",):
                words.update(dict.fromkeys(filter(None, text.split(" "))))
        self.is_whole = self.is_whole and len(words) <= ROUNDS_LIMIT
        for text in itertools.islice(words, ROUNDS_LIMIT):
            self._locals[command.name] = () if _OPEN.search(text) else (text,)
            self._values.pop(command.name, None)
            self.walk(command.body, where)
        return f"for {command.name}"

    # state

    def _charge(self, amount: int) -> None:
        self._work += amount
        if self._work > WORK_LIMIT:
            raise _Enough

    def _state(self) -> "_State":
        self._charge(len(self._values) + len(self._locals))
        return dict(self._values), dict(self._locals)

    def _merge(self, other: "_State") -> None:
        self._values = _merged(self._values, other[0])
        self._locals = _merged(self._locals, other[1])

    def _set(self, name: str, value: str | None) -> None:
        if not value:
            self._values.pop(name, None)
        else:
            self._values[name] = (value,) if not _OPEN.search(value) and len(value) <= VALUE_LIMIT else ()

    def _lookup(self, name: str) -> _Values | None:
        """None when it is not set."""
        return self._values[name] if name in self._values else self._locals.get(name)

    # words

    def _one(self, word: Word) -> str:
        """A word to be shown: filled in where there is one value."""
        texts = self._expanded(word)
        return texts[0] if len(texts) == 1 else str(word)

    def _expanded(self, word: Word) -> tuple[str, ...]:
        """The texts that a word may be."""
        choices: list[tuple[str, ...]] = []
        for part in word.parts:
            choices.append((part.text,) if isinstance(part, Text) else self._variable(part))
        return _joined("", choices)

    def _variable(self, part: Variable) -> tuple[str, ...]:
        values = self._lookup(part.name)
        is_open = part.name == "?" or values == ()
        known = ("",) if values is None else values
        if is_open:
            return (f"\ue000{part.name}\ue001",)
        if part.operator == "=" and known == ("",):
            self._locals[part.name] = (part.word,)
        if part.operator:
            # U-Boot gives nothing for ${name:+word} where the name is set
            known = tuple(part.word if not text else "" if part.operator == "+" else text for text in known)
        return tuple(text.replace("\n", " ") for text in known)

    def _simple(self, command: Simple, where: _Where) -> None:
        forms = [self._expanded(word) for word in command.words]
        if not any(word.has_variables for word in command.words):
            self._run_words([text[0] for text in forms], command.line, where)
            return
        before = self._state()
        quoted = [
            tuple(f"'{_escaped(text)}'" for text in texts) if word.is_quoted else texts
            for word, texts in zip(command.words, forms, strict=True)
        ]
        lines = _joined(" ", quoted)
        ends = []
        for line in lines:
            self._values, self._locals = dict(before[0]), dict(before[1])
            self._run_words(filled_words(line), command.line, where)
            ends.append(self._state())
        for end in ends[:-1]:
            self._merge(end)

    def _script(self, text: str) -> Script:
        found = self._parsed.get(text)
        if found is None:
            self._text += len(text)
            self._read += len(text)
            if self._text > TEXT_LIMIT or self._read > READ_LIMIT:
                raise _Enough
            try:
                found = parse(text)
            except Malformed as reason:
                self.is_whole = False
                self.problems.append(str(reason))
                found = Script((), ())
            self._parsed[text] = found
        return found

    # commands

    def _run_words(self, words: list[str], line: int, where: _Where) -> None:
        if not words:
            return
        if _ASSIGNED.match(words[0]):
            name, _, value = words[0].partition("=")
            self._locals[name] = () if _OPEN.search(value) else (value,)
            return
        if len(self.found) >= STEPS_LIMIT:
            raise _Enough
        shown = tuple(map(_shown, words))
        self.found.append(Reached(shown, where.conditions, where.via, line))
        self._effect(words, where)

    def _effect(self, words: list[str], where: _Where) -> None:
        name = words[0]
        rest = words[1:]
        if name == "env" and rest:
            name, rest = f"env {rest[0]}", rest[1:]
        if name in ("setenv", "env set"):
            self._setenv([word for word in rest[:1] if not word.startswith("-")] + rest[1:])
        elif name in ("run", "env run"):
            for variable in rest:
                self._run(variable, where)
        elif name in ("boot", "bootd"):
            self._run(START, where)
        else:
            for variable in _left_open(name, rest):
                self._values[variable] = ()

    def _setenv(self, words: list[str]) -> None:
        if not words:
            return
        if opened := _OPEN.search(words[0]):
            self.problems.append(f"sets a variable that ${{{opened[1]}}} names")
            self.is_whole = False
            return
        self._set(words[0], " ".join(words[1:]))

    def _run(self, variable: str, where: _Where) -> None:
        if _OPEN.search(variable):
            self.is_whole = False
            return
        if variable in where.via:
            return
        if len(where.via) >= RUN_LIMIT:
            self.is_whole = False
            return
        values = self._lookup(variable)
        if values is None:
            return
        if not values:
            self.is_whole = False
        before = self._state()
        ends = []
        for value in values:
            self._values, self._locals = dict(before[0]), dict(before[1])
            self._text += len(value)
            script = self._script(value)
            self.problems += (f"{variable}: {problem}" for problem in script.problems[: 20 - len(self.problems)])
            self.walk(script.steps, where.within(variable))
            ends.append(self._state())
        for end in ends[:-1]:
            self._merge(end)


def _merged(one: dict[str, _Values], other: dict[str, _Values]) -> dict[str, _Values]:
    """What variables may be where two ways meet; one that is set on one way alone may be empty."""
    found = dict(one)
    for name in one.keys() | other.keys():
        first, second = one.get(name, ("",)), other.get(name, ("",))
        if first != second:
            both = tuple(dict.fromkeys((*first, *second)))
            found[name] = both if first and second and len(both) <= VALUES_LIMIT else ()
    return found


def _joined(between: str, choices: list[tuple[str, ...]]) -> tuple[str, ...]:
    """All rows of one text of each; where there are too many, what has several is left open."""
    count = 1
    kept: list[tuple[str, ...]] = []
    for texts in choices:
        count *= len(texts)
        kept.append(texts if count <= VALUES_LIMIT else ("\ue000…\ue001",))
        count = min(count, VALUES_LIMIT)
    rows = [between.join(row) for row in itertools.product(*kept)]
    return tuple(dict.fromkeys(row if len(row) <= VALUE_LIMIT else "\ue000…\ue001" for row in rows))


def _escaped(text: str) -> str:
    """A text so that single quotes give it back: a quote within ends them, as it does in U-Boot."""
    return text.replace("\\", "\\\\")


def _shown(text: str) -> str:
    return _OPEN.sub(r"${\1}", text)


_LAST_ARGUMENT = frozenset(("fsuuid", "fstype", "part uuid", "part start", "part size", "part number", "part list"))
_LOADED = ("filesize", "fileaddr")
_LEASED = ("ipaddr", "serverip", "netmask", "gatewayip", "dnsip", "hostname", "rootpath", "bootfile")


def _left_open(name: str, rest: list[str]) -> Iterator[str]:
    """The variables that a command sets to what only the device knows."""
    whole = f"{name} {rest[0]}" if rest else name
    if name in ("setexpr", "askenv", "env ask") or name.startswith("setexpr."):
        yield from rest[:1]
    elif whole == "fdt get":
        yield from rest[2:3]
    elif (name in _LAST_ARGUMENT or whole in _LAST_ARGUMENT) and len(rest) > 2:
        yield rest[-1]
    elif source_of((name, *rest)) is not None:
        yield from _LOADED
        if name in ("dhcp", "bootp", "rarpboot"):
            yield from _LEASED


MEDIA = frozenset(
    ("mmc", "usb", "sata", "scsi", "ide", "nvme", "virtio", "host", "pvblock", "efiloader", "semihosting")
)
"""Interfaces of block devices, as `load` names them."""
LOADS = frozenset(
    ("load", "fatload", "ext2load", "ext4load", "zfsload", "sqfsload", "erofsload", "reiserload", "cbfsload",
     "sysboot", "diskboot", "btrload")
)  # fmt: skip
"""Commands that name an interface first."""
BY_NAME = {
    "tftp": "tftp", "tftpboot": "tftp", "dhcp": "tftp", "bootp": "tftp", "rarpboot": "tftp", "nfs": "nfs",
    "wget": "http", "pxe": "tftp", "usbboot": "usb", "scsiboot": "scsi", "nboot": "nand", "ubifsload": "ubi",
    "jffs2load": "flash", "fsload": "flash", "cramfsload": "flash", "loadb": "serial", "loads": "serial",
    "loadx": "serial", "loady": "serial", "fastboot": "fastboot", "dfu": "dfu", "ums": "usb-mass-storage",
    "qfw": "qfw", "smhload": "semihosting", "axi": "axi",
}  # fmt: skip
"""What commands load from that name nothing."""
READS = {"mmc": "mmc", "usb": "usb", "sata": "sata", "scsi": "scsi", "ide": "ide", "nvme": "nvme", "virtio": "virtio",
         "sf": "sf", "nand": "nand", "ubi": "ubi", "onenand": "nand", "mtd": "mtd", "spinand": "nand"}  # fmt: skip
"""Commands that load with `read`, by what they read."""
BOOTS = frozenset(
    ("bootm", "booti", "bootz", "bootefi", "bootelf", "bootvx", "bootaux", "zboot", "go", "source", "autoscr",
     "sysboot", "fastboot", "dfu", "ums", "nboot", "usbboot", "scsiboot", "diskboot", "bootmenu", "eficonfig")
)  # fmt: skip
"""Commands that start what was loaded, or hand the device to who is on the wire."""


def source_of(words: tuple[str, ...]) -> str | None:
    """What a command loads from; `unknown` when a variable whose value is open says it."""
    name, rest = words[0], words[1:]
    if name in LOADS:
        place = next((word for word in rest if word != "-p" and word != "any"), "")
        if place in MEDIA:
            return place
        return {"ubi": "ubi", "hostfs": "host", "nand": "nand", "sf": "sf"}.get(place, "unknown")
    if name in READS:
        return READS[name] if rest and rest[0].startswith("read") else None
    if name == "pxe":
        return BY_NAME[name] if rest[:1] == ("get",) else None
    if name == "qfw":
        return BY_NAME[name] if rest[:1] == ("load",) else None
    return BY_NAME.get(name)


def boot_of(words: tuple[str, ...]) -> str | None:
    """The name of a command that starts what was loaded."""
    name, rest = words[0], words[1:]
    if name == "pxe":
        return name if rest[:1] == ("boot",) else None
    if name == "bootflow":
        return name if rest[:1] in (("boot",), ("scan",), ("menu",)) else None
    return name if name in BOOTS else None
