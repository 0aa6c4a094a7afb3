"""What SWUpdate is started with, and where each word stands: the wrapper that Yocto starts it by, and its fragments.

Rules, from the wrapper that comes with meta-swupdate: it sources each name in conf.d once, in order, the file in
etc/swupdate instead of the one of the same name in usr/lib/swupdate, and hands on SWUPDATE_ARGS, and
SWUPDATE_SURICATTA_ARGS, SWUPDATE_WEBSERVER_ARGS and SWUPDATE_DOWNLOAD_ARGS behind -u, -w and -d. Every way that a
fragment may take is listed. A wrapper is told by the folder's name in its text: what a start script sets itself is
taken from there, and what it sources from the fragments that count.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename

from firmward.facts import command_line
from firmward.facts.update.steps import assigned, steps
from firmward.facts.update.surroundings import Surroundings
from firmward.formats import unit_file
from firmward.model.location import Location

FRAGMENTS = ("usr/lib*/swupdate/conf.d/*", "etc/swupdate/conf.d/*")
"""Where the wrapper looks; the later folder's file stands for its namesake."""
DEFAULTS = ("etc/default/swupdate", "etc/conf.d/swupdate")
VARIABLE = re.compile(r"SWUPDATE_(\w{0,40}?)_?ARGS")
SHELL_ARGUMENT = re.compile(r"(?m)^[ \t]*(?:export[ \t]+)?(SWUPDATE_\w*ARGS)\w*\+?=(.*)$")
PARTS = {"SURICATTA": "-u", "WEBSERVER": "-w", "DOWNLOAD": "-d"}


@dataclass(frozen=True, slots=True)
class Given:
    """Words of the command line, and where they are written."""

    words: tuple[str, ...]
    at: Location


def given(around: Surroundings) -> tuple[Given, ...]:
    return (*_started(around), *_of_defaults(around), *_of_fragments(around), *_called(around))


def _started(around: Surroundings) -> Iterator[Given]:
    for process in around.configured("swupdate"):
        script = around.tree.text(process.at.path) if process.at.path else None
        if script is not None and "swupdate/conf.d" in script and any(_fragments(around)):
            yield from (
                Given(step.words, step.at) for step in steps(script, process.at.path or "") if _is_program(step.argv)
            )
        else:
            yield Given(command_line.own_words(process.argv), process.at)


def _is_program(argv: tuple[str, ...]) -> bool:
    return bool(argv) and basename(argv[0]) == "swupdate"


def _of_defaults(around: Surroundings) -> Iterator[Given]:
    for path, text in around.texts(*DEFAULTS):
        for match in SHELL_ARGUMENT.finditer(text):
            value = match[2].strip().strip("\"'").replace('\\"', '"')
            yield Given(_words(match[1], value), Location(path, text.count("\n", 0, match.start()) + 1))


def _of_fragments(around: Surroundings) -> Iterator[Given]:
    for path, text in _fragments(around):
        for name, value, at in assigned(text, path):
            if VARIABLE.fullmatch(name):
                yield Given(_words(name, value), at)


def _fragments(around: Surroundings) -> Iterator[tuple[str, str]]:
    """The fragments that count, in the order of their names."""
    listed = {basename(path): (path, text) for pattern in FRAGMENTS for path, text in around.texts(pattern)}
    yield from (listed[name] for name in sorted(listed))


def _words(name: str, value: str) -> tuple[str, ...]:
    matched = VARIABLE.fullmatch(name)
    option = PARTS.get(matched[1]) if matched is not None else None
    if option is not None:
        return (option, value) if value.strip() else ()
    return tuple(word.text for word in unit_file.split(value))


def _called(around: Surroundings) -> Iterator[Given]:
    yield from (Given(step.words, step.at) for step, _ in around.calls("swupdate"))
