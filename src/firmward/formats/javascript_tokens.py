"""The tokens of JavaScript and of OpenWrt's ucode: texts, templates with code in them, patterns."""

import re

from firmward.formats.script_scanner import Language, Scanner, end_of, may_divide, pattern_end, whole
from firmward.formats.script_tokens import Kind, Token, Tokens


def _javascript_text(scanner: Scanner, position: int, limit: int) -> int | None:
    text = scanner.text
    sign = text[position]
    if sign in "'\"`":
        end = end_of(text, position + 1, sign, limit)
        if end < 0:
            scanner.lose(position, "a text")
            end = limit
        body = text[position + 1 : end]
        inside: tuple[Token, ...] = ()
        if sign == "`":
            line = scanner.lines.at(position)
            inside = tuple(token for code in re.findall(r"\$\{([^}]*)\}", body) for token in scanner.inner(code, line))
        scanner.add(Kind.TEXT, body, position, inside)
        return end + 1
    if sign == "/" and not may_divide(scanner):
        end = pattern_end(text, position + 1, limit)
        if end >= 0:
            scanner.add(Kind.PATTERN, text[position + 1 : end], position)
            return end + 1
    return None


JAVASCRIPT = Language(
    re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|\{%[-+]?|[-+]?%\}", re.DOTALL), None, (_javascript_text,), newlines=True
)


def javascript(text: str) -> Tokens:
    return whole(text, JAVASCRIPT)
