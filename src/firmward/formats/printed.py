"""What a plain shell command prints, where that can be told without running it: files by cat, texts by echo.

For configurations that insert the output of a command. Parts are joined by `;`, `&&` and `||`; tests and `true` print
nothing, what goes to /dev/null is not seen. Of anything else (variables, pipes, other programs) nothing is known.
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

LENGTH_LIMIT = 4000
WORDS_LIMIT = 200
SILENT = frozenset(("true", ":", "test", "[", "exit"))
JOINTS = frozenset((";", "&&", "||"))
PRINTERS = frozenset(("echo", "printf"))


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of the output: a `text`, or the `files` that a pattern means; `may_lack` where none need be there."""

    text: str = ""
    files: str | None = None
    may_lack: bool = False


def parts(command: str) -> tuple[Part, ...] | None:
    """The output in order; None where it is not known."""
    if len(command) > LENGTH_LIMIT:
        return None
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        return None
    if len(words) > WORDS_LIMIT or any(sign in word for word in words for sign in "$`~"):
        return None
    found: list[Part] = []
    guarded = bool(JOINTS & set(words))
    for simple in _simple(words):
        printed = _of(simple, guarded)
        if printed is None:
            return None
        found += printed
    return tuple(found)


def _simple(words: list[str]) -> Iterator[list[str]]:
    current: list[str] = []
    for word in words:
        if word in JOINTS:
            yield current
            current = []
        else:
            current.append(word)
    yield current


def _of(words: list[str], guarded: bool) -> list[Part] | None:
    plain = _without_errors(words)
    if plain is None:
        return None
    if not plain or plain[0] in SILENT:
        return []
    name = plain[0].rpartition("/")[2]
    arguments = plain[1:]
    if name in PRINTERS and not any("%" in word or "\\" in word for word in arguments):
        return [Part(" ".join(word for word in arguments if word != "-n") + "\n")]
    if name == "cat" and arguments and not any(word.startswith("-") and word != "--" for word in arguments):
        return [Part(files=word, may_lack=guarded) for word in arguments if word != "--"]
    return None


def _without_errors(words: list[str]) -> list[str] | None:
    """The words without `2>/dev/null`; None for any other sign of the shell's."""
    kept: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == ">" and kept and kept[-1] == "2" and rest[:1] == ["/dev/null"]:
            kept.pop()
            rest.pop(0)
        elif set(word) & set(";&|<>()"):
            return None
        else:
            kept.append(word)
    return kept
