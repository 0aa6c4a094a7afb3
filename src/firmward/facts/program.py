"""One program or library of a root, and what it is known to be made of."""

from dataclasses import dataclass, field

from firmward.formats.cargo_auditable import Crate
from firmward.formats.elf_dynamic import Elf
from firmward.formats.go_build_info import GoBuildInfo
from firmward.model.component import ComponentKind, Evidence


@dataclass(frozen=True, slots=True)
class Product:
    """A product in one file: its `name` and `vendor` by CPE (the vendor is empty where it has no name there), its
    `version`, its `kind`, and its package URL, `purl`.

    `evidence` says what was read, and where. `is_static` says that a library was linked into a file that is something
    else, so that its own package, if there is one, is another copy.
    """

    name: str
    vendor: str
    version: str
    kind: ComponentKind
    purl: str
    evidence: Evidence
    is_static: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """An ELF file at `path`: its dynamic section, `elf`, and the `products` that were recognised in it, none where
    nothing claims it. `is_stripped` says that it has no symbols but those of the dynamic linker; `go` and `crates` are
    what Go's linker and `cargo auditable` left in it."""

    path: str
    elf: Elf
    products: tuple[Product, ...] = ()
    is_stripped: bool = True
    go: GoBuildInfo | None = None
    crates: tuple[Crate, ...] = field(default=(), repr=False)
