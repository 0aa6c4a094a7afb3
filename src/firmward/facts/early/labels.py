"""Which word of the kernel's command line a condition asks for."""

import fnmatch
import re
from collections.abc import Mapping, Sequence

from firmward.facts.early.records import Given
from firmward.facts.early.sources import ASKERS, FROM_COMMAND_LINE, parsed_word
from firmward.facts.scripts.environment import Value
from firmward.facts.scripts.flow import Call
from firmward.formats.shell import Parameter, Word

_ASKED = re.compile(r"\bgetarg(?:s|num|bool\s+['\"]?(?P<default>[01])['\"]?)?\s+['\"]?(?P<word>[\w.-]+)", re.ASCII)
_WORD = re.compile(r"[\w.-]+", re.ASCII)
_NAME = re.compile(r"([\w.-]+)(?:=([^*?\[]*))?", re.ASCII)
ASKS = re.compile(r"break|shell|debug|rescue|single|emergency|recover|maint|init_\w*sh|^[s1]$", re.IGNORECASE)
"""Words by which somebody asks for a shell; others may stand on the way to one."""
EQUAL = ("=", "==", "-eq")
UNEQUAL = ("!=", "-ne")


def matches(subject: Value, patterns: Sequence[Value]) -> bool | None:
    """Whether an arm of `case` is taken; None where only the device can tell."""
    plain = any(pattern.text == "*" for pattern in patterns)
    if plain:
        return True
    if not subject.certain or not all(pattern.certain for pattern in patterns):
        return None
    return any(fnmatch.fnmatchcase(subject.text, pattern.text) for pattern in patterns)


def of_arm(word: Word, subject: Value, patterns: Sequence[Value], words: Mapping[str, Given]) -> Given | None:
    """What an arm of `case` says of the command line: by its pattern where words of it are looked at, else by the
    variable that is."""
    text = patterns[0].text if patterns else ""
    if FROM_COMMAND_LINE in subject.text and not any(name in words for name in variables(word)):
        return of_pattern(text)
    given = _of_variables(variables(word), words)
    if given is None or not text.strip("*,"):
        return None
    return Given("", given.word, None)


def of_pattern(text: str) -> Given | None:
    """`verity=0`, `break=*`, `*debug*`"""
    found = _NAME.match(text.strip("* \t,").lstrip("^"))
    if found is None:
        return None
    value = found[2] if found[2] and text.rstrip("* ").endswith(found[2]) else None
    return Given("", found[1], value)


def of_text(script: str) -> Given | None:
    """`getarg rd.break`, dracut's question, in a substitution."""
    found = _ASKED.search(script)
    return None if found is None else _asked(found["word"], found["default"])


def of_asker(call: Call) -> Given | None:
    """dracut's `getarg WORD` and `getargbool DEFAULT WORD`."""
    texts = list(call.texts)
    default = texts.pop(1) if texts[0] in ("getargbool", "getargnum") and len(texts) > 1 else None
    words = [word for word in texts[1:] if not word.startswith("-")]
    found = _WORD.match(words[0]) if words and texts[0] in ASKERS else None
    return None if found is None else _asked(found.group(), default)


def _asked(word: str, default: str | None) -> Given:
    return Given("", word, "0", holds=False) if default == "1" else Given("", word)


def of_test(call: Call, words: Mapping[str, Given]) -> Given | None:
    """`[ -n "$panic" ]`, `[ "$verity" = 0 ]`: what it says when it holds."""
    inside = list(call.texts[1:])
    if call.text(0) in ("[", "[["):
        inside = inside[:-1]
    given = _of_variables([name for word in call.command.words for name in variables(word)], words)
    if given is None:
        return None
    negated = inside[:1] == ["!"]
    holds, value = _said(inside[1:] if negated else inside)
    if value is not None and given.text:  # the variable is a mark, and no value from the command line
        if value != given.text:
            return None
        value = given.value
    return Given("", given.word, value, holds=holds is not negated)


def _said(inside: Sequence[str]) -> tuple[bool, str | None]:
    """Whether the word is there when the test holds, and its value."""
    operator = inside[1] if len(inside) == 3 else ""
    if operator in (*EQUAL, *UNEQUAL):
        value = next((text for text in (inside[2], inside[0]) if "$" not in text), None)
        is_set = bool(value)
        return (operator in EQUAL) is is_set, value or None
    return not (inside and inside[0] == "-z"), None


def _of_variables(names: Sequence[str], words: Mapping[str, Given]) -> Given | None:
    for name in names:
        parsed = parsed_word("$" + name)
        found = words.get(name) or (None if parsed is None else Given("", parsed))
        if found is not None:
            return found
    return None


def variables(word: Word) -> list[str]:
    """The variables in a word."""
    return [part.name for part in word.parts if isinstance(part, Parameter)]
