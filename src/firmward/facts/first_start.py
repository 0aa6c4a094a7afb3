"""OpenWrt's configuration as it is after the first start: what the scripts of etc/uci-defaults set replaces what ships.

Rules, from OpenWrt's documentation: the boot script runs each file of etc/uci-defaults in the order of their names (by
`uci_apply_defaults` of lib/functions.sh, or in a loop of its own) and removes it; where nothing of what starts names
the folder, they are not run. Read are `uci set`, `uci add_list` and `uci delete` with all that is known when they are
written, and the same in `uci batch`. A section stands for itself by its name or as `@TYPE[NUMBER]`; what a script works
out while it runs changes nothing here.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from firmward.facts.startup import Startup
from firmward.facts.update.steps import steps
from firmward.formats import uci
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Tree

SCRIPTS = "etc/uci-defaults/*"
SCRIPTS_LIMIT = 100
TOTAL_LIMIT = 2 << 20
"""Characters of all scripts together; OpenWrt's own are a few lines each."""
SCRIPT_BYTES = 128 << 10
CHANGES_LIMIT = 2_000
RUNS = re.compile(r"uci-defaults|\buci_apply_defaults\b")
OPTION = re.compile(
    r"(?P<package>[\w-]+)\.(?P<section>[\w-]+|@[\w-]+\[-?\d{1,6}\])(?:\.(?P<option>[\w-]+))?(?:=(?P<value>.*))?"
)
COUNTED = re.compile(r"@([\w-]+)\[(-?\d{1,6})\]")

Statement = tuple[str, str, str | None, str | None]
"""set, add_list or delete; section; option; value."""


def configuration(tree: Tree, package: str, startup: Startup | Unknown | None) -> str | None:
    """The text of a package's file with what the first start changes; None without the file. Lines keep their numbers,
    and what is added stands behind them: a named section that comes again adds to the first one."""
    text = tree.text(f"etc/config/{package}")
    if text is None or not _are_run(tree, startup):
        return text
    file = _File(text)
    for name, kind, section, option, value in list(_statements(tree))[:CHANGES_LIMIT]:
        if name == package:
            file.change(kind, section, option, value)
    return file.text


def _are_run(tree: Tree, startup: Startup | Unknown | None) -> bool:
    scripts = startup.scripts if isinstance(startup, Startup) else ()
    return bool(tree.glob(SCRIPTS)) and any(
        RUNS.search(_text(tree, path)) for path in scripts if "uci-defaults/" not in path
    )


def _text(tree: Tree, path: str) -> str:
    try:
        return tree.text(path, SCRIPT_BYTES) or ""
    except Unavailable:  # the start-up itself tells that it is lost
        return ""


def _statements(tree: Tree) -> Iterator[tuple[str, str, str, str | None, str | None]]:
    total = 0
    for path in tree.glob(SCRIPTS)[:SCRIPTS_LIMIT]:
        text = _text(tree, path)
        total += len(text)
        for step in steps(text, path) if total <= TOTAL_LIMIT and "uci" in text else ():
            if step.program == "uci":
                words = [word for word in step.words if not word.startswith("-")]
                lines = [words] if words[:1] != ["batch"] else [_split(line) for line in step.document.split("\n")]
                for line in lines:
                    yield from _statement(line)


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []


def _statement(words: Sequence[str]) -> Iterator[tuple[str, str, str, str | None, str | None]]:
    match words:
        case [("set" | "add_list" | "delete") as kind, named] if "$" not in named:
            found = OPTION.fullmatch(named)
            if found is not None and (kind == "delete") == (found["value"] is None):
                yield found["package"], kind, found["section"], found["option"], found["value"]


class _File:
    """A package's file under change."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._sections = list(uci.parse(text))
        self._added: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join([*self._lines, *self._added])

    def change(self, kind: str, name: str, option: str | None, value: str | None) -> None:
        place = self._place(name)
        if option is None and kind == "set" and place is None and not name.startswith("@"):
            self._sections.append(uci.Section(value or "", name, {}, 0))
            self._added.append(f"config {_quoted(value or '')} '{name}'")
        elif option is not None and place is not None and kind == "delete":
            for known in self._sections[place].options.get(option, ()):
                self._lines[known.line - 1] = f"# {self._lines[known.line - 1]}"
        elif option is not None and place is not None:
            section = self._named(place, name)
            word = "option" if kind == "set" else "list"
            self._added.append(f"config '{section.type}' '{section.name}'\n\t{word} {option} {_quoted(value or '')}")

    def _place(self, name: str) -> int | None:
        counted = COUNTED.fullmatch(name)
        if counted is None:
            return next((place for place, one in enumerate(self._sections) if one.name == name), None)
        alike = [place for place, one in enumerate(self._sections) if one.type == counted[1]]
        number = int(counted[2])
        return alike[number] if -len(alike) <= number < len(alike) else None

    def _named(self, place: int, name: str) -> uci.Section:
        """An anonymous section gets the name by which it is asked for, on its own line."""
        section = self._sections[place]
        if section.name is None:
            section = self._sections[place] = replace(section, name=name)
            self._lines[section.line - 1] = f"{self._lines[section.line - 1].rstrip()} '{name}'"
        return section


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
