"""What in a system waits for a switch that notices an opened case: rules, services, and programs that read inputs.

Rules. udev runs a program at an event of a device that its rule names; triggerhappy (etc/triggerhappy/triggers.d) and
acpid (etc/acpi/events) do so at keys and switches; a service watches by itself, and its name, its command line or its
configuration says what it watches. What a program of the maker's reads without saying so is not seen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.process import Start
from firmward.facts.startup import Startup
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

TEXT_LIMIT = 256 << 10
"""Characters of one file of rules."""
WATCHES_LIMIT = 2000
"""Lines kept of one system; real ones have some hundred rules."""
FILES = (
    "etc/udev/rules.d/*.rules", "usr/lib/udev/rules.d/*.rules", "lib/udev/rules.d/*.rules",
    "etc/triggerhappy/triggers.d/*", "etc/acpi/events/*", "etc/input-event-daemon.conf", "etc/gpio-watch/*",
)  # fmt: skip
_ACTS = re.compile(r"RUN\{?|SYSTEMD_WANTS|PROGRAM|action\s*=|^\s*\w[\w/ ]*\s+\d\s+/", re.IGNORECASE)
"""What a line does that does something: udev's, acpid's and triggerhappy's way."""


@dataclass(frozen=True, slots=True)
class TamperWatch:
    """A rule or a service, `at`, and the `words` in which it says what it waits for, in small letters."""

    words: frozenset[str]
    at: Location


@dataclass(frozen=True, slots=True)
class TamperWatches:
    """All `watches` of the system, for whatever they wait; `unread` says in words what could not be read."""

    watches: tuple[TamperWatch, ...]
    unread: tuple[str, ...] = ()

    def of(self, name: str) -> TamperWatch | None:
        """One that waits for this input, or for tampering of any kind."""
        wanted = frozenset(words(name))
        return next(
            (one for one in self.watches if (wanted and wanted <= one.words) or not one.words.isdisjoint(GENERAL)), None
        )


GENERAL = frozenset(("tamper", "tampering", "intrusion", "tamperd"))


def words(text: str) -> Iterator[str]:
    """The words of a name or a line: `case-switch`, `CASE_OPEN` and `caseOpen` have `case`."""
    for word in _WORD.findall(text):
        yield word.lower()


_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def collect(tree: Tree, startup: Startup | None | Unknown) -> TamperWatches:
    if not isinstance(startup, Startup):
        raise Unavailable(startup.reason if isinstance(startup, Unknown) else "it is not known what starts")
    found: list[TamperWatch] = []
    unread = list(startup.unread_servers) if startup.blind is None else [startup.blind]
    for process in startup.processes:
        if process.start is not Start.DISABLED:
            said = frozenset(words(" ".join((process.service, *process.argv))))
            found.append(TamperWatch(said, process.at))
    for pattern in FILES:
        for path in tree.glob(pattern):
            try:
                text = tree.text(path, TEXT_LIMIT) or ""
            except Unavailable as reason:
                unread.append(str(reason))
                continue
            found += _rules(path, text)
    return TamperWatches(tuple(found[:WATCHES_LIMIT]), tuple(dict.fromkeys(unread)))


def _rules(path: str, text: str) -> Iterator[TamperWatch]:
    """acpid says in one line what and in another what then, so that its file is one rule."""
    if "/acpi/" in path:
        yield TamperWatch(frozenset(words(text)), Location(path))
        return
    for number, line in enumerate(text.replace("\\\n", "  ").split("\n"), 1):
        if not line.lstrip().startswith("#") and _ACTS.search(line):
            yield TamperWatch(frozenset(words(line)), Location(path, number))
