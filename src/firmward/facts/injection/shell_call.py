"""One simple command as it is called: the program behind its wrappers, its words, and where their values come from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from firmward.formats import shell
from firmward.formats.shell import Word

WRAPPERS = frozenset(
    ("exec", "env", "nice", "ionice", "nohup", "timeout", "setsid", "sudo", "command", "builtin", "busybox", "time")
)

Source = str | None
"""Where a value comes from that somebody outside chooses; None for what is harmless."""


@dataclass(frozen=True, slots=True)
class Call:
    """`name` is the program's without its folder, `values` are the sources of all words, the name's first."""

    name: str
    words: tuple[Word, ...]
    values: tuple[Source, ...]
    stdin: Source

    @property
    def given(self) -> Source:
        """The source of the first argument that has one."""
        return first(self.values[1:])

    def after(self, option: str) -> Source:
        """The source of what an option is given, by itself or behind others (`-ec`)."""
        for place, word in enumerate(self.words[:-1]):
            text = word.literal or ""
            if text == option or (len(text) > 2 and text[0] == "-" and text[1] != "-" and text.endswith(option[1:])):
                return self.values[place + 1]
        return None

    def names_file(self) -> bool:
        """Whether it reads a file that is named, and not standard input."""
        if self.name == "dd":
            return any(raw(word).startswith("if=") for word in self.words)
        operands = [word for word in self.words[1:] if word.literal is None or not word.literal.startswith("-")]
        if self.name in ("head", "tail"):
            operands = [word for word in operands if raw(word).startswith(("/", "."))]
        return bool(operands)


def first(values: Iterable[Source]) -> Source:
    return next(filter(None, values), None)


def unwrapped(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words of the program that `env`, `timeout 5`, `sudo -u x` and their like start."""
    for _ in range(4):
        if (words[0].literal or "").rpartition("/")[2] not in WRAPPERS:
            break
        rest = list(words[1:])
        while (
            rest and (text := rest[0].literal) is not None and (text[:1] in ("-", "") or text.isdigit() or "=" in text)
        ):
            rest.pop(0)
        if not rest:
            break
        words = tuple(rest)
    return words


def raw(word: Word) -> str:
    """The texts of a word, expansions left out."""
    return "".join(part.text for part in word.parts if isinstance(part, shell.Text))


def pattern(word: Word) -> str | None:
    """A pattern's text; None where it is only known at run time. Quoted signs stand for themselves."""
    if any(not isinstance(part, shell.Text) for part in word.parts):
        return None
    return "".join(re.sub(r"[*?\[]", "x", part.text) if part.quoted else part.text
                   for part in word.parts if isinstance(part, shell.Text))  # fmt: skip
