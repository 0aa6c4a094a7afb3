"""Words of the kernel's command line put into text, and taken out of it, whose other words stay as they are written.

A line may stand in pieces that the boot loader puts together, so that a change is done to all pieces at once. Names are
compared as the kernel does, `-` and `_` alike, and values without their quotes; what follows `--` is init's.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from firmward.formats.boot_arguments import LINE_LIMIT, Argument, arguments, words
from firmward.harden.draft import Refused

Edit = Callable[[Sequence[str]], list[str]]
"""What becomes of the pieces of one command line."""

WORD_LIMIT = 1000
PLAIN = re.compile(r"[A-Za-z0-9_][\w.,:=/@+-]*", re.ASCII)
"""A word that is safe in every boot loader's file, whose shells, quotes and variables it cannot touch."""


def setting(word: str) -> Edit:
    """Raises Refused for a word that not every boot loader's file can have."""
    if not PLAIN.fullmatch(word):
        raise Refused(f"{word!r} is no plain word of the kernel's command line")
    return partial(_with, word)


def removing(word: str) -> Edit:
    """Raises Refused for what no line can have: it came from an image, and is told beside the root a word a line."""
    if not word.isprintable() or not 0 < len(word) <= WORD_LIMIT:
        raise Refused("what is to be taken off the kernel's command line is no word of one line")
    return partial(_without, word)


def is_written(word: str, text: str) -> bool:
    """Whether a line has it."""
    return any(str(one) == compared(word) for one in arguments(text))


def names(word: str) -> str:
    """The parameter that a word gives a value, as the kernel compares it."""
    return compared(word).partition("=")[0]


def each_line(text: str, pattern: re.Pattern[str], edit: Edit) -> str:
    """The text with the group `line` of a pattern, which fits whole lines, edited wherever it does."""
    return "\n".join(_edited(line, pattern, edit) for line in text.split("\n"))


def _edited(line: str, pattern: re.Pattern[str], edit: Edit) -> str:
    ending = "\r" if line.endswith("\r") else ""
    found = pattern.fullmatch(line.removesuffix(ending) if ending else line)
    if found is None:
        return line
    before, after = found.string[: found.start("line")], found.string[found.end("line") :]
    (piece,) = edit([found["line"]])
    return before + piece + after + ending


def _with(word: str, pieces: Sequence[str]) -> list[str]:
    """In the place of the first word of the same parameter, which is said once; else at the end of the first piece."""
    same = [(index, word_at) for index, piece in enumerate(pieces) for word_at in _of(piece, names(word))]
    if [str(one) for _, (one, _, _) in same] == [compared(word)]:
        return list(pieces)
    changed = list(pieces)
    for index, (_, start, end) in reversed(same[1:]):
        changed[index] = _cut(changed[index], start, end)
    if same:
        index, (_, start, end) = same[0]
        changed[index] = changed[index][:start] + word + changed[index][end:]
    elif changed:
        kernels, sign, inits = _divided(changed[0])
        changed[0] = " ".join(filter(None, (kernels.strip(), word, sign, inits)))
    return changed


def _without(word: str, pieces: Sequence[str]) -> list[str]:
    changed = []
    for piece in pieces:
        for one, start, end in reversed(list(_of(piece, names(word)))):
            if str(one) == compared(word):
                piece = _cut(piece, start, end)  # noqa: PLW2901 - from its end to its beginning
        changed.append(piece)
    return changed


def _of(piece: str, name: str) -> Iterator[tuple[Argument, int, int]]:
    """Raises Refused for what is too long to be known."""
    if len(piece) > LINE_LIMIT:
        raise Refused("a command line is longer than any kernel's")
    return (one for one in words(piece) if one[0].name == name)


def _cut(piece: str, start: int, end: int) -> str:
    """With one of the blanks around the word."""
    before, after = piece[:start], piece[end:]
    if before[-1:].isspace():
        return before[:-1] + after
    return before + (after[1:] if after[:1].isspace() else after)


def _divided(piece: str) -> tuple[str, str, str]:
    """The kernel's words, `--`, and init's."""
    found = re.search(r"(?:^|\s)(--)(?:\s|$)", piece)
    return (piece, "", "") if found is None else (piece[: found.start(1)], "--", piece[found.end(1) :].strip())


def compared(word: str) -> str:
    """As the kernel compares it, and as an argument writes itself."""
    name, sign, value = word.partition("=")
    return name.replace("-", "_") + sign + value.replace('"', "")


def joined(lines: Iterable[str]) -> str:
    return " ".join(line for line in lines if line.strip())
