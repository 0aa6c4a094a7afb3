"""The tokens of JavaScript and of OpenWrt's ucode: texts, templates with code in them, patterns."""

import re

from firmward.formats.script_scanner import Language, Scanner, quoted, slashed, whole
from firmward.formats.script_tokens import Kind, Token, Tokens


def _javascript_text(scanner: Scanner, position: int, limit: int) -> int | None:
    sign = scanner.text[position]
    if sign in "'\"`":
        body, end = quoted(scanner, position, limit)
        inside: tuple[Token, ...] = ()
        if sign == "`":
            line = scanner.lines.at(position)
            inside = tuple(token for code in re.findall(r"\$\{([^}]*)\}", body) for token in scanner.inner(code, line))
        scanner.add(Kind.TEXT, body, position, inside)
        return end
    return slashed(scanner, position, limit) if sign == "/" else None


JAVASCRIPT = Language(
    re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|\{%[-+]?|[-+]?%\}", re.DOTALL), None, (_javascript_text,), newlines=True
)


def javascript(text: str) -> Tokens:
    return whole(text, JAVASCRIPT)
