"""What a script asks before it opens a door: a file, a medium, the boot loader's environment, a setting, a button.

Rules: `test` and `[ ]` with -e -f -d -r -s ask for a file; grep, cat and the tools that read environments and settings
tell by their names; a variable stands for what was asked when it was set. A test for a program, a key, a process id or
a configuration file that any system has is no question of this kind.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from firmward.formats import shell
from firmward.formats.shell import AndOr, Case, Command, For, Group, If, Loop, Parameter, Pipeline, Simple, Subshell
from firmward.formats.shell_words import Substitution, Word

DEPTH_LIMIT = 6
"""Commands within commands of one question."""
SCRIPT_LIMIT = 2000
"""Characters of one substitution; a question is a few words."""


class Trigger(StrEnum):
    """What it takes to open the door."""

    FILE = "file"
    """A file that something else may have written."""
    MEDIUM = "medium"
    """A file on a medium that somebody brings, such as a USB stick."""
    ENVIRONMENT = "environment"
    """A variable of the boot loader, or a word on the kernel's command line."""
    SETTING = "setting"
    """A value in the store of settings."""
    REQUEST = "request"
    """A page of the device's own web server is asked for."""
    PACKET = "packet"
    """A program waits for a packet that opens the door."""
    DEVELOPER = "developer"
    """The debug bridge of Android waits, and asks nobody."""
    BUTTON = "button"
    """A button, a jumper or another input of the board."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One question: its `trigger`, and in `text` what is asked for. `negated` says that the answer no is meant."""

    trigger: Trigger
    text: str
    negated: bool = False


MEDIA = re.compile(
    r"/(?:media|run/media|usb\w*|sdcard\w*|udisk\w*|tfcard\w*"
    r"|(?:mnt|tmp|var|var/tmp|home)/(?:usb|sd|mmc|udisk|u_?disk|tf|ext_?disk|removable|pendrive|stick)\w*)/"
)
INPUTS = re.compile(r"/sys/class/gpio/|/proc/gpio|/dev/gpio|/sys/class/leds?/.*button")
WRITABLE = re.compile(
    r"/(?:data|mnt|tmp|config|var|home|overlay|persist\w*|userdata|nvram|factory|opt|root|boot|etc|usr/local|usrdata)/"
)
USUAL = re.compile(
    r"(?i)/(?:bin|sbin|usr/(?!local/etc)|lib|dev|proc|sys|run|var/run|var/lock"
    r"|etc/(?:init\.d|rc\.d|default|sysconfig|conf\.d|config|ssl|pam\.d|passwd|shadow|group|securetty|inetd|xinetd|hosts"
    r"|profile|network|shells|fstab|mtab|issue|nologin))"
    r"|.*(?:\.pid|\.lock|\.conf|\.pem|\.key|\.crt|\.sock|_key|hostkey|_keys|/d?functions)$"
)
"""Paths whose presence a start script asks for on any system."""

FILE_TESTS = frozenset(("-e", "-f", "-d", "-r", "-s", "-a"))
READERS = frozenset(("cat", "grep", "egrep", "fgrep", "zgrep", "head", "sed", "awk", "read"))
INPUT_READERS = frozenset(("gpioget", "gpioread", "gpio", "read_button", "get_gpio"))
ENVIRONMENTS = frozenset(("fw_printenv", "printenv_uboot", "grub-editenv", "bootenv", "barebox-state"))
SETTINGS = frozenset(
    ("nvram", "uci", "nvram_get", "cfgmgr", "tcapi", "getcfg", "mtd_nvram", "getprop", "rdcsman", "cfg")
)


def of_path(path: str) -> Cue | None:
    """The cue that a test for this file is; None for a file that any system has."""
    if MEDIA.match(path):
        return Cue(Trigger.MEDIUM, path)
    if INPUTS.match(path):
        return Cue(Trigger.BUTTON, path)
    if path == "/proc/cmdline":
        return Cue(Trigger.ENVIRONMENT, path)
    return Cue(Trigger.FILE, path) if path.startswith("/") and not USUAL.match(path) else None


@lru_cache(maxsize=256)
def _parsed(script: str) -> tuple[Command, ...]:
    return shell.parse(script).commands


@dataclass(frozen=True, slots=True)
class Asked:
    """What a script's variables were set from."""

    variables: Mapping[str, Cue]

    def condition(self, commands: Sequence[Command], depth: int = 0) -> Cue | None:
        """The question that the last word of these commands gives the answer to, the first that is one."""
        return next((cue for command in commands for cue in self._command(command, depth)), None)

    def word(self, word: Word, depth: int = 0) -> Cue | None:
        """What was asked for this word to have its value."""
        for part in word.parts:
            if isinstance(part, Parameter) and part.name in self.variables:
                return self.variables[part.name]
            if isinstance(part, Substitution) and depth < DEPTH_LIMIT:
                cue = self.condition(_parsed(part.script[:SCRIPT_LIMIT]), depth + 1)
                if cue is not None:
                    return cue
        return None

    def _command(self, command: Command, depth: int) -> Iterator[Cue]:
        if depth > DEPTH_LIMIT:
            return
        match command:
            case Simple():
                yield from self._simple(command, depth)
            case Pipeline(commands, negated):
                found = (cue for part in commands for cue in self._command(part, depth + 1))
                yield from (replace(cue, negated=cue.negated != negated) for cue in found)
            case AndOr():
                yield from self._command(command.left, depth + 1)
                yield from self._command(command.right, depth + 1)
            case Group(body) | Subshell(body):
                for part in body:
                    yield from self._command(part, depth + 1)
            case If() | Case() | For() | Loop():
                return

    def _simple(self, command: Simple, depth: int) -> Iterator[Cue]:
        words = [word.literal or "" for word in command.words]
        program = words[0].rpartition("/")[2] if words else ""
        if program in ("[", "[[", "test"):
            yield from self._test(command.words[1:], words[1:], depth)
        elif program in INPUT_READERS:
            yield Cue(Trigger.BUTTON, " ".join(words)[:80])
        elif program in ENVIRONMENTS:
            yield Cue(Trigger.ENVIRONMENT, " ".join(words)[:80])
        elif program in SETTINGS and "set" not in words:
            yield Cue(Trigger.SETTING, " ".join(words)[:80])
        elif program in READERS:
            redirected = [redirect.target.literal or "" for redirect in command.redirects if redirect.operator == "<"]
            yield from _read_files(words, [*words[1:], *redirected])
            yield from (cue for word in command.words[1:] if (cue := self.word(word, depth)) is not None)
        elif program in ("echo", "printf", "expr", "let"):
            yield from (cue for word in command.words[1:] if (cue := self.word(word, depth)) is not None)

    def _test(self, words: Sequence[Word], texts: Sequence[str], depth: int) -> Iterator[Cue]:
        negated = False
        for position, text in enumerate(texts):
            if text == "!":
                negated = not negated
            if text in FILE_TESTS and position + 1 < len(texts):
                cue = of_path(texts[position + 1])
                if cue is not None:
                    yield replace(cue, negated=negated)
            cue = self.word(words[position], depth)
            if cue is not None:
                yield replace(cue, negated=_means_no(texts))


def _means_no(texts: Sequence[str]) -> bool:
    """`[ "$x" != 1 ]`, `[ "$x" = 0 ]` and `[ -z "$x" ]` hold where nobody has set anything."""
    words = [text for text in texts if text not in ("]", "]]", "!")]
    if "-z" in words or len(words) < 3:
        return "-z" in words
    is_off = (words[-1] or words[0]) in ("0", "no", "off", "false", "")
    if {"=", "==", "-eq"} & set(words):
        return is_off
    return bool({"!=", "-ne"} & set(words)) and not is_off


def _read_files(words: Sequence[str], operands: Iterable[str]) -> Iterator[Cue]:
    for word in operands:
        if word == "/proc/cmdline":
            wanted = next((text for text in words[1:] if text and not text.startswith(("-", "/"))), "")
            yield Cue(Trigger.ENVIRONMENT, f"{word} {wanted}".strip())
        elif word.startswith("/") and (MEDIA.match(word) or INPUTS.match(word) or WRITABLE.match(word)):
            cue = of_path(word)
            if cue is not None:
                yield cue
