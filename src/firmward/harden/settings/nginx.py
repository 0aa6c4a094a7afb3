"""nginx's language: `name words;` in blocks. What stands in several blocks is changed in each.

A section is the head of a block by its first and last word (`location /status`), or the name of a directive: then the
blocks that it stands in. What no block here says is written into those of the section.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats.nginx import DEPTH_LIMIT, TOKEN
from firmward.harden.draft import Refused

PATHS = ("etc/nginx/*", "etc/nginx/*/*", "etc/nginx/*/*/*", "**/nginx.conf", "**/nginx/*.conf")
BREAKING = re.compile(r"[;{}#]")


@dataclass(frozen=True, slots=True)
class Directive:
    """One as it is written: where its name ends and where it does, the words, and where the blocks around it begin."""

    words: tuple[str, ...]
    end_of_name: int
    end: int
    around: tuple[int, ...]
    opens: bool


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    if BREAKING.search(value):
        raise Refused(f"nginx cannot be told {value}")
    statements = tuple(directives(text))
    blocks = None if section is None else _blocks(statements, section)
    said = [one for one in statements if one.words[0] == option and not one.opens]
    meant = [one for one in said if blocks is None or one.around[-1:] in [(block,) for block in blocks]]
    edits = [(one.end_of_name, one.end, f" {value}" if value else "") for one in meant]
    served = {one.around[-1] for one in meant if one.around}
    for block in blocks or ():
        if block not in served:
            edits.append((block, block, f"\n{indent(text, block)}{option} {value};"))
    if not edits:
        raise Refused(f"nothing here says {section or option}")
    for start, end, new in sorted(edits, reverse=True):
        text = f"{text[:start]}{new}{text[end:]}"
    return text


def _blocks(statements: tuple[Directive, ...], section: str) -> list[int]:
    heads = {
        one.end for one in statements if one.opens and section in (f"{one.words[0]} {one.words[-1]}", one.words[0])
    }
    holders = {one.around[-1] for one in statements if one.words[0] == section and one.around and not one.opens}
    return sorted(heads or holders)


def directives(text: str) -> Iterator[Directive]:
    """Those of a text without what it includes. Raises Refused."""
    around: list[int] = []
    words: list[str] = []
    end_of_name = 0
    for match in TOKEN.finditer(text):
        kind, lexeme = match.lastgroup, match.group()
        if kind in ("word", "text"):
            end_of_name = end_of_name if words else match.end()
            words.append(lexeme if kind == "word" else lexeme[1:-1])
        elif kind == "open":
            raise Refused("a quote is not closed here")
        elif kind == "sign":
            if words and lexeme != "}":
                end = match.end() if lexeme == "{" else match.start()
                yield Directive(tuple(words), end_of_name, end, tuple(around), lexeme == "{")
            words = []
            if lexeme == "{":
                around.append(match.end())
                if len(around) > DEPTH_LIMIT:
                    raise Refused("its blocks are nested too deeply")
            elif lexeme == "}" and around:
                around.pop()


def indent(text: str, block: int) -> str:
    """How far what stands in a block is indented."""
    line = text[text.rfind("\n", 0, block) + 1 :]
    outer = line[: len(line) - len(line.lstrip(" \t"))]
    return outer + ("\t" if "\t" in outer else "    ")
