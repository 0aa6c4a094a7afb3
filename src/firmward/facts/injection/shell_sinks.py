"""The commands of a shell script to which a value from outside does harm."""

import re
from collections.abc import Container
from dataclasses import dataclass

from firmward.facts.injection.record import Sink
from firmward.facts.injection.shell_call import Call, Source, raw
from firmward.facts.injection.shell_profile import BODY
from firmward.formats import shell
from firmward.formats.shell import Parameter, Substitution, Word

SHELLS = frozenset(("sh", "ash", "bash", "dash", "ksh", "zsh", "hush", "mksh"))
EVALUATES = {"perl": "-e", "python": "-c", "python3": "-c", "lua": "-e", "php": "-r", "node": "-e", "ruby": "-e"}
DATABASES = frozenset(("sqlite3", "sqlite", "mysql", "mariadb", "psql"))
SQL = re.compile(r"\b(?:select|insert|update|delete|replace|drop|where|values)\b", re.IGNORECASE)
BUILTIN_NAMES = """
    echo printf print test [ [[ : true false local export readonly declare typeset return exit set shift unset read
    case break continue trap wait cd logger let getopts basename dirname expr seq sleep eval
"""
BUILTIN = frozenset(BUILTIN_NAMES.split())
"""Commands to which more words than meant do nothing, or what is told as something else."""


@dataclass(frozen=True, slots=True)
class Harm:
    """What a value from `source` does `by` a command."""

    sink: Sink
    source: str
    by: str


def harm(call: Call, functions: Container[str], *, words: bool) -> Harm | None:
    """What one command does with what comes from outside; `words` says whether several words of one value count."""
    sink, source, by = _judged(call, functions, words)
    return None if source is None else Harm(sink, source, by)


def _judged(call: Call, functions: Container[str], words: bool) -> tuple[Sink, Source, str]:
    name, stdin = call.name, call.stdin
    if call.values[0] and not name:
        begins = bool(call.words[0].parts) and isinstance(call.words[0].parts[0], Parameter | Substitution)
        return Sink.COMMAND if begins else Sink.ARGUMENT, call.values[0], "a command's name"
    if name == "eval":
        return Sink.CODE, call.given, "eval"
    if name in SHELLS or name == "su":
        is_bare = name in SHELLS and all((word.literal or "x").startswith("-") for word in call.words[1:])
        return Sink.COMMAND, call.after("-c") or (stdin if is_bare else None), name
    if name in EVALUATES:
        return Sink.CODE, call.after(EVALUATES[name]), name
    if name in (".", "source") and len(call.words) > 1:
        return _included(call.words[1]), call.values[1], "source"
    if name in ("awk", "gawk", "mawk"):
        return Sink.CODE, _program(call), name
    if name in DATABASES:
        return Sink.SQL, _asked(call) or (stdin if stdin != BODY else None), name
    if name and name not in BUILTIN and name not in functions and words:
        return Sink.ARGUMENT, _split(call), name
    return Sink.ARGUMENT, None, name


def _asked(call: Call) -> Source:
    """The source of a query."""
    asked = (value for word, value in zip(call.words, call.values, strict=True) if value and SQL.search(raw(word)))
    return next(asked, None)


def _split(call: Call) -> Source:
    """The source of a value that stands bare, so that it may become several words."""
    for word, value in zip(call.words[1:], call.values[1:], strict=True):
        bare = [part for part in word.parts if isinstance(part, Parameter | Substitution) and not part.quoted]
        if value and bare:
            return value
    return None


def _program(call: Call) -> Source:
    """awk's program: the first word that is no option, and none with -f."""
    skip = False
    for word, value in list(zip(call.words, call.values, strict=True))[1:]:
        text = raw(word)
        if skip:
            skip = False
        elif text in ("-v", "-F", "-f"):
            if text == "-f":
                return None
            skip = True
        elif text.startswith("-"):
            continue
        else:
            return value
    return None


def _included(word: Word) -> Sink:
    """A name from outside whose folder is given can still be any file, one whose beginning is given can hardly."""
    first = word.parts[0]
    text = first.text if isinstance(first, shell.Text) else "/"
    return Sink.INCLUDE if text.endswith("/") or not text else Sink.ARGUMENT
