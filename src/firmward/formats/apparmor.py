"""The heads of AppArmor profiles: which programs a profile is for, and in which mode.

Rules, from apparmor.d(5): `profile NAME ATTACHMENT flags=(...) {` or `ATTACHMENT flags=(...) {`; a name that begins
with a slash or a variable is an attachment as well. `#` begins a comment, but for `#include`. Braces that touch a word
part alternatives in a path, others begin and end a profile; profiles inside a profile are for its children and are not
given here. `@{NAME} = value ...` sets a variable, `+=` adds to it. In a path `*` is any but a slash, `**` any.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

SIZE_LIMIT = 1 << 20
EXPANSION_LIMIT = 256
"""Paths that the alternatives of one attachment may mean."""


@dataclass(frozen=True, slots=True)
class Profile:
    """`attachment` is None for a profile that is only entered by its name."""

    name: str
    attachment: str | None
    flags: frozenset[str]
    line: int

    @property
    def complains(self) -> bool:
        return "complain" in self.flags

    @property
    def confines(self) -> bool:
        """Whether it holds its program back at all, when it is enforced."""
        return "unconfined" not in self.flags


@dataclass(slots=True)
class _Reading:
    depth: int = 0
    head: list[str] = field(default_factory=list)
    line: int = 0


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """The profiles of one file, its own `variables`, and whether it ends inside a profile."""

    profiles: tuple[Profile, ...]
    variables: Mapping[str, tuple[str, ...]]
    is_cut: bool = False


_OPEN = re.compile(r"(?:^|(?<=[\s)\"]))\{(?=\s|\}|$)")
_CLOSE = re.compile(r"(?:^|(?<=[\s,{}]))\}(?=\s|$)")
_BRACE = re.compile(f"{_OPEN.pattern}|{_CLOSE.pattern}")
_VARIABLE = re.compile(r"\s*(@\{\w+\})\s*(\+?=)\s*(.*)")
_PREAMBLE = re.compile(r"\s*(?:#?include\b|abi\b|alias\b|@\{\w+\}\s*\+?=|\$\{?\w+\}?\s*=)")


def parse(text: str) -> ProfileFile:
    reading = _Reading()
    profiles: list[Profile] = []
    variables: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(text[:SIZE_LIMIT].splitlines(), start=1):
        line = _uncommented(row)
        if reading.depth == 0 and _PREAMBLE.match(line):
            _assign(line, variables)
            continue
        profiles.extend(_heads(line, number, reading))
    return ProfileFile(tuple(profiles), variables, reading.depth > 0)


def _uncommented(row: str) -> str:
    """A comment begins at the line's start or behind a blank."""
    match = re.search(r"(?:^|\s)#(?!include\b)", row)
    return row[: match.start()] if match else row


def _assign(line: str, variables: dict[str, tuple[str, ...]]) -> None:
    match = _VARIABLE.match(line)
    if match is not None:
        name, sign, values = match.groups()
        before = variables.get(name, ()) if sign == "+=" else ()
        variables[name] = (*before, *(value.strip('"') for value in values.split()))[:EXPANSION_LIMIT]


def _heads(line: str, number: int, reading: _Reading) -> Iterator[Profile]:
    position = 0
    for match in _BRACE.finditer(line):
        before, position = line[position : match.start()], match.end()
        if match.group() == "}":
            reading.depth = max(0, reading.depth - 1)
            continue
        if reading.depth == 0:
            head = _profile(" ".join([*reading.head, before]), reading.line if reading.head else number)
            reading.head = []
            if head is not None:
                yield head
        reading.depth += 1
    rest = line[position:].strip()
    if reading.depth == 0 and rest and not rest.endswith(","):
        reading.line = reading.line if reading.head else number
        reading.head = [*reading.head, rest][-8:]


_XATTRS = re.compile(r"xattrs\s*=\s*\([^()]*\)")
_FLAGS = re.compile(r"(?:flags\s*=\s*)?\(([^()]*)\)")
_WORD = re.compile(r'"([^"]*)"|(\S+)')


def _profile(head: str, line: int) -> Profile | None:
    head = _XATTRS.sub(" ", head)
    flags = _FLAGS.search(head)
    words = [match.group(1) or match.group(2) or "" for match in _WORD.finditer(_FLAGS.sub(" ", head))]
    if words[:1] == ["profile"]:
        words = words[1:]
    if not words:
        return None
    attachment = words[1] if len(words) > 1 else words[0]
    is_path = attachment.startswith(("/", "@{", "{"))
    listed = frozenset(re.split(r"[,\s]+", flags.group(1).strip())) if flags else frozenset()
    return Profile(words[0], attachment if is_path else None, listed, line)


KNOWN_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "@{bin}": ("/{,usr/}{,s}bin",),
    "@{sbin}": ("/{,usr/}sbin",),
    "@{lib}": ("/{,usr/}lib{,exec,32,64}",),
    "@{libexec}": ("/{,usr/}libexec",),
    "@{multiarch}": ("*-linux-gnu*",),
    "@{HOME}": ("/root", "/home/*"),
    "@{etc_ro}": ("/etc", "/usr/etc"),
    "@{etc_rw}": ("/etc", "/usr/etc"),
}
"""As the tunables that come with AppArmor set them."""

_NAMED = re.compile(r"@\{\w+\}")
_ALTERNATIVES = re.compile(r"\{([^{}]*)\}")


def paths(attachment: str, variables: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The patterns that an attachment means, variables and alternatives filled in; empty where they are too many."""
    pending, found = [attachment], list[str]()
    for _ in range(EXPANSION_LIMIT * 4):
        if not pending:
            return tuple(dict.fromkeys(found))
        path = pending.pop()
        variable = _NAMED.search(path)
        choice = _ALTERNATIVES.search(path) if variable is None else None
        if variable is not None:
            values = variables.get(variable.group()) or KNOWN_VARIABLES.get(variable.group()) or ("**",)
            pending += [path.replace(variable.group(), value, 1)[:4096] for value in values]
        elif choice is not None:
            pending += [path[: choice.start()] + part + path[choice.end() :] for part in choice.group(1).split(",")]
        else:
            found.append(re.sub("/{2,}", "/", path))
        if len(pending) + len(found) > EXPANSION_LIMIT:
            break
    return ()


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a program's path, with its leading slash, is meant by one of these patterns."""
    return any(_matches(path, pattern) for pattern in patterns)


def _matches(path: str, pattern: str) -> bool:
    if "**" in pattern:
        return fnmatchcase(path, re.sub(r"\*{2,}", "*", pattern))
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)
