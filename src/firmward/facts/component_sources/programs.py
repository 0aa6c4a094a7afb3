"""What programs and libraries are made of, as components: the products that rows know, Go's modules, Rust's crates.

The files of one product and version are one component; where a file says a version by its words and another by its
name, the words count. A static copy in a program is a component like any other: it has to be mended there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from firmward.facts.identified import Identified
from firmward.facts.program import Product, Program
from firmward.model.component import Component, ComponentKind, Evidence, Witness
from firmward.model.cpe import cpe
from firmward.model.location import Location
from firmward.model.purl import purl

FILES_LIMIT = 500
EVIDENCE_LIMIT = 20
ORDER = list(Witness)


def components(identified: Identified) -> Iterator[Component]:
    """Each product and version once, with the files that have it."""
    found: dict[tuple[str, str, str], Component] = {}
    for one in _each(identified.programs):
        key = (one.vendor, one.name, one.version)
        known = found.get(key)
        found[key] = one if known is None else joined(known, one)
    told = {(one.vendor, one.name) for one in found.values() if one.version}
    for one in found.values():
        if one.version or (one.vendor, one.name) not in told:
            yield one


def _each(programs: Iterable[Program]) -> Iterator[Component]:
    for program in programs:
        yield from (_product(product, program) for product in program.products)
        yield from _modules(program)
        yield from _crates(program)


def _product(product: Product, program: Program) -> Component:
    return Component(
        product.name,
        product.version,
        product.kind,
        product.vendor,
        product.purl,
        (cpe(product.vendor, product.name, product.version),) if product.vendor else (),
        files=(program.path,),
        evidence=(product.evidence,),
    )


def _modules(program: Program) -> Iterator[Component]:
    """Go's standard library is a component of its own: its holes are in every program."""
    if program.go is None:
        return
    at = Location(program.path)
    version = program.go.go
    yield Component(
        "go",
        version,
        ComponentKind.LIBRARY,
        "golang",
        purl("golang", "stdlib", version),
        (cpe("golang", "go", version),),
        files=(program.path,),
        evidence=(Evidence(Witness.BUILD_INFO, at, f"go {version}"[:200]),),
    )
    for module in program.go.modules:
        namespace, _, name = module.path.rpartition("/")
        yield Component(
            module.path,
            module.version.removeprefix("v"),
            purl=purl("golang", name, module.version, namespace),
            files=(program.path,),
            evidence=(Evidence(Witness.BUILD_INFO, at, f"{module.path} {module.version}"[:200]),),
        )


def _crates(program: Program) -> Iterator[Component]:
    for crate in program.crates:
        yield Component(
            crate.name,
            crate.version,
            purl=purl("cargo", crate.name, crate.version),
            files=(program.path,),
            evidence=(Evidence(Witness.BUILD_INFO, Location(program.path), f"{crate.name} {crate.version}"[:200]),),
        )


def joined(known: Component, also: Component) -> Component:
    """With the files and the evidence of another that is the same."""
    evidence = sorted((*known.evidence, *also.evidence), key=lambda one: ORDER.index(one.witness))
    return replace(
        known,
        files=tuple(dict.fromkeys((*known.files, *also.files)))[:FILES_LIMIT],
        evidence=tuple(evidence)[:EVIDENCE_LIMIT],
    )
