"""OpenWrt's files in etc/config: `option name 'value'` below `config type ['name']`.

A section is a name, `@type[n]` for one without a name (counted from 0, from the end below), or a type: then all of it.
A list of the same name gives way to the option. A file that goes over lines in its quotes is refused where that is in
the way.
"""

import re
from dataclasses import dataclass

from firmward.formats import uci
from firmward.harden.draft import Refused

FOLDER = "etc/config/"
PATHS = (f"{FOLDER}*",)
FIRST_START = "etc/uci-defaults/*"
"""Scripts that the first start runs, in the order of their names; what they set replaces what the files say."""
WORD = r"""(?:'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"\\#]+)"""
HEAD = re.compile(rf"[ \t]*config[ \t]+(?P<type>{WORD})(?:[ \t]+(?P<name>{WORD}))?[ \t]*(?:#.*)?\r?")
LINE = re.compile(rf"(?P<head>[ \t]*(?P<kind>option|list)[ \t]+(?P<name>{WORD})[ \t]+)(?P<value>{WORD}+)(?P<tail>.*)")
INDEXED = re.compile(r"@(?P<type>[\w-]+)\[(?P<index>-?\d{1,4})\]")


@dataclass(frozen=True, slots=True)
class _Section:
    type: str
    name: str
    first: int
    end: int


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    if "'" in value:
        raise Refused(f"{value} cannot be written in quotes")
    lines = text.removesuffix("\n").split("\n") if text else []
    meant = _meant(_sections(lines), section or "")
    if not meant:
        raise Refused(f"there is no section {section}")
    for one in reversed(meant):
        lines[one.first : one.end] = _with(lines[one.first : one.end], option, value)
    changed = "".join(f"{line}\n" for line in lines)
    said = [found.value for one in uci.parse(changed) if (found := one.get(option)) is not None]
    if value not in said or uci.read(changed).problems != uci.read(text).problems:
        raise Refused("its quotes go over lines")
    return changed


def set_statement(text: str, package: str, option: str, value: str, section: str) -> str:
    """A script with what it sets an option to by `uci set` or `uci batch`, where it names the section alike."""
    place = rf"{re.escape(package)}\.{re.escape(section)}\.{re.escape(option)}"
    pattern = re.compile(rf"(?<![\w.])({place}=)(?:{WORD})?")
    return pattern.sub(lambda found: f"{found[1]}'{value}'", text)


def _sections(lines: list[str]) -> list[_Section]:
    heads = [(number, found) for number, line in enumerate(lines) if (found := HEAD.fullmatch(line)) is not None]
    ends = [*(number for number, _ in heads), len(lines)][1:]
    return [
        _Section(_bare(found["type"]), _bare(found["name"] or ""), number + 1, end)
        for (number, found), end in zip(heads, ends, strict=True)
    ]


def _meant(sections: list[_Section], wanted: str) -> list[_Section]:
    by_index = INDEXED.fullmatch(wanted)
    if by_index is not None:
        fitting = [one for one in sections if one.type == by_index["type"]]
        place = int(by_index["index"])
        return [fitting[place]] if -len(fitting) <= place < len(fitting) else []
    return [one for one in sections if one.name == wanted] or [one for one in sections if one.type == wanted]


def _with(lines: list[str], option: str, value: str) -> list[str]:
    kept, done = [], False
    for line in lines:
        found = LINE.fullmatch(line.rstrip("\r"))
        if found is None or _bare(found["name"]) != option:
            kept.append(line)
        elif not done:
            done = True
            head = re.sub(r"^([ \t]*)list\b", r"\1option", found["head"])
            kept.append(f"{head}'{value}'{found['tail']}" + ("\r" if line.endswith("\r") else ""))
    if not done:
        place = len(kept) - next((n for n, line in enumerate(reversed(kept)) if line.strip()), len(kept))
        kept.insert(place, f"\toption {option} '{value}'")
    return kept


def _bare(word: str) -> str:
    return word.strip("'\"")
