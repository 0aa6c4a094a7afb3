"""Which programs and libraries need which others: the files that the dynamic linker would take for what is NEEDED.

A library is found by its SONAME, or by its file's name where it has none, among those of the same processor and word
size. The path that it is looked for in is not followed: where several have one name, all of them may be meant, as far
as a system has any sense.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from firmward.facts.identified import Identified

NAMESAKES_LIMIT = 32
"""Files of one name that one that is needed may mean."""
LINKS_LIMIT = 2_000_000
"""Of one system; that of a desktop has 20,000."""


@dataclass(frozen=True, slots=True)
class Linkage:
    """`needs` are the paths of what each file needs, by its own; `unread` says in words of which that is not known."""

    needs: Mapping[str, tuple[str, ...]] = field(repr=False)
    unread: tuple[str, ...] = ()

    def behind(self, path: str) -> tuple[str, ...]:
        """All that a file needs, and what that needs, nearest first."""
        found = {path: None}
        pending = deque((path,))
        while pending:
            for one in self.needs.get(pending.popleft(), ()):
                if one not in found:
                    found[one] = None
                    pending.append(one)
        return tuple(found)[1:]


def collect(identified: Identified) -> Linkage:
    named: dict[tuple[str, int, str], list[str]] = {}
    for one in identified.programs:
        for name in {one.elf.soname, one.path.rpartition("/")[2]} - {""}:
            named.setdefault((one.elf.machine, one.elf.bits, name), []).append(one.path)

    def found(machine: str, bits: int, needed: Iterable[str]) -> tuple[str, ...]:
        paths = (path for name in needed for path in named.get((machine, bits, name), ())[:NAMESAKES_LIMIT])
        return tuple(dict.fromkeys(paths))

    needs: dict[str, tuple[str, ...]] = {}
    left = LINKS_LIMIT
    for one in identified.programs:
        others = found(one.elf.machine, one.elf.bits, one.elf.needed)
        left -= len(others)
        if left < 0:
            return Linkage(needs, (f"{one.path} and what follows was not linked: more than {LINKS_LIMIT} links",))
        if others:
            needs[one.path] = others
    return Linkage(needs)
