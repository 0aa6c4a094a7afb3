"""Words of the command line that decide in place of an option of the kernel's configuration, and what they say.

Rules, from the kernel's admin-guide/kernel-parameters and lib/kstrtox.c: of words that decide the same the last counts;
a switch is on for what begins with 1, y or t, off for 0, n or f, and so for `on` and `off`; a value that a parameter
does not know leaves it as it was.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from firmward.checks.kernel.kernels.condition import Condition
from firmward.facts.kernel_command_line import Argument, CommandLine

YES, NO = r"(?:[1yYtT].*|[oO][nN].*)", r"(?:[0nNfF].*|[oO][fF].*)"
"""Values that switch something on and off."""


@dataclass(frozen=True, slots=True)
class Words:
    """What has something as wanted: `advice` is the word to give the kernel.

    `names` are the parameters that decide it, with `_` for `-`. `good` is a pattern of the words that have it as
    wanted, `bad` of those that have it otherwise, each of a whole `name` or `name=value`; what matches neither says
    nothing. They do something where `needs` holds. Where the option is only what counts without a word, it
    `is_default`, and a bad word undoes it; else it is the thing itself, which no word brings back.
    """

    advice: str
    names: frozenset[str]
    good: str
    bad: str = ""
    needs: Condition | None = None
    is_default: bool = True

    def deciding(self, line: CommandLine) -> Argument | None:
        """The word of a line that counts."""
        own = (word for word in reversed(line.arguments) if word.name in self.names)
        return next((word for word in own if self._decides(word)), None)

    def says(self, line: CommandLine) -> bool | None:
        """Whether a line has it as wanted; None where it says nothing of it."""
        word = self.deciding(line)
        return None if word is None else self._is_good(word)

    def is_on(self, lines: Iterable[CommandLine]) -> bool:
        """Whether each of some lines, at least one, has it as wanted."""
        answers = [self.says(line) for line in lines]
        return bool(answers) and all(answers)

    def _decides(self, word: Argument) -> bool:
        return self._is_good(word) or re.fullmatch(self.bad, str(word)) is not None

    def _is_good(self, word: Argument) -> bool:
        return re.fullmatch(self.good, str(word)) is not None


def switched_on(name: str) -> Words:
    return _switch(name, "1", YES, NO)


def switched_off(name: str) -> Words:
    return _switch(name, "0", NO, YES)


def _switch(name: str, value: str, good: str, bad: str) -> Words:
    compared = name.replace("-", "_")
    before = re.escape(compared)
    return Words(f"{name}={value}", frozenset((compared,)), f"{before}={good}", f"{before}={bad}")


def setting(name: str, value: str, bad: str) -> Words:
    """A parameter with this value; `bad` is a pattern of its other values."""
    before = re.escape(name)
    return Words(f"{name}={value}", frozenset((name,)), f"{before}={re.escape(value)}", f"{before}=(?:{bad})")


def listed(name: str, word: str, bad: str) -> Words:
    """A parameter whose value, a list with commas, has a word; `bad` is a pattern of its whole values."""
    return Words(f"{name}={word}", frozenset((name,)), f"{name}=(?:.*,)?{word}(?:,.*)?", f"{name}=(?:{bad})")


def security_module(*names: str) -> Words:
    """One of the names in the list of the security modules that the kernel starts."""
    found = "|".join(names)
    return Words(f"{names[0]} in lsm=", frozenset(("lsm",)), rf"lsm=(?:.*,)?(?:{found})(?:,.*)?", r"lsm=.*")
