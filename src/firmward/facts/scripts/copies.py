"""Programs that a script copies or links under another name, and then starts by that name.

Rules. cp(1), ln(1), mv(1) and install(1): the last word is the target, a folder takes each by its own name, `-t` names
the folder first; `cat PROGRAM > TARGET` copies too. BusyBox takes the applet from its first word where its own name
begins with `busybox` (Toybox alike), and is the applet that it is called after otherwise.
"""

from collections.abc import Iterator
from posixpath import basename, dirname, join
from typing import TYPE_CHECKING

from firmward.facts import command_line
from firmward.facts.configuration_file import inside
from firmward.facts.process import is_multi_call
from firmward.facts.scripts import places
from firmward.facts.scripts.environment import Environment, Value
from firmward.facts.scripts.flow import Call, Status

if TYPE_CHECKING:
    from firmward.facts.scripts.walk import Walk

VALUED = "mogtS"
LONG = ("target-directory", "mode", "owner", "group", "suffix")
COPIES_LIMIT = 1000
"""Copies kept of one walk."""


def note(walk: "Walk", environment: Environment, call: Call) -> Status:
    """Keep what this cp, ln, mv, install or cat makes a program of."""
    for source, target in _pairs(walk, environment, call):
        program = _program(walk, source, target)
        is_new = target and "$" not in target and walk.tree.lstat_through(target) is None
        if program and is_new and len(walk.copies) < COPIES_LIMIT:
            walk.copies[target] = program
    return None


def original(walk: "Walk", call: Call) -> Call:
    """The same call with the program that the name stands for, where it is a copy under another name."""
    name = call.text(0)
    names = (inside(name),) if "/" in name else tuple(f"{folder}/{name}" for folder in places.PATH)
    source = next((walk.copies[one] for one in names if one in walk.copies), None)
    if source is None or basename(source) == basename(name):
        return call
    words = call.words[1:]
    if is_multi_call(source) and not is_multi_call(name):
        words = (Value(basename(name)), *words)
    return Call((Value(f"/{source}"), *words), call.line, call.command)


def _pairs(walk: "Walk", environment: Environment, call: Call) -> Iterator[tuple[str, str]]:
    arguments = command_line.read(call.texts[1:], VALUED, LONG)
    words = arguments.words
    if call.text(0).rpartition("/")[2] == "cat":
        target = walk.output(environment, call)
        if target and len(words) == 1:
            yield words[0], inside(target)
        return
    folder = arguments.get("t", "target-directory")
    sources = words if folder else words[:-1]
    target = folder or (words[-1] if words else "")
    if len(sources) == 1 and not folder and not walk.tree.is_directory(inside(target)):
        yield sources[0], inside(target)
    else:
        yield from ((source, inside(join(target, basename(source)))) for source in sources)


def _program(walk: "Walk", source: str, target: str) -> str:
    """The program in the tree that a source is, by a copy that was made before or by a link's relative name."""
    if "$" in source:
        return ""
    beside = inside(join("/", dirname(target), source))
    for path in (inside(source),) if source.startswith("/") else (beside, inside(source).lstrip("./")):
        known = walk.copies.get(path)
        if known is not None or places.executable(walk.tree, path) is not None:
            return known or path
    return ""
