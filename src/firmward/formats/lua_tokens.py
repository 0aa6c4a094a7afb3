"""Lua's tokens: texts in quotes and in long brackets."""

import re

from firmward.formats.script_scanner import Language, Scanner, quoted, whole
from firmward.formats.script_tokens import Kind, Tokens

LONG = re.compile(r"\[(=*)\[")


def _lua_text(scanner: Scanner, position: int, limit: int) -> int | None:
    text = scanner.text
    sign = text[position]
    if sign in "'\"":
        body, end = quoted(scanner, position, limit)
        scanner.add(Kind.TEXT, body, position)
        return end
    if sign == "[" and (match := LONG.match(text, position)):
        end = text.find(f"]{match[1]}]", match.end(), limit)
        end = end if end >= 0 else limit
        scanner.add(Kind.TEXT, text[match.end() : end], position)
        return end + len(match[1]) + 2
    return None


LUA = Language(re.compile(r"--\[(=*)\[.*?(?:\]\1\]|\Z)|--[^\n]*", re.DOTALL), None, (_lua_text,), newlines=True)


def lua(text: str) -> Tokens:
    return whole(text, LUA)
