"""The libraries in a device's pages as components: npm's packages, whose advisories name them so.

The files of one library and version are one component. That a file is called after a version is no news where the words
of another file of the library say the same.
"""

from collections.abc import Iterator

from firmward.facts.component_sources import programs
from firmward.facts.web_libraries import WebLibraries, WebLibrary
from firmward.model.component import Component, ComponentKind
from firmward.model.cpe import cpe


def components(libraries: WebLibraries) -> Iterator[Component]:
    """Each library and version once, with the files that have it."""
    found: dict[str, Component] = {}
    for library in libraries.found:
        known = found.get(library.purl)
        one = _component(library)
        found[library.purl] = one if known is None else programs.joined(known, one)
    yield from found.values()


def _component(library: WebLibrary) -> Component:
    return Component(
        library.name,
        library.version,
        ComponentKind.LIBRARY,
        library.vendor,
        library.purl,
        (cpe(library.vendor, library.product, library.version),) if library.vendor else (),
        files=(library.path,),
        evidence=(library.evidence,),
    )
