"""Which words for a licence are SPDX expressions (SPDX 2.3, annex D).

Sources write licences as they like: `GPL-2.0-only`, `GPLv2`, `MIT & BSD`, a sentence. What is an expression of ids that
the list of SPDX has is written as such, in the list's own spelling; anything else stays a name, and is never bent into
an id that it may not mean.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files

LENGTH_LIMIT = 2000
"""Characters of one expression."""
DEPTH_LIMIT = 32
"""Parentheses in each other."""

TOKEN = re.compile(r"\s*(?:([()&|])|([A-Za-z0-9][A-Za-z0-9.-]*\+?))", re.ASCII)
JOINING = {"AND": "AND", "OR": "OR", "&": "AND", "|": "OR"}
"""Operators, with the signs that Yocto and Buildroot have for them."""


@lru_cache(maxsize=4096)
def expression(text: str) -> str | None:
    """The expression as SPDX writes it; None for what is none."""
    tokens = list(_tokens(text))
    return _joined(tokens) if tokens and _holds(tokens) else None


def is_id(text: str) -> bool:
    """Whether an expression is nothing but the id of a licence."""
    return text in _known()[0].values()


def all_of(expressions: list[str]) -> str:
    """One expression for all of them."""
    return " AND ".join(f"({one})" if " " in one and len(expressions) > 1 else one for one in expressions)


def _tokens(text: str) -> Iterator[str]:
    """Nothing for a text that holds anything but the signs and words of an expression, or an id that is not known."""
    licences, exceptions = _known()
    found, at, after = [], 0, ""
    text = text.strip()
    if len(text) > LENGTH_LIMIT:
        return
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            return
        word = match[1] or match[2]
        if word.upper() in (*JOINING, "WITH"):
            word = JOINING.get(word.upper(), "WITH")
        elif word not in ("(", ")"):
            word = (exceptions if after == "WITH" else licences).get(word.lower(), "") or _later(word, licences)
            if not word:
                return
        found.append(word)
        at, after = match.end(), word
    yield from found


def _later(word: str, licences: Mapping[str, str]) -> str:
    """An id with the plus that takes in later versions."""
    known = licences.get(word[:-1].lower(), "") if word.endswith("+") else ""
    return f"{known}+" if known else ""


def _holds(tokens: list[str]) -> bool:
    """Whether operands, operators and parentheses stand as they must."""
    depth, wants_operand, after = 0, True, ""
    for word in tokens:
        if word == "(":
            fits, depth = wants_operand and after != "WITH", depth + 1
        elif word == ")":
            fits, depth = not wants_operand and depth > 0, depth - 1
        elif word in ("AND", "OR", "WITH"):
            fits, wants_operand = not wants_operand and (word != "WITH" or after != ")"), True
        else:
            fits, wants_operand = wants_operand, False
        if not fits or depth > DEPTH_LIMIT:
            return False
        after = word
    return depth == 0 and not wants_operand


def _joined(tokens: list[str]) -> str:
    return " ".join(tokens).replace("( ", "(").replace(" )", ")")


@cache
def _known() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Licences and exceptions, each by its id in small letters."""
    text = files("firmward.vulns.sbom").joinpath("licences.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return (
        {line.lower(): line for line in lines if not line.startswith("+")},
        {line[1:].lower(): line[1:] for line in lines if line.startswith("+")},
    )
