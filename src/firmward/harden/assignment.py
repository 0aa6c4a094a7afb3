"""Lines that give names values: how they look in one format, and how one is changed.

What stands on a line beside the value keeps its place: indentation, the name's spelling, the sign between, a comment
behind. An option that is said several times in its section is said once, where it stood first. Formats differ in the
pattern of such a line, in what a new one looks like, and in their sections.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.harden.draft import Refused

LINE_LIMIT = 16_384
"""Characters of a line that is looked at; a longer one is left as it is."""


VALUE = r"(?:\S(?:.*\S)?)?"
"""What begins and ends with no blank."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """`pattern` matches a whole line and names its `head` (all before the value), `name`, `value` and `tail`; `form` is
    a new line. `header` matches the line that opens a section and names the `section`, `heading` is a new one; without
    it the file has no sections. `folds` says that names are the same in capitals, `continues` that a line which ends
    with a backslash goes on, `repeats` that every place keeps its line, since each is in a block of its own."""

    pattern: re.Pattern[str]
    form: str
    header: re.Pattern[str] | None = None
    heading: str = "[{section}]"
    folds: bool = False
    continues: bool = False
    repeats: bool = False

    def set(self, text: str, option: str, value: str, section: str | None = None) -> str:
        lines = text.removesuffix("\n").split("\n") if text else []
        first, end = self._range(lines, section)
        if first is None:
            lines += [*([""] if lines else []), self.heading.format(section=section)]
            first = end = len(lines)
        return "".join(f"{line}\n" for line in self._changed(lines, first, end, option, value))

    def _range(self, lines: list[str], section: str | None) -> tuple[int | None, int]:
        """The lines of a section, without its header; all where none is named. A section that is opened again is one
        of its own, and the first is taken."""
        if section is None or self.header is None:
            return 0, len(lines)
        first = None
        for number, line in enumerate(lines):
            opened = self.header.fullmatch(line.rstrip("\r"))
            if opened is not None and first is not None:
                return first, number
            if opened is not None and opened["section"].strip() == section:
                first = number + 1
        return first, len(lines)

    def _changed(self, lines: list[str], first: int, end: int, option: str, value: str) -> Iterator[str]:
        said = {number for number in range(first, end) if self._says(lines[number], option)}
        dropped = {number for one in said for number in self._rest(lines, one, end)}
        last = max((number for number in range(first, end) if lines[number].strip()), default=first - 1)
        if not said and last < first:
            yield from lines[:first]
            yield self.form.format(name=option, value=value)
            yield from lines[first:]
            return
        done = False
        for number, line in enumerate(lines):
            if number in said and (self.repeats or not done):
                yield self._with(line, value)
                done = True
            elif number not in said | dropped:
                yield line
            if not said and number == last:
                yield self._indent(lines[first:end]) + self.form.format(name=option, value=value)

    def _rest(self, lines: list[str], number: int, end: int) -> Iterator[int]:
        """The lines that go on what begins here."""
        while self.continues and number + 1 < end and lines[number].rstrip("\r").endswith("\\"):
            number += 1
            yield number

    def _says(self, line: str, option: str) -> bool:
        found = self._match(line)
        if found is None:
            return False
        return found["name"] == option or (self.folds and found["name"].lower() == option.lower())

    def _with(self, line: str, value: str) -> str:
        found = self._match(line)
        if found is None:  # asked of lines that match alone
            return line
        tail = "" if self.continues and found["tail"].startswith("\\") else found["tail"]
        between = self.form.partition("{name}")[2].partition("{value}")[0]
        between = between if value and found["head"][-1:] not in " \t=:" else ""
        return f"{found['head']}{between}{value}{tail}" + ("\r" if line.endswith("\r") else "")

    def _match(self, line: str) -> re.Match[str] | None:
        return self.pattern.fullmatch(line.rstrip("\r")) if len(line) <= LINE_LIMIT else None

    def _indent(self, lines: list[str]) -> str:
        """How far the lines around are indented."""
        known = next((line for line in reversed(lines) if self._match(line) is not None), "")
        return known[: len(known) - len(known.lstrip())]


def words(name: str = r"[\w.-]+") -> re.Pattern[str]:
    """`name value` to the end of the line."""
    return re.compile(rf"(?P<head>[ \t]*(?P<name>{name})(?:[ \t]+|$))(?P<value>{VALUE})(?P<tail>[ \t]*)")


def commented_words(name: str = r"[\w.-]+", sign: str = "#") -> re.Pattern[str]:
    """`name value`, with a comment that begins behind a blank."""
    value = rf"(?:[^\s{sign}]\S*(?:[ \t]+[^\s{sign}]\S*)*)?"
    return re.compile(
        rf"(?P<head>[ \t]*(?P<name>{name})(?:[ \t]+|$))(?P<value>{value})(?P<tail>[ \t]*(?:(?<=\s)[{sign}].*)?)"
    )


def equals(name: str = r"[\w.-]+", sign: str = "=") -> re.Pattern[str]:
    """`name = value` to the end of the line."""
    return re.compile(rf"(?P<head>[ \t]*(?P<name>{name})[ \t]*{sign}[ \t]*)(?P<value>{VALUE})(?P<tail>[ \t]*)")


SECTION = re.compile(r"[ \t]*\[(?P<section>[^]]*)\][ \t]*(?:[#;].*)?")


def say(text: str, changed: str, option: str) -> str:
    """For formats in which a new line has no safe place. Raises Refused where nothing was there to be changed."""
    if changed == text and option not in text:
        raise Refused(f"nothing here says {option}")
    return changed
