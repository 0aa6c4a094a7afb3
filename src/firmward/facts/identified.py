"""What the programs and libraries of a root say that they are, from the one pass over its contents.

product_row.py says by what. A file that nothing claims is listed all the same: of what nobody knows nobody can say
whether it has holes.
"""

from dataclasses import dataclass

from firmward.facts.contents import Contents
from firmward.facts.program import Product, Program
from firmward.formats.elf_dynamic import Elf, Kind

__all__ = ["Elf", "Identified", "Kind", "Product", "Program", "collect"]


@dataclass(frozen=True, slots=True)
class Identified:
    """All `programs` and libraries with what they are; `unread` says in words which files could not be asked."""

    programs: tuple[Program, ...]
    unread: tuple[str, ...] = ()

    @property
    def products(self) -> tuple[Product, ...]:
        """In the order of the files that they were found in."""
        return tuple(product for program in self.programs for product in program.products)

    @property
    def unclaimed(self) -> tuple[Program, ...]:
        """Those that no row of products, no Go and no Rust told anything of; modules belong to their kernel."""
        return tuple(
            one
            for one in self.programs
            if not (one.products or one.go or one.crates) and one.elf.kind is not Kind.OBJECT
        )


def collect(contents: Contents) -> Identified | None:
    """None where nothing was a program."""
    if not contents.programs and not contents.unread:
        return None
    return Identified(contents.programs, contents.unread)
