"""What a script opens behind a question: it is read as a tree of commands, not followed.

A door is what entrances.py knows as one, a server's own start script, the debug bridge, a root password taken away, and
a script that is run from a medium that somebody brings. A question guards the body of its `if`, what stands behind its
`&&`, the arms of its `case`, and all that follows where the answer no leaves the script. Functions are read where they
are called. SSH behind a setting is a product's own choice, so that it counts for a file or name that speaks of
debugging, of the factory or of service alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from firmward.facts import entrances
from firmward.facts.process import Manager, Process, Start
from firmward.facts.unlock_cues import MEDIA, Asked, Cue, Trigger
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
    Pipeline,
    Simple,
    Subshell,
)
from firmward.model.location import Location

DEPTH_LIMIT = 24
STEP_LIMIT = 20_000
"""Commands looked at in one script."""

OPENING = frozenset((entrances.Kind.TELNET, entrances.Kind.REMOTE_SHELL, entrances.Kind.SSH, entrances.Kind.BACKDOOR))
START_SCRIPT = re.compile(r"(?:/?etc/(?:init|rc)\.d/)(?:S\d+)?(telnetd?|utelnetd|dropbear|sshd?|adbd?)(?:\.sh)?$")
SERVICE = re.compile(r"(telnetd?|utelnetd|dropbear|sshd?|adbd?|android-tools-adbd)(?:\.service|\.socket)?$")
BEGIN = frozenset(("start", "restart", "enable", "on", "unmask"))
SSH = frozenset(("ssh", "sshd", "dropbear"))
SPEAKS = re.compile(
    r"(?i)debug|\bdbg|devel|dev.?mode|\bdev\b|factory|unlock|service|maint|\bmfg|manufactur|test|root|backdoor|support"
    r"|enable.?ssh|ssh.?enable|/boot/ssh"
)
WIPES = frozenset(
    (
        *("wipefs", "blkdiscard", "shred", "firstboot", "jffs2reset", "factory_reset", "factory-reset", "tpm2_clear"),
        *("flash_erase", "flash_eraseall", "nandwrite", "mtd_erase", "ubiupdatevol", "mkswap", "sgdisk"),
    )
)
LEAVES = frozenset(("exit", "return"))


@dataclass(frozen=True, slots=True)
class Unlock:
    """A door that somebody can open later: `cue` is what it takes, `opens` the program behind it, `at` the line that
    starts it. `wipes` says that the data are erased there too."""

    cue: Cue
    opens: str
    at: Location
    wipes: bool = False

    @property
    def key(self) -> str:
        return f"{self.opens} by {self.cue.text}"


@dataclass(slots=True)
class Reading:
    """One script, `path`. `found` fills as it is read; `assigned` are the variables with a question behind them."""

    path: str
    found: dict[str, Unlock] = field(default_factory=dict)
    assigned: dict[str, Cue] = field(default_factory=dict)
    functions: dict[str, tuple[Command, ...]] = field(default_factory=dict)
    steps: int = 0

    def read(self, commands: Sequence[Command], guard: Cue | None = None) -> tuple[Unlock, ...]:
        self._list(commands, guard, 0)
        return tuple(self.found.values())

    @property
    def _asked(self) -> Asked:
        return Asked(self.assigned)

    def _list(self, commands: Sequence[Command], guard: Cue | None, depth: int) -> None:
        before = set(self.found)
        for command in commands:
            self.steps += 1
            if self.steps > STEP_LIMIT or depth > DEPTH_LIMIT:
                return
            self._command(command, guard, depth)
            guard = self._stays(command) or guard
        if any(_wipes(command) for command in commands):
            for key in set(self.found) - before:
                self.found[key] = replace(self.found[key], wipes=True)

    def _command(self, command: Command, guard: Cue | None, depth: int) -> None:
        match command:
            case Simple():
                self._simple(command, guard, depth)
            case If():
                self._if(command, guard, depth)
            case AndOr():
                self._and_or(command, guard, depth)
            case Case(word, arms):
                inner = self._asked.word(word) or guard
                for arm in arms:
                    self._list(arm.body, inner, depth + 1)
            case Function(name, body):
                self.functions[name] = body
            case _:
                self._block(command, guard, depth)

    def _block(self, command: Command, guard: Cue | None, depth: int) -> None:
        match command:
            case Pipeline(commands) | Group(commands) | Subshell(commands) | For(body=commands):
                self._list(commands, guard, depth + 1)
            case Loop(condition, body):
                asked = self._asked.condition(condition)
                self._list(body, asked if asked is not None and not asked.negated else guard, depth + 1)

    def _if(self, command: If, guard: Cue | None, depth: int) -> None:
        otherwise = guard
        for condition, body in command.branches:
            cue = self._asked.condition(condition)
            self._list(condition, guard, depth + 1)
            self._list(body, cue if cue is not None and not cue.negated else guard, depth + 1)
            if cue is not None and cue.negated:
                otherwise = replace(cue, negated=False)
        self._list(command.otherwise, otherwise, depth + 1)

    def _and_or(self, command: AndOr, guard: Cue | None, depth: int) -> None:
        cue = self._asked.condition((command.left,))
        is_meant = cue is not None and cue.negated is (command.operator == "||")
        self._command(command.left, guard, depth + 1)
        self._list((command.right,), cue if is_meant else guard, depth + 1)

    def _stays(self, command: Command) -> Cue | None:
        """What must have been answered yes for the script to go on behind this command."""
        match command:
            case AndOr(left, operator, right) if _leaves((right,)):
                cue = self._asked.condition((left,))
                return cue if cue is not None and cue.negated is (operator == "&&") else None
            case If(branches) if len(branches) == 1 and _leaves(branches[0][1]):
                cue = self._asked.condition(branches[0][0])
                return cue if cue is not None and cue.negated else None
        return None

    def _simple(self, command: Simple, guard: Cue | None, depth: int) -> None:
        self._remember(command)
        words = tuple(word.literal if word.literal is not None else "$" for word in command.words)
        if not words:
            return
        body = self.functions.get(words[0])
        if body is not None and depth < DEPTH_LIMIT:
            self._list(body, guard, depth + 4)
            return
        brought = _brought(words)
        if brought is not None:
            self._open(Cue(Trigger.MEDIUM, brought), brought.rpartition("/")[2], command.line)
        elif guard is not None:
            for opened in opens(words, Location(self.path, command.line)):
                if counts(guard, opened):
                    self._open(replace(guard, negated=False), opened, command.line)

    def _open(self, cue: Cue, opened: str, line: int) -> None:
        unlock = Unlock(cue, opened, Location(self.path, line))
        self.found.setdefault(unlock.key, unlock)

    def _remember(self, command: Simple) -> None:
        words = [Assignment.of(word) for word in command.words[1:]] if command.words else []
        for assignment in (*command.assignments, *words):
            if assignment is not None:
                cue = self._asked.word(assignment.value)
                if cue is not None:
                    self.assigned[assignment.name] = cue
        if command.words and command.words[0].literal == "read":
            cue = self._asked.condition((command,))
            names = [word.literal or "" for word in command.words[1:]]
            self.assigned.update({name: cue for name in names if cue is not None})


def counts(cue: Cue, opened: str) -> bool:
    """Whether this is a hidden door, and not the switch that a product has for its own SSH."""
    if opened not in SSH or cue.trigger not in (Trigger.FILE, Trigger.SETTING, Trigger.ENVIRONMENT):
        return True
    return SPEAKS.search(cue.text) is not None


def opens(words: tuple[str, ...], at: Location) -> Iterator[str]:
    """The doors that a command opens, by the names of their programs."""
    program = words[0].rpartition("/")[2]
    begins = bool(BEGIN & set(words[1:]))
    script = START_SCRIPT.search(words[0])
    if script is not None:
        yield from [script[1]] if begins else []
    elif program in ("systemctl", "service", "rc-service", "rc-update"):
        yield from (found[1] for word in words[1:] if begins and (found := SERVICE.match(word)))
    elif program == "adbd":
        yield "adbd"
    elif program == "passwd" and "-d" in words and "root" in words:
        yield "passwd"
    else:
        process = Process(words, program, Manager.SCRIPT, Start.BOOT, at)
        yield from dict.fromkeys(
            door.program for door in entrances.parse(process, " ".join(words)) if door.kind in OPENING
        )


def _brought(words: Sequence[str]) -> str | None:
    """The script on a medium that this command runs."""
    program = words[0].rpartition("/")[2]
    ran = words[1] if program in (".", "source", "sh", "ash", "bash") and len(words) > 1 else words[0]
    return ran if MEDIA.match(ran) else None


def _leaves(commands: Sequence[Command]) -> bool:
    match commands[-1:]:
        case (Simple(words=[first, *_]),):
            return first.literal in LEAVES
        case (Group(body),):
            return _leaves(body)
    return False


def _wipes(command: Command) -> bool:
    if not isinstance(command, Simple) or not command.words:
        return False
    words = [word.literal or "" for word in command.words]
    program = words[0].rpartition("/")[2]
    return (
        program in WIPES
        or program.startswith("mkfs")
        or (program == "cryptsetup" and bool({"erase", "luksErase", "luksFormat"} & set(words)))
        or (program == "rm" and any(re.match(r"-\w*r", word) for word in words) and any(map(_is_data, words)))
        or (program == "dd" and any(word.startswith("if=/dev/") for word in words))
        or (program == "mtd" and "erase" in words)
    )


def _is_data(path: str) -> bool:
    return re.match(r"/(?:data|overlay|config|persist\w*|userdata|home|mnt)\b", path) is not None
