"""Lua's tokens: texts in quotes and in long brackets."""

import re

from firmward.formats.script_scanner import Language, Scanner, end_of, whole
from firmward.formats.script_tokens import Kind, Tokens

LONG = re.compile(r"\[(=*)\[")


def _lua_text(scanner: Scanner, position: int, limit: int) -> int | None:
    text = scanner.text
    sign = text[position]
    if sign in "'\"":
        end = end_of(text, position + 1, sign, limit)
        if end < 0:
            scanner.lose(position, "a text")
            end = limit
        scanner.add(Kind.TEXT, text[position + 1 : end], position)
        return end + 1
    if sign == "[" and (match := LONG.match(text, position)):
        end = text.find(f"]{match[1]}]", match.end(), limit)
        end = end if end >= 0 else limit
        scanner.add(Kind.TEXT, text[match.end() : end], position)
        return end + len(match[1]) + 2
    return None


LUA = Language(re.compile(r"--\[(=*)\[.*?(?:\]\1\]|\Z)|--[^\n]*", re.DOTALL), None, (_lua_text,), newlines=True)


def lua(text: str) -> Tokens:
    return whole(text, LUA)
