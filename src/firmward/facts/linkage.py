"""Which programs and libraries need which others: the files that the dynamic linker would take for what is NEEDED.

A library is found by its SONAME, or by its file's name where it has none, among those of the same processor and word
size. The path that it is looked for in is not followed: where several have one name, all of them may be meant.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from firmward.facts.identified import Identified


@dataclass(frozen=True, slots=True)
class Linkage:
    """`needs` are the paths of what each file needs, by its own."""

    needs: Mapping[str, tuple[str, ...]] = field(repr=False)

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
        paths = (path for name in needed for path in named.get((machine, bits, name), ()))
        return tuple(dict.fromkeys(paths))

    needs = {one.path: found(one.elf.machine, one.elf.bits, one.elf.needed) for one in identified.programs}
    return Linkage({path: others for path, others in needs.items() if others})
