"""What Debian's OpenRC takes from the LSB header of a script of SysV's: lsb2rcconf, which writes a `depend` of it.

Rules, as that program answers: a name that is required, be it to stop, is a `need`; `$facility` is what
etc/insserv.conf and etc/insserv.conf.d/* say of it, its names with a `+` optional; what is not required only orders.
"""

from collections.abc import Iterable, Iterator, Mapping

from firmward.formats import lsb_header
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

PROGRAM = "lib/rc/bin/lsb2rcconf"
CONFIGURATION = "etc/insserv.conf"
FILES_LIMIT = 200
"""Packages that name facilities; Debian has some ten."""

Facilities = Mapping[str, tuple[str, ...]]


def facilities(tree: Tree) -> Facilities:
    found: dict[str, tuple[str, ...]] = {}
    for path in (CONFIGURATION, *tree.list(f"{CONFIGURATION}.d")[:FILES_LIMIT]):
        try:
            text = tree.text(path) or ""
        except Unavailable:
            continue
        for line in text.split("\n"):
            name, *words = line.split() or [""]
            if name.startswith("$"):
                found[name] = found.get(name, ()) + tuple(words)
    return found


def depends(text: str, known: Facilities) -> tuple[tuple[str, str], ...] | None:
    """Pairs (`need` or `provide`, name) of a script; None for one without a header."""
    header = lsb_header.parse(text)
    if header is None:
        return None
    required = (*header.get("required-start", ()), *header.get("required-stop", ()))
    needed = dict.fromkeys(_needed(required, known, set()))
    return (*(("need", name) for name in needed), *(("provide", name) for name in header.get("provides", ())))


def _needed(words: Iterable[str], known: Facilities, seen: set[str]) -> Iterator[str]:
    """Facilities name others; `seen` are those on the way, each told once."""
    for word in words:
        if word.startswith("$"):
            if word not in seen:
                seen.add(word)
                yield from _needed(known.get(word, ()), known, seen)
        elif not word.startswith("+"):
            yield word
