"""The options on a program's command line, read as getopt reads them.

`-p80`, `-p 80`, `-vp 80`, `--port=80` and `--port 80` are one thing; `--` ends the options. What the options are, only
the program knows: the caller names those that take a value. A word with a `$` in it could not be worked out by whoever
read the script.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from firmward.facts.process import applet


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Options with their values (empty for a switch) in order, and the other words."""

    options: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    def has(self, *names: str) -> bool:
        return any(name in names for name, _ in self.options)

    def all(self, *names: str) -> tuple[str, ...]:
        return tuple(value for name, value in self.options if name in names)

    def get(self, *names: str) -> str | None:
        """The last value, as most programs take it."""
        values = self.all(*names)
        return values[-1] if values else None


def own_words(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The words after the program's name, and after the applet's where BusyBox is called by its own."""
    return tuple(applet(argv)[1:])


def unresolved(words: Iterable[str]) -> tuple[str, ...]:
    """The words that whoever read the script could not work out."""
    return tuple(word for word in words if "$" in word)


def read(argv: Iterable[str], letters: str = "", names: Iterable[str] = ()) -> CommandLine:
    """Read the words after the program's name; `letters` and long `names` take a value."""
    pending = list(argv)[::-1]
    long_names = frozenset(names)
    options: list[tuple[str, str]] = []
    words: list[str] = []
    while pending:
        word = pending.pop()
        if word == "--":
            words.extend(reversed(pending))
            break
        if word.startswith("--"):
            options.append(_long(word[2:], long_names, pending))
        elif word.startswith("-") and len(word) > 1:
            if word[1:] in long_names:
                options.append(_long(word[1:], long_names, pending))
            else:
                options.extend(_short(word[1:], letters, pending))
        else:
            words.append(word)
    return CommandLine(tuple(options), tuple(words))


def _long(word: str, names: frozenset[str], pending: list[str]) -> tuple[str, str]:
    name, sign, value = word.partition("=")
    if not sign and name in names and pending:
        return name, pending.pop()
    return name, value


def _short(cluster: str, letters: str, pending: list[str]) -> list[tuple[str, str]]:
    found = []
    for position, letter in enumerate(cluster):
        if letter in letters:
            rest = cluster[position + 1 :]
            found.append((letter, rest or (pending.pop() if pending else "")))
            break
        found.append((letter, ""))
    return found
