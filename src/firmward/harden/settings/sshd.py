"""sshd_config(5): `Keyword value`, the first one counts. A section is the condition of Match blocks.

Before the first Match a line holds for all, unless an earlier one says otherwise, and so does one in a file that is
included before. A block ends where the next begins: to close one and go back to all, `Match all` is written.
"""

import re

from firmward.formats import sshd_config
from firmward.harden.draft import Refused

PATHS = (
    *("etc/ssh/sshd_config*", "etc/ssh/sshd_config.d/*", "usr/etc/ssh/sshd_config", "usr/etc/ssh/sshd_config.d/*"),
    *("**/sshd_config", "**/sshd_config_*", "**/sshd_config.d/*", "etc/ssh/ssh_config", "etc/ssh/ssh_config.d/*"),
)
LINE = re.compile(r"(?P<head>[ \t]*)(?P<keyword>[A-Za-z][\w-]*)(?P<sign>[ \t]*=[ \t]*|[ \t]+)(?P<rest>.*)")
VALUE = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"']|[ \t]+(?![ \t#]))*""")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    lines = text.removesuffix("\n").split("\n") if text else []
    blocks = _blocks(lines)
    wanted = _normal(section) if section is not None else ()
    first = next((start for start, end, conditions in blocks if conditions == wanted), None)
    if first is None:
        raise Refused(f"no block here is for {section}")
    kept, done = [], False
    for start, end, conditions in blocks:
        for line in lines[start:end]:
            if conditions != wanted or not _says(line, option):
                kept.append(line)
            elif not done:
                kept.append(_with(line, value))
                done = True
        if conditions == wanted and not done:
            blank = next((n for n, one in enumerate(reversed(kept[start - end :])) if one.strip()), end - start)
            place = len(kept) - (blank if end > start else 0)
            indent = "" if section is None else _indent(lines[start:end])
            kept.insert(place, f"{indent}{option} {value}")
            done = True
    return "".join(f"{line}\n" for line in kept)


def _blocks(lines: list[str]) -> list[tuple[int, int, tuple[str, ...]]]:
    """First and last line of each block, the Match line in it, and its condition, empty for what holds for all."""
    opens = [number for number, line in enumerate(lines) if _keyword(line) in ("match", "host")]
    starts = [0, *opens]
    ends = [*opens, len(lines)]
    conditions: list[tuple[str, ...]] = [(), *(_normal(lines[number]) for number in opens)]
    return list(zip(starts, ends, conditions, strict=True))


def _keyword(line: str) -> str:
    found = sshd_config.directive(line, "", 0)
    return found.keyword if found is not None else ""


def _normal(condition: str) -> tuple[str, ...]:
    """The innermost condition, its names in lower case; `Match all` holds for all, and is the file's own block."""
    words = sshd_config.split(condition.rpartition(" and ")[2].replace("=", " "))
    pairs = [word.lower() if place % 2 == 0 else word for place, word in enumerate(words[1:])]
    return () if pairs == ["all"] else tuple(pairs)


def _says(line: str, option: str) -> bool:
    wanted = sshd_config.ALIASES.get(option.lower(), option.lower())
    return _keyword(line) == wanted


def _with(line: str, value: str) -> str:
    end = "\r" if line.endswith("\r") else ""
    found = LINE.fullmatch(line.rstrip("\r"))
    if found is None:  # a keyword in quotes: rewritten plainly
        directive = sshd_config.directive(line, "", 0)
        return f"{directive.keyword if directive else ''} {value}{end}"
    read = VALUE.match(found["rest"])
    behind = found["rest"][read.end() if read is not None else 0 :]
    behind = behind if behind.lstrip().startswith("#") else ""
    return f"{found['head']}{found['keyword']}{found['sign']}{value}{behind}{end}"


def _indent(lines: list[str]) -> str:
    known = next((line for line in lines[1:] if line.strip()), "    x")
    return known[: len(known) - len(known.lstrip())]
